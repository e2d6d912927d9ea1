"""Installations for the tests of the commands: a folder, keys, and a database of each kind."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import create_engine, make_url, text

from admin_app.cli import acting, case, root, roster
from models.vault import Keystore
from tests.cast import NOW, Cast
from tests.cli.installation import Installation
from tests.register_files import PUPILS, workbook

PASSPHRASE = "yuan shan ru dai, jin shui han yan"
Blank = Callable[[str], Installation]
Shell = Callable[..., Result]


@pytest.fixture
def school(demo_school: Path, tmp_path: Path) -> Installation:
    """The demonstration school as an installation on SQLite."""
    return _on_sqlite(tmp_path / "school", Keystore.load(demo_school / "keys.json"), demo_school / "school.db")


@pytest.fixture
def small(peopled_sqlite: tuple[Path, object], keystore: Keystore, tmp_path: Path) -> Installation:
    """The cast of the tests as an installation on SQLite: a few hundred rows."""
    return _on_sqlite(tmp_path / "small", keystore, peopled_sqlite[0])


def _on_sqlite(folder: Path, keystore: Keystore, filled: Path) -> Installation:
    folder.mkdir()
    keystore.save(folder / "keys.json")
    (folder / "shouwang.db").write_bytes(filled.read_bytes())
    return Installation(folder)


@pytest.fixture
def shell(sqlite_cast: Cast, keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command in this process, over the cast, at tests.cast.NOW."""
    keys = tmp_path / "keys.json"
    keystore.save(keys)
    url = sqlite_cast.database.url.render_as_string(hide_password=False)
    for name, value in (("KEYS", str(keys)), ("DATABASE", url), ("INSTANCE", str(tmp_path))):
        monkeypatch.setenv(f"SHOUWANG_{name}", value)
    for module in (acting, case, roster):
        monkeypatch.setattr(module, "system_clock", lambda: NOW)

    def run(*words: str) -> Result:
        return CliRunner().invoke(root, words)

    return run


@pytest.fixture
def register(tmp_path: Path) -> Path:
    """A register of five children in whose rows nothing is wrong."""
    head = ["姓名", "性别", "身份证号", "班级"]
    file = tmp_path / "small.xlsx"
    file.write_bytes(workbook({"名册": [head, *([p.name, p.sex, p.id_number, "四（2）班"] for p in PUPILS)]}))
    return file


@pytest.fixture
def passphrase(tmp_path: Path) -> Path:
    """A file with a passphrase."""
    path = tmp_path / "passphrase"
    path.write_text(PASSPHRASE + "\n", encoding="utf-8")
    return path


@pytest.fixture
def blank(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Blank]:
    """Make installations without schema and keys, by the name of their database; on PostgreSQL with two roles."""
    made: list[tuple[str, str]] = []

    def make(kind: str) -> Installation:
        folder = tmp_path / f"blank-{kind}-{os.urandom(3).hex()}"
        if kind == "sqlite":
            return Installation(folder)
        server = request.getfixturevalue("postgres_server")
        name = f"b{os.getpid()}_{os.urandom(4).hex()}"
        _as_superuser(server, f"CREATE DATABASE {name} OWNER office_owner")
        made.append((server, name))
        url = make_url(server).set(database=name)
        return Installation(folder, *(_said(url.set(username=role)) for role in ("office_app", "office_owner")))

    yield make
    for server, name in made:
        _as_superuser(server, f"DROP DATABASE {name} WITH (FORCE)")


def _said(url: object) -> str:
    return url.render_as_string(hide_password=False)  # type: ignore[attr-defined, no-any-return]


def _as_superuser(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
