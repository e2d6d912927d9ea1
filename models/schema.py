"""Brings a database to the present schema and tells how far it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

from models.base import Base
from models.schema_version import MIGRATIONS, present_version

_SEALED_TABLES = "audit_event, audit_leaf"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


class SchemaBroken(RuntimeError):
    """A change of the schema left rows that refer to nothing; it was taken back."""


def upgrade(
    engine: Engine,
    *,
    application_role: str | None = None,
    version: str = "head",
    before: Callable[[str | None], None] | None = None,
) -> None:
    """Run the missing migrations as the owner; on PostgreSQL grant the application role what it may do.

    All of it is one transaction: a kill leaves the old schema or the new one. `before` is told the version that the
    database has, when nobody else can write to it any more.
    """
    with changing_schema(engine) as connection:
        if before is not None:
            before(present_version(connection))
        migrate(connection, version)
        grant(connection, application_role)


def downgrade(engine: Engine, version: str) -> None:
    """Run migrations backwards to a version; `base` empties the schema."""
    with changing_schema(engine) as connection:
        _announce(connection)
        command.downgrade(_config(connection), version)


@contextmanager
def changing_schema(engine: Engine) -> Iterator[Connection]:
    """Open the one transaction of a change: nobody else changes the schema meanwhile, links are checked at its end."""
    is_sqlite = engine.dialect.name == "sqlite"
    with engine.execution_options(shouwang_write=True).connect() as connection:
        if is_sqlite:
            # A table that is rebuilt is dropped for a moment, which would delete the rows that refer to it.
            _enforce_links(connection, "OFF")
        try:
            with connection.begin():
                if not is_sqlite:
                    connection.execute(text("SELECT pg_advisory_xact_lock(hashtext('shouwang schema'))"))
                yield connection
                if is_sqlite:
                    _check_links(connection)
        finally:
            if is_sqlite:
                _enforce_links(connection, "ON")


def _enforce_links(connection: Connection, state: str) -> None:
    # Outside a transaction, where alone SQLite heeds it.
    driver = connection.connection.driver_connection
    assert driver is not None
    driver.execute(f"PRAGMA foreign_keys = {state}")


def _check_links(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if broken is not None:
        raise SchemaBroken(f"rows of {broken[0]} refer to nothing in {broken[2]}")


def migrate(connection: Connection, version: str = "head") -> None:
    """Run the missing migrations inside the caller's transaction."""
    _announce(connection)
    command.upgrade(_config(connection), version)


def _announce(connection: Connection) -> None:
    # Row-level security holds for the owner too: a migration that moves rows must see them.
    if connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT set_config('shouwang.system', 'upgrade', true), set_config('shouwang.kind', 'business', true)")
        )


def grant(connection: Connection, role: str | None) -> None:
    """Give the application role what it may do on PostgreSQL, where it is another than the owner."""
    if role and connection.dialect.name == "postgresql":
        _grant(connection, role)


def drift(connection: Connection) -> list[Any]:
    """Return what the models say and the migrated database does not have, or the other way round."""
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    return list(compare_metadata(context, Base.metadata))


def _grant(connection: Connection, role: str) -> None:
    name = connection.dialect.identifier_preparer.quote(role)
    connection.execute(text(f"GRANT USAGE ON SCHEMA public TO {name}"))
    connection.execute(text(f"GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {name}"))
    connection.execute(text(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {name}"))
    connection.execute(text(f"REVOKE UPDATE, DELETE ON {_SEALED_TABLES} FROM {name}"))
    connection.execute(text(f"REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {name}"))
