"""Lists cases of a workflow with their children, newest first, by keyset."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from models.case import Case
from models.child import Child
from models.scope import Branch

LARGEST_ID = 2**63 - 1


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
    statement = select(Case, Child).outerjoin(Child, Case.child_id == Child.id)
    narrowing = [
        Case.workflow == wanted.workflow if wanted.workflow is not None else None,
        Case.term_id == wanted.term_id if wanted.term_id is not None else None,
        Case.state.in_(wanted.states) if wanted.states else None,
        Case.class_code == wanted.class_code if wanted.class_code else None,
        getattr(Case, f"{wanted.place.level}_code") == wanted.place.code if wanted.place is not None else None,
        Case.child_id.in_(wanted.child_ids) if wanted.child_ids is not None else None,
        Case.id.in_(sorted(wanted.among)) if wanted.among is not None else None,
        wanted.condition,
        Case.id < before if before is not None else None,
        Case.id > after if after is not None else None,
    ]
    statement = statement.where(*(condition for condition in narrowing if condition is not None))
    if after is not None:
        rows = session.execute(statement.order_by(Case.id).limit(limit)).all()
        return [(case, child) for case, child in reversed(rows)]
    return [(case, child) for case, child in session.execute(statement.order_by(Case.id.desc()).limit(limit))]
