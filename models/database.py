"""Engines and sessions: SQLite and PostgreSQL set up alike, every session with a scope and a vault."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url, text
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool

from models.enforce import guard, set_scope
from models.exact import lend_functions
from models.scope import REACHES, Scope
from models.vault import Keystore, Vault

BUSY_TIMEOUT_MS = 15_000
SQLITE_SETTINGS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a committed case must survive a power cut
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # erased values leave no trace in free pages
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}",
    "PRAGMA cache_size = -32768",
    "PRAGMA mmap_size = 268435456",
    "PRAGMA temp_store = MEMORY",
)


class OfficeSession(Session):
    """A session that refuses to work without a scope and opens protected values through its vault."""


guard(OfficeSession)


class Database:
    """One database with its keystore; hands out read sessions and write transactions."""

    def __init__(self, url: str, keystore: Keystore, *, pooled: bool = True) -> None:
        self.url = make_url(url)
        self.keystore = keystore
        self.engine = _engine(url, pooled)
        self._writing = self.engine.execution_options(shouwang_write=True)

    @property
    def is_sqlite(self) -> bool:
        """Tell whether this is the embedded database."""
        return self.engine.dialect.name == "sqlite"

    def session(self, scope: Scope, *, kind: str = "business", write: bool = False) -> OfficeSession:
        """Open a session on rows of one kind; a writing one takes SQLite's write lock when its transaction begins."""
        session = OfficeSession(self._writing if write else self.engine, autoflush=write, expire_on_commit=False)
        session.info["vault"] = Vault(self.keystore)
        set_scope(session, scope, kind)
        return session

    @contextmanager
    def transaction(self, scope: Scope, *, kind: str = "business") -> Iterator[OfficeSession]:
        """Open a writing session, commit at the end, roll back on any error."""
        with self.session(scope, kind=kind, write=True) as session, session.begin():
            yield session

    def dispose(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _engine(url: str, pooled: bool) -> Engine:
    if make_url(url).get_backend_name() == "sqlite":
        engine = create_engine(url, connect_args={"check_same_thread": False, "timeout": BUSY_TIMEOUT_MS / 1000})
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine
    if not pooled:
        return create_engine(url, poolclass=NullPool)
    return create_engine(url, pool_pre_ping=True, pool_size=8, max_overflow=8)


def _set_up_sqlite(connection: sqlite3.Connection, record: object) -> None:
    connection.isolation_level = None  # transactions begin where we say so, not where the driver guesses
    for setting in SQLITE_SETTINGS:
        connection.execute(setting)
    lend_functions(connection)


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that later writes can fail with "database is locked" at once; an immediate one waits.
    immediate = connection.get_execution_options().get("shouwang_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")


_ANNOUNCE = text(
    "SELECT set_config('shouwang.system', :system, true), set_config('shouwang.kind', :kind, true), "
    + ", ".join(f"set_config('shouwang.{level}', :{level}, true)" for level in REACHES)
    + ", set_config('shouwang.circles', :circles, true), set_config('shouwang.parts', :parts, true)"
)


def _announce_scope(session: Session, transaction: Any, connection: Connection) -> None:
    """Tell PostgreSQL the scope for this transaction; its row-level security shows nothing without it."""
    if connection.dialect.name != "postgresql":
        return
    scope: Scope = session.info["scope"]
    codes = scope.codes_by_level()
    values = {level: ",".join(codes.get(level, [])) for level in REACHES}
    values |= {"system": scope.system or "", "kind": session.info["scope_kind"]}
    values |= {"circles": ",".join(sorted(scope.circles)), "parts": ",".join(map(str, sorted(scope.parts)))}
    connection.execute(_ANNOUNCE, values)


# Once for the class: a listener fitted to every session costs as much as a statement.
event.listen(OfficeSession, "after_begin", _announce_scope)
