"""The tab 变更 of a child's page: what the trail says was changed, with the masks of the page."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from admin_app.pages.answer_trail import answer_words, field_answered
from admin_app.pages.record_trail import field_label, form_number, forms_told, value_words
from admin_app.wording import say, say_moment
from models.audit import AuditEvent
from models.database import OfficeSession
from models.vault import SealBroken, learn_keys
from workflows.audit import open_value
from workflows.engine.published import FormVersion, WorkflowVersion, workflows_numbered
from workflows.fields import BY_SUBJECT, CHILD, RELATIVE, Fact, visible
from workflows.mask import masked
from workflows.reading import code_list
from workflows.text import text

MOST_EVENTS = 30
TITLES = {
    "child.changed": text("修改档案"),
    "child.made": text("建立档案"),
    "child.chosen": text("选为重点帮扶"),
    "child.unchosen": text("不再重点帮扶"),
    "relative.added": text("添加家庭成员"),
    "relative.changed": text("修改家庭成员"),
    "relative.removed": text("移除家庭成员"),
    "roster.child_added": text("名册导入"),
    "roster.child_changed": text("名册更新"),
    "case.moved": text("办理事项"),
    "record.corrected": text("更正记录"),
    "record.voided": text("作废记录"),
    "attachment.removed": text("移除附件"),
}
NO_CHANGES = ("record.written", "attachment.added")  # what is new stands on the tab 记录


def changes_of(session: OfficeSession, child_id: int, sees: str) -> list[dict[str, Any]]:
    """Return the latest changes of a child out of the trail; `session` is one on the trail."""
    rows = session.scalars(
        select(AuditEvent)
        .where(
            AuditEvent.child_id == child_id,
            AuditEvent.body.contains('"changes":[{'),
            AuditEvent.action.not_in(NO_CHANGES),
        )
        .order_by(AuditEvent.id.desc())
        .limit(MOST_EVENTS)
    ).all()
    bodies = {row.id: json.loads(row.body) for row in rows}
    learn_keys(session, [body["owner"] for body in bodies.values() if body["owner"]])
    told = [body["facts"] for body in bodies.values()]
    forms = forms_told(session, told)
    cases = {(facts["workflow"], facts["version"]) for facts in told if {"workflow", "version"} <= facts.keys()}
    workflows = workflows_numbered(session, cases)
    found = []
    for row in rows:
        facts = bodies[row.id]["facts"]
        version = forms.get(form_number(facts) or ("", 0))
        case = workflows.get((facts.get("workflow", ""), facts.get("version", 0)))
        found.append(_event(session, row, bodies[row.id], sees, version, case))
    return found


def _event(
    session: OfficeSession,
    row: AuditEvent,
    body: Mapping[str, Any],
    sees: str,
    version: FormVersion | None,
    case: WorkflowVersion | None,
) -> dict[str, Any]:
    title = TITLES.get(row.action)
    return {
        "title": say(title) if title else row.action,
        "sub": f"{row.actor_name} · {say_moment(row.at)}",
        "diff": [_change(session, row, change, sees, version, case) for change in body["changes"]],
    }


def _change(
    session: OfficeSession,
    row: AuditEvent,
    change: Mapping[str, Any],
    sees: str,
    version: FormVersion | None,
    case: WorkflowVersion | None,
) -> dict[str, Any]:
    key = change["field"]
    asked = field_answered(case, key) if case is not None else None
    fact = fact_of(row.subject_type, key) if version is None and asked is None else None
    label = field_label(version, key) if version is not None else say(fact.label) if fact else key
    label = say(asked.label) if asked is not None else label
    if not visible(change["class"], sees):
        return {"field": label, "secret": _("内容保密")}
    try:
        old, new = (open_value(session, row.id, f"{change['field']}.{side}", change[side]) for side in ("old", "new"))
    except SealBroken:
        return {"field": label, "secret": _("已清除")}
    if version is not None and change["class"] < "P2":
        old, new = (value_words(version, key, value) if value else value for value in (old, new))
    if asked is not None and change["class"] < "P2":
        return {"field": label, "old": old and answer_words(asked, old), "new": new and answer_words(asked, new)}
    before, later = (value_word(fact, change["class"], value) for value in (old, new))
    return {"field": label, "old": before, "new": later}


def fact_of(subject_type: str, field: str) -> Fact | None:
    """Return what is known of a field that an entry of the trail names, None for a field of other subjects."""
    owner, _dot, key = field.rpartition(".")
    facts: Sequence[Mapping[str, Fact]] = (BY_SUBJECT.get(subject_type, {}), CHILD, RELATIVE)
    if owner in ("guardian", "father", "mother") or (not owner and subject_type == "relative"):
        facts = (RELATIVE, CHILD)
    return next((found[key] for found in facts if key in found), None)


def value_word(fact: Fact | None, field_class: str, value: str | None) -> str | None:
    """Return a value of the trail in words; class P2 is masked."""
    if value is None:
        return None
    if fact is None:
        return "****" if field_class >= "P2" else value
    if field_class == "P2":
        return masked(fact, value)
    if value in ("true", "false") and fact.kind == "yes_no":
        return say(text("是") if value == "true" else text("否"))
    return say(code_list(fact.code_list).get(value, value)) if fact.code_list else value
