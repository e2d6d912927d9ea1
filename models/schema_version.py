"""Tells how far a database's schema is, without loading the machinery that changes it."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from sqlalchemy import Connection, inspect, text

MIGRATIONS = Path(__file__).resolve().parent.parent / "migrations"


@cache
def newest_version() -> str:
    """Return the schema version that this program needs: migrations are numbered in their order."""
    return max(every_version())


@cache
def every_version() -> frozenset[str]:
    """Return every schema version that this program knows."""
    return frozenset(path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py"))


def present_version(connection: Connection) -> str | None:
    """Return the schema version of a database, None when it is empty."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    version: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return version
