"""Lets SQLite write without waiting for the disk while an empty database is filled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from models.database import Database


@contextmanager
def unhurried_disk(database: Database) -> Iterator[None]:
    """Wait for no disk inside; a fill that a power cut breaks off is begun again on an empty database."""
    if not database.is_sqlite:
        yield
        return
    connection = database.engine.raw_connection()
    connection.cursor().execute("PRAGMA synchronous = OFF")
    connection.close()  # back to the pool, where the one thread that fills finds it again
    try:
        yield
    finally:
        database.engine.dispose()  # connections made from now on wait as always
