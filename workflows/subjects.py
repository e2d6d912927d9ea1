"""What the subject of a case offers to forms and conditions, and how answers bound to it are written back."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, object_session
from sqlalchemy.orm.attributes import set_committed_value

from models.case import Case
from models.child import Child, Relative
from models.place import Place
from models.reports.place_figures import FIGURES, place_figures
from models.search import name_key, replace_grams
from models.types import new_id
from models.vault import DataKey, WrappedKey, vault_of
from workflows import fields
from workflows.audit import Change
from workflows.engine.known import Known, ReadOnce
from workflows.fields import put, put_child

SLOTS = ("guardian", "father", "mother")
CALLS = ("call_first", "call_next")  # who is called first and next: a view on the relatives' call order
_FACTS_OF_CHILD = dict.fromkeys(
    [
        *(f"child.{key}" for key in (*fields.CHILD, *CALLS)),
        *(f"{slot}.{key}" for slot in SLOTS for key in fields.RELATIVE),
    ]
)
_CHILD = (
    select(Child, DataKey.id, DataKey.wrapped_by, DataKey.wrapped)
    .outerjoin(DataKey, DataKey.id == Child.id)
    .where(Child.id == bindparam("number"))
    .execution_options(prepared=True)
)
_RELATIVES = (
    select(Relative)
    .where(Relative.child_id == bindparam("child"))
    .order_by(Relative.call_order)
    .execution_options(prepared=True)
)


class Subject(Protocol):
    """A case's subject: where it stands, facts by dotted name, and a way to set what form fields are bound to."""

    kind: str

    @property
    def id(self) -> int:
        """The subject's number."""
        ...

    @property
    def child_id(self) -> int | None:
        """The child whose case it is, None for other subjects."""
        ...

    @property
    def name(self) -> str:
        """What people call it."""
        ...

    @property
    def codes(self) -> dict[str, str]:
        """The level codes of its rows."""
        ...

    def facts(self) -> Known:
        """Return every fact by its dotted name, read when asked for."""
        ...

    def write(self, session: Session, bound: Mapping[str, Any]) -> tuple[Change, ...]:
        """Set bound columns by dotted name and return what changed; raises KeyError for an unknown one."""
        ...


class ChildSubject:
    """A child with guardian, father and mother, as a definition's names see them."""

    kind = "child"

    def __init__(self, child: Child) -> None:
        self.child = child

    @cached_property
    def _relatives(self) -> dict[str, Relative]:
        return {relative.slot: relative for relative in _relatives_of(self.child) if relative.slot in SLOTS}

    @property
    def id(self) -> int:
        """The child's number."""
        return self.child.id

    @property
    def child_id(self) -> int | None:
        """The child's number."""
        return self.child.id

    @property
    def name(self) -> str:
        """The child's name."""
        return self.child.name

    @property
    def codes(self) -> dict[str, str]:
        """The child's level codes."""
        return self.child.level_codes

    def facts(self) -> Known:
        """Return the child's and relatives' values by dotted name; missing ones are left out."""
        return ReadOnce(_FACTS_OF_CHILD, self._fact)

    def _fact(self, name: str) -> Any:
        owner, key = name.split(".")
        if key in CALLS:
            return self._calls().get(name)
        row = self.child if owner == "child" else self._relatives.get(owner)
        return None if row is None else getattr(row, key)

    def write(self, session: Session, bound: Mapping[str, Any]) -> tuple[Change, ...]:
        """Set the bound columns; a relative whose name is given for the first time is made."""
        relatives = self._relatives  # fetched before anything changes: a query later would flush the child by itself
        own = {name.split(".")[1]: value for name, value in bound.items() if name.startswith("child.")}
        calls = {key: own.pop(key) for key in CALLS if key in own}
        changes = put_child(self.child, own)
        if any(change.field == "name" for change in changes):
            self.child.name_key = name_key(self.child.name)
            session.flush()
            replace_grams(session, self.child)
        for slot in SLOTS:
            values = {n.split(".")[1]: v for n, v in bound.items() if n.startswith(f"{slot}.")}
            changes += self._write_relative(session, relatives, slot, values)
        return changes + self._write_calls(calls)

    def _write_relative(
        self, session: Session, relatives: dict[str, Relative], slot: str, values: Mapping[str, Any]
    ) -> tuple[Change, ...]:
        relative = relatives.get(slot)
        if relative is None:
            if not values.get("name"):
                return ()
            relative = Relative(id=new_id(), child_id=self.child.id, slot=slot, call_order=len(relatives) + 1)
            relative.place_at(self.child.level_codes)
            relative.name = ""
            _relatives_of(self.child).append(relative)
            relatives[slot] = relative
            session.add(relative)
        return put(relative, fields.RELATIVE, values, prefix=f"{slot}.")

    def _calls(self) -> dict[str, str]:
        in_order = sorted(self._relatives.values(), key=lambda relative: relative.call_order)
        return {f"child.{key}": relative.slot for key, relative in zip(CALLS, in_order, strict=False)}

    def _write_calls(self, calls: Mapping[str, str | None]) -> tuple[Change, ...]:
        wanted = [slot for key in CALLS if (slot := calls.get(key)) in self._relatives]
        if not wanted:
            return ()
        ahead = {slot: position for position, slot in enumerate(dict.fromkeys(wanted))}
        in_order = sorted(_relatives_of(self.child), key=lambda r: (ahead.get(r.slot, len(ahead)), r.call_order))
        changes: tuple[Change, ...] = ()
        for position, relative in enumerate(in_order, 1):
            changes += put(relative, fields.RELATIVE, {"call_order": position}, prefix=f"{relative.slot}.")
        return changes


