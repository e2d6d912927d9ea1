"""Counts what waits for a person, as their inbox shows it, and how much of that is overdue."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import ColumnElement, and_, false, or_, select, true

from models.case import Case
from models.database import Database
from models.task import PENDING, CaseTask
from workflows.actor import Actor
from workflows.opening_view import workflows_in_force
from workflows.policy import Permission, Policy
from workflows.todo import Waiting, waiting

MOST_COUNTED = 1_000


class Counts(NamedTuple):
    """How many cases wait, and how many of them are overdue."""

    waiting: int
    overdue: int


def counts_of(database: Database, actor: Actor, policy: Policy, now: datetime) -> Counts:
    """Count for one person, inside what they may list."""
    scope = policy.scope(actor, Permission.CASE_LIST)
    if not scope.branches:
        return Counts(0, 0)
    seats = select(CaseTask.case_id).where(CaseTask.staff_id == actor.staff_id, CaseTask.status == "open")
    with database.session(scope) as session:
        awaited = [one for version in workflows_in_force(session) for one in waiting(actor, version.workflow)]
        mine = or_(Case.id.in_(seats), *(_there(one) for one in awaited))
        rows = session.execute(select(Case.id, Case.due_at).where(Case.closed_at.is_(None), mine).limit(MOST_COUNTED))
        found = [due for _number, due in rows]
    return Counts(len(found), sum(due is not None and due < now for due in found))


def _there(one: Waiting) -> ColumnElement[bool]:
    """Return where a state waits; once seats were given, they alone tell for whom."""
    seated = select(CaseTask.id).where(CaseTask.case_id == Case.id, CaseTask.status.in_(PENDING))
    at = [getattr(Case, f"{place.level}_code") == place.code for place in sorted(one.places or (), key=str)]
    at += [Case.id.in_(sorted(one.parts))] if one.parts else []
    everywhere = one.parts is None and one.places is None
    where = true() if everywhere else or_(false(), *at)
    return and_(Case.workflow == one.workflow, Case.state.in_(one.states), where, ~seated.exists())
