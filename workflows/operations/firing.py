"""Fires the steps of clocks that are due: each in one transaction, each once, however many workers look."""

from __future__ import annotations

import logging
import random
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from models.bulk import insert_rows
from models.case import Case
from models.clock import CaseClock, ClockFiring
from models.database import Database
from models.scope import system_scope
from models.staff import Staff
from models.task import CaseWatch
from models.types import new_id
from workflows.actor import Actor
from workflows.asked import asked_now, meant
from workflows.audit import Happening
from workflows.calendar import calendar_in_force
from workflows.clock_plan import STATE, deadline_of, step_at
from workflows.engine.deadline import ALL, MISS, Deadline, Limit, Step
from workflows.engine.definition import Workflow
from workflows.engine.published import workflow_version
from workflows.engine.vocabulary import Assignee
from workflows.operations.reassigning import reassign
from workflows.policy import standard_policy
from workflows.transaction import Origin, Transaction, transaction

AT_ONCE = 100  # clocks that are looked up together; each fires in a transaction of its own
FIRST_DELAY, LONGEST_DELAY = timedelta(minutes=1), timedelta(days=1)
MOST_DOUBLINGS = 11
LONGEST_FAILURE, LONGEST_TOLD = 200, 200
LOG = logging.getLogger(__name__)
_CHANGE = update(CaseClock).execution_options(synchronize_session=False)


class Passed(NamedTuple):
    """A step whose time has come: its place in the ladder, what it does, and the moment it was due."""

    number: int
    step: Step
    at: datetime


def fire_due(database: Database, now: datetime, *, most: int = 10_000) -> int:
    """Fire what is due at a moment and return how many clocks took a step.

    One that cannot be fired is put off, longer with every try, and holds up nobody.
    """
    fired, met = 0, set[int]()
    while fired < most and (due := _due(database, now, met)):
        random.shuffle(due)
        for number in due:
            fired += _fire_or_put_off(database, number, now)
        met.update(due)
    return fired


def _due(database: Database, now: datetime, met: set[int]) -> list[int]:
    with database.session(system_scope("worker")) as session:
        wanted = select(CaseClock.id).where(CaseClock.next_at <= now).order_by(CaseClock.next_at)
        found = session.scalars(wanted.limit(AT_ONCE + len(met))).all()
    return [number for number in found if number not in met][:AT_ONCE]


def _fire_or_put_off(database: Database, clock_id: int, now: datetime) -> bool:
    try:
        with _worker(database, now) as tx:
            return fire_clock(tx, clock_id)
    except Exception as fault:
        # Whatever is wrong with this clock, the others fire all the same; a database that is away fails below as well.
        LOG.warning("clock %s cannot be fired: %s", clock_id, type(fault).__name__)
        with _worker(database, now) as tx:
            _put_off(tx, clock_id, fault)
        return False


def _worker(database: Database, now: datetime) -> AbstractContextManager[Transaction]:
    actor, scope = Actor.of_system("worker"), system_scope("worker")
    return transaction(database, actor, standard_policy(), scope, origin=Origin("worker"), clock=lambda: now)


def fire_clock(tx: Transaction, clock_id: int) -> bool:
    """Take the steps of a clock whose time has come; False when another worker has it, or it runs no longer.

    Of several steps that were passed, as after a downtime, each is kept and only the last one asks anybody.
    """
    case = _case_of(tx.session, clock_id, tx.now)
    clock = _held(tx.session, clock_id, tx.now) if case is not None else None
    if case is None or clock is None:
        return False
    workflow = workflow_version(tx.session, case.definition_id).workflow
    deadline = deadline_of(workflow, clock.limit_key, case.state)
    if case.closed_at is not None or deadline is None:
        _stop(tx, clock)
        return False
    calendar = calendar_in_force(tx.session)
    passed, following = [], None
    for number in range(clock.rung, len(deadline.steps())):
        at = step_at(deadline, clock.started_at, calendar, number)
        if at is None or at > tx.now:
            following = at
            break
        passed.append(Passed(number, deadline.steps()[number], at))
    if not _advance(tx, clock, passed, following):
        return False
    _keep(tx, _Firing(tx, case, workflow, clock, deadline), passed)
    return bool(passed)


def _case_of(session: Session, clock_id: int, now: datetime) -> Case | None:
    """Return a due clock's case, held so that it cannot end meanwhile; None while somebody ends it.

    A move holds its case and then its clocks; whoever takes them in another order would wait for it, and it for them.
    """
    number = select(CaseClock.case_id).where(CaseClock.id == clock_id, CaseClock.next_at <= now).scalar_subquery()
    wanted = select(Case).where(Case.id == number)
    return session.scalars(wanted.with_for_update(key_share=True, skip_locked=True)).one_or_none()


def _held(session: Session, clock_id: int, now: datetime) -> CaseClock | None:
    wanted = select(CaseClock).where(CaseClock.id == clock_id, CaseClock.next_at <= now, CaseClock.stopped_at.is_(None))
    return session.scalars(wanted.with_for_update(skip_locked=True)).one_or_none()


def _stop(tx: Transaction, clock: CaseClock) -> None:
    """Stop a clock that no move stopped, though its case has ended or its state knows no deadline."""
    stopped = {"stopped_at": tx.now, "next_at": None}
    tx.session.execute(_CHANGE.where(CaseClock.id == clock.id, CaseClock.stopped_at.is_(None)).values(stopped))


