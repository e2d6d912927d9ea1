"""A backup holds one moment of everything, opens nothing by itself, and is there whole or not at all."""

from __future__ import annotations

import base64
import json
import signal
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from models.audit import AuditEvent
from models.backup import taking
from models.backup.pack import Pack
from models.backup.sealed_keys import open_keys
from models.backup.shape import shapes
from models.database import Database
from models.place import Place
from models.schema_version import newest_version
from models.scope import system_scope
from models.setting import Setting
from models.tables import Base
from models.vault import Keystore
from tests.cli.conftest import Blank
from tests.cli.installation import Installation

MADE = {"file", "bytes", "sha256", "made_at", "version", "rows", "tables", "keys", "recorded", "seconds"}


def _members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as pack:
        return {name: pack.read(name) for name in pack.namelist()}


def _told(installation: Installation, action: str) -> list[dict[str, Any]]:
    with installation.database() as database, database.session(system_scope("tests"), kind="audit") as session:
        query = select(AuditEvent.body).where(AuditEvent.action == action).order_by(AuditEvent.id)
        return [json.loads(body) for body in session.scalars(query)]


def test_it_tells_what_it_wrote_and_puts_it_on_record(small: Installation, tmp_path: Path, passphrase: Path) -> None:
    before = small.rows()
    file = tmp_path / "one.zip"
    code, made, _ = small.run("backup", file, "--passphrase-file", passphrase, "--json")
    assert code == 0
    assert set(made) == MADE
    assert made["tables"] == {name: len(rows) for name, rows in before.items()}
    assert made["rows"] == sum(made["tables"].values())
    assert (made["version"], made["keys"], made["recorded"]) == (newest_version(), "sealed", True)
    assert made["sha256"] == sha256(file.read_bytes()).hexdigest()
    assert file.stat().st_mode & 0o077 == 0
    [event] = _told(small, "backup.made")
    assert event["facts"] == {"name": "one.zip", "sha256": made["sha256"], "rows": made["rows"], "keys": "sealed"}


def test_every_table_is_inside_and_every_column_has_a_kind(small: Installation, tmp_path: Path) -> None:
    file = tmp_path / "one.zip"
    assert small.run("backup", file, "--without-keys")[0] == 0
    inside = {name.removeprefix("tables/").removesuffix(".jsonl") for name in _members(file) if "/" in name}
    assert inside == {table.name for table in Base.metadata.sorted_tables}
    with small.unwalled() as engine, engine.connect() as connection:
        assert {shape.name for shape in shapes(connection)} == inside


@pytest.mark.parametrize("with_keys", [True, False])
def test_no_key_and_no_protected_value_can_be_read_in_it(
    school: Installation, tmp_path: Path, passphrase: Path, with_keys: bool
) -> None:
    file = tmp_path / "one.zip"
    options = ("--passphrase-file", passphrase) if with_keys else ("--without-keys",)
    assert school.run("backup", file, *options)[0] == 0
    members = _members(file)
    assert ("keys.sealed" in members) is with_keys
    keystore = Keystore.load(school.keys)
    keys = [*keystore.wrapping.values(), keystore.index_key, keystore.audit_key, keystore.cookie_key]
    everything = b"".join(members.values())
    for key in keys:
        assert key not in everything
        assert base64.b64encode(key) not in everything
        assert key.hex().encode() not in everything


def test_it_says_plainly_what_it_means_to_leave_the_keys_out(small: Installation, tmp_path: Path) -> None:
    code, printed, _ = small.run("backup", tmp_path / "one.zip", "--without-keys")
    assert code == 0
    assert "文件里没有密钥" in printed
    assert "keys.json" in printed


def test_it_asks_for_the_passphrase_twice(small: Installation, tmp_path: Path) -> None:
    said = "chang xu duo zi 12\n"
    code, printed, _ = small.run("backup", tmp_path / "one.zip", said=said + said)
    assert code == 0
    assert "忘了口令就打不开" in printed
    assert small.run("backup", tmp_path / "two.zip", said=said + "another one 1234\n")[0] == 2
    assert not (tmp_path / "two.zip").exists()


@pytest.mark.parametrize("short", ["", "eleven char"])
def test_a_short_passphrase_is_refused(small: Installation, tmp_path: Path, passphrase: Path, short: str) -> None:
    passphrase.write_text(short)
    code, made, said = small.run("backup", tmp_path / "one.zip", "--passphrase-file", passphrase, "--json")
    assert (code, made["refused"]["code"]) == (2, "weak_passphrase")
    assert "12" in said
    assert not (tmp_path / "one.zip").exists()


def test_without_a_terminal_it_names_the_two_options(small: Installation, tmp_path: Path) -> None:
    code, made, said = small.run("backup", tmp_path / "one.zip", "--json")
    assert (code, made["refused"]["code"]) == (2, "passphrase_needed")
    assert "--passphrase-file" in said
    assert "--without-keys" in said


def test_it_overwrites_nothing(small: Installation, tmp_path: Path) -> None:
    file = tmp_path / "one.zip"
    file.write_text("mine")
    code, made, said = small.run("backup", file, "--without-keys", "--json")
    assert (code, made["refused"]["code"]) == (2, "exists")
    assert "one.zip" in said
    assert file.read_text() == "mine"


def test_a_folder_that_is_not_there_is_told(small: Installation, tmp_path: Path) -> None:
    code, made, said = small.run("backup", tmp_path / "nowhere" / "one.zip", "--without-keys", "--json")
    assert (code, made["refused"]["code"]) == (1, "not_writable")
    assert str(tmp_path / "nowhere") in said


