"""Who is helped by whom: pairings and proxy parents of children, focus children by place, children left without one."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, case, exists, func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.child import Child, Relative
from models.place import Place
from models.reports.filing import FILED
from models.reports.filing import WORKFLOW as IDENTIFICATION

PAIRING, PROXY_PARENT = "pairing", "proxy_parent"
RUNNING = (Case.workflow == PAIRING) & Case.closed_at.is_(None)
ON_FILE = Child.status == "on_file"
IS_PROXY = Case.facts["kind"].as_string() == PROXY_PARENT


def pairings(session: Session, children: Collection[int]) -> dict[int, int]:
    """Return how many pairings that have not ended each child has, those with any."""
    return _counted(session, children, RUNNING)


def proxy_parents(session: Session, children: Collection[int]) -> dict[int, int]:
    """Return how many of them are by a proxy parent."""
    return _counted(session, children, RUNNING & IS_PROXY)


def _counted(session: Session, children: Collection[int], condition: ColumnElement[bool]) -> dict[int, int]:
    found = select(Case.child_id, func.count()).where(Case.child_id.in_(list(children)), condition)
    return {child: count for child, count in session.execute(found.group_by(Case.child_id)) if child is not None}


def filed_children(session: Session, children: Collection[int]) -> set[int]:
    """Return the children whose latest identification case is filed."""
    rows = session.execute(
        select(Case.child_id, Case.state)
        .where(Case.child_id.in_(list(children)), Case.workflow == IDENTIFICATION)
        .order_by(Case.id)
    )
    latest = {child: state for child, state in rows if child is not None}
    return {child for child, state in latest.items() if state == FILED}


def is_paired() -> ColumnElement[bool]:
    """Return the condition of a child with a pairing that has not ended."""
    return exists().where(Case.child_id == Child.id, RUNNING)


def without_guardian() -> ColumnElement[bool]:
    """Return the condition of a child on file for whom no guardian is registered."""
    return ON_FILE & ~exists().where(Relative.child_id == Child.id, Relative.slot == "guardian")


def without_proxy_parent() -> ColumnElement[bool]:
    """Return the condition of a child with no guardian and no proxy parent either: each of them must have one."""
    return without_guardian() & ~exists().where(Case.child_id == Child.id, RUNNING, IS_PROXY)


@dataclass(frozen=True)
class FocusCount:
    """Of a place: children on file, focus children, those of them without a pairing, children left without anybody."""

    code: str
    name: str
    children: int
    focus: int
    alone: int
    without_anybody: int


def focus_by_place(session: Session, level: str, under: Place | None = None) -> list[FocusCount]:
    """Return the counts of every place at a level inside the session's scope that has children on file.

    `under` narrows it to the places of one. Classes come by grade, the lowest first; other places by code.
    """
    code = getattr(Child, f"{level}_code")
    counted = select(
        code,
        func.count(),
        func.sum(case((Child.is_focus, 1), else_=0)),
        func.sum(case((Child.is_focus & ~is_paired(), 1), else_=0)),
        func.sum(case((without_proxy_parent(), 1), else_=0)),
    ).where(ON_FILE)
    if under is not None:
        counted = counted.where(getattr(Child, f"{under.kind}_code") == under.code)
    rows = {row[0]: row for row in session.execute(counted.group_by(code))}
    wanted = select(Place).where(Place.code.in_(list(rows)))
    places = session.scalars(wanted.order_by(Place.school_code, Place.cohort.desc(), Place.number, Place.code))
    return [FocusCount(place.code, place.name, *map(int, rows[place.code][1:])) for place in places]


def left_without_anybody(session: Session) -> int:
    """Count the children of the session's scope with neither guardian nor proxy parent."""
    return session.scalar(select(func.count()).select_from(Child).where(without_proxy_parent())) or 0
