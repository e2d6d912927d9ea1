"""Sets indexes, links and walls of empty tables aside while they are filled, and puts back exactly the same."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from models.backup.fault import BackupFault

_SQLITE = (
    "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND "
    "(type = 'trigger' OR (type = 'index' AND sql NOT LIKE 'CREATE UNIQUE%'))"
)
_LINKS = """
SELECT format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname),
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid))
FROM pg_constraint WHERE contype = 'f' AND connamespace = current_schema()::regnamespace
"""
_INDEXES = """
SELECT format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
WHERE NOT i.indisunique AND c.relnamespace = current_schema()::regnamespace
"""
_WALLS = """
SELECT format('ALTER TABLE %s NO FORCE ROW LEVEL SECURITY', oid::regclass),
       format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', oid::regclass)
FROM pg_class WHERE relforcerowsecurity AND relnamespace = current_schema()::regnamespace
"""
_TRIGGERS = """
SELECT DISTINCT format('ALTER TABLE %s DISABLE TRIGGER USER', tgrelid::regclass),
       format('ALTER TABLE %s ENABLE TRIGGER USER', tgrelid::regclass)
FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
WHERE NOT tgisinternal AND c.relnamespace = current_schema()::regnamespace
"""


@contextmanager
def set_aside(connection: Connection) -> Iterator[None]:
    """Take away, in the running transaction, what would check or sort every row one by one, and put it back.

    Links are then checked over all rows at once. The append-only triggers refuse numbers with gaps, which a trail from
    PostgreSQL has, and others would keep counts that come out of the backup too; on PostgreSQL the owner steps out of
    row-level security, which knows no bulk load. Nobody else sees it: the transaction that takes away also puts back.
    Raises BackupFault `broken_links`.
    """
    if connection.dialect.name == "sqlite":
        yield from _aside_in_sqlite(connection)
    else:
        yield from _aside_in_postgresql(connection)


def _aside_in_sqlite(connection: Connection) -> Iterator[None]:
    found = connection.exec_driver_sql(_SQLITE).all()
    for type_, name, _ in found:
        connection.exec_driver_sql(f'DROP {type_.upper()} "{name}"')
    yield
    for _, _, statement in found:
        connection.exec_driver_sql(statement)
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise BackupFault("broken_links", reason=f"{broken[0]} → {broken[2]}")


def _aside_in_postgresql(connection: Connection) -> Iterator[None]:
    found = [pair for query in (_TRIGGERS, _LINKS, _INDEXES, _WALLS) for pair in connection.execute(text(query)).all()]
    for drop, _ in found:
        _run(connection, drop)
    yield
    # Links first: they are checked by queries, to which the walls would show rows of one kind only.
    try:
        for _, put_back in found:
            _run(connection, put_back)
    except IntegrityError as fault:
        raise BackupFault("broken_links", reason=str(fault.orig).splitlines()[-1]) from fault


def _run(connection: Connection, statement: str) -> None:
    connection.exec_driver_sql(statement.replace("%", "%%"))
