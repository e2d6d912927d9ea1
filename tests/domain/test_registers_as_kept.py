"""The registers as schools keep them: every fault found, none invented."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from admin_app.exchange.spreadsheet import read_grids
from tests.register_files import TODAY
from workflows.roster import RosterReport, check_roster
from workflows.text import text

REGISTERS = Path(__file__).resolve().parents[1] / "registers"
EXPECTED: list[dict[str, Any]] = json.loads((REGISTERS / "expected.json").read_text(encoding="utf-8"))


def _report(expected: dict[str, Any]) -> RosterReport:
    file = expected["file"]
    return check_roster(read_grids((REGISTERS / file).read_bytes(), file), file=file, today=TODAY)


@pytest.mark.parametrize("expected", EXPECTED, ids=[e["file"] for e in EXPECTED])
def test_it_finds_every_fault_and_no_other(expected: dict[str, Any]) -> None:
    answer = _report(expected).as_json()
    has_sheets = any("sheet" in problem for problem in expected["problems"])
    found = sorted(
        (finding["sheet"] if has_sheets else None, finding["row"], finding["code"], is_refused)
        for kind, is_refused in (("refused", True), ("warnings", False))
        for finding in answer[kind]
    )
    wanted = sorted((p.get("sheet"), p["row"], p["code"], p["must_be_refused"]) for p in expected["problems"])
    assert found == wanted
    assert answer["rows"] == expected["rows"]
    assert answer["accepted"] == expected["rows"] - sum(p["must_be_refused"] for p in expected["problems"])


@pytest.mark.parametrize("expected", EXPECTED, ids=[e["file"] for e in EXPECTED])
def test_the_answer_has_exactly_the_promised_keys(expected: dict[str, Any]) -> None:
    answer = _report(expected).as_json()
    assert list(answer) == ["file", "rows", "accepted", "refused", "warnings", "mapping"]
    for finding in [*answer["refused"], *answer["warnings"]]:
        assert list(finding) == ["sheet", "row", "code", "column", "message"]
        assert finding["column"] in answer["mapping"]
        assert "{" not in finding["message"]


def test_a_repeated_heading_under_group_heads_is_told_apart() -> None:
    mapping = _report(EXPECTED[0]).mapping
    assert {header: mapping[header] for header in mapping if header.endswith("姓名")} == {
        "姓名": "child.name",
        "父亲情况/姓名": "father.name",
        "母亲情况/姓名": "mother.name",
        "临时监护人情况/姓名": "guardian.name",
    }


def test_an_old_number_is_offered_in_its_new_form() -> None:
    messages = [f.message for f in _report(EXPECTED[2]).refused if f.code == "id_15_digits"]
    assert [str(message) for message in messages] == ["身份证号是旧的 15 位，请核对是否应为 18 位的 34122520101014703X"]


def test_a_double_names_the_earlier_row() -> None:
    messages = [str(f.message) for f in _report(EXPECTED[2]).refused if f.code == "duplicate_in_file"]
    assert messages == ["与第 64 行是同一名儿童"]


def test_a_child_on_file_is_refused_only_after_everything_else() -> None:
    from_file = EXPECTED[2]
    file = from_file["file"]
    grids = read_grids((REGISTERS / file).read_bytes(), file)
    on_file = lambda row: text("该儿童已在册") if row.row in (3, 11) else None  # noqa: E731
    report = check_roster(grids, file=file, today=TODAY, on_file=on_file)
    assert [(f.row, f.code) for f in report.refused][:2] == [(3, "already_on_file"), (11, "short_phone")]