class PlaceSubject:
    """A class, school or other place of the tree."""

    kind = "place"

    def __init__(self, place: Place, session: Session) -> None:
        self.place, self._session = place, session

    @property
    def id(self) -> int:
        """The place's number."""
        return self.place.id

    @property
    def child_id(self) -> int | None:
        """No child."""
        return None

    @property
    def name(self) -> str:
        """The place's name."""
        return self.place.name

    @property
    def codes(self) -> dict[str, str]:
        """The place's level codes."""
        return self.place.level_codes

    @cached_property
    def _figures(self) -> Mapping[str, Any]:
        return place_figures(self._session, self.place)

    def facts(self) -> Known:
        """Return the place's kind and name, how many children it has on file and how far they are filed."""
        own = {"place.kind": self.place.kind, "place.name": self.place.name}
        return Known(own, ReadOnce(FIGURES, lambda name: self._figures.get(name)))

    def write(self, session: Session, bound: Mapping[str, Any]) -> tuple[Change, ...]:
        """Refuse: no form is bound to a place."""
        if bound:
            raise KeyError(next(iter(bound)))
        return ()


def is_of_relative(name: str) -> bool:
    """Tell whether a fact of a child is read from its relatives."""
    owner, _, key = name.partition(".")
    return owner in SLOTS or (owner == "child" and key in CALLS)


def subject_of(session: Session, case: Case) -> Subject | None:
    """Return the subject of a case that was loaded through the session; who sees the case knows what it is about."""
    if case.subject_type == PlaceSubject.kind:
        place = session.get(Place, case.subject_id)
        return None if place is None else PlaceSubject(place, session)
    return load_subject(session, case.subject_type, case.subject_id)


def subjects_of(session: Session, cases: Collection[Case], names: Collection[str]) -> dict[int, Subject]:
    """Return by case the subjects of cases that were loaded through the session, with a few queries for all.

    `names` are the facts that will be read: relatives are fetched where one is of theirs. A child that the session does
    not see is left out with its cases.
    """
    children = [case.subject_id for case in cases if case.subject_type == ChildSubject.kind]
    places = [case.subject_id for case in cases if case.subject_type == PlaceSubject.kind]
    found: dict[tuple[str, int], Subject] = {}
    if children:
        rows = session.scalars(select(Child).where(Child.id.in_(children))).all()
        _fetch_relatives(session, rows if any(map(is_of_relative, names)) else ())
        found |= {(ChildSubject.kind, child.id): ChildSubject(child) for child in rows}
    if places:
        there = session.scalars(select(Place).where(Place.id.in_(places)))
        found |= {(PlaceSubject.kind, place.id): PlaceSubject(place, session) for place in there}
    by_case = {case.id: found.get((case.subject_type, case.subject_id)) for case in cases}
    return {number: subject for number, subject in by_case.items() if subject is not None}


def _fetch_relatives(session: Session, children: Collection[Child]) -> None:
    relatives: dict[int, list[Relative]] = {child.id: [] for child in children}
    wanted = select(Relative).where(Relative.child_id.in_(relatives)).order_by(Relative.child_id, Relative.call_order)
    for relative in session.scalars(wanted) if relatives else ():
        relatives[relative.child_id].append(relative)
    for child in children:
        set_committed_value(child, "relatives", relatives[child.id])


def load_place(session: Session, place_id: int) -> PlaceSubject | None:
    """Return a place inside the session's scope."""
    inside = session.info["scope"].row_condition(Place)
    place = session.scalars(select(Place).where(Place.id == place_id, inside)).one_or_none()
    return None if place is None else PlaceSubject(place, session)


def load_subject(session: Session, kind: str, subject_id: int) -> Subject | None:
    """Return the subject of a case when the session's scope holds it, None otherwise; raises KeyError for a kind."""
    return _LOADERS[kind](session, subject_id)


def load_child(session: Session, child_id: int) -> ChildSubject | None:
    """Return a child with its key at hand."""
    found = session.execute(_CHILD, {"number": child_id}).one_or_none()
    if found is None:
        return None
    child, owner, wrapped_by, wrapped = found
    if owner is not None:
        vault_of(session).learn(WrappedKey(owner, wrapped_by, wrapped))
    return ChildSubject(child)


def _relatives_of(child: Child) -> list[Relative]:
    """Return a child's relatives, fetched with the first one that is asked for."""
    session = object_session(child)
    if session is not None and "relatives" not in vars(child):
        set_committed_value(child, "relatives", session.scalars(_RELATIVES, {"child": child.id}).all())
    return child.relatives


_LOADERS: Mapping[str, Callable[[Session, int], Subject | None]] = {"child": load_child, "place": load_place}
