"""Writes many rows fast: prepared statements on SQLite, COPY on PostgreSQL, indexes built once at the end."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table

from models.base import Base
from models.bulk import Bind, bound_by
from models.case import Case, CaseMove, CaseParticipant, CaseRecord
from models.child import LEVEL_COLUMNS, Child, NameGram, Relative
from models.field_value import FieldValue
from models.record import Record
from workflows.roster.intake import GRAM_COLUMNS

HEAVY: tuple[type[Base], ...] = (
    Child, Relative, NameGram, Case, CaseMove, CaseRecord, CaseParticipant, FieldValue, Record,
)  # fmt: skip
LEVELS_SQL = ", ".join(LEVEL_COLUMNS)
Row = Mapping[str, Any]
Column = tuple[str, Bind | None]  # name, and how the database's driver wants its values


class Loader:
    """Rows on their way into an empty database, within one transaction of the caller.

    The keys of a gram begin with the gram, so rows as they come would be spread over the whole tree; on SQLite they
    wait in a heap and are sorted once. On PostgreSQL row-level security allows no COPY into a table, so rows are
    copied into a staging table and moved from there under the policies.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._cursor = connection.connection.cursor()
        self._is_sqlite = connection.dialect.name == "sqlite"
        self._statements: dict[str, tuple[str, list[Column]]] = {}
        self._places = 0
        if self._is_sqlite:
            for index in (index for model in HEAVY for index in _table(model).indexes):
                index.drop(connection)
            self._cursor.execute("CREATE TEMP TABLE gram_heap (gram TEXT, place INTEGER, child_id INTEGER)")
            levels = ", ".join(f"{column} TEXT" for column in LEVEL_COLUMNS)
            self._cursor.execute(f"CREATE TEMP TABLE gram_place (place INTEGER PRIMARY KEY, {levels})")

    def write(self, model: type[Base], rows: Sequence[Row]) -> None:
        """Write rows that all have the keys of the first one."""
        if not rows:
            return
        table = _table(model)
        if table.name not in self._statements:
            self._prepare(table, list(rows[0]))
        statement, columns = self._statements[table.name]
        if self._is_sqlite:
            self._cursor.executemany(statement, _values(rows, columns))
            return
        with self._cursor.copy(f"COPY stage_{table.name} ({_names(columns)}) FROM STDIN") as copy:
            for row in _values(rows, columns):
                copy.write_row(row)
        self._cursor.execute(statement)
        self._cursor.execute(f"TRUNCATE stage_{table.name}")

    def write_grams(self, rows: Sequence[tuple[Any, ...]]) -> None:
        """Write grams, their values in the order of GRAM_COLUMNS; those of one class come together."""
        if not self._is_sqlite:
            self.write(NameGram, [dict(zip(GRAM_COLUMNS, row, strict=True)) for row in rows])
            return
        heap: list[tuple[str, int, int]] = []
        present: list[str] = []
        for gram, *place, child_id in rows:
            if place != present:
                present = place
                self._places += 1
                self._cursor.execute("INSERT INTO gram_place VALUES (?, ?, ?, ?, ?, ?)", (self._places, *place))
            heap.append((gram, self._places, child_id))
        self._cursor.executemany("INSERT INTO gram_heap VALUES (?, ?, ?)", heap)

    def finish(self) -> None:
        """Sort the grams in, build the indexes, and let the planner learn how the values are spread."""
        if self._is_sqlite:
            self._sort_in()
        self._cursor.execute("ANALYZE")

    def _sort_in(self) -> None:
        levels = ", ".join(f"p.{column}" for column in LEVEL_COLUMNS)
        self._cursor.execute(
            f"INSERT INTO name_gram (gram, {LEVELS_SQL}, child_id) SELECT h.gram, {levels}, h.child_id "  # noqa: S608
            f"FROM gram_heap h JOIN gram_place p USING (place) ORDER BY h.gram, {levels}, h.child_id"
        )
        self._cursor.execute("DROP TABLE gram_heap")
        self._cursor.execute("DROP TABLE gram_place")
        for index in (index for model in HEAVY for index in _table(model).indexes):
            index.create(self._connection)

    def _prepare(self, table: Table, keys: list[str]) -> None:
        dialect = self._connection.dialect
        columns: list[Column] = [(key, bound_by(table, key, dialect)) for key in keys]
        names = _names(columns)
        if self._is_sqlite:
            places = ", ".join("?" * len(keys))
            statement = f"INSERT INTO {table.name} ({names}) VALUES ({places})"  # noqa: S608  names of our own columns
        else:
            self._cursor.execute(
                f"CREATE TEMP TABLE stage_{table.name} ON COMMIT DROP AS "  # noqa: S608
                f"SELECT {names} FROM {table.name} WITH NO DATA"
            )
            statement = f"INSERT INTO {table.name} ({names}) SELECT {names} FROM stage_{table.name}"  # noqa: S608
        self._statements[table.name] = (statement, columns)


def _table(model: type[Base]) -> Table:
    table: Table = model.__table__  # type: ignore[assignment]
    return table


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(f'"{key}"' for key, _ in columns)


def _values(rows: Sequence[Row], columns: Sequence[Column]) -> Any:
    return (tuple(row[key] if process is None else process(row[key]) for key, process in columns) for row in rows)
