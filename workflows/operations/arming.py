"""Gives open cases from before the clocks their own, counted from the moment they entered their state."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import exists, func, select, update

from models.bulk import insert_rows
from models.case import Case, CaseMove
from models.clock import CaseClock
from models.types import new_id
from workflows.audit import Happening
from workflows.calendar import calendar_in_force
from workflows.clock_plan import STATE, began, step_at
from workflows.engine.case_facts import case_facts
from workflows.engine.deadline import Deadline
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.operations.case_rows import Row
from workflows.operations.clocks import missed
from workflows.transaction import Transaction
from workflows.working_time import WorkingCalendar, moment_after

CHUNK = 2_000  # cases in memory at a time
IDS = 500


class _Unarmed(NamedTuple):
    """An open case without a clock, with the move by which it came where it stands."""

    id: int
    state_since: datetime
    entry_id: int


def arm_some(tx: Transaction, *, quietly: bool = False) -> int:
    """Start the clocks of up to 2,000 open cases that have none; returns how many, 0 when nothing is left.

    Of the steps whose time is over only the latest is still to be taken; none where it is done `quietly`.
    """
    calendar = calendar_in_force(tx.session)
    for version, state, deadline in _deadlines(tx):
        found = _unarmed(tx, version, state)
        if not found:
            continue
        facts = _facts(tx, version, found) if deadline.since is not None else {}
        rows = [_row(tx, one, deadline, calendar, facts.get(one.id, {}), quietly) for one in found]
        insert_rows(tx.session, CaseClock, rows)
        _make_due(tx, rows)
        tx.tell(Happening("clocks.started", "definition", version.id, facts={"key": state, "count": len(rows)}))
        return len(rows)
    return 0


def _deadlines(tx: Transaction) -> Iterator[tuple[WorkflowVersion, str, Deadline]]:
    for number in tx.session.scalars(select(Case.definition_id).where(Case.closed_at.is_(None)).distinct()).all():
        version = workflow_version(tx.session, number)
        for key, state in version.workflow.states.items():
            if state.deadline is not None:
                yield version, key, state.deadline


def _unarmed(tx: Transaction, version: WorkflowVersion, state: str) -> list[_Unarmed]:
    entry = select(func.max(CaseMove.id)).where(CaseMove.case_id == Case.id, CaseMove.to_state == state)
    running = exists().where(CaseClock.case_id == Case.id, CaseClock.limit_key == STATE, CaseClock.stopped_at.is_(None))
    rows = tx.session.execute(
        select(Case.id, Case.state_since, entry.scalar_subquery())
        .where(Case.definition_id == version.id, Case.state == state, Case.closed_at.is_(None), ~running)
        .limit(CHUNK)
    )
    return [_Unarmed(*row) for row in rows]


def _facts(tx: Transaction, version: WorkflowVersion, found: list[_Unarmed]) -> dict[int, Mapping[str, Any]]:
    ids = [one.id for one in found]
    cases = [
        case
        for start in range(0, len(ids), IDS)
        for case in tx.session.scalars(select(Case).where(Case.id.in_(ids[start : start + IDS])))
    ]
    return {case.id: case_facts(tx.session, case, version) for case in cases}


def _row(
    tx: Transaction,
    one: _Unarmed,
    deadline: Deadline,
    calendar: WorkingCalendar,
    facts: Mapping[str, Any],
    quietly: bool,
) -> Row:
    start = began(deadline, facts, one.state_since)
    due_at = moment_after(start, deadline.after, calendar, deadline.pause)
    over = sum(1 for n in range(len(deadline.steps())) if _is_over(step_at(deadline, start, calendar, n), tx.now))
    taken = over if quietly else max(over - 1, 0)
    return {
        "id": new_id(),
        "case_id": one.id,
        "limit_key": STATE,
        "entry_id": one.entry_id,
        "started_at": start,
        "due_at": due_at,
        "rung": taken,
        "next_at": step_at(deadline, start, calendar, taken),
        "missed_at": missed(due_at, tx.now),
        "tries": 0,
    }


def _is_over(moment: datetime | None, now: datetime) -> bool:
    return moment is not None and moment <= now


def _make_due(tx: Transaction, rows: list[Row]) -> None:
    """Set the due moment of cases; deadlines counted in days leave few different ones."""
    by_due: dict[datetime, list[int]] = defaultdict(list)
    for row in rows:
        by_due[row["due_at"]].append(row["case_id"])
    for due_at, ids in by_due.items():
        for start in range(0, len(ids), IDS):
            changed = update(Case).where(Case.id.in_(ids[start : start + IDS])).values(due_at=due_at)
            tx.session.execute(changed.execution_options(synchronize_session=False))
