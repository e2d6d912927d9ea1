"""One accepted row of a register, typed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Relative:
    """A father, mother or guardian as far as the register tells; `relation_text` is the word that was written."""

    name: str | None = None
    relation: str | None = None
    relation_text: str | None = None
    age: int | None = None
    education: str | None = None
    occupation: str | None = None
    phone: str | None = None
    health: str | None = None
    address: str | None = None
    workplace: str | None = None


@dataclass(frozen=True, slots=True)
class RosterRow:
    """A child of a register; `row` as the spreadsheet program shows it; `class_text` as written when it was."""

    sheet: str | None
    row: int
    name: str
    sex: str | None = None
    birth_on: date | None = None
    id_number: str | None = None
    ethnicity: str | None = None
    grade: int | None = None
    class_number: int | None = None
    class_text: str | None = None
    student_number: str | None = None
    home_address: str | None = None
    home_phone: str | None = None
    is_boarding: bool | None = None
    is_poor: bool | None = None
    is_focus: bool | None = None
    care_situation: str | None = None
    guardian: Relative | None = None
    father: Relative | None = None
    mother: Relative | None = None
    parents_workplace: str | None = None
    absence_since: date | None = None
    village: str | None = None
    note: str | None = None
