"""Reads tables that no scope narrows by statements compiled once, past the unit of work."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Dialect, Select
from sqlalchemy.orm import Session

from models.narrowing import placed_tables

_Process = Callable[[Any], Any] | None
Rows = list[tuple[Any, ...]]


class Lookup:
    """A reading statement that lives as long as the program; it costs a fraction of the same through a session.

    Raises ValueError at its first use when it reads a table whose rows have a place: a scope would not narrow it.
    """

    def __init__(self, statement: Select[Any]) -> None:
        self._statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, session: Session, **values: Any) -> Rows:
        """Return the rows for values bound by name; what the session has yet to write is written before."""
        if session.autoflush:
            session.flush()
        connection = session.connection()
        name = connection.dialect.name
        if name not in self._compiled:
            self._compiled[name] = _Compiled(self._statement, connection.dialect)
        compiled = self._compiled[name]
        return compiled.typed(connection.exec_driver_sql(compiled.sql, compiled.bound(values)).fetchall())

    def value(self, session: Session, **values: Any) -> Any:
        """Return the first column of the first row, None where there is none."""
        rows = self.rows(session, **values)
        return rows[0][0] if rows else None


class _Compiled:
    """A statement as one dialect's driver wants it."""

    def __init__(self, statement: Select[Any], dialect: Dialect) -> None:
        if placed := placed_tables(statement):
            raise ValueError(f"no scope would narrow {', '.join(placed)}")
        compiled = statement.compile(dialect=dialect)
        self.sql = str(compiled)
        self._order = compiled.positiontup
        self._given = compiled.params
        self._binds: Mapping[str, _Process] = {
            name: bind.type.dialect_impl(dialect).bind_processor(dialect) for name, bind in compiled.binds.items()
        }
        results = [
            column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.selected_columns
        ]
        self._results: list[tuple[int, Callable[[Any], Any]]] = [
            (at, process) for at, process in enumerate(results) if process is not None
        ]

    def bound(self, values: Mapping[str, Any]) -> Any:
        """Return the values as the driver takes them: in order, or by name."""
        named = {
            name: value if (process := self._binds[name]) is None else process(value)
            for name, value in {**self._given, **values}.items()
        }
        return named if self._order is None else tuple([named[name] for name in self._order])

    def typed(self, rows: Any) -> Rows:
        """Return rows with the types of their columns."""
        if not self._results:
            return [tuple(row) for row in rows]
        found = []
        for row in rows:
            cells = list(row)
            for at, process in self._results:
                cells[at] = process(cells[at])
            found.append(tuple(cells))
        return found
