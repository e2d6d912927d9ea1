"""What the bell opens: the latest notices of a person, with the case of each where they may still see it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from admin_app.desk import current_actor, may, read_session, system_session
from admin_app.listing.column import Cell, tag, words
from admin_app.wording import say, say_moment
from models.case import Case
from models.child import Child
from models.notice import Notice
from workflows.engine.definition import Workflow
from workflows.engine.published import workflow_in_force, workflow_version
from workflows.outbox.topics import topic_of
from workflows.policy import Permission
from workflows.text import text

MOST_SHOWN = 100


class _Seen(NamedTuple):
    case: Case
    workflow: Workflow
    name: str | None


def notices_page() -> dict[str, Any]:
    """Return the notices for `office/list.html`, those not read first, then the latest."""
    own = select(Notice).where(Notice.staff_id == current_actor().staff_id)
    latest = own.order_by(Notice.read_at.is_not(None), Notice.id.desc()).limit(MOST_SHOWN)
    notices = system_session().scalars(latest).all()
    seen = _cases({notice.case_id for notice in notices if notice.case_id is not None})
    labels = (_("消息"), _("事项"), _("儿童"), _("时间"), _("状态"))
    unread = sum(notice.read_at is None for notice in notices)
    reading = {"label": _("全部标为已读"), "url": url_for("notices.read"), "icon": "checks", "method": "post"}
    return {
        "title": _("消息"),
        "subtitle": _("%(n)s 条未读", n=unread) if unread else _("都已读"),
        "actions": [reading] if unread else [],
        "columns": [{"key": str(n), "label": label, "is_sticky": n == 0} for n, label in enumerate(labels)],
        "rows": [_row(notice, seen) for notice in notices],
        "can_select": False,
        "pager": None,
        "empty": {"icon": "bell", "title": _("还没有消息")},
    }


def number_seen(case_id: int | None) -> str | None:
    """Return the number of a case that the person may see, None for others."""
    found = _cases({case_id}) if case_id is not None else {}
    return next((seen.case.number for seen in found.values()), None)


def _row(notice: Notice, seen: Mapping[int, _Seen]) -> dict[str, Any]:
    topic = topic_of(notice.topic)
    case = seen.get(notice.case_id) if notice.case_id is not None else None
    reached = case.workflow.states.get(str(notice.facts.get("to"))) if case is not None else None
    return {
        "id": notice.id,
        "url": url_for("notices.open_it", notice=notice.id),
        "cells": [
            words(say(topic.label), icon=topic.icon, sub=say(reached.label if reached else topic.line)),
            *_about(notice, case),
            words(say_moment(notice.made_at)),
            words(_("已读")) if notice.read_at is not None else tag("info", text("未读"), "bell"),
        ],
    }


def _about(notice: Notice, case: _Seen | None) -> list[Cell]:
    if case is not None:
        return [words(say(case.workflow.title), sub=case.case.number), words(case.name)]
    if notice.topic == "job.done":
        return [_job(notice.facts), words(None)]
    ended = words(_("你已不能查看这件事项")) if notice.case_id is not None else words(None)
    return [ended, words(None)]


def _job(facts: Mapping[str, Any]) -> Cell:
    """Return what became of a job: the step, how many cases it moved and how many it did not."""
    version = workflow_in_force(system_session(), str(facts["workflow"]))
    step = version.workflow.transitions.get(str(facts["transition"]))
    moved, left = int(facts["moved"]), int(facts["of"]) - int(facts["moved"])
    sums = _("已办 %(n)s 件", n=moved) if not left else _("已办 %(n)s 件，未办成 %(left)s 件", n=moved, left=left)
    return words(say(step.label) if step is not None else say(version.workflow.title), sub=sums)


def _cases(numbers: Collection[int]) -> dict[int, _Seen]:
    """Return what the person may still see of some cases, by identifier."""
    if not numbers or not may(Permission.CASE_READ):
        return {}
    session = read_session(Permission.CASE_READ)
    rows = session.execute(
        select(Case, Child.name).outerjoin(Child, Case.child_id == Child.id).where(Case.id.in_(numbers))
    )
    return {case.id: _Seen(case, workflow_version(session, case.definition_id).workflow, name) for case, name in rows}
