"""Finds what lies in a person's inbox: cases that wait, may be claimed, were handled, copied, opened or are watched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, Select, case, false, func, literal, or_, select, true, tuple_, union
from sqlalchemy.orm import Session

from models.case import Case, CaseMove
from models.child import Child
from models.scope import Branch
from models.task import PENDING, CaseCopy, CaseTask, CaseWatch
from models.types import UtcDateTime

MOST_COUNTED = 99
NEVER = datetime(9999, 1, 1, tzinfo=UTC)  # where a case without a time to be done by stands among the others
TOP_LEVELS = frozenset({"city", "county"})
EVERY: frozenset[str] = frozenset()  # of workflows: none named means all
Found = tuple[Any, ...]
Awaited = tuple[str, tuple[str, ...], frozenset[int] | None, frozenset[Branch] | None]

# Plain tables: whose seat it is and who acted say enough, and the case beside them is narrowed by the session's scope.
_case, _seat, _move = Case.__table__, CaseTask.__table__, CaseMove.__table__
_copy, _watch = CaseCopy.__table__, CaseWatch.__table__


@dataclass(frozen=True)
class Desk:
    """What may lie before a person; a set of workflows says where it counts, an empty one that it counts in all.

    `people` are those whose seats the person takes, themselves among them; `pools` are posts by role and place;
    `waiting` and `claims` are states that wait for posts and parts, those of `claims` until somebody claims the case;
    `besides` are cases that wait whatever their state; `offices` the places all of whose watched cases are shown.
    """

    staff_id: int
    people: tuple[tuple[int, frozenset[str]], ...] = ()
    pools: tuple[tuple[str, int, frozenset[str]], ...] = ()
    claimable: frozenset[str] = EVERY
    waiting: tuple[Awaited, ...] = ()
    claims: tuple[Awaited, ...] = ()
    besides: frozenset[int] = frozenset()
    offices: frozenset[Branch] = frozenset()


@dataclass(frozen=True)
class Narrowed:
    """Which of the cases are asked for; empty parts do not narrow."""

    workflow: str | None = None
    places: tuple[Branch, ...] = ()
    overdue_at: datetime | None = None
    child_ids: tuple[int, ...] | None = None
    number: str | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the conditions on cases."""
        found: list[ColumnElement[bool]] = [getattr(Case, f"{p.level}_code") == p.code for p in self.places]
        if self.workflow is not None:
            found.append(Case.workflow == self.workflow)
        if self.overdue_at is not None:
            found.append(Case.overdue(self.overdue_at))
        if self.child_ids is not None:
            found.append(Case.child_id.in_(self.child_ids))
        if self.number is not None:
            found.append(Case.number == self.number)
        return found


ALL = Narrowed()


@dataclass(frozen=True)
class Listing:
    """Statements that together make up one list: cases with their children, sorted by the same keys, the last unique.

    Each gives (number of the case, what was done, its kind, the keys…); only the cases of the page are read whole.
    """

    legs: tuple[Select[Any], ...]
    keys: tuple[tuple[ColumnElement[Any], ...], ...]
    is_falling: bool = False

    def fetch(self, session: Session, at: Sequence[Any] | None, is_forward: bool, limit: int) -> list[Found]:
        """Return up to `limit` rows in the order of the list, after the keys `at` or before them."""
        falling = self.is_falling == is_forward
        found: list[Row[*tuple[Any, ...]]] = []
        for leg, keys in zip(self.legs, self.keys, strict=True):
            wanted = leg
            if at is not None:
                here, edge = tuple_(*keys), tuple_(*(literal(v, k.type) for v, k in zip(at, keys, strict=True)))
                wanted = leg.where(here < edge if falling else here > edge)
            order = (key.desc() if falling else key.asc() for key in keys)
            found += session.execute(wanted.order_by(*order).limit(limit)).all()
        if len(self.legs) > 1:
            found.sort(key=lambda row: tuple(row)[3:], reverse=falling)
        return _whole(session, found[:limit] if is_forward else found[:limit][::-1])


def _whole(session: Session, rows: Sequence[Row[*tuple[Any, ...]]]) -> list[Found]:
    """Put the cases with their children in the place of their numbers."""
    wanted = (
        select(Case, Child).outerjoin(Child, Case.child_id == Child.id).where(Case.id.in_([row[0] for row in rows]))
    )
    known = {case.id: (case, child) for case, child in session.execute(wanted)} if rows else {}
    return [(*known[row[0]], *tuple(row)[1:]) for row in rows]


def keys_of(row: Found) -> tuple[Any, ...]:
    """Return the keys by which a row stands where it stands."""
    return row[4:]


def waiting_cases(desk: Desk, narrowed: Narrowed) -> Listing:
    """Return the cases whose next step is the person's, by the time they are due."""
    return _by_due(_waiting_ids(desk), narrowed)


