"""Starts, meets, counts anew and stops the clocks of cases, one by one with a move or many with one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import NamedTuple

from sqlalchemy import Select, Table, bindparam, case, delete, select, update

from models.bulk import insert_rows, update_values
from models.case import Case
from models.clock import CaseClock, ClockFiring
from models.lookup import Lookup
from models.types import new_id
from workflows.calendar import calendar_in_force
from workflows.clock_plan import STATE, Plan, began, has_clocks, moment_of, plan
from workflows.engine.case_facts import case_facts
from workflows.engine.deadline import Deadline, Limit
from workflows.engine.known import Known
from workflows.engine.published import WorkflowVersion
from workflows.operations.case_answers import count
from workflows.operations.case_rows import Row
from workflows.subjects import Subject
from workflows.transaction import Transaction
from workflows.working_time import WorkingCalendar

CHUNK = 500
_CLOCK: Table = CaseClock.__table__  # type: ignore[assignment]
_CHANGE = update(CaseClock).execution_options(synchronize_session=False)


class Running(NamedTuple):
    """A clock of a case as it stands; `stopped_at` is set once it ran out or was met."""

    id: int
    limit_key: str
    started_at: datetime
    due_at: datetime
    rung: int
    stopped_at: datetime | None


_OF_CASE = Lookup(
    select(*(getattr(CaseClock, name) for name in Running._fields)).where(CaseClock.case_id == bindparam("case"))
)


class Started(NamedTuple):
    """A clock to start; one that the same move has met stands already."""

    key: str
    plan: Plan
    stopped_at: datetime | None = None


@dataclass(frozen=True)
class Turn:
    """What a move does to the clocks of its case, counted before the move is written.

    `due_at` is the earliest moment at which a clock that then runs is due: when the case becomes overdue.
    """

    due_at: datetime | None = None
    stopped: Sequence[tuple[Running, datetime]] = ()
    recounted: Sequence[tuple[Running, Plan]] = ()
    started: Sequence[Started] = ()

    def keep(self, tx: Transaction, case_id: int, entry_id: int) -> None:
        """Write it down; `entry_id` is the move that caused it."""
        connection = tx.session.connection()
        for clock, at in self.stopped:
            values = {"stopped_at": at, "next_at": None, "missed_at": missed(clock.due_at, at)}
            update_values(connection, _CLOCK, clock.id, values)
        for clock, planned in self.recounted:
            values = {**planned._asdict(), "missed_at": missed(planned.due_at, clock.stopped_at or tx.now)}
            update_values(connection, _CLOCK, clock.id, values)
        insert_rows(tx.session, CaseClock, [_row(case_id, entry_id, one) for one in self.started])


def missed(due_at: datetime, by: datetime) -> datetime | None:
    """Return when a clock was missed that ran until a moment, None where it was kept."""
    return due_at if by > due_at else None


def open_clocks(tx: Transaction, about: Case, version: WorkflowVersion, subject: Subject) -> Turn:
    """Count the clocks that start as a case is opened."""
    if not has_clocks(version.workflow):
        return Turn()
    return _Turning(tx, about, version, subject, about.state).turn([])


def turn_clocks(
    tx: Transaction, moved: Case, version: WorkflowVersion, subject: Subject, transition: str, to_state: str
) -> Turn:
    """Count what a move does: the state's clock stops, the next one's starts, limits are met or begin to run.

    To be called once the case knows the answers given with the move, and before its row is written.
    """
    if not has_clocks(version.workflow):
        return Turn()
    clocks = [Running(*row) for row in _OF_CASE.rows(tx.session, case=moved.id)]
    turning = _Turning(tx, moved, version, subject, to_state, transition)
    return turning.end(clocks) if version.workflow.states[to_state].kind == "end" else turning.turn(clocks)


def begin_clocks(tx: Transaction, version: WorkflowVersion, cases: Sequence[Row], moves: Sequence[Row]) -> list[Row]:
    """Return the clocks of many cases that are opened at once without answers, and set the due moment on their rows.

    Limits that wait for a condition start with the first move after which it holds.
    """
    workflow = version.workflow
    if not has_clocks(workflow):
        return []
    calendar = calendar_in_force(tx.session)
    deadlines = {STATE: workflow.states[workflow.start].deadline}
    deadlines |= {key: limit for key, limit in workflow.limits.items() if limit.when is None}
    started = [Started(key, plan(one, tx.now, calendar)) for key, one in deadlines.items() if one is not None]
    due_at = min((one.plan.due_at for one in started), default=None)
    for row in cases:
        row["due_at"] = due_at
    return [_row(move["case_id"], move["id"], one) for move in moves for one in started]


def turns_alike(version: WorkflowVersion, to_state: str) -> bool:
    """Tell whether a move into a state does the same to the clocks of every case, whatever the case knows."""
    deadline = version.workflow.states[to_state].deadline
    return not version.workflow.limits and (deadline is None or deadline.since is None)


def turn_alike(tx: Transaction, version: WorkflowVersion, to_state: str, moves: Sequence[Row]) -> datetime | None:
    """Stop the clocks of many cases that move alike and start the next; returns when they are due."""
    stop_clocks(tx, [move["case_id"] for move in moves])
    deadline = version.workflow.states[to_state].deadline
    if deadline is None:
        return None
    started = Started(STATE, plan(deadline, tx.now, calendar_in_force(tx.session)))
    insert_rows(tx.session, CaseClock, [_row(move["case_id"], move["id"], started) for move in moves])
    return started.plan.due_at


def stop_clocks(tx: Transaction, case_ids: Collection[int]) -> None:
    """Stop every clock of cases that end; the caller clears the due moment on their rows."""
    ids = sorted(case_ids)
    values = {
        "stopped_at": tx.now,
        "next_at": None,
        "missed_at": case((CaseClock.due_at < tx.now, CaseClock.due_at), else_=None),
    }
    for start in range(0, len(ids), CHUNK):
        part = CaseClock.case_id.in_(ids[start : start + CHUNK])
        tx.session.execute(_CHANGE.where(part, CaseClock.stopped_at.is_(None)).values(values))


def forget_clocks(tx: Transaction, children: Select[int]) -> None:
    """Remove the clocks of children's cases with all that they fired, for an import that is taken back."""
    cases = select(Case.id).where(Case.child_id.in_(children))
    for model in (ClockFiring, CaseClock):
        gone = delete(model).where(model.case_id.in_(cases))
        tx.session.execute(gone.execution_options(synchronize_session=False))


