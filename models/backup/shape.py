"""The tables of a database as a backup sees them: columns of a few kinds that both databases have."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import JSON, Boolean, Connection, Date, DateTime, Float, Integer, LargeBinary, Numeric, String, inspect
from sqlalchemy.types import TypeEngine

from models.backup.fault import BackupFault

KINDS: tuple[tuple[str, type[TypeEngine[Any]]], ...] = (
    ("yes_no", Boolean),
    ("integer", Integer),
    ("number", Float),
    ("number", Numeric),
    ("json", JSON),
    ("moment", DateTime),
    ("day", Date),
    ("bytes", LargeBinary),
    ("text", String),
)
VERSION_TABLE = "alembic_version"  # told by the manifest
Convert = Callable[[Any], Any]


@dataclass(frozen=True)
class Shape:
    """A table: name, columns with their kinds, and the primary key."""

    name: str
    columns: tuple[tuple[str, str], ...]
    key: tuple[str, ...]


def shapes(connection: Connection) -> list[Shape]:
    """Return every table of a database by name; raises BackupFault `unknown_type` for a column no kind fits."""
    inspector = inspect(connection)
    return [
        Shape(
            name,
            tuple((column["name"], _kind(name, column["type"])) for column in inspector.get_columns(name)),
            tuple(inspector.get_pk_constraint(name)["constrained_columns"]),
        )
        for name in sorted(inspector.get_table_names())
        if name != VERSION_TABLE
    ]


def _kind(table: str, type_: TypeEngine[Any]) -> str:
    for kind, cls in KINDS:
        if isinstance(type_, cls):
            return kind
    raise BackupFault("unknown_type", table=table, type=str(type_))


def _moment(value: datetime | str) -> str:
    if isinstance(value, datetime):
        value = (value.astimezone(UTC) if value.tzinfo else value).replace(tzinfo=None)
        return value.isoformat(timespec="microseconds") + "Z"
    return datetime.fromisoformat(value).isoformat(timespec="microseconds") + "Z"


def _day(value: date | str) -> str:
    return (value if isinstance(value, date) else date.fromisoformat(value)).isoformat()


def _bytes(value: bytes) -> str:
    return base64.b64encode(value).decode()


def _text(value: str) -> str:
    if not isinstance(value, str):
        raise TypeError(type(value))
    return value


WRITTEN: dict[str, Convert] = {"yes_no": bool, "moment": _moment, "day": _day, "bytes": _bytes, "json": _text}
"""How a value of a kind is written into a line, where it does not stand for itself."""

READ: dict[str, Convert] = {"bytes": base64.b64decode, "moment": lambda value: value[:-1].replace("T", " ")}
"""How a value of a line is given to a database, where it does not stand for itself."""


class Lines:
    """Writes the rows of one table as lines of JSON, and reads them back."""

    def __init__(self, columns: tuple[tuple[str, str], ...]) -> None:
        kinds = [kind for _, kind in columns]
        self._width = len(kinds)
        self._written = [(place, WRITTEN[kind]) for place, kind in enumerate(kinds) if kind in WRITTEN]
        self._read = [(place, READ[kind]) for place, kind in enumerate(kinds) if kind in READ]
        self._dump = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), check_circular=False).encode

    def write(self, row: tuple[Any, ...]) -> bytes:
        """Return a row as a line; raises ValueError, TypeError for a value that is not of its column's kind."""
        values = list(row)
        for place, convert in self._written:
            if values[place] is not None:
                values[place] = convert(values[place])
        return (self._dump(values) + "\n").encode()

    def read(self, line: bytes) -> list[Any]:
        """Return the values of a line as a database takes them; raises ValueError, TypeError for a broken line."""
        values: list[Any] = json.loads(line)
        if not isinstance(values, list) or len(values) != self._width:
            raise ValueError("a line of another table")
        for place, convert in self._read:
            if values[place] is not None:
                values[place] = convert(values[place])
        return values
