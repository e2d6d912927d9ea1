"""`definitions check`: exit codes, the exact JSON, nothing else on standard output."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from admin_app.cli.definitions import definitions
from workflows.engine.loader import STANDARD_PACK

BROKEN = """\
form: visit
title: {zh: 家访}
fields:
  - {key: met, type: choise, label: {zh: 见到谁}}
"""


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    path = tmp_path / "visit.yaml"
    path.write_text(BROKEN, encoding="utf-8")
    return path


def test_sound_definitions_exit_with_zero() -> None:
    result = CliRunner().invoke(definitions, ["check", "--json", str(STANDARD_PACK)])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == {"ok": True, "problems": []}


def test_problems_exit_with_one_and_name_the_place(broken: Path) -> None:
    result = CliRunner().invoke(definitions, ["check", str(broken), "--json"])
    assert result.exit_code == 1
    answer = json.loads(result.stdout)
    assert answer["ok"] is False
    (problem,) = answer["problems"]
    assert problem.pop("message")
    assert problem == {"file": str(broken), "line": 4, "column": 22, "code": "bad_value"}


def test_people_read_one_line_for_each_problem(broken: Path) -> None:
    result = CliRunner().invoke(definitions, ["check", str(broken)])
    assert result.exit_code == 1
    assert f"{broken}:4:22: " in result.stdout
    assert result.stdout.splitlines()[-1] == "共 1 处问题"


@pytest.mark.parametrize("arguments", [["check"], ["check", "no/such/file.yaml"], ["check", "--jsno", "."]])
def test_a_wrong_call_exits_with_two(arguments: list[str]) -> None:
    assert CliRunner().invoke(definitions, arguments).exit_code == 2


def test_a_form_beside_the_workflow_is_found(tmp_path: Path) -> None:
    (tmp_path / "form.yaml").write_text(BROKEN.replace("choise", "text"), encoding="utf-8")
    workflow = (STANDARD_PACK / "workflows" / "identification.yaml").read_text(encoding="utf-8")
    flow = tmp_path / "flow.yaml"
    flow.write_text(workflow.replace("form: child_file", "form: visit"), encoding="utf-8")
    assert CliRunner().invoke(definitions, ["check", str(tmp_path)]).exit_code == 0
    assert CliRunner().invoke(definitions, ["check", str(flow)]).exit_code == 1


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", "form: 甲".encode("gb18030"), b"", b"\x00" * 9])
def test_any_bytes_are_a_problem_and_never_a_stack_trace(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "any.yaml"
    path.write_bytes(content)
    result = CliRunner().invoke(definitions, ["check", "--json", str(path)])
    assert result.exit_code == 1
    assert len(json.loads(result.stdout)["problems"]) == 1
