"""Deputies for an absence: who acts for a person and for whom they act, and the page on which one is named."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import ColumnElement, select
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, now, system_session
from admin_app.listing.column import tag, words
from admin_app.wording import say, say_day, say_short_day
from models.delegation import Delegation
from models.place import Place
from models.staff import Staff
from workflows.clock import local_day
from workflows.opening_view import workflows_in_force
from workflows.operations.deputy import deputies_for
from workflows.refusal import Refusal
from workflows.text import text

MOST_SHOWN = 20


def deputy_card(person: Staff, title: str) -> dict[str, Any]:
    """Return the card of those who act for a person, with the way to name another and to take one back."""
    rows = _delegations(Delegation.staff_id == person.id)
    link = {"label": _("指定代理人"), "url": url_for("deputies.ask", person=person.id), "icon": "plus"}
    card: dict[str, Any] = {"title": title, "links": [link]}
    if not rows:
        return card | {"empty": {"icon": "users", "title": _("还没有代理人"), "text": _("外出、请假时由谁代办")}}
    return card | {"table": _table(rows, {row.id: row.deputy_id for row in rows}, _("代理人"), may_end=True)}


def deputed_card(person: Staff) -> list[dict[str, Any]]:
    """Return the card of those for whom a person acts, none where there are none now or later."""
    day = local_day(now())
    rows = [row for row in _delegations(Delegation.deputy_id == person.id) if _is_running(row) and row.last_on >= day]
    if not rows:
        return []
    table = _table(rows, {row.id: row.staff_id for row in rows}, _("代谁办理"), may_end=False)
    return [{"title": _("由我代理"), "table": table}]


def deputed_lines() -> list[str]:
    """Return for whom the person acts today, a line each; nothing is asked of the database for those who do not."""
    numbers = {post.behalf.delegation_id: post.behalf.name for post in current_actor().deputed if post.behalf}
    if not numbers:
        return []
    rows = system_session("deputies").scalars(select(Delegation).where(Delegation.id.in_(numbers)))
    return [
        _("你正在代理 %(name)s（至 %(day)s）", name=numbers[row.id], day=say_short_day(row.last_on)) for row in rows
    ]


def _delegations(*where: ColumnElement[bool]) -> Sequence[Delegation]:
    wanted = select(Delegation).where(*where).order_by(Delegation.first_on.desc(), Delegation.id.desc())
    return system_session("deputies").scalars(wanted.limit(MOST_SHOWN)).all()


def _is_running(row: Delegation) -> bool:
    return row.ended_at is None


def _table(rows: Sequence[Delegation], whom: dict[int, int], head: str, *, may_end: bool) -> dict[str, Any]:
    names = _names(set(whom.values()))
    titles = {one.workflow.key: say(one.workflow.title) for one in workflows_in_force(system_session("deputies"))}
    labels = [head, _("起"), _("止"), _("事项"), _("状态"), *([_("办理")] if may_end else [])]
    return {
        "columns": [{"key": str(n), "label": label} for n, label in enumerate(labels)],
        "rows": [
            {
                "id": row.id,
                "cells": [
                    words(names.get(whom[row.id], "")),
                    words(say_day(row.first_on)),
                    words(say_day(row.last_on)),
                    words(str(_("、")).join(titles.get(key, key) for key in row.workflows) or _("全部")),
                    _state(row),
                    *([_ending(row)] if may_end else []),
                ],
            }
            for row in rows
        ],
    }


def _state(row: Delegation) -> Any:
    day = local_day(now())
    if row.ended_at is not None:
        return tag("neutral", text("已收回"), "minus")
    if row.last_on < day:
        return tag("neutral", text("已结束"), "circle-check")
    return tag("info", text("未到"), "clock") if row.first_on > day else tag("ok", text("代理中"))


def _ending(row: Delegation) -> Any:
    if row.ended_at is not None or row.last_on < local_day(now()):
        return {"kind": "empty"}
    return {"kind": "link", "value": _("收回"), "url": url_for("deputies.ask_end", delegation=row.id)}


def _names(numbers: set[int]) -> dict[int, str]:
    found = system_session("deputies").execute(select(Staff.id, Staff.name).where(Staff.id.in_(numbers)))
    return dict(found.all())


def naming_page(
    person: Staff, typed: MultiDict[str, str] | None = None, refusal: Refusal | None = None
) -> dict[str, Any]:
    """Return the page on which a deputy is named, with what was typed when it was refused."""
    session, day = system_session("deputies"), local_day(now())
    faults = {key: say(fault) for key, fault in refusal.faults.items()} if refusal else {}
    kept = typed if typed is not None else MultiDict({"first_on": day.isoformat(), "last_on": day.isoformat()})
    offered = deputies_for(session, person, day)
    homes = {one.place_id for one in offered}
    places = dict(session.execute(select(Place.id, Place.name).where(Place.id.in_(homes))).all())
    people = [
        {
            "id": one.id,
            "name": one.name,
            "sub": places.get(one.place_id, ""),
            "words": f"{one.name} {one.name_key}".lower(),
            "is_chosen": kept.get("deputy") == str(one.id),
        }
        for one in offered
    ]
    least = day.isoformat()
    kinds = [(one.workflow.key, say(one.workflow.title)) for one in workflows_in_force(session)]
    fields: list[dict[str, Any]] = [
        {"kind": "people", "name": "deputy", "label": _("代理人"), "is_many": False, "options": people},
        {"kind": "day", "name": "first_on", "label": _("自哪天起"), "value": kept.get("first_on", ""), "least": least},
        {"kind": "day", "name": "last_on", "label": _("到哪天止"), "value": kept.get("last_on", ""), "least": least},
        {"kind": "checks", "name": "workflows", "label": _("代办哪些事项（不选为全部）"), "options": kinds,
         "values": kept.getlist("workflows")},
    ]  # fmt: skip
    for field in fields:
        field["error"] = faults.pop(field["name"], "")
    is_told = any(field["error"] for field in fields)
    return {
        "label": _("指定代理人"),
        "title": f"{_('指定代理人')} · {person.name}",
        "url": url_for("deputies.name", person=person.id),
        "kind": "primary",
        "words": _("代理人在这些天里替他办理事项，每一步都注明代谁办理。"),
        "message": say(refusal.message) if refusal and not is_told else "",
        "fields": fields,
        "back_url": back_url(person.id),
    }


def ending_page(row: Delegation, person: Staff) -> dict[str, Any]:
    """Return the page on which a deputy is taken back."""
    name = _names({row.deputy_id}).get(row.deputy_id, "")
    return {
        "label": _("收回代理"),
        "title": f"{_('收回代理')} · {person.name}",
        "url": url_for("deputies.end", delegation=row.id),
        "kind": "bad",
        "words": _("%(name)s 不再代 %(person)s 办理，立即生效。", name=name, person=person.name),
        "fields": [],
        "back_url": back_url(person.id),
    }


def back_url(person_id: int) -> str:
    """Return the page on which a person's deputies are listed."""
    is_own = person_id == current_actor().staff_id
    return url_for("account.settings") if is_own else url_for("staff.details_view", id=person_id)
