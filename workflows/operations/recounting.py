"""Counts running clocks anew after the calendar changed: some hundreds at a time, on from where it stopped."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from models.case import Case
from models.clock import CaseClock
from models.database import Database
from models.locks import hold
from models.scope import system_scope
from models.setting import Setting
from workflows.actor import Actor
from workflows.audit import Happening
from workflows.calendar import calendar_in_force, calendar_mark
from workflows.clock_plan import Plan, deadline_of, plan
from workflows.engine.published import workflow_version
from workflows.operations.clocks import missed
from workflows.policy import standard_policy
from workflows.transaction import Origin, Transaction, transaction
from workflows.working_time import WorkingCalendar

PROGRESS = "calendar.counted"  # mark, the last clock counted (none when all are), how many so far
AT_ONCE = 300
_CHANGE = update(CaseClock).execution_options(synchronize_session=False)
LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Progress:
    """How far the clocks are counted by the calendar of a mark; `after` is None when all of them are."""

    mark: str
    after: int | None
    counted: int

    @property
    def is_done(self) -> bool:
        """Tell whether every clock was counted."""
        return self.after is None


def progress(session: Session) -> Progress:
    """Return how far the running clocks are counted by the calendar in force."""
    mark, setting = calendar_mark(session), session.get(Setting, PROGRESS)
    if not mark:
        return Progress("", None, 0)
    done, after, counted = (setting.value if setting is not None else "::0").split(":")
    if done != mark:
        return Progress(mark, 0, 0)
    return Progress(mark, int(after) if after else None, int(counted))


def recount_some(database: Database, now: datetime) -> int:
    """Count the next clocks by the calendar in force, and return how many; 0 when there is nothing to do."""
    with database.session(system_scope("worker")) as session:
        if progress(session).is_done:
            return 0
    with _worker(database, now) as tx:
        hold(tx.session, "clocks:recount")
        found = progress(tx.session)
        if found.is_done or found.after is None:
            return 0
        clocks = _next(tx.session, found.after)
        changed = _recount(tx, clocks)
        _note(tx, found, clocks, changed)
        return len(clocks)


def _worker(database: Database, now: datetime) -> AbstractContextManager[Transaction]:
    actor, scope = Actor.of_system("worker"), system_scope("worker")
    return transaction(database, actor, standard_policy(), scope, origin=Origin("worker"), clock=lambda: now)


def _next(session: Session, after: int) -> Sequence[CaseClock]:
    running = select(CaseClock).where(CaseClock.stopped_at.is_(None), CaseClock.id > after)
    cases = running.order_by(CaseClock.id).limit(AT_ONCE).with_only_columns(CaseClock.case_id)
    # Cases before their clocks, as every move holds them.
    numbers = sorted(session.scalars(cases).all())
    session.scalars(select(Case.id).where(Case.id.in_(numbers)).order_by(Case.id).with_for_update(key_share=True)).all()
    return session.scalars(running.order_by(CaseClock.id).limit(AT_ONCE)).all()


def _recount(tx: Transaction, clocks: Sequence[CaseClock]) -> int:
    calendar, changed = calendar_in_force(tx.session), []
    cases = {case.id: case for case in _cases(tx.session, {clock.case_id for clock in clocks})}
    for clock in clocks:
        planned = _planned(tx.session, clock, cases.get(clock.case_id), calendar)
        if planned is None or (planned.due_at, planned.next_at) == (clock.due_at, clock.next_at):
            continue
        values = {**planned._asdict(), "missed_at": missed(planned.due_at, tx.now) if clock.missed_at else None}
        tx.session.execute(
            update(CaseClock)
            .where(CaseClock.id == clock.id)
            .values(values)
            .execution_options(synchronize_session=False)
        )
        changed.append(clock.case_id)
    earliest = select(func.min(CaseClock.due_at)).where(CaseClock.case_id == Case.id, CaseClock.stopped_at.is_(None))
    tx.session.execute(
        update(Case)
        .where(Case.id.in_(changed), Case.closed_at.is_(None))
        .values(due_at=earliest.scalar_subquery())
        .execution_options(synchronize_session=False)
    )
    return len(changed)


def _cases(session: Session, numbers: set[int]) -> Sequence[Case]:
    return session.scalars(select(Case).where(Case.id.in_(numbers))).all()


def _planned(session: Session, clock: CaseClock, case: Case | None, calendar: WorkingCalendar) -> Plan | None:
    try:
        workflow = workflow_version(session, case.definition_id).workflow if case is not None else None
        deadline = deadline_of(workflow, clock.limit_key, case.state) if workflow and case else None
    except Exception as fault:
        # A definition that cannot be read is told where its clock fires; the others are counted all the same.
        LOG.warning("clock %s cannot be counted: %s", clock.id, type(fault).__name__)
        return None
    return plan(deadline, clock.started_at, calendar, clock.rung) if deadline is not None else None


def _note(tx: Transaction, found: Progress, clocks: Sequence[CaseClock], changed: int) -> None:
    counted = found.counted + changed
    is_last = len(clocks) < AT_ONCE
    value = f"{found.mark}:{'' if is_last else clocks[-1].id}:{counted}"
    setting = tx.session.get(Setting, PROGRESS)
    if setting is None:
        tx.session.add(Setting(key=PROGRESS, value=value))
    else:
        setting.value = value
    if is_last and counted:
        tx.tell(Happening("clocks.recounted", "calendar", facts={"count": counted}))