def _advance(tx: Transaction, clock: CaseClock, passed: Sequence[Passed], following: datetime | None) -> bool:
    """Move the clock on only from where it was read; a calendar that changed may leave nothing but a later moment."""
    values = {"rung": clock.rung + len(passed), "next_at": following, "tries": 0, "failure": None}
    if clock.due_at <= tx.now:
        values["missed_at"] = clock.due_at
    same = (CaseClock.id == clock.id, CaseClock.rung == clock.rung, CaseClock.next_at == clock.next_at)
    done = tx.session.execute(_CHANGE.where(*same, CaseClock.stopped_at.is_(None)).values(values))
    return bool(done.rowcount == 1)  # type: ignore[attr-defined]


@dataclass(frozen=True)
class _Firing:
    """One clock that fires, with its case."""

    tx: Transaction
    case: Case
    workflow: Workflow
    clock: CaseClock
    deadline: Deadline

    def asked(self) -> list[int]:
        """Return who is asked now: for the step that meets a limit, or for the next one out of the state."""
        if isinstance(self.deadline, Limit):
            return self._who_may(self.deadline.met)
        now = asked_now(self.tx.session, self.case, self.workflow, self.tx.today)
        return list(now) or self._who_may(self.workflow.leaving(self.case.state))

    def _who_may(self, transitions: Iterable[str]) -> list[int]:
        named = [
            one
            for key in transitions
            if self.case.state in self.workflow.sources(key)
            for one in self.workflow.who_may(key, self.case.state)
        ]
        found = [who for one in named for who in meant(self.tx.session, one, self.case, self.tx.today)]
        return [person.staff_id for who in found for person in who.people]

    def told(self, passed: Passed) -> list[int]:
        """Return whom a step tells: those asked, whom it names, and once it is late the opener and those watching."""
        rung = passed.step.rung
        if rung is None:
            return []
        found = self.asked() if rung.to is None else self._reassigned(rung.to)
        if passed.step.percent >= ALL:
            watching = (CaseWatch.case_id == self.case.id, CaseWatch.ended_at.is_(None))
            found += [self.case.opened_by, *self.tx.session.scalars(select(CaseWatch.made_by).where(*watching))]
        return list(dict.fromkeys(found))

    def _reassigned(self, to: Assignee) -> list[int]:
        """Bring in whom the ladder names; what meets a limit stays with those who may, the others are told."""
        is_limit = isinstance(self.deadline, Limit)
        found = (
            meant(self.tx.session, to, self.case, self.tx.today)
            if is_limit
            else reassign(self.tx, self.case, self.workflow, to)
        )
        return [person.staff_id for one in found for person in one.people]


def _keep(tx: Transaction, firing: _Firing, passed: Sequence[Passed]) -> None:
    speaking = [one for one in passed if one.step.action != MISS]
    rows = []
    for one in passed:
        says = one is speaking[-1] if speaking else False
        people = firing.told(one) if says or one.step.action == "assign" else []
        names = _names(tx.session, people)
        rows.append(_row(tx, firing, one, names))
        if people:
            _send(tx, firing, one, people)
        tx.tell(_happening(firing, one, names))
    insert_rows(tx.session, ClockFiring, rows)


def _names(session: Session, people: Sequence[int]) -> str:
    found = dict(session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(people))).all()) if people else {}
    line = "、".join(found[number] for number in people if number in found)
    return line if len(line) <= LONGEST_TOLD else f"{line[: LONGEST_TOLD - 1]}…"


def _row(tx: Transaction, firing: _Firing, one: Passed, names: str) -> dict[str, object]:
    return {
        "id": new_id(),
        "clock_id": firing.clock.id,
        "case_id": firing.case.id,
        "rung": one.number,
        "percent": one.step.percent,
        "action": one.step.action,
        "told": names,
        "due_at": one.at,
        "at": tx.now,
    }


def _send(tx: Transaction, firing: _Firing, one: Passed, people: Sequence[int]) -> None:
    topic = "case.overdue" if one.step.percent >= ALL else "case.urged" if one.step.action == "urge" else "case.due"
    number = firing.case.number
    payload = {"case": number, "staff": [str(person) for person in people], "percent": one.step.percent}
    tx.send(topic, "inbox", f"case:{number}", payload)


def _happening(firing: _Firing, one: Passed, names: str) -> Happening:
    case, key = firing.case, firing.clock.limit_key
    facts = {"number": case.number, "workflow": case.workflow, "percent": one.step.percent, "action": one.step.action}
    facts |= {"told": names} if names else {}
    facts |= {"limit": key} if key != STATE else {"state": case.state}
    return Happening(
        "clock.fired", "case", case.id, codes=case.level_codes, child_id=case.child_id, case_id=case.id,
        facts=facts, circle=case.circle,
    )  # fmt: skip


def _put_off(tx: Transaction, clock_id: int, fault: Exception) -> None:
    """Try a clock again later, the later the oftener it failed."""
    clock = tx.session.get(CaseClock, clock_id)
    if clock is None or clock.next_at is None or clock.next_at > tx.now:
        return
    delay = min(FIRST_DELAY * 2 ** min(clock.tries, MOST_DOUBLINGS), LONGEST_DELAY)
    values = {"tries": clock.tries + 1, "next_at": tx.now + delay, "failure": _said(fault)}
    same = (CaseClock.id == clock_id, CaseClock.rung == clock.rung, CaseClock.next_at == clock.next_at)
    tx.session.execute(_CHANGE.where(*same, CaseClock.stopped_at.is_(None)).values(values))


def _said(fault: Exception) -> str:
    """Return the kind of a fault; its words may hold what nobody should read in a log."""
    return type(fault).__name__[:LONGEST_FAILURE]
