"""What the page of a dated record shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, current_policy, may
from admin_app.pages.case import place_line
from admin_app.pages.file_entry import file_entry
from admin_app.pages.record_words import confidential_of, pairs_of, state_tags
from admin_app.shell import role_word
from admin_app.wording import say, say_day, say_moment
from models.attachment import Attachment
from models.child import Child
from models.record import Record
from models.vault import learn_keys
from workflows.audit import Happening
from workflows.engine.published import FormVersion
from workflows.fields import visible
from workflows.file_kind import LARGEST
from workflows.policy import Permission
from workflows.record_forms import answers_of, form_of, head_of, may_mend, sees
from workflows.refusal import Missing
from workflows.text import text


@dataclass(frozen=True)
class RecordView:
    """A record as one person sees it."""

    record: Record
    version: FormVersion
    child: Child
    sees: str
    answers: Mapping[str, Any]


def view_record(session: Session, record_id: int | None) -> RecordView:
    """Return a record of the session's scope; raises Missing."""
    record = session.get(Record, record_id) if record_id is not None else None
    child = session.get(Child, record.child_id) if record is not None else None
    if record is None or child is None:
        raise Missing("not_found", text("没有这条记录"))
    learn_keys(session, [record.child_id])
    version = form_of(session, record)
    level = sees(current_actor(), current_policy(), record)
    return RecordView(record, version, child, level, answers_of(session, version.form, record, level))


def read_event(view: RecordView, **more: Any) -> Happening:
    """Return the event of somebody reading a record, with the field classes that were shown."""
    record = view.record
    post = current_policy().post_for(current_actor(), Permission.RECORD_READ, record.level_codes)
    held = {view.version.form.field(key).protection.value for key in view.answers}
    facts = {"form": record.form, "form_version": record.form_version, "classes": sorted(held | {"P0", "P1"}), **more}
    return Happening(
        "record.read",
        "record",
        record.id,
        record.level_codes,
        record.child_id,
        case_id=record.case_id,
        circle=record.circle,
        facts=facts,
        role=post.role if post else None,
        grant=post.grant if post else None,
    )


def record_page(session: Session, view: RecordView) -> dict[str, Any]:
    """Return the context of `records/record.html`."""
    record, form = view.record, view.version.form
    newer = session.scalars(select(Record).where(Record.replaces_id == record.id)).one_or_none()
    older = session.get(Record, record.replaces_id) if record.replaces_id is not None else None
    is_mine = may_mend(current_actor(), current_policy(), record)
    files = attachments_of(session, record) if visible("P2", view.sees) else []
    screen = {
        "title": say(form.title),
        "icon": head_of(form).icon,
        "tags": state_tags(record),
        "facts": _facts(session, view),
        "pairs": beside_the_day(view),
        "confidential": confidential_of(view.version, view.answers, view.sees),
        "hides": _hides(view),
        "newer": _link(newer) if newer is not None else None,
        "older": _link(older) if older is not None else None,
        "reason": record.reason,
        "state": record.state,
        "files": [file_entry(file) for file in files],
        "rev": record.rev,
        "may_mend": is_mine,
        "correct_url": url_for("entry.correct", record=record.id),
        "void_url": url_for("entry.void", record=record.id),
        "attach_url": url_for("entry.attach_file", record=record.id),
        "print_url": url_for("entry.print_record", record=record.id),
        "back_url": url_for("records.index_view", child=record.child_id),
        "most_bytes": LARGEST,
    }
    return {"screen": screen}


def beside_the_day(view: RecordView) -> list[dict[str, Any]]:
    """Return the answers without the day, which stands in the head."""
    day = head_of(view.version.form).happened_on
    answers = {key: value for key, value in view.answers.items() if key != day}
    return pairs_of(view.version, answers, view.sees)


def _facts(session: Session, view: RecordView) -> list[dict[str, Any]]:
    record = view.record
    child: Any = view.child.name
    if may(Permission.CHILD_READ) and current_policy().post_for(
        current_actor(), Permission.CHILD_READ, record.level_codes
    ):
        child = {"text": view.child.name, "url": url_for("children.details_view", id=view.child.id)}
    beside = session.scalar(
        select(func.count())
        .select_from(Record)
        .where(Record.occasion_id == record.occasion_id, Record.state == "active", Record.id != record.id)
    )
    facts = [
        {"key": _("儿童"), "value": child},
        {"key": _("班级"), "value": place_line(session, record)},
        {"key": _("日期"), "value": say_day(record.happened_on)},
        {"key": _("记录人"), "value": f"{record.made_by_name} {role_word(record.made_by_role)}".strip()},
        {"key": _("记于"), "value": say_moment(record.made_at)},
    ]
    if beside:
        facts.append({"key": _("同场"), "value": _("还有 %(n)s 名儿童", n=beside)})
    return facts


def _hides(view: RecordView) -> bool:
    return any(not visible(view.version.form.field(key).protection.value, view.sees) for key in view.record.data)


def _link(record: Record) -> dict[str, str]:
    return {"url": url_for("records.details_view", id=record.id), "who": record.made_by_name,
            "when": say_moment(record.made_at)}  # fmt: skip


def attachments_of(session: Session, record: Record) -> Sequence[Attachment]:
    """Return the attachments of a record that were not removed."""
    found = select(Attachment).where(Attachment.record_id == record.id, Attachment.removed_at.is_(None))
    return session.scalars(found.order_by(Attachment.id)).all()