def test_a_backup_of_the_same_name_that_was_faster_is_named(
    small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "one.zip"
    monkeypatch.setattr("models.backup.taking.digest_of", lambda part: file.write_text("mine"))
    code, _, said = small.run("backup", file, "--without-keys")
    assert code == 2
    assert said.startswith("one.zip 已经存在")
    assert file.read_text() == "mine"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_a_passphrase_is_read_as_it_was_typed_whatever_wrote_its_file(
    small: Installation, tmp_path: Path, passphrase: Path, mark: str
) -> None:
    passphrase.write_text(mark + "远山如黛，近水含烟，青禾满川\r\n", encoding="utf-8")
    assert small.run("backup", tmp_path / "one.zip", "--passphrase-file", passphrase)[0] == 0
    pack = Pack(tmp_path / "one.zip")
    assert open_keys(pack.sealed_keys() or b"", "远山如黛，近水含烟，青禾满川") == Keystore.load(small.keys)
    pack.close()


def test_a_passphrase_in_another_encoding_is_named(small: Installation, tmp_path: Path, passphrase: Path) -> None:
    passphrase.write_bytes("远山如黛，近水含烟，青禾满川".encode("gb18030"))
    code, made, said = small.run("backup", tmp_path / "one.zip", "--passphrase-file", passphrase, "--json")
    assert (code, made["refused"]["code"]) == (2, "not_text")
    assert "UTF-8" in said


def test_an_empty_database_is_no_installation(small: Installation, tmp_path: Path) -> None:
    small.file.unlink()
    code, made, _ = small.run("backup", tmp_path / "one.zip", "--without-keys", "--json")
    assert (code, made["refused"]["code"]) == (1, "not_installed")
    assert not small.file.exists()


def test_a_backup_that_cannot_be_recorded_is_kept_and_says_so(
    small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*args: object) -> None:
        raise OperationalError("INSERT", {}, Exception("database or disk is full"))

    monkeypatch.setattr("admin_app.cli.backup.record_backup", full)
    code, printed, _ = small.run("backup", tmp_path / "one.zip", "--without-keys")
    assert code == 0
    assert "没能记入审计记录" in printed
    assert (tmp_path / "one.zip").exists()


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_it_holds_one_moment_while_people_go_on_working(
    kind: str, small: Installation, blank: Blank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    working = _moved(small, blank, tmp_path) if kind == "postgresql" else small
    before = working.rows()
    real = taking.shapes
    with working.database() as database:

        def shapes_and_work(connection: Any) -> Any:
            found = real(connection)
            _work(database)  # after the snapshot was opened, before a table is read
            return found

        monkeypatch.setattr(taking, "shapes", shapes_and_work)
        file = tmp_path / "while.zip"
        code, made, said = working.run("backup", file, "--without-keys", "--json")
    assert code == 0, said
    assert made["tables"] == {name: len(rows) for name, rows in before.items()}
    members = _members(file)
    assert b"new.switch" not in members["tables/setting.jsonl"]
    assert "清州市".encode() in members["tables/place.jsonl"]
    after = working.rows()
    assert ("new.switch", "on") in after["setting"]
    assert any(row for row in after["place"] if "改名市" in row)


def _work(database: Database) -> None:
    with database.transaction(system_scope("tests")) as session:
        session.add(Setting(key="new.switch", value="on"))
        session.scalars(select(Place).where(Place.code == "QZ")).one().name = "改名市"


def _moved(source: Installation, blank: Blank, tmp_path: Path) -> Installation:
    """The same installation on PostgreSQL."""
    target = blank("postgresql")
    assert source.run("backup", tmp_path / "move.zip", "--without-keys")[0] == 0
    target.folder.mkdir()
    target.keys.write_bytes(source.keys.read_bytes())
    code, _, said = target.run("restore", tmp_path / "move.zip")
    assert code == 0, said
    return target


DEATHS = [
    ("models.backup.taking", "_select", 5),
    ("models.backup.taking", "mark_of", 1),
    ("models.backup.taking", "digest_of", 1),
    ("models.whole_file", "_name", 1),
]


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death[1])
def test_a_kill_leaves_no_file_under_the_name(small: Installation, tmp_path: Path, death: tuple[str, str, int]) -> None:
    file = tmp_path / "one.zip"
    before = small.rows()
    assert small.run_to_death("backup", file, "--without-keys", at=death) == -signal.SIGKILL
    assert not file.exists()
    assert small.rows() == before
    code, printed, _ = small.run("backup", file, "--without-keys")
    assert code == 0
    assert "以前中断留下的文件" in printed


def test_a_kill_after_the_name_is_given_leaves_a_good_backup(
    small: Installation, blank: Blank, tmp_path: Path, passphrase: Path
) -> None:
    file = tmp_path / "one.zip"
    words = ("backup", file, "--passphrase-file", passphrase)
    assert small.run_to_death(*words, at=("admin_app.cli.backup", "record_backup", 1)) == -signal.SIGKILL
    assert blank("sqlite").run("restore", file, "--passphrase-file", passphrase)[0] == 0


def test_a_full_disk_leaves_nothing_and_is_named(school: Installation, tmp_path: Path) -> None:
    file = tmp_path / "one.zip"
    done = school.run_cramped(200_000, "backup", file, "--without-keys", "--json")
    assert done.returncode == 1, done.stderr
    assert json.loads(done.stdout)["refused"]["code"] == "disk_full"
    assert list(tmp_path.glob(".*.part")) == []
    assert not file.exists()


@contextmanager
def _holding_the_write_lock(installation: Installation) -> Iterator[None]:
    with installation.unwalled() as engine, engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA busy_timeout = 0")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        yield
        connection.rollback()


def test_it_waits_for_no_writer(small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_app.cli.backup.record_backup", lambda *args: None)
    with _holding_the_write_lock(small):
        assert small.run("backup", tmp_path / "one.zip", "--without-keys")[0] == 0
