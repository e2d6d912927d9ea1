"""Turns accepted rows of a register into rows of tables, ready for one bulk insert each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from models.child import LEVEL_COLUMNS, Child, Relative
from models.scope import LEVELS
from models.search import name_grams, name_key
from models.types import new_id
from models.vault import DataKey, Vault
from workflows import fields
from workflows.audit import Change, Happening
from workflows.fields import Fact, stored
from workflows.roster.row import Relative as WrittenRelative
from workflows.roster.row import RosterRow

SEALED_OF_CHILD = ("id_number", "home_address", "home_phone", "parents_workplace", "note")
PLAIN_OF_CHILD = (
    "name",
    "sex",
    "birth_on",
    "ethnicity",
    "student_number",
    "is_boarding",
    "is_poor",
    "care_situation",
    "absence_since",
    "village",
)
SEALED_OF_RELATIVE = ("phone", "workplace", "address", "health")
PLAIN_OF_RELATIVE = ("name", "relation", "age", "education", "occupation")
SLOTS = ("guardian", "father", "mother")
GRAM_COLUMNS = ("gram", *LEVEL_COLUMNS, "child_id")


@dataclass
class Intake:
    """Rows to insert, table by table, the grams of their names, and the events that tell of each child."""

    vault: Vault
    school: str
    batch_id: int
    made_at: Any
    keys: list[dict[str, Any]] = field(default_factory=list)
    children: list[dict[str, Any]] = field(default_factory=list)
    relatives: list[dict[str, Any]] = field(default_factory=list)
    grams: list[tuple[Any, ...]] = field(default_factory=list)  # in the order of GRAM_COLUMNS
    happenings: list[Happening] = field(default_factory=list)

    def add(self, row: RosterRow, codes: Mapping[str, str]) -> int:
        """Add one accepted row as a child at a place; returns the child's identifier."""
        child_id = new_id()
        self.keys.append(self.vault.new_key_row(child_id))
        places = {f"{level}_code": codes[level] for level in LEVELS}
        changes: list[Change] = []
        self.children.append(self._child(row, child_id, places, changes))
        for order, (slot, relative) in enumerate(_relatives(row), 1):
            self.relatives.append(self._relative(slot, relative, order, child_id, places, changes))
        ends = (*places.values(), child_id)
        self.grams += [(gram, *ends) for gram in name_grams(row.name)]
        told = Happening(
            "child.made",
            "child",
            child_id,
            codes=codes,
            child_id=child_id,
            owner=child_id,
            changes=tuple(changes),
            facts={"batch": self.batch_id, "sheet": row.sheet, "row": row.row},
        )
        self.happenings.append(told)
        return child_id

    def _child(self, row: RosterRow, child_id: int, places: Mapping[str, str], changes: list[Change]) -> dict[str, Any]:
        values: dict[str, Any] = {key: getattr(row, key) for key in PLAIN_OF_CHILD}
        protected = {key: getattr(row, key) for key in SEALED_OF_CHILD}
        values["is_focus"] = bool(row.is_focus)
        _tell(changes, fields.CHILD, values | protected)
        values |= {f"{key}_sealed": self._seal(child_id, "child", child_id, key, protected[key]) for key in protected}
        index = self.vault.keystore.blind_index("id_number", row.id_number) if row.id_number else None
        return (
            values
            | dict(places)
            | {
                "id": child_id,
                "name_key": name_key(row.name),
                "id_number_index": index,
                "risk": "low",
                "status": "on_file",
                "residence_township": places["township_code"],
                "residence_village": "-",
                "made_at_school": self.school,
                "made_at": self.made_at,
                "batch_id": self.batch_id,
                "rev": 1,
            }
        )

    def _relative(
        self,
        slot: str,
        written: WrittenRelative,
        order: int,
        child_id: int,
        places: Mapping[str, str],
        changes: list[Change],
    ) -> dict[str, Any]:
        row_id = new_id()
        values: dict[str, Any] = {key: getattr(written, key) for key in PLAIN_OF_RELATIVE}
        values["relation"] = written.relation or ("other" if written.relation_text else None)
        protected = {key: getattr(written, key) for key in SEALED_OF_RELATIVE}
        _tell(changes, fields.RELATIVE, values | protected, f"{slot}.")
        sealed = {f"{k}_sealed": self._seal(child_id, "relative", row_id, k, protected[k]) for k in protected}
        own = {"id": row_id, "child_id": child_id, "slot": slot, "call_order": order, "rev": 1}
        return values | sealed | dict(places) | own

    def _seal(self, owner: int, table: str, row_id: int, key: str, value: str | None) -> bytes | None:
        return self.vault.seal(owner, f"{table}:{row_id}:{key}", value) if value else None

    def tables(self) -> Iterator[tuple[type[Any], list[dict[str, Any]]]]:
        """Yield the tables with their rows in the order in which they refer to each other."""
        yield DataKey, self.keys
        yield Child, self.children
        yield Relative, self.relatives


def _relatives(row: RosterRow) -> Iterator[tuple[str, WrittenRelative]]:
    for slot in SLOTS:
        relative = getattr(row, slot)
        if relative is not None and relative.name:
            yield slot, relative


def _tell(changes: list[Change], facts: Mapping[str, Fact], values: Mapping[str, Any], prefix: str = "") -> None:
    for key, value in values.items():
        new = stored(value)
        if new is not None:
            changes.append(Change(prefix + key, facts[key].protection, None, new))
