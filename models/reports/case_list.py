"""Lists, counts and chooses cases of a workflow with their children, newest first, by keyset."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.child import Child
from models.scope import Branch

LARGEST_ID = 2**63 - 1
Chosen = TypeVar("Chosen", bound=Select[*tuple[Any, ...]])


@dataclass(frozen=True)
class CasesWanted:
    """Which cases: empty parts do not narrow.

    `among` are the cases to choose from, `condition` what holds for cases and children.
    """

    workflow: str | None = None
    term_id: int | None = None
    states: tuple[str, ...] = ()
    class_code: str | None = None
    place: Branch | None = None
    child_ids: tuple[int, ...] | None = None
    among: frozenset[int] | None = None
    condition: ColumnElement[bool] | None = None


def list_cases(
    session: Session, wanted: CasesWanted, *, before: int | None = None, after: int | None = None, limit: int = 50
) -> list[tuple[Case, Child | None]]:
    """Return up to `limit` cases with their children, newest first, older than `before` or newer than `after`.

    Cases about a place have no child.
    """
    statement = _narrowed(select(Case, Child), wanted)
    if before is not None:
        statement = statement.where(Case.id < before)
    if after is not None:
        rows = session.execute(statement.where(Case.id > after).order_by(Case.id).limit(limit)).all()
        return [(case, child) for case, child in reversed(rows)]
    return [(case, child) for case, child in session.execute(statement.order_by(Case.id.desc()).limit(limit))]


def case_numbers(session: Session, wanted: CasesWanted, size: int) -> Iterator[list[int]]:
    """Yield the numbers (`id`) of the cases, newest first, in parts of one query each."""
    last = LARGEST_ID
    while part := session.scalars(
        _narrowed(select(Case.id), wanted).where(Case.id < last).order_by(Case.id.desc()).limit(size)
    ).all():
        yield list(part)
        last = part[-1]


def count_by_state(session: Session, wanted: CasesWanted) -> dict[tuple[str, str], int]:
    """Return how many of the cases stand in each state, by workflow and state."""
    counted = _narrowed(select(Case.workflow, Case.state, func.count()), wanted).group_by(Case.workflow, Case.state)
    return {(workflow, state): count for workflow, state, count in session.execute(counted)}


def count_up_to(session: Session, wanted: CasesWanted, most: int) -> int:
    """Return how many cases there are, counting no further than `most`."""
    some = _narrowed(select(Case.id), wanted).limit(most).subquery()
    return session.scalar(select(func.count()).select_from(some)) or 0


def _narrowed(statement: Chosen, wanted: CasesWanted) -> Chosen:
    narrowing = [
        Case.workflow == wanted.workflow if wanted.workflow is not None else None,
        Case.term_id == wanted.term_id if wanted.term_id is not None else None,
        Case.state.in_(wanted.states) if wanted.states else None,
        Case.class_code == wanted.class_code if wanted.class_code else None,
        getattr(Case, f"{wanted.place.level}_code") == wanted.place.code if wanted.place is not None else None,
        Case.child_id.in_(wanted.child_ids) if wanted.child_ids is not None else None,
        Case.id.in_(sorted(wanted.among)) if wanted.among is not None else None,
        wanted.condition,
    ]
    joined = statement.outerjoin_from(Case, Child, Case.child_id == Child.id)
    return joined.where(*(condition for condition in narrowing if condition is not None))
