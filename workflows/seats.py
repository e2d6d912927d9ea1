"""Reads the seats of a case: who is to speak where it stands now, in the order in which they were given seats."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import CaseMove
from models.task import CaseTask
from workflows.engine.decision import Seat

_COLUMNS = (
    CaseTask.id, CaseTask.origin, CaseTask.status, CaseTask.position, CaseTask.from_id, CaseTask.answer,
    CaseTask.asked, CaseTask.staff_id, CaseTask.role, CaseTask.place_id, CaseTask.name,
)  # fmt: skip


def present_entry(session: Session, case_id: int) -> int:
    """Return the move by which a case came to where it stands."""
    return session.scalars(select(func.max(CaseMove.id)).where(CaseMove.case_id == case_id)).one() or 0


def seats_of(session: Session, case_id: int) -> tuple[Seat, ...]:
    """Return the seats given since the case entered its state, in the order they were given; mostly there are none."""
    entry = select(func.max(CaseMove.id)).where(CaseMove.case_id == case_id).scalar_subquery()
    rows = session.execute(
        select(*_COLUMNS).where(CaseTask.case_id == case_id, CaseTask.entry_id == entry).order_by(CaseTask.id)
    )
    return tuple(Seat(*row) for row in rows)


def last_move(session: Session, case_id: int) -> CaseMove:
    """Return the move by which a case came to where it stands."""
    return session.scalars(
        select(CaseMove).where(CaseMove.case_id == case_id).order_by(CaseMove.id.desc()).limit(1)
    ).one()