def claimable_cases(desk: Desk, narrowed: Narrowed) -> Listing:
    """Return the cases that the person may claim, by the time they are due."""
    return _by_due(_claimable_ids(desk), narrowed)


def handled_cases(desk: Desk, narrowed: Narrowed) -> Listing:
    """Return what the person did, the last first: steps they took, and seats from which they spoke without a step."""
    took = (_move.c.case_id == _seat.c.case_id, _move.c.actor_id == _seat.c.acted_by, _move.c.at == _seat.c.done_at)
    moves = _cases(narrowed, _move.c.transition, literal("moved"), (at := _move.c.at), _move.c.id)
    moves = moves.join(_move, _move.c.case_id == Case.id)
    moves = moves.where(_move.c.actor_id == desk.staff_id, _move.c.from_state.is_not(None))
    seats = _cases(narrowed, _seat.c.answer, _seat.c.status, (spoke := _seat.c.done_at), _seat.c.id)
    seats = seats.join(_seat, _seat.c.case_id == Case.id).where(
        _seat.c.acted_by == desk.staff_id,
        _seat.c.status.in_(("done", "handed_over", "recused")),
        ~select(_move.c.id).where(*took).correlate(_seat).exists(),
    )
    return Listing((moves, seats), ((at, _move.c.id), (spoke, _seat.c.id)), is_falling=True)


def copied_cases(desk: Desk, narrowed: Narrowed) -> Listing:
    """Return the cases that were sent to the person, those not read yet first."""
    keys = (case((_copy.c.read_at.is_(None), 1), else_=0), _copy.c.id)
    found = _cases(narrowed, _copy.c.made_by_name, _read_word(), *keys)
    return Listing((found.join(_copy, _copy.c.case_id == Case.id).where(_copy.c.staff_id == desk.staff_id),), (keys,),
                   is_falling=True)  # fmt: skip


def _read_word() -> ColumnElement[str]:
    return case((_copy.c.read_at.is_(None), "unread"), else_="read")


def opened_cases(desk: Desk, narrowed: Narrowed) -> Listing:
    """Return the cases that the person opened, the last first."""
    found = _cases(narrowed, literal(""), literal("opened"), Case.id).where(Case.opened_by == desk.staff_id)
    return Listing((found,), ((_id(),),), is_falling=True)


def watched_cases(desk: Desk, narrowed: Narrowed) -> Listing:
    """Return the cases under the person's eye, and of an office all watched at its places, by the time they are due.

    Watches that ended with their case come after those that run, the last one first; one that its watcher ended is no
    longer listed.
    """
    ended = case((_watch.c.ended_at.is_(None), 0), else_=1)
    keys = (
        ended,
        case((ended == 0, _due()), else_=literal(NEVER, UtcDateTime())),
        case((ended == 0, _watch.c.id), else_=-_watch.c.id),
    )
    found = _cases(narrowed, _watch.c.made_by_name, _watch.c.due_on, *keys).join(_watch, _watch.c.case_id == Case.id)
    return Listing((found.where(_watch.c.ended_by.is_(None), _watched_by(desk)),), (keys,))


def _watched_by(desk: Desk) -> ColumnElement[bool]:
    there = [getattr(_watch.c, f"{place.level}_code") == place.code for place in sorted(desk.offices, key=str)]
    return or_(_watch.c.made_by == desk.staff_id, *there)


def count_waiting(session: Session, desk: Desk, narrowed: Narrowed = ALL, most: int = MOST_COUNTED + 1) -> int:
    """Count the cases that wait for the person, up to `most`: one more than is shown."""
    return _counted(session, _waiting_ids(desk), narrowed, most)


def count_claimable(session: Session, desk: Desk, narrowed: Narrowed = ALL, most: int = MOST_COUNTED + 1) -> int:
    """Count the cases that the person may claim, up to `most`: one more than is shown."""
    return _counted(session, _claimable_ids(desk), narrowed, most)


def count_unread(session: Session, desk: Desk) -> int:
    """Count the copies that the person has not read, up to one more than is shown."""
    found = select(Case.id).join(_copy, _copy.c.case_id == Case.id)
    found = found.where(_copy.c.staff_id == desk.staff_id, _copy.c.read_at.is_(None))
    return len(session.scalars(found.limit(MOST_COUNTED + 1)).all())


def count_watched(session: Session, desk: Desk) -> int:
    """Count the watches that run, up to one more than is shown."""
    running = (_watch.c.ended_at.is_(None), _watched_by(desk))
    found = select(Case.id).join(_watch, _watch.c.case_id == Case.id).where(*running)
    return len(session.scalars(found.limit(MOST_COUNTED + 1)).all())


def pending_seats(session: Session, ids: Collection[int], columns: Sequence[str]) -> dict[int, list[tuple[Any, ...]]]:
    """Return the named columns of the seats from which somebody may yet speak, by case."""
    found: dict[int, list[tuple[Any, ...]]] = {}
    wanted = select(_seat.c.case_id, *(_seat.c[name] for name in columns))
    wanted = wanted.where(_seat.c.case_id.in_(ids), _seat.c.status.in_(PENDING)).order_by(_seat.c.id)
    for number, *row in session.execute(wanted) if ids else ():
        found.setdefault(number, []).append(tuple(row))
    return found


