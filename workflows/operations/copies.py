"""Notes that whoever was sent a copy of a case has read it."""

from __future__ import annotations

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from models.task import CaseCopy
from workflows.transaction import Transaction


def has_unread_copy(session: Session, case_id: int, staff_id: int | None) -> bool:
    """Tell whether a person was sent a copy of a case that they have not read."""
    return session.scalar(select(CaseCopy.id).where(*_unread(case_id, staff_id)).limit(1)) is not None


def read_copies(tx: Transaction, case_id: int) -> None:
    """Mark the person's copies of a case as read; opening it stands on the trail as such."""
    marked = update(CaseCopy).where(*_unread(case_id, tx.actor.staff_id)).values(read_at=tx.now)
    tx.session.execute(marked.execution_options(synchronize_session=False))


def _unread(case_id: int, staff_id: int | None) -> tuple[ColumnElement[bool], ...]:
    return (CaseCopy.case_id == case_id, CaseCopy.staff_id == staff_id, CaseCopy.read_at.is_(None))
