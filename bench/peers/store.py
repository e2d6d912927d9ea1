"""A connection to the peer's own database, with the settings that the program has, for peers without an ORM."""

from __future__ import annotations

import json
import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg

DATABASE = json.loads(os.environ["PEER_DATABASE"])
IS_SQLITE = DATABASE["kind"] == "sqlite"
# Those of the program; a commit is on the disk before it is answered.
PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA busy_timeout = 15000",
    "PRAGMA cache_size = -32768",
    "PRAGMA mmap_size = 268435456",
    "PRAGMA temp_store = MEMORY",
)
CONNECT = ("host", "port", "user", "password", "dbname")


class Store:
    """One connection; statements are written with `?` for both databases."""

    def __init__(self) -> None:
        self._connection: Any
        if IS_SQLITE:
            self._connection = sqlite3.connect(DATABASE["file"], isolation_level=None)
            for pragma in PRAGMAS:
                self._connection.execute(pragma)
        else:
            given = {key: DATABASE[key] for key in CONNECT if DATABASE[key]}
            self._connection = psycopg.connect(**given, options=f"-c search_path={DATABASE['schema']}", autocommit=True)
        self._cursor = self._connection.cursor()

    def run(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """Run one statement; returns the cursor."""
        return self._cursor.execute(_written(statement), values)

    def run_many(self, statement: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run one prepared statement for many rows."""
        self._cursor.executemany(_written(statement), rows)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Commit at the end, roll back on any error."""
        self._cursor.execute("BEGIN IMMEDIATE" if IS_SQLITE else "BEGIN")
        try:
            yield
        except BaseException:
            self._cursor.execute("ROLLBACK")
            raise
        self._cursor.execute("COMMIT")

    def number(self, statement: str, values: Sequence[Any] = ()) -> int:
        """Return the one number that a statement gives."""
        return int(self.run(statement, values).fetchone()[0])


def _written(statement: str) -> str:
    return statement if IS_SQLITE else statement.replace("?", "%s")
