"""The doctor names what is wrong with an installation, and does not call well what is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from models.vault import Keystore
from tests.cast import NOW
from tests.cli.conftest import Blank
from tests.cli.installation import Installation
from workflows.worker.beat import beat

NAMES = [
    "configuration", "disk", "keys", "database", "definitions", "walls", "keys_fit", "clock", "backup",
    "calendar", "worker",
]  # fmt: skip


@pytest.fixture(autouse=True)
def _noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_app.cli.doctor.system_clock", lambda: NOW + timedelta(hours=1))
    monkeypatch.setattr("admin_app.cli.backup.system_clock", lambda: NOW)


def _seen(installation: Installation) -> tuple[int, dict[str, dict[str, Any]]]:
    code, seen, _ = installation.run("doctor", "--json")
    assert seen["ok"] is (code == 0) is all(check["ok"] for check in seen["checks"])
    return code, {check["name"]: check for check in seen["checks"]}


def _wrong(installation: Installation) -> list[str]:
    return [name for name, check in _seen(installation)[1].items() if not check["ok"]]


def test_a_well_installation_is_called_well(small: Installation) -> None:
    code, seen = _seen(small)
    assert code == 0
    assert list(seen) == NAMES
    assert [name for name, check in seen.items() if check["attention"]] == ["backup", "calendar", "worker"]
    assert "09:40" not in seen["clock"]["message"]
    assert "10:40" in seen["clock"]["message"]


def test_it_says_honestly_that_there_is_no_worker_and_misses_one_only_where_work_waits(small: Installation) -> None:
    assert "! worker：还没有运行过" in small.run("doctor")[1]
    with small.database() as database:
        beat(database, "one", NOW, NOW + timedelta(hours=1), {})
        assert "✓ worker：1 个在运行" in small.run("doctor")[1]
        beat(database, "one", NOW, NOW - timedelta(hours=2), {})
    assert "! worker：3 小时前停了" in small.run("doctor")[1]
    with small.unwalled() as engine, engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox_message (id, topic, channel, recipient, payload, made_at, due_at, tries) "
                "VALUES (1, 't', 'inbox', 'place:ZX', '{}', :at, :at, 0)"
            ),
            {"at": NOW.replace(tzinfo=None)},
        )
    assert _wrong(small) == ["worker"]


def test_it_says_whether_the_holidays_of_the_year_are_known(small: Installation) -> None:
    assert "! calendar：2026 年的节假日还没有录入" in small.run("doctor")[1]
    with small.unwalled() as engine, engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO calendar_day (day, is_working, name, made_at, made_by) VALUES (:d, false, '元旦', :at, 1)"
            ),
            {"d": "2026-01-01", "at": NOW.replace(tzinfo=None)},
        )
    assert "✓ calendar" in small.run("doctor")[1]


def test_an_installation_that_never_made_a_backup_is_not_well_after_a_week(
    small: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("admin_app.cli.doctor.system_clock", lambda: NOW + timedelta(days=9))
    assert _wrong(small) == ["backup"]
    with small.unwalled() as engine, engine.begin() as connection:
        connection.execute(text("INSERT INTO setting (key, value) VALUES ('demo.size', 'school')"))
    assert _wrong(small) == []


@pytest.mark.parametrize(("days", "wrong"), [(0, []), (8, []), (9, ["backup"])])
def test_the_age_of_the_last_backup_is_known(
    small: Installation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, days: int, wrong: list[str]
) -> None:
    assert small.run("backup", tmp_path / "one.zip", "--without-keys")[0] == 0
    monkeypatch.setattr("admin_app.cli.doctor.system_clock", lambda: NOW + timedelta(days=days))
    assert _wrong(small) == wrong
    assert (f"{days} 天前" if days else "不到一天") in _seen(small)[1]["backup"]["message"]


def test_keys_of_another_installation_do_not_fit(small: Installation) -> None:
    small.keys.unlink()
    Keystore.draw().save(small.keys)
    assert _wrong(small) == ["keys_fit"]


def test_keys_that_others_can_read_are_named(small: Installation) -> None:
    small.keys.chmod(0o640)
    assert _wrong(small) == ["keys"]


def test_a_clock_behind_the_trail_is_named(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_app.cli.doctor.system_clock", lambda: NOW - timedelta(hours=1))
    assert "clock" in _wrong(small)


def test_a_clock_that_differs_from_the_database_is_named(
    small: Installation, blank: Blank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = blank("postgresql")
    assert small.run("backup", tmp_path / "one.zip", "--without-keys")[0] == 0
    city.folder.mkdir()
    city.keys.write_bytes(small.keys.read_bytes())
    city.keys.chmod(0o600)
    assert city.run("restore", tmp_path / "one.zip")[0] == 0
    monkeypatch.setattr("admin_app.cli.doctor.system_clock", lambda: datetime.now(UTC) + timedelta(seconds=1))
    assert _wrong(city) == []
    monkeypatch.setattr("admin_app.cli.doctor.system_clock", lambda: datetime.now(UTC) + timedelta(minutes=1))
    assert _wrong(city) == ["clock"]


def test_a_wall_that_somebody_took_down_is_named(
    small: Installation, blank: Blank, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = blank("postgresql")
    assert small.run("backup", tmp_path / "one.zip", "--without-keys")[0] == 0
    city.folder.mkdir()
    city.keys.write_bytes(small.keys.read_bytes())
    city.keys.chmod(0o600)
    assert city.run("restore", tmp_path / "one.zip")[0] == 0
    monkeypatch.setattr("admin_app.cli.doctor.system_clock", lambda: datetime.now(UTC))
    with city.unwalled() as engine, engine.begin() as connection:
        connection.execute(text("ALTER TABLE child DISABLE ROW LEVEL SECURITY"))
    assert _wrong(city) == ["walls"]


def test_a_full_disk_is_named(small: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("admin_app.cli.doctor.LEAST_FREE_BYTES", 1e18)
    assert _wrong(small) == ["disk"]


def test_a_database_without_schema_is_told_to_install(blank: Blank) -> None:
    empty = blank("sqlite")
    empty.folder.mkdir()
    Keystore.draw().save(empty.keys)
    assert "shouwang init" in _seen(empty)[1]["database"]["message"]
