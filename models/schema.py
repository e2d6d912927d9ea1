"""Brings a database to the present schema and tells how far it is."""

from __future__ import annotations

from typing import Any

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, text

from models.base import Base
from models.schema_version import MIGRATIONS

_SEALED_TABLES = "audit_event, audit_leaf"


def _config(connection: Connection | None = None) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    return config


def upgrade(engine: Engine, *, application_role: str | None = None, version: str = "head") -> None:
    """Run the missing migrations as the owner; on PostgreSQL grant the application role what it may do."""
    with engine.connect() as connection:
        command.upgrade(_config(connection), version)
        connection.commit()
    if application_role and engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            _grant(connection, application_role)


def downgrade(engine: Engine, version: str) -> None:
    """Run migrations backwards to a version; `base` empties the schema."""
    with engine.connect() as connection:
        command.downgrade(_config(connection), version)
        connection.commit()


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
