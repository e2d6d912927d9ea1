"""What the first and the last page of the import wizard show: past imports, the upload, and how one import ended."""

from __future__ import annotations

from typing import Any

from flask import current_app, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.desk import may, now, read_session, system_session
from admin_app.exchange.spreadsheet import MOST_BYTES
from admin_app.office import current_office
from admin_app.wording import say, say_moment
from models.place import Place
from models.roster import RosterBatch
from models.staff import Staff
from workflows.operations.roster import UNDO_WITHIN, find_batch, refusal_to_undo
from workflows.policy import Permission
from workflows.refusal import Missing
from workflows.text import Text, text

PAGE = 20
STATES = {
    "checked": ("warn", text("未导入")),
    "imported": ("ok", text("已导入")),
    "undone": ("neutral", text("已撤回")),
    "dropped": ("neutral", text("已放弃")),
}


def wizard_steps(current: int) -> list[dict[str, Any]]:
    """Return the step bar of the wizard; `current` from 1, 5 when all is done."""
    labels = (_("上传"), _("核对表头"), _("预检"), _("导入"))
    return [
        {"label": label, "state": "done" if n < current else ("current" if n == current else "todo")}
        for n, label in enumerate(labels, start=1)
    ]


def schools_to_import(session: Session) -> list[Place]:
    """Return the schools for which the session's person may import."""
    inside = session.info["scope"].row_condition(Place)
    found = select(Place).where(Place.kind == "school", ~Place.is_closed, inside).order_by(Place.township_code)
    return list(session.scalars(found.order_by(Place.name)))


def school_to_import(session: Session, code: str) -> Place:
    """Return one of these schools by its code; raises Missing."""
    school = next((school for school in schools_to_import(session) if school.code == code), None)
    if school is None:
        raise Missing("no_school", text("没有这所学校，或不在你的范围内"))
    return school


def index_page(*, before: int | None = None, school: str = "", fault: Text | None = None) -> dict[str, Any]:
    """Return the context of `roster/index.html`; `before` is the import after which older ones are listed."""
    session = read_session(Permission.ROSTER_IMPORT)
    schools = schools_to_import(session)
    wanted = select(RosterBatch).where(RosterBatch.state != "dropped").order_by(RosterBatch.id.desc())
    if before is not None:
        wanted = wanted.where(RosterBatch.id < before)
    found = list(session.scalars(wanted.limit(PAGE + 1)))
    shown = found[:PAGE]
    return {
        "steps": wizard_steps(1),
        "fault": say(fault),
        "schools": [{"value": s.code, "label": s.name, "is_chosen": s.code == school} for s in schools],
        "most_bytes": MOST_BYTES,
        "most_mb": MOST_BYTES // 1024 // 1024,
        "imports": import_lines(shown),
        "newest_url": url_for("roster.index") if before is not None else None,
        "older_url": url_for("roster.index", before=shown[-1].id) if len(found) > PAGE else None,
    }


def import_lines(batches: list[RosterBatch]) -> list[dict[str, Any]]:
    """Return past imports as lines: what was imported where and by whom, and whether it can be taken back."""
    # The person who imported may hold a post above the school: the names of these few come from the directory.
    directory = system_session("roster")
    ids = {batch.made_by for batch in batches}
    people = dict(directory.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids))).all())
    wanted = {batch.school_id for batch in batches}
    schools = dict(directory.execute(select(Place.id, Place.name).where(Place.id.in_(wanted))).all())
    return [_line(batch, people.get(batch.made_by, ""), schools.get(batch.school_id, "")) for batch in batches]


def _line(batch: RosterBatch, person: str, school: str) -> dict[str, Any]:
    kind, word = STATES[batch.state]
    return {
        "id": batch.id,
        "file": batch.file_name,
        "url": url_for("roster.headings" if batch.state == "checked" else "roster.show", batch_id=batch.id),
        "school": school,
        "person": person,
        "when": say_moment(batch.imported_at or batch.made_at),
        "age": _age(batch),
        "tag": {"kind": kind, "word": say(word)},
        "counts": batch.counts,
        "is_open": batch.state == "checked",
        "is_undone": batch.state == "undone",
        "undo": _undo(batch),
        "drop_url": url_for("roster.drop", batch_id=batch.id) if batch.state == "checked" else None,
    }


def _age(batch: RosterBatch) -> str:
    """Return how long an unfinished upload lies there and when it goes; empty for all others."""
    if batch.state != "checked":
        return ""
    days, kept = (now() - batch.made_at).days, current_office().settings.uploads_kept_days
    if days >= kept:
        return str(_("已放 %(days)s 天，即将删除", days=days))
    return str(_("已放 %(days)s 天，%(left)s 天后删除", days=days, left=kept - days))


def _undo(batch: RosterBatch) -> dict[str, Any] | None:
    """Return how an import can be taken back or why not; None where the question does not arise."""
    if batch.state != "imported" or batch.imported_at is None or not may(Permission.ROSTER_UNDO):
        return None
    refusal = refusal_to_undo(read_session(Permission.ROSTER_UNDO), batch, now())
    return {
        "dialog": f"undo-{batch.id}",
        "url": url_for("roster.undo", batch_id=batch.id),
        "until": say_moment(batch.imported_at + UNDO_WITHIN),
        "reason": None if refusal is None else say(refusal.message),
        "text": _(
            "将删除这次导入的 %(n)s 名儿童、其监护人信息和待完善的档案，删除后不能恢复；已建的班级保留。",
            n=batch.counts.get("created", 0),
        ),
    }


def result_page(batch_id: int) -> dict[str, Any]:
    """Return the context of `roster/result.html`; raises Missing."""
    batch = find_batch(read_session(Permission.ROSTER_IMPORT), batch_id)
    (line,) = import_lines([batch])
    counts = batch.counts
    return {
        "line": line,
        "steps": wizard_steps(5) if batch.state == "imported" else [],
        "figures": [
            (_("已导入儿童"), counts.get("created", 0)),
            (_("待完善档案"), counts.get("created", 0)),
            (_("未导入的行"), counts.get("refused", 0)),
            (_("读取时已修正"), counts.get("warnings", 0)),
        ]
        if batch.imported_at is not None
        else [],
        "facts": _facts(batch, line),
        "links": _links(batch.school_code) if batch.state == "imported" else [],
    }


def _facts(batch: RosterBatch, line: dict[str, Any]) -> list[dict[str, str]]:
    moments = ((_("导入"), batch.imported_at), (_("撤回"), batch.undone_at))
    return [
        {"key": _("学校"), "value": line["school"]},
        {"key": _("经办"), "value": line["person"]},
        *({"key": label, "value": say_moment(moment)} for label, moment in moments if moment is not None),
    ]


def _links(school: str) -> list[dict[str, str]]:
    known: tuple[tuple[Permission, str, str, str, dict[str, Any]], ...] = (
        (Permission.CHILD_LIST, "children.index_view", _("儿童名册"), "users", {}),
        (Permission.CASE_LIST, "cases.index", _("待完善的档案"), "clipboard-list", {"state": "open"}),
        (Permission.REPORT_READ, "filing.index", _("各班建档率"), "chart-bar", {"place": school}),
        (Permission.PLACE_READ, "places.index_view", _("班级"), "sitemap", {}),
    )
    return [
        {"label": label, "url": url_for(endpoint, **values), "icon": icon}
        for need, endpoint, label, icon, values in known
        if may(need) and endpoint in current_app.view_functions
    ]
