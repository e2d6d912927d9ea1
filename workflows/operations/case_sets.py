"""Writes the same step of many cases with a few statements: their rows, their seats, and what ends with them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import update
from sqlalchemy.orm import Session

from models.case import Case
from models.task import CaseTask
from workflows.engine.decision import PENDING
from workflows.operations.case_ending import end_with_cases
from workflows.refusal import faster
from workflows.transaction import Transaction

CHUNK = 500


def locked(session: Session, statement: Any) -> list[Case]:
    """Return cases, locked until the end of the transaction."""
    return list(session.scalars(statement.with_for_update(of=Case)))


def put_in_state(tx: Transaction, cases: Sequence[Case], to_state: str, due_at: datetime | None, *, ends: bool) -> None:
    """Write a new state into open cases that are locked, and end what a case that ends holds.

    The clocks are the caller's. Raises Stale when one of them was closed all the same.
    """
    values: dict[str, Any] = {"state": to_state, "state_since": tx.now, "due_at": due_at, "urged": 0, "urged_at": None}
    if ends:
        values |= {"closed_at": tx.now, "open_slot": None}
    for start in range(0, len(cases), CHUNK):
        part = cases[start : start + CHUNK]
        ids = [case.id for case in part]
        where = (Case.id.in_(ids), Case.closed_at.is_(None))
        if _change(tx, Case, where, values | {"rev": Case.rev + 1}) != len(ids):
            raise faster()
        _change(
            tx,
            CaseTask,
            (CaseTask.case_id.in_(ids), CaseTask.status.in_(PENDING)),
            {"status": "over", "done_at": tx.now},
        )
        if ends:
            end_with_cases(tx, part)


def _change(tx: Transaction, model: type[Any], where: Sequence[Any], values: Mapping[str, Any]) -> int:
    changed = update(model).where(*where).values(**values).execution_options(synchronize_session=False)
    return tx.session.execute(changed).rowcount  # type: ignore[attr-defined,no-any-return]
