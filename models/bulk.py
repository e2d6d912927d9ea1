"""Writes many rows of a table with one prepared statement, past the unit of work, but never past the scope."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import lru_cache
from itertools import chain, islice
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, LargeBinary, Table
from sqlalchemy.orm import Session

from models.base import Base
from models.scope import KEYED, LEVELS, OutOfScope, Scope, Scoped, ScopeMissing

CHUNK = 1_000  # rows bound at a time
MOST_PARAMETERS = 60_000  # of one statement; PostgreSQL's protocol counts them in 16 bits
Row = Mapping[str, Any]
Values = Sequence[Any]
Bind = Callable[[Any], Any]
_Binds = tuple[Bind | None, ...]


def insert_rows(session: Session, model: type[Base], rows: Sequence[Row]) -> None:
    """Insert rows by column name; all have the keys of the first, and no default but the database's is filled in.

    Raises OutOfScope for a business row outside the session's scope, ScopeMissing for one where there is none.
    """
    if rows:
        columns = tuple(rows[0])
        insert_values(session, model, columns, [tuple([row[column] for column in columns]) for row in rows])


def insert_values(session: Session, model: type[Base], columns: tuple[str, ...], rows: Sequence[Values]) -> None:
    """Insert rows whose values come in the order of `columns`; raises as `insert_rows` does."""
    if issubclass(model, Scoped):
        _keep_inside(session.info.get("scope"), model, columns, rows)
    write_values(session.connection(), model.__table__, columns, rows)  # type: ignore[arg-type]


def update_row(session: Session, row: Any, values: Row) -> bool:
    """Write columns of a row of this session if it is still at the revision that was read, and count its revision up.

    The instance keeps what was read. Returns False when somebody was faster; raises OutOfScope, ScopeMissing.
    """
    scope: Scope | None = session.info.get("scope")
    if scope is None:
        raise ScopeMissing(f"a session without a scope writes {type(row).__name__}")
    if not scope.covers(row.level_codes):
        raise OutOfScope(f"{type(row).__name__} lies outside the scope of this session")
    connection = session.connection()
    statement, binds = _prepared_update(row.__table__, tuple(values), connection.dialect, is_counted=True)
    given = _bound([(*values.values(), row.id, row.rev)], binds)[0]
    return connection.exec_driver_sql(statement, given).rowcount == 1


def update_values(connection: Connection, table: Table, number: int, values: Row) -> None:
    """Write columns of the row with a number, in a table that no scope narrows."""
    statement, binds = _prepared_update(table, tuple(values), connection.dialect, is_counted=False)
    connection.exec_driver_sql(statement, _bound([(*values.values(), number)], binds)[0])


@lru_cache(maxsize=256)
def _prepared_update(
    table: Table, columns: tuple[str, ...], dialect: Dialect, *, is_counted: bool
) -> tuple[str, _Binds]:
    """Return the statement for a row by its number, and by its revision where that is counted, and how it is bound."""
    place = "?" if dialect.paramstyle == "qmark" else "%s"
    settings = ", ".join(f'"{column}" = {place}' for column in columns)
    counted, at_revision = (", rev = rev + 1", f" AND rev = {place}") if is_counted else ("", "")
    statement = f"UPDATE {table.name} SET {settings}{counted} WHERE id = {place}{at_revision}"  # noqa: S608
    return statement, (*(bound_by(table, column, dialect) for column in columns), None, *([None] if is_counted else []))


def write_values(connection: Connection, table: Table, columns: tuple[str, ...], rows: Iterable[Values]) -> None:
    """Insert rows into a table that no scope narrows, in chunks, so memory does not grow."""
    dialect = connection.dialect
    into, one, binds = _prepared(table, columns, dialect)
    # PostgreSQL takes a chunk as one statement: for each row alone it would fire the triggers of statements, which
    # then rewrite the same counts thousands of times. SQLite prepares one row's statement once and runs it for each.
    together = dialect.name == "postgresql"
    size = min(CHUNK, MOST_PARAMETERS // len(columns)) if together else CHUNK
    waiting = iter(rows)
    while chunk := list(islice(waiting, size)):
        given: Any = _bound(chunk, binds)
        if together:
            places = ", ".join([one] * len(given))
            connection.exec_driver_sql(f"{into} {places}", tuple(chain.from_iterable(given)))
        else:
            connection.exec_driver_sql(f"{into} {one}", given if len(given) > 1 else given[0])


@lru_cache(maxsize=256)
def _prepared(table: Table, columns: tuple[str, ...], dialect: Dialect) -> tuple[str, str, _Binds]:
    """Return the statement's beginning, the places of one row's values, and how each is bound."""
    place = "?" if dialect.paramstyle == "qmark" else "%s"
    names, places = ", ".join(f'"{column}"' for column in columns), ", ".join([place] * len(columns))
    into = f"INSERT INTO {table.name} ({names}) VALUES"
    return into, f"({places})", tuple(bound_by(table, column, dialect) for column in columns)


def bound_by(table: Table, column: str, dialect: Dialect) -> Bind | None:
    """Return how the driver of a dialect wants the values of a column, None where it takes them as they are."""
    if isinstance(table.c[column].type, LargeBinary):
        return None  # both drivers take bytes; a memoryview of each would cost as much as sealing it
    return table.c[column].type.dialect_impl(dialect).bind_processor(dialect)


def _bound(rows: Sequence[Values], binds: _Binds) -> list[tuple[Any, ...]]:
    if not any(binds):
        return [tuple(row) for row in rows]
    # A list is made first: tuple() over a generator takes twice as long.
    return [tuple([value if bind is None else bind(value) for value, bind in zip(row, binds)]) for row in rows]  # noqa: B905


def _keep_inside(scope: Scope | None, model: type[Base], columns: tuple[str, ...], rows: Sequence[Values]) -> None:
    if scope is None:
        raise ScopeMissing(f"a session without a scope writes {model.__name__}")
    keys = _keys(model)
    every, levels = (
        itemgetter(*(columns.index(column) for column in keys.values())),
        itemgetter(*(columns.index(f"{level}_code") for level in LEVELS)),
    )
    # Thousands of rows lie at a few places; who owns a row matters only where its place is not inside.
    outside = {codes for codes in set(map(levels, rows)) if not scope.covers(dict(zip(LEVELS, codes, strict=True)))}
    for row in rows if outside else ():
        codes = {key: str(code) for key, code in zip(keys, every(row), strict=True)}
        if levels(row) in outside and not scope.covers(codes):
            raise OutOfScope(f"{model.__name__} lies outside the scope of this session")


def _keys(model: type[Base]) -> dict[str, str]:
    """Return the column that holds a row's code at each level, and its child or case where rows are theirs."""
    found = {level: f"{level}_code" for level in LEVELS}
    for key, owned in KEYED.items():
        if issubclass(model, owned):
            found[key] = f"{key}_id" if f"{key}_id" in model.__table__.c else "id"
    return found
