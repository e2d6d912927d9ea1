"""Reads what was said on the seats of a case, round by round: every time a state asked anew."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.task import CaseTask, CaseWatch
from models.vault import learn_keys
from workflows.engine.definition import Workflow

MOST_SHOWN = 400


@dataclass(frozen=True)
class Round:
    """The seats given when a case entered a state once, each before those that came out of it."""

    state: str
    entry_id: int
    seats: tuple[CaseTask, ...]


def rounds(session: Session, case: Case, workflow: Workflow) -> tuple[Round, ...]:
    """Return the rounds of a case, the latest first; nothing is asked of the database where nobody can have a seat."""
    if not any(workflow.may_give_seats(state) for state in workflow.states):
        return ()
    wanted = select(CaseTask).where(CaseTask.case_id == case.id)
    rows = session.scalars(wanted.order_by(CaseTask.entry_id.desc(), CaseTask.id.desc()).limit(MOST_SHOWN)).all()
    learn_keys(session, [case.key_owner] if rows else [])
    return tuple(
        Round(seats[0].state, entry, tuple(_in_order(seats)))
        for entry, found in groupby(rows, key=lambda row: row.entry_id)
        if (seats := sorted(found, key=lambda row: row.id))
    )


def _in_order(seats: Sequence[CaseTask]) -> Iterator[CaseTask]:
    known = {seat.id for seat in seats}
    roots = [seat for seat in seats if seat.from_id not in known]
    for root in sorted(roots, key=lambda seat: (seat.position, seat.id)):
        yield from _with_own(root, seats)


def _with_own(seat: CaseTask, seats: Sequence[CaseTask]) -> Iterator[CaseTask]:
    """Yield a seat between those added before it and what else came out of it."""
    own = [one for one in seats if one.from_id == seat.id]
    for one in own:
        if one.origin == "added_before":
            yield from _with_own(one, seats)
    yield seat
    for one in own:
        if one.origin != "added_before":
            yield from _with_own(one, seats)


def watches(session: Session, case: Case) -> Sequence[CaseWatch]:
    """Return who keeps an eye on a case, or kept one until it ended; the earliest first."""
    wanted = select(CaseWatch).where(CaseWatch.case_id == case.id, CaseWatch.ended_by.is_(None))
    rows = session.scalars(wanted.order_by(CaseWatch.id).limit(MOST_SHOWN)).all()
    learn_keys(session, [case.key_owner] if rows else [])
    return rows
