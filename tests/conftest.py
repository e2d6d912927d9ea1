"""Databases and people for all tests: SQLite in a file, PostgreSQL as the application role, never as its owner."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import Engine, create_engine, event, make_url, text

from admin_app.demo.fill import fill as fill_demo
from models import database as database_module
from models.database import Database
from models.schema import upgrade
from models.vault import Keystore
from tests.cast import Cast, fill
from tests.journeys.left_out import LEFT_OUT
from tests.postgres import running_server
from tests.shared import DEMO_AS_OF, made_once
from workflows import first_password

OWNER, APPLICATION = "office_owner", "office_app"

# The data of a test need not survive a power cut; waiting for the disk at every commit is most of a test's time.
database_module.SQLITE_SETTINGS = tuple(
    "PRAGMA synchronous = OFF" if "synchronous" in setting else setting for setting in database_module.SQLITE_SETTINGS
)


def _create_alike(url: str, **options: Any) -> Engine:
    """Create an engine that compiles no statement which another engine of its kind has compiled already.

    Every test has a database of its own, and compiling the same queries for each took a fifth of the run.
    """
    engine = create_engine(url, **options)
    first = _FIRST.get(engine.dialect.name)
    if first is None:  # a dialect knows its database once it was connected
        event.listen(engine, "connect", lambda *_: _FIRST.setdefault(engine.dialect.name, engine))
    else:
        engine.dialect = first.dialect
        engine._compiled_cache = first._compiled_cache
    return engine


_FIRST: dict[str, Engine] = {}
database_module.create_engine = _create_alike  # type: ignore[assignment]

# What a digest costs whoever guesses, it costs a test that makes one.
first_password.HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line that the browser tests did not run, if so."""
    if any(LEFT_OUT in str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())):
        terminalreporter.write_line(LEFT_OUT)


@pytest.fixture(scope="session")
def keystore() -> Keystore:
    """Keys for this test run."""
    return Keystore.draw()


@pytest.fixture(scope="session")
def empty_sqlite(tmp_path_factory: pytest.TempPathFactory, keystore: Keystore) -> Path:
    """A migrated SQLite file, copied by the tests that need one."""
    path = tmp_path_factory.mktemp("sqlite") / "empty.db"
    database = Database(f"sqlite:///{path}", keystore)
    upgrade(database.engine)
    database.dispose()
    return path


@pytest.fixture(scope="session")
def peopled_sqlite(empty_sqlite: Path, keystore: Keystore) -> tuple[Path, Cast]:
    """A SQLite file with the cast and the standard pack."""
    path = empty_sqlite.with_name("peopled.db")
    shutil.copy(empty_sqlite, path)
    database = Database(f"sqlite:///{path}", keystore)
    people = fill(database)
    database.dispose()
    return path, people


@pytest.fixture(scope="session")
def demo_school(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `school.db`, a year's work of the demonstration school as of DEMO_AS_OF, and its `keys.json`."""

    def make(folder: Path) -> None:
        keys = Keystore.draw()
        keys.save(folder / "keys.json")
        database = Database(f"sqlite:///{folder / 'school.db'}", keys)
        upgrade(database.engine)
        fill_demo(database, "school", DEMO_AS_OF)
        database.dispose()

    return made_once(tmp_path_factory, "demo-school", make)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """The address of a PostgreSQL server of this test process, with an owner and an application role."""
    with running_server() as url:
        yield url
        _superuser(url).dispose()


@pytest.fixture(scope="session")
def empty_postgresql(postgres_server: str, keystore: Keystore) -> str:
    """The name of a migrated PostgreSQL database that serves as template."""
    name = f"empty{os.getpid()}"
    _create_database(postgres_server, name, "template1")
    owner = Database(_url(postgres_server, name, OWNER), keystore, pooled=False)
    upgrade(owner.engine, application_role=APPLICATION)
    owner.dispose()
    return name


@pytest.fixture(scope="session")
def peopled_postgresql(empty_postgresql: str, postgres_server: str, keystore: Keystore) -> tuple[str, Cast]:
    """The name of a PostgreSQL database with the cast and the standard pack."""
    name = f"peopled{os.getpid()}"
    _create_database(postgres_server, name, empty_postgresql)
    database = Database(_url(postgres_server, name, APPLICATION), keystore, pooled=False)
    people = fill(database)
    database.dispose()
    return name, people


Request = pytest.FixtureRequest


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: Request, keystore: Keystore, tmp_path: Path) -> Iterator[Database]:
    """An empty migrated database of each kind."""
    with _database(request.param, request, keystore, tmp_path) as (opened, _):
        yield opened


@pytest.fixture
def sqlite(request: Request, keystore: Keystore, tmp_path: Path) -> Iterator[Database]:
    """An empty migrated SQLite database."""
    with _database("sqlite", request, keystore, tmp_path) as (opened, _):
        yield opened


@pytest.fixture
def postgresql(request: Request, keystore: Keystore, tmp_path: Path) -> Iterator[Database]:
    """An empty migrated PostgreSQL database."""
    with _database("postgresql", request, keystore, tmp_path) as (opened, _):
        yield opened


@pytest.fixture(params=["sqlite", "postgresql"])
def cast(request: Request, keystore: Keystore, tmp_path: Path) -> Iterator[Cast]:
    """The cast and the standard pack in a database of each kind."""
    with _database(request.param, request, keystore, tmp_path, peopled=True) as (opened, people):
        assert people is not None
        yield replace(people, database=opened)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def shared_cast(request: Request, keystore: Keystore, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cast]:
    """The cast in a database of each kind that all tests of a module write to; each brings children of its own."""
    folder = tmp_path_factory.mktemp("shared")
    with _database(request.param, request, keystore, folder, peopled=True, pooled=True) as (opened, people):
        assert people is not None
        yield replace(people, database=opened)


@pytest.fixture
def sqlite_cast(request: Request, keystore: Keystore, tmp_path: Path) -> Iterator[Cast]:
    """The cast and the standard pack in SQLite only."""
    with _database("sqlite", request, keystore, tmp_path, peopled=True) as (opened, people):
        assert people is not None
        yield replace(people, database=opened)


@contextmanager
def _database(
    kind: str, request: Request, keystore: Keystore, folder: Path, *, peopled: bool = False, pooled: bool = True
) -> Iterator[tuple[Database, Cast | None]]:
    found = request.getfixturevalue(f"{'peopled' if peopled else 'empty'}_{kind}")
    template, people = found if peopled else (found, None)
    if kind == "sqlite":
        path = folder / "office.db"
        shutil.copy(template, path)
        database = Database(f"sqlite:///{path}", keystore)
        yield database, people
        database.dispose()
        return
    server = request.getfixturevalue("postgres_server")
    name = f"t{os.getpid()}_{os.urandom(4).hex()}"
    _create_database(server, name, template)
    database = Database(_url(server, name, APPLICATION), keystore, pooled=pooled)
    yield database, people
    database.dispose()
    _as_superuser(server, f"DROP DATABASE {name} WITH (FORCE)")


def _url(server: str, name: str, role: str) -> str:
    return make_url(server).set(database=name, username=role).render_as_string(hide_password=False)


def _create_database(server: str, name: str, template: str) -> None:
    # Without the write-ahead log the files are copied in half the time.
    _as_superuser(server, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER} STRATEGY FILE_COPY")


def _as_superuser(server: str, statement: str) -> None:
    with _superuser(server).connect() as connection:
        connection.execute(text(statement))


@cache
def _superuser(server: str) -> Engine:
    return create_engine(server, isolation_level="AUTOCOMMIT")
