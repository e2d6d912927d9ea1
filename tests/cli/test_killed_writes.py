"""A write that dies half-way, by a kill or a full disk, leaves SQLite as it was; one that was answered stays."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.cli.installation import Installation
from tests.register_files import PUPILS

AT_NOON = """
import admin_app.cli.acting, admin_app.cli.roster
from tests.cast import NOW
admin_app.cli.acting.system_clock = admin_app.cli.roster.system_clock = lambda: NOW
"""
DEATHS = [
    ("workflows.audit", "write", 1),
    ("workflows.audit", "canonical", 3),
]


def _words(register: Path) -> tuple[object, ...]:
    return ("roster", "import", register, "--school", "ZX", "--as", "qin")


@pytest.mark.parametrize("death", DEATHS, ids=lambda death: death[1])
def test_an_import_killed_before_its_commit_leaves_nothing(
    small: Installation, register: Path, death: tuple[str, str, int]
) -> None:
    before = small.rows()
    assert small.run_to_death(*_words(register), at=death, first=AT_NOON) == -signal.SIGKILL
    assert small.rows() == before
    with small.unwalled() as engine, engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


def test_an_import_killed_after_its_commit_is_there_whole(small: Installation, register: Path) -> None:
    before = small.rows()
    death = ("admin_app.cli.roster", "answer", 1)
    assert small.run_to_death(*_words(register), at=death, first=AT_NOON) == -signal.SIGKILL
    after = small.rows()
    assert len(after["child"]) == len(before["child"]) + len(PUPILS)
    assert len(after["audit_event"]) > len(before["audit_event"])


def test_an_import_on_a_full_disk_leaves_nothing_and_can_be_repeated(small: Installation, register: Path) -> None:
    before = small.rows()
    done = small.run_cramped(30_000, *_words(register), first=AT_NOON)
    assert done.returncode == 1, done.stdout
    assert "Traceback" not in done.stderr
    assert small.rows() == before
    death = ("admin_app.cli.roster", "answer", 1)
    assert small.run_to_death(*_words(register), at=death, first=AT_NOON) == -signal.SIGKILL
    assert len(small.rows()["child"]) == len(PUPILS)
