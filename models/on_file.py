"""Looks up which children of a register are on file already, across the whole installation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.child import Child

CHUNK = 500


@dataclass(frozen=True)
class OnFile:
    """A child on file: where, and under which name (told only to the child's own school)."""

    child_id: int
    school_code: str
    class_code: str
    name: str


def on_file_by_index(session: Session, indexes: Iterable[bytes]) -> dict[bytes, OnFile]:
    """Return the children with these blind indexes of their id-numbers; the session needs a system scope."""
    wanted = list(dict.fromkeys(indexes))
    found: dict[bytes, OnFile] = {}
    for start in range(0, len(wanted), CHUNK):
        rows = session.execute(
            select(Child.id_number_index, Child.id, Child.school_code, Child.class_code, Child.name).where(
                Child.id_number_index.in_(wanted[start : start + CHUNK])
            )
        )
        for index, child_id, school, klass, name in rows:
            if index is not None:
                found[index] = OnFile(child_id, school, klass, name)
    return found


def on_file_by_name(session: Session, school_code: str) -> dict[tuple[str, str], OnFile]:
    """Return a school's children without an id-number by name and ISO birth date."""
    rows = session.execute(
        select(Child.name, Child.birth_on, Child.id, Child.school_code, Child.class_code).where(
            Child.school_code == school_code, Child.id_number_index.is_(None), Child.birth_on.is_not(None)
        )
    )
    return {
        (name, born.isoformat()): OnFile(child_id, school, klass, name)
        for name, born, child_id, school, klass in rows
        if born is not None
    }
