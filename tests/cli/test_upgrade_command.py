"""An upgrade keeps the old file, is done whole or not at all, and leaves every row in its place."""

from __future__ import annotations

import signal
import sqlite3
from pathlib import Path
from shutil import copy

import pytest
from sqlalchemy import text

from models.backup import copying
from models.database import Database
from models.schema import SchemaBroken, changing_schema, downgrade
from models.schema_version import newest_version, present_version
from models.vault import Keystore
from tests.cli.conftest import Blank
from tests.cli.installation import Installation
from workflows.engine.loader import load_pack

OLD = "0001"


@pytest.fixture(scope="module")
def older_file(
    peopled_sqlite: tuple[Path, object], keystore: Keystore, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """A SQLite file with the cast whose schema is older than the program."""
    file = Path(copy(peopled_sqlite[0], tmp_path_factory.mktemp("older")))
    database = Database(f"sqlite:///{file}", keystore)
    downgrade(database.engine, OLD)
    database.dispose()
    return file


@pytest.fixture
def behind(small: Installation, older_file: Path) -> Installation:
    """An installation whose schema is older than the program."""
    copy(older_file, small.file)
    return small


def _version(installation: Installation) -> str | None:
    with installation.unwalled() as engine, engine.connect() as connection:
        return present_version(connection)


def _copies(installation: Installation) -> list[Path]:
    return sorted(installation.folder.glob("shouwang-before-upgrade-*.db"))


def test_the_old_file_is_kept_beside_the_new_one(behind: Installation) -> None:
    code, done, _ = behind.run("upgrade", "--json")
    [copy] = _copies(behind)
    assert code == 0
    assert (done["before"], done["version"], done["copy"]) == (OLD, newest_version(), str(copy))
    assert copy.name.startswith(f"shouwang-before-upgrade-{OLD}-")
    assert copy.stat().st_mode & 0o077 == 0
    old, new = sqlite3.connect(copy), sqlite3.connect(behind.file)
    assert old.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert old.execute("SELECT version_num FROM alembic_version").fetchone() == (OLD,)
    for table in ("staff", "place", "audit_event", "definition"):
        rows = f"SELECT id FROM {table} ORDER BY id"
        assert old.execute(rows).fetchall() == new.execute(rows).fetchall() != []
    old.close()
    new.close()


def test_definitions_of_an_older_program_are_replaced_by_those_of_this_one(small: Installation) -> None:
    with small.unwalled() as engine, engine.begin() as connection:
        connection.execute(text("DELETE FROM definition WHERE kind = 'selection'"))
        connection.execute(text("UPDATE definition SET digest = 'older' WHERE kind = 'form' AND key = 'talk'"))
        selections = len(load_pack().selections)
    told = {check["name"]: check for check in small.run("doctor", "--json")[1]["checks"]}["definitions"]
    assert (told["ok"], "shouwang upgrade" in told["message"]) == (False, True)
    code, printed, _ = small.run("upgrade")
    assert code == 0
    assert f"{selections + 1} 份工作定义" in printed
    assert "没有改动" not in printed
    with small.unwalled() as engine, engine.connect() as connection:
        talks = connection.execute(text("SELECT version, state FROM definition WHERE key = 'talk' ORDER BY version"))
        assert [tuple(row) for row in talks] == [(1, "superseded"), (2, "in_force")]
    _, again, _ = small.run("upgrade", "--json")
    assert again["definitions"] == 0
    assert "definitions" in [check["name"] for check in small.run("doctor", "--json")[1]["checks"] if check["ok"]]


def test_a_database_without_people_gets_no_definitions(blank: Blank) -> None:
    empty = blank("sqlite")
    Keystore.draw().save(empty.keys)
    assert empty.run("upgrade", "--json")[1]["definitions"] == 0
    assert empty.rows()["definition"] == []


def test_it_says_where_the_copy_is(behind: Installation) -> None:
    assert "shouwang-before-upgrade-" in behind.run("upgrade")[1]


def test_a_copy_is_left_out_when_asked(behind: Installation) -> None:
    code, done, _ = behind.run("upgrade", "--no-copy", "--json")
    assert (code, done["copy"]) == (0, None)
    assert _copies(behind) == []


def test_a_present_schema_is_neither_changed_nor_copied(small: Installation) -> None:
    code, printed, _ = small.run("upgrade")
    assert code == 0
    assert "没有改动" in printed
    assert _copies(small) == []


def test_a_database_of_a_newer_program_is_left_alone(small: Installation) -> None:
    with small.unwalled() as engine, engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    code, _, said = small.run("upgrade")
    assert code == 2
    assert "9999" in said
    assert _version(small) == "9999"


def test_too_little_room_for_a_copy_changes_nothing(behind: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(copying, "ROOM", 1e9)
    code, _, said = behind.run("upgrade")
    assert code == 1
    assert "磁盘空间不够" in said
    assert _version(behind) == OLD
    assert _copies(behind) == []


def test_a_disk_that_fills_up_meanwhile_changes_nothing(behind: Installation) -> None:
    done = behind.run_cramped(100_000, "upgrade")
    assert done.returncode == 1, done.stderr
    assert _version(behind) == OLD
    assert _copies(behind) == []


DEATHS = [
    ("models.backup.copying", "closing", 2),
    ("models.schema", "migrate", 1),
    ("models.schema", "grant", 1),
    ("models.schema", "_check_links", 1),
]


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death[1])
def test_a_kill_leaves_the_old_schema_whole(behind: Installation, death: tuple[str, str, int]) -> None:
    before = behind.structure()
    assert behind.run_to_death("upgrade", at=death) == -signal.SIGKILL
    assert _version(behind) == OLD
    assert behind.structure() == before
    code, _, said = behind.run("upgrade")
    assert code == 0, said
    assert _version(behind) == newest_version()


@pytest.fixture
def city(small: Installation, blank: Blank, tmp_path: Path) -> Installation:
    """The cast on PostgreSQL, with an older schema."""
    target = blank("postgresql")
    assert small.run("backup", tmp_path / "move.zip", "--without-keys")[0] == 0
    target.folder.mkdir()
    target.keys.write_bytes(small.keys.read_bytes())
    assert target.run("restore", tmp_path / "move.zip")[0] == 0
    owner = Database(target.owner_url, Keystore.load(target.keys), pooled=False)
    downgrade(owner.engine, OLD)
    owner.dispose()
    return target


@pytest.mark.parametrize("call", ["migrate", "_grant"])
def test_a_kill_leaves_the_old_schema_whole_on_postgresql(city: Installation, call: str) -> None:
    before = city.structure()
    assert city.run_to_death("upgrade", at=("models.schema", call, 1)) == -signal.SIGKILL
    assert _version(city) == OLD
    assert city.structure() == before
    code, _, said = city.run("upgrade")
    assert code == 0
    assert "shouwang backup" in said
    assert _version(city) == newest_version()


def test_the_application_role_is_told_whose_address_is_missing(city: Installation) -> None:
    code, _, said = Installation(city.folder, city.url).run("upgrade")
    assert code == 2
    assert "SHOUWANG_OWNER_DATABASE" in said
    assert _version(city) == OLD


def test_a_table_that_is_rebuilt_keeps_the_rows_that_refer_to_it(small: Installation) -> None:
    before = small.rows()
    with small.database() as database, changing_schema(database.engine) as connection:
        made = connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = 'place'").scalar_one()
        connection.exec_driver_sql(made.replace("CREATE TABLE place", "CREATE TABLE rebuilt"))
        connection.exec_driver_sql("INSERT INTO rebuilt SELECT * FROM place")
        connection.exec_driver_sql("DROP TABLE place")
        connection.exec_driver_sql("ALTER TABLE rebuilt RENAME TO place")
    assert small.rows() == before


def test_a_change_that_leaves_links_to_nothing_is_taken_back(small: Installation) -> None:
    before = small.rows()
    with small.database() as database:
        with pytest.raises(SchemaBroken, match="place"), changing_schema(database.engine) as connection:
            connection.exec_driver_sql("DELETE FROM place WHERE code = 'QZ'")
        with database.engine.connect() as connection:
            assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    assert small.rows() == before