@dataclass
class _Turning:
    """One move of one case, as far as its clocks are concerned."""

    tx: Transaction
    about: Case
    version: WorkflowVersion
    subject: Subject
    to_state: str
    transition: str | None = None

    @cached_property
    def facts(self) -> Known:
        """What the case and its subject know after the move."""
        entered = {"case.state": self.to_state, "case.state_since": self.tx.now}
        return self.subject.facts() | case_facts(self.tx.session, self.about, self.version, now=self.tx.now) | entered

    @cached_property
    def calendar(self) -> WorkingCalendar:
        """The calendar in force."""
        return calendar_in_force(self.tx.session)

    def end(self, clocks: Sequence[Running]) -> Turn:
        """Stop whatever runs; what the last move met is met at the time it tells."""
        running = [clock for clock in clocks if clock.stopped_at is None]
        return Turn(stopped=[(clock, self._met_at(clock.limit_key) or self.tx.now) for clock in running])

    def turn(self, clocks: Sequence[Running]) -> Turn:
        """Stop what is left or met, count anew what counts from a fact that changed, start what begins."""
        stopped, going, recounted = [], [], []
        for clock in clocks:
            if clock.stopped_at is not None:
                # What was met long ago may turn out late, or in time, by a fact that is put right.
                if (planned := self._recounted(clock)) is not None:
                    recounted.append((clock, planned._replace(next_at=None)))
                continue
            at = self.tx.now if clock.limit_key == STATE else self._met_at(clock.limit_key)
            if at is not None:
                stopped.append((clock, at))
            elif (planned := self._recounted(clock)) is not None:
                recounted.append((clock, planned))
            else:
                going.append(clock.due_at)
        started = list(self._started({clock.limit_key for clock in clocks}))
        due = [*going, *(planned.due_at for clock, planned in recounted if clock.stopped_at is None)]
        due += [one.plan.due_at for one in started if one.stopped_at is None]
        return Turn(min(due, default=None), stopped, recounted, started)

    def _met_at(self, key: str) -> datetime | None:
        limit = self.version.workflow.limits.get(key)
        if limit is None or self.transition not in limit.met:
            return None
        told = moment_of(self.facts.get(limit.met_at)) if limit.met_at is not None else None
        return min(told or self.tx.now, self.tx.now)

    def _recounted(self, clock: Running) -> Plan | None:
        limit = self.version.workflow.limits.get(clock.limit_key)
        if limit is None or limit.since is None or limit.when is not None:
            return None
        start = began(limit, self.facts, clock.started_at)
        return None if start == clock.started_at else self._plan(limit, start, clock.rung)

    def _started(self, known: Collection[str]) -> Iterator[Started]:
        deadline = self.version.workflow.states[self.to_state].deadline
        if deadline is not None:
            yield Started(STATE, self._plan(deadline, began(deadline, self.facts, self.tx.now)))
        for key, limit in self.version.workflow.limits.items():
            if key not in known and self._begins(key):
                yield Started(key, self._plan(limit, self._begin(limit)), self._met_at(key))

    def _begin(self, limit: Limit) -> datetime:
        """A threshold that is crossed later counts from then, whenever the event itself was known."""
        is_later = limit.when is not None and self.transition is not None
        return self.tx.now if is_later else began(limit, self.facts, self.tx.now)

    def _begins(self, key: str) -> bool:
        when = self.version.starts_when.get(key)
        if when is None:
            return self.transition is None
        return when.holds(self.facts | count(self.tx, when.names, self.subject, self.about), self.tx.now)

    def _plan(self, deadline: Deadline, start: datetime, taken: int = 0) -> Plan:
        return plan(deadline, start, self.calendar, taken)


def _row(case_id: int, entry_id: int, one: Started) -> Row:
    met = one.stopped_at
    return {
        "id": new_id(),
        "case_id": case_id,
        "limit_key": one.key,
        "entry_id": entry_id,
        "started_at": one.plan.started_at,
        "due_at": one.plan.due_at,
        "rung": 0,
        "next_at": one.plan.next_at if met is None else None,
        "missed_at": missed(one.plan.due_at, met) if met is not None else None,
        "stopped_at": met,
        "tries": 0,
    }
