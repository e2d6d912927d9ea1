"""Lists cases of a workflow with their children, newest first, by keyset."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import Session

from models.case import Case
from models.child import Child
from models.scope import Branch

LARGEST_ID = 2**63 - 1
Awaited = tuple[str, tuple[str, ...], frozenset[int] | None, frozenset[Branch] | None]


@dataclass(frozen=True)
class CasesWanted:
    """Which cases: empty parts do not narrow.

    `waiting` are workflows with states, and the cases and the places where they count unless they do everywhere;
    `opened_by` is who opened them, `among` are the cases to choose from, `condition` what holds for cases and children.
    """

    workflow: str | None = None
    term_id: int | None = None
    states: tuple[str, ...] = ()
    class_code: str | None = None
    place: Branch | None = None
    child_ids: tuple[int, ...] | None = None
    waiting: tuple[Awaited, ...] | None = None
    opened_by: int | None = None
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
        _waiting(wanted.waiting) if wanted.waiting is not None else None,
        Case.term_id == wanted.term_id if wanted.term_id is not None else None,
        Case.state.in_(wanted.states) if wanted.states else None,
        Case.class_code == wanted.class_code if wanted.class_code else None,
        getattr(Case, f"{wanted.place.level}_code") == wanted.place.code if wanted.place is not None else None,
        Case.child_id.in_(wanted.child_ids) if wanted.child_ids is not None else None,
        Case.opened_by == wanted.opened_by if wanted.opened_by is not None else None,
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


def _waiting(waiting: tuple[Awaited, ...]) -> ColumnElement[bool]:
    return or_(
        false(),
        *(
            and_(Case.workflow == workflow, Case.state.in_(states), _there(parts, places))
            for workflow, states, parts, places in waiting
        ),
    )


def _there(parts: frozenset[int] | None, places: frozenset[Branch] | None) -> ColumnElement[bool]:
    if parts is None and places is None:
        return true()
    at = [getattr(Case, f"{place.level}_code") == place.code for place in sorted(places or (), key=str)]
    return or_(false(), *at, *([Case.id.in_(sorted(parts))] if parts else []))