def openers(session: Session, ids: Collection[int]) -> Mapping[int, str]:
    """Return by case who opened it; the ids are of cases that the person sees."""
    wanted = select(_move.c.case_id, _move.c.actor_name).where(_move.c.case_id.in_(ids), _move.c.from_state.is_(None))
    return dict(session.execute(wanted).all()) if ids else {}


def watched_among(session: Session, ids: Collection[int]) -> frozenset[int]:
    """Return which of the cases are under somebody's watch."""
    wanted = select(_watch.c.case_id).where(_watch.c.case_id.in_(ids), _watch.c.ended_at.is_(None))
    return frozenset(session.scalars(wanted)) if ids else frozenset()


def _id() -> ColumnElement[int]:
    return Case.id.expression


def _due() -> ColumnElement[datetime]:
    return func.coalesce(Case.due_at, literal(NEVER, UtcDateTime()), type_=UtcDateTime())


def _cases(narrowed: Narrowed, *more: Any) -> Select[Any]:
    found = select(Case.id, *(column.label(f"k{n}") for n, column in enumerate(more)))
    return found.where(*narrowed.conditions())


def _by_due(ids: Any, narrowed: Narrowed) -> Listing:
    keys = (_due(), Case.state_since.expression, _id())
    found = _cases(narrowed, literal(""), literal("waiting"), *keys)
    return Listing((found.where(_among(ids)),), (keys,))


def _counted(session: Session, ids: Any, narrowed: Narrowed, most: int) -> int:
    if ids is None:
        return 0
    return len(session.scalars(select(Case.id).where(_among(ids), *narrowed.conditions()).limit(most)).all())


def _among(ids: Any) -> ColumnElement[bool]:
    return false() if ids is None else Case.id.in_(ids)


def _united(legs: Iterable[Select[Any]]) -> Any:
    found = list(legs)
    return (union(*found) if len(found) > 1 else found[0]) if found else None


def _waiting_ids(desk: Desk) -> Any:
    legs = [_seats_of(number, workflows) for number, workflows in desk.people]
    legs += [_pool(role, place, workflows).where(_case.c.workflow.not_in(sorted(desk.claimable)))
             for role, place, workflows in desk.pools]  # fmt: skip
    legs += [leg for one in desk.waiting for leg in _awaited(one)]
    legs += [select(_case.c.id).where(_case.c.id.in_(sorted(desk.besides)))] if desk.besides else []
    return _united(legs)


def _claimable_ids(desk: Desk) -> Any:
    if not desk.claimable:
        return None
    legs = [_pool(role, place, workflows).where(_case.c.workflow.in_(sorted(desk.claimable)))
            for role, place, workflows in desk.pools]  # fmt: skip
    return _united([*legs, *(leg for one in desk.claims for leg in _awaited(one))])


def _seats_of(number: int, workflows: frozenset[str]) -> Select[Any]:
    found = select(_seat.c.case_id).where(_seat.c.staff_id == number, _seat.c.status == "open")
    return found.join(_case, _case.c.id == _seat.c.case_id).where(_in(workflows)) if workflows else found


def _pool(role: str, place: int, workflows: frozenset[str]) -> Select[Any]:
    found = select(_seat.c.case_id).join(_case, _case.c.id == _seat.c.case_id)
    unclaimed = (_seat.c.role == role, _seat.c.staff_id.is_(None), _seat.c.status == "open")
    return found.where(_seat.c.place_id == place, *unclaimed, _in(workflows))


def _in(workflows: frozenset[str]) -> ColumnElement[bool]:
    return _case.c.workflow.in_(sorted(workflows)) if workflows else true()


def _awaited(one: Awaited) -> Iterable[Select[Any]]:
    """Yield what waits by states, for each level of places by an index of its own; where seats were given, they tell.

    The index of open cases serves the upper levels; below them the few cases of a place are found by its own.
    """
    workflow, states, parts, places = one
    pending = select(_seat.c.id).where(_seat.c.case_id == _case.c.id, _seat.c.status.in_(PENDING))
    found = select(_case.c.id).where(
        _case.c.workflow == workflow, _case.c.state.in_(states), ~pending.correlate(_case).exists()
    )
    if parts is None and places is None:
        yield found.where(_case.c.closed_at.is_(None))
    if parts:
        yield found.where(_case.c.id.in_(sorted(parts)))
    levels: dict[str, list[str]] = {}
    for place in sorted(places or (), key=str):
        levels.setdefault(place.level, []).append(place.code)
    for level, codes in levels.items():
        there = found.where(_case.c[f"{level}_code"].in_(codes))
        yield there.where(_case.c.closed_at.is_(None)) if level in TOP_LEVELS else there
