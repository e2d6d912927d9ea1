"""Databases and people for all tests: SQLite in a file, PostgreSQL as the application role, never as its owner."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import create_engine, make_url, text

from models.database import Database
from models.schema import upgrade
from models.vault import Keystore
from tests.cast import Cast, fill
from tests.postgres import running_server

OWNER, APPLICATION = "office_owner", "office_app"


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
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a PostgreSQL server of this test process, with an owner and an application role."""
    with running_server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, keystore: Keystore, tmp_path: Path) -> Iterator[Database]:
    """An empty migrated database of each kind."""
    yield from _database(request.param, request, keystore, tmp_path)


@pytest.fixture
def sqlite(request: pytest.FixtureRequest, keystore: Keystore, tmp_path: Path) -> Iterator[Database]:
    """An empty migrated SQLite database."""
    yield from _database("sqlite", request, keystore, tmp_path)


@pytest.fixture
def postgresql(request: pytest.FixtureRequest, keystore: Keystore, tmp_path: Path) -> Iterator[Database]:
    """An empty migrated PostgreSQL database."""
    yield from _database("postgresql", request, keystore, tmp_path)


def _database(kind: str, request: pytest.FixtureRequest, keystore: Keystore, folder: Path) -> Iterator[Database]:
    if kind == "sqlite":
        path = folder / "office.db"
        shutil.copy(request.getfixturevalue("empty_sqlite"), path)
        database = Database(f"sqlite:///{path}", keystore)
        yield database
        database.dispose()
        return
    server = request.getfixturevalue("postgres_server")
    template = request.getfixturevalue("empty_postgresql")
    name = f"t{os.getpid()}_{os.urandom(4).hex()}"
    _as_superuser(server, f"CREATE DATABASE {name} TEMPLATE {template} OWNER {OWNER}")
    database = Database(_url(server, name, APPLICATION), keystore, pooled=False)
    yield database
    database.dispose()
    _as_superuser(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def empty_postgresql(postgres_server: str, keystore: Keystore) -> str:
    """The name of a migrated PostgreSQL database that serves as template."""
    name = f"empty{os.getpid()}"
    _as_superuser(postgres_server, f"CREATE DATABASE {name} OWNER {OWNER}")
    owner = Database(_url(postgres_server, name, OWNER), keystore, pooled=False)
    upgrade(owner.engine, application_role=APPLICATION)
    owner.dispose()
    return name


def _url(server: str, name: str, role: str) -> str:
    return make_url(server).set(database=name, username=role).render_as_string(hide_password=False)


def _as_superuser(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()


@pytest.fixture
def cast(database: Database) -> Cast:
    """The cast in a database of each kind."""
    return fill(database)


@pytest.fixture
def sqlite_cast(sqlite: Database) -> Cast:
    """The cast in SQLite only."""
    return fill(sqlite)
