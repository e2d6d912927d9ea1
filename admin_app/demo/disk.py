"""Lets SQLite write without waiting for the disk while an empty database is filled."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from models.database import Database

UNHURRIED = ("PRAGMA synchronous = OFF",)
BULK = (
    *UNHURRIED,
    "PRAGMA journal_mode = DELETE",
    "PRAGMA temp_store = FILE",
    "PRAGMA cache_size = -131072",
    "PRAGMA mmap_size = 0",
    "PRAGMA foreign_keys = OFF",
)


@contextmanager
def unhurried_disk(database: Database, *, bulk: bool = False) -> Iterator[None]:
    """Wait for no disk inside; a fill that a power cut breaks off is begun again on an empty database.

    `bulk` is for one transaction of very many new rows: no copy of it is kept in the write-ahead log, sorting uses
    files, and keys to other rows are not looked up one by one.
    """
    if not database.is_sqlite:
        yield
        return
    database.engine.dispose()  # the journal changes only while nobody else is connected
    connection = database.engine.raw_connection()
    for setting in BULK if bulk else UNHURRIED:
        connection.cursor().execute(setting)
    connection.close()  # back to the pool, where the one thread that fills finds it again
    try:
        yield
    finally:
        database.engine.dispose()  # connections made from now on wait as always
