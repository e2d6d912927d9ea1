"""What the subject of a case offers to forms and conditions, and how answers bound to it are written back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from models.child import Child, Relative
from models.place import Place
from models.reports.place_figures import place_figures
from models.search import name_key, replace_grams
from models.types import new_id
from models.vault import learn_keys
from workflows import fields
from workflows.audit import Change
from workflows.fields import put

SLOTS = ("guardian", "father", "mother")
CALLS = ("call_first", "call_next")  # who is called first and next: a view on the relatives' call order


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

    def facts(self) -> dict[str, Any]:
        """Return every fact by its dotted name."""
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
        return {relative.slot: relative for relative in self.child.relatives if relative.slot in SLOTS}

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

    def facts(self) -> dict[str, Any]:
        """Return the child's and relatives' values by dotted name; missing ones are left out."""
        found = {f"child.{key}": getattr(self.child, key) for key in fields.CHILD}
        for slot, relative in self._relatives.items():
            found |= {f"{slot}.{key}": getattr(relative, key) for key in fields.RELATIVE}
        found |= self._calls()
        return {name: value for name, value in found.items() if value is not None}

    def write(self, session: Session, bound: Mapping[str, Any]) -> tuple[Change, ...]:
        """Set the bound columns; a relative whose name is given for the first time is made."""
        own = {name.split(".")[1]: value for name, value in bound.items() if name.startswith("child.")}
        calls = {key: own.pop(key) for key in CALLS if key in own}
        changes = put(self.child, fields.CHILD, own)
        if any(change.field == "name" for change in changes):
            self.child.name_key = name_key(self.child.name)
            session.flush()
            replace_grams(session, self.child)
        for slot in SLOTS:
            values = {n.split(".")[1]: v for n, v in bound.items() if n.startswith(f"{slot}.")}
            changes += self._write_relative(session, slot, values)
        return changes + self._write_calls(calls)

    def _write_relative(self, session: Session, slot: str, values: Mapping[str, Any]) -> tuple[Change, ...]:
        relative = self._relatives.get(slot)
        if relative is None:
            if not values.get("name"):
                return ()
            relative = Relative(id=new_id(), child_id=self.child.id, slot=slot, call_order=len(self._relatives) + 1)
            relative.place_at(self.child.level_codes)
            relative.name = ""
            self.child.relatives.append(relative)
            self._relatives[slot] = relative
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
        in_order = sorted(self.child.relatives, key=lambda r: (ahead.get(r.slot, len(ahead)), r.call_order))
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

    def facts(self) -> dict[str, Any]:
        """Return the place's kind and name, how many children it has on file and how far they are filed."""
        return {"place.kind": self.place.kind, "place.name": self.place.name} | place_figures(self._session, self.place)

    def write(self, session: Session, bound: Mapping[str, Any]) -> tuple[Change, ...]:
        """Refuse: no form is bound to a place."""
        if bound:
            raise KeyError(next(iter(bound)))
        return ()


def load_place(session: Session, place_id: int) -> PlaceSubject | None:
    """Return a place inside the session's scope."""
    inside = session.info["scope"].row_condition(Place)
    place = session.scalars(select(Place).where(Place.id == place_id, inside)).one_or_none()
    return None if place is None else PlaceSubject(place, session)


def load_subject(session: Session, kind: str, subject_id: int) -> Subject | None:
    """Return the subject of a case when the session's scope holds it, None otherwise; raises KeyError for a kind."""
    return _LOADERS[kind](session, subject_id)


def load_child(session: Session, child_id: int) -> ChildSubject | None:
    """Return a child with relatives and key at hand."""
    child = session.scalars(
        select(Child).where(Child.id == child_id).options(selectinload(Child.relatives))
    ).one_or_none()
    if child is None:
        return None
    learn_keys(session, [child.id])
    return ChildSubject(child)


_LOADERS: Mapping[str, Callable[[Session, int], Subject | None]] = {"child": load_child, "place": load_place}
