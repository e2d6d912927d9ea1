"""The roster commands: exact answers, exact exit codes, and nothing beside the document on standard output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from sqlalchemy import func, select

from models.audit import AuditEvent
from models.case import Case
from models.child import Child
from models.scope import system_scope
from tests.cast import Cast
from tests.register_files import PUPILS

REGISTERS = Path(__file__).parent.parent / "registers"
EXPECTED = json.loads((REGISTERS / "expected.json").read_text(encoding="utf-8"))
KEYS = {"file", "rows", "accepted", "refused", "warnings", "mapping"}
FINDING = {"sheet", "row", "code", "column", "message"}

Shell = Callable[..., Result]


def _document(result: Result) -> Any:
    return json.loads(result.stdout)


def _count(cast: Cast, row_class: type) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalar(select(func.count()).select_from(row_class)) or 0


@pytest.mark.parametrize("wanted", EXPECTED, ids=lambda wanted: wanted["file"])
def test_check_tells_every_fault_of_a_register_without_a_database(wanted: dict[str, Any], tmp_path: Path) -> None:
    environment = os.environ | {
        "SHOUWANG_INSTANCE": str(tmp_path / "nowhere"),
        "SHOUWANG_DATABASE": "sqlite:////nowhere/x",
    }
    command = [sys.executable, "-m", "admin_app", "roster", "check", str(REGISTERS / wanted["file"]), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    answer = json.loads(done.stdout)
    assert done.returncode == 1
    assert set(answer) == KEYS
    assert (answer["file"], answer["rows"]) == (wanted["file"], wanted["rows"])
    has_sheets = all("sheet" in problem for problem in wanted["problems"])
    found = {(f["sheet"] if has_sheets else None, f["row"], f["code"], True) for f in answer["refused"]}
    found |= {(f["sheet"] if has_sheets else None, f["row"], f["code"], False) for f in answer["warnings"]}
    assert found == {(p.get("sheet"), p["row"], p["code"], p["must_be_refused"]) for p in wanted["problems"]}
    assert all(set(f) == FINDING for f in answer["refused"] + answer["warnings"])
    assert answer["accepted"] == wanted["rows"] - len(answer["refused"])
    assert not (tmp_path / "nowhere").exists()


def test_check_of_a_sound_register_ends_well(shell: Shell, register: Path) -> None:
    result = shell("roster", "check", str(register), "--json")
    assert result.exit_code == 0
    assert _document(result)["accepted"] == len(PUPILS)


def test_a_file_that_is_no_register_is_told_plainly(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "letter.pdf"
    file.write_bytes(b"%PDF-1.7 nothing")
    result = shell("roster", "check", str(file), "--json")
    assert result.exit_code == 1
    answer = _document(result)
    assert answer["fault"]["code"] == "unreadable_file"
    assert "PDF" in answer["fault"]["message"]
    assert (answer["rows"], answer["refused"]) == (0, [])
    assert "PDF" in shell("roster", "check", str(file)).stdout


def test_a_wrong_call_ends_with_two(shell: Shell, register: Path) -> None:
    assert shell("roster", "check", "/no/such/file.xlsx").exit_code == 2
    assert shell("roster", "import", str(register), "--school", "ZX").exit_code == 2
    assert shell("roster", "import", str(register), "--school", "ZX", "--as", "stranger").exit_code == 2
    assert shell("roster", "import", str(register), "--school", "NOWHERE", "--as", "qin").exit_code == 2
    assert shell("roster", "undo", "many", "--as", "qin").exit_code == 2


def test_import_stores_the_accepted_rows_and_undo_takes_them_back(
    shell: Shell, sqlite_cast: Cast, register: Path
) -> None:
    result = shell("roster", "import", str(register), "--school", "ZX", "--as", "qin", "--json")
    answer = _document(result)
    assert result.exit_code == 0
    assert set(answer) == KEYS | {"created", "updated", "batch"}
    assert (answer["created"], answer["updated"]) == (5, 0)
    assert (_count(sqlite_cast, Child), _count(sqlite_cast, Case)) == (5, 5)
    assert {e["actor_name"] for e in sqlite_cast.events("child.made")} == {"秦素芬"}
    undone = shell("roster", "undo", str(answer["batch"]), "--as", "qin", "--json")
    assert (undone.exit_code, _document(undone)) == (0, {"removed": 5})
    assert _count(sqlite_cast, Child) == 0
    again = shell("roster", "undo", str(answer["batch"]), "--as", "qin", "--json")
    assert again.exit_code == 1
    assert _document(again)["refused"]["code"] == "already_undone"


def test_import_of_a_register_with_faults_stores_the_rest_and_ends_with_one(shell: Shell, sqlite_cast: Cast) -> None:
    wanted = EXPECTED[0]
    result = shell("roster", "import", str(REGISTERS / wanted["file"]), "--school", "ZX", "--as", "qin", "--json")
    answer = _document(result)
    assert result.exit_code == 1
    assert answer["created"] == answer["accepted"] == _count(sqlite_cast, Child)
    assert len(answer["refused"]) == sum(problem["must_be_refused"] for problem in wanted["problems"])


def test_whoever_is_on_file_is_refused_the_second_time(shell: Shell, register: Path) -> None:
    shell("roster", "import", str(register), "--school", "ZX", "--as", "qin")
    for words in (("import", "--as", "qin"), ("check",)):
        result = shell("roster", words[0], str(register), "--school", "ZX", "--json", *words[1:])
        assert result.exit_code == 1
        assert {f["code"] for f in _document(result)["refused"]} == {"already_on_file"}


def test_the_posts_of_the_person_decide_and_a_denied_attempt_is_on_record(
    shell: Shell, sqlite_cast: Cast, register: Path
) -> None:
    for login in ("bai", "zhou", "feng"):
        result = shell("roster", "import", str(register), "--school", "ZX", "--as", login, "--json")
        assert result.exit_code == 1
        assert _document(result)["fault"]["code"] == "not_permitted"
    assert _count(sqlite_cast, Child) == 0
    assert [e["actor_name"] for e in sqlite_cast.events("access.denied")] == ["白若川", "周敏", "冯志远"]


def test_no_protected_value_enters_the_trail(shell: Shell, sqlite_cast: Cast, register: Path) -> None:
    shell("roster", "import", str(register), "--school", "ZX", "--as", "qin")
    with sqlite_cast.database.session(system_scope("tests"), kind="audit") as session:
        bodies = "".join(session.scalars(select(AuditEvent.body)))
    assert not any(pupil.id_number in bodies for pupil in PUPILS)
