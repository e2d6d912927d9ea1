"""Reads the seats of a case: who is to speak where it stands now, in the order in which they were given seats."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import bindparam, func, select
from sqlalchemy.orm import Session

from models.case import CaseMove
from models.task import CaseTask
from workflows.engine.decision import Seat

_COLUMNS = (
    CaseTask.id, CaseTask.origin, CaseTask.status, CaseTask.position, CaseTask.from_id, CaseTask.answer,
    CaseTask.asked, CaseTask.staff_id, CaseTask.role, CaseTask.place_id, CaseTask.name,
)  # fmt: skip
_ENTRY = select(func.max(CaseMove.id)).where(CaseMove.case_id == bindparam("case")).execution_options(prepared=True)
_EVER_GIVEN = (
    select(CaseTask.entry_id, *_COLUMNS)
    .where(CaseTask.case_id == bindparam("case"))
    .order_by(CaseTask.id)
    .execution_options(prepared=True)
)


def present_entry(session: Session, case_id: int) -> int:
    """Return the move by which a case came to where it stands."""
    return session.scalars(_ENTRY, {"case": case_id}).one() or 0


def seats_of(session: Session, case_id: int) -> tuple[Seat, ...]:
    """Return the seats given since the case entered its state, in the order they were given; mostly there are none."""
    given = session.execute(_EVER_GIVEN, {"case": case_id}).all()
    entry = present_entry(session, case_id) if given else 0
    return tuple(Seat(*seat) for of, *seat in given if of == entry)


def seats_of_each(session: Session, ids: Collection[int]) -> dict[int, tuple[Seat, ...]]:
    """Return the same of several cases, by case, with one query; none is asked for none."""
    if not ids:
        return {}
    entries = select(func.max(CaseMove.id)).where(CaseMove.case_id.in_(ids)).group_by(CaseMove.case_id)
    wanted = select(CaseTask.case_id, *_COLUMNS).where(CaseTask.case_id.in_(ids), CaseTask.entry_id.in_(entries))
    found: dict[int, list[Seat]] = {}
    for number, *row in session.execute(wanted.order_by(CaseTask.id)):
        found.setdefault(number, []).append(Seat(*row))
    return {number: tuple(seats) for number, seats in found.items()}


def last_move(session: Session, case_id: int) -> CaseMove:
    """Return the move by which a case came to where it stands."""
    return session.scalars(
        select(CaseMove).where(CaseMove.case_id == case_id).order_by(CaseMove.id.desc()).limit(1)
    ).one()
