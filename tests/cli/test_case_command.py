"""The case commands: what a person sees, may do and may not, with the same checks as the screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from admin_app.cli import root
from models.child import Child
from models.vault import Keystore
from tests.cast import NOW, Cast
from workflows.operations.case_opening import open_case
from workflows.policy import Permission
from workflows.subjects import ChildSubject

BRIEF = {"case", "workflow", "version", "subject", "state", "rev", "due_at", "overdue"}
FILE = {
    "care_situation": "grandparents",
    "absence_since": "2024-03-05",
    "is_boarding": "false",
    "guardian_name": "林长顺",
    "guardian_relation": "grandfather",
    "guardian_phone": "13800002716",
    "home_address": "大坝村3组",
    "call_first": "guardian",
    "five_facts": ["basics", "character", "interests", "health", "contacts"],
    "character": "内向",
    "interests": "画画",
    "health": "良好",
}
YAML_FILE = "care_situation: grandparents\nreason: [无]\n"

Shell = Callable[..., tuple[int, Any]]


@pytest.fixture
def shell(sqlite_cast: Cast, keystore: Keystore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Shell:
    """The command in this process with `--json`: exit code and document."""
    keys = tmp_path / "keys.json"
    keystore.save(keys)
    url = sqlite_cast.database.url.render_as_string(hide_password=False)
    for name, value in (("KEYS", str(keys)), ("DATABASE", url), ("INSTANCE", str(tmp_path))):
        monkeypatch.setenv(f"SHOUWANG_{name}", value)
    for module in ("acting", "case"):
        monkeypatch.setattr(f"admin_app.cli.{module}.system_clock", lambda: NOW)

    def run(*words: str) -> tuple[int, Any]:
        result: Result = CliRunner().invoke(root, ["case", *words, "--json"])
        return result.exit_code, json.loads(result.stdout) if result.stdout else None

    return run


@pytest.fixture
def number(sqlite_cast: Cast) -> str:
    """The number of an open identification case of a child in class ZX-2302."""
    child_id = sqlite_cast.add_child("ZX-2302")
    with sqlite_cast.acting("qin", Permission.CASE_ACT) as tx:
        child = ChildSubject(tx.session.get_one(Child, child_id))
        return open_case(tx, "identification", child, sqlite_cast.term_id).number


@pytest.fixture
def form(tmp_path: Path) -> Path:
    """A file with answers to the child's file."""
    file = tmp_path / "form.json"
    file.write_text(json.dumps(FILE), encoding="utf-8")
    return file


def test_each_person_lists_what_they_may_see(shell: Shell, number: str) -> None:
    code, rows = shell("list", "--as", "zhou")
    assert code == 0
    assert [set(row) for row in rows] == [BRIEF]
    assert rows[0] == {"case": number, "workflow": "identification", "version": 1, "subject": "林小禾",
                       "state": "open", "rev": 1, "due_at": rows[0]["due_at"], "overdue": False}  # fmt: skip
    assert shell("list", "--as", "bai") == (0, [])
    assert shell("list", "--as", "zhou", "--state", "filed") == (0, [])
    assert shell("list", "--as", "zhou", "--workflow", "identification", "--state", "open")[1] == rows


def test_show_says_what_the_person_may_do_and_why_not_the_rest(shell: Shell, sqlite_cast: Cast, number: str) -> None:
    code, answer = shell("show", number, "--as", "zhou")
    assert code == 0
    assert set(answer) == BRIEF | {"allowed", "refused", "history"}
    assert answer["allowed"] == [{"transition": "complete", "label": "提交审核"}]
    assert [(r["transition"], r["code"]) for r in answer["refused"]] == [
        ("not_left_behind", "not_your_part"),
        ("lapse", "not_your_part"),
    ]
    assert [(h["transition"], h["to"], h["actor"]) for h in answer["history"]] == [("open", "open", "秦素芬")]
    assert [(e["actor_name"], e["facts"]["number"]) for e in sqlite_cast.events("case.read")] == [("周敏", number)]


def test_what_lies_outside_a_persons_places_does_not_exist_for_them(shell: Shell, number: str) -> None:
    for words in (("show", number), ("act", number, "file")):
        code, answer = shell(*words, "--as", "bai")
        assert (code, answer["refused"]["code"]) == (1, "no_case")
    assert shell("show", number, "--as", "stranger")[0] == 2


def test_a_case_goes_its_way_from_the_shell(shell: Shell, sqlite_cast: Cast, number: str, form: Path) -> None:
    assert shell("act", number, "complete", "--as", "zhou", "--form", str(form)) == (
        0,
        {"case": number, "from": "open", "to": "confirmed", "rev": 2},
    )
    code, answer = shell("act", number, "file", "--as", "qin")
    assert (code, answer["to"], answer["rev"]) == (0, "filed", 3)
    told = [(e["actor_name"], e["facts"]["to"]) for e in sqlite_cast.events("case.moved")]
    assert told == [("周敏", "confirmed"), ("秦素芬", "filed")]


def test_a_refused_step_says_why_and_changes_nothing(shell: Shell, sqlite_cast: Cast, number: str) -> None:
    code, answer = shell("act", number, "complete", "--as", "zhou")
    assert (code, answer["refused"]["code"]) == (1, "form_refused")
    assert "guardian_relation" in answer["refused"]["faults"] or answer["refused"]["faults"]
    code, answer = shell("act", number, "file", "--as", "qin")
    assert (code, answer["refused"]["code"]) == (1, "not_from_here")
    code, answer = shell("act", number, "complete", "--as", "qin")
    assert (code, answer["refused"]["code"]) == (1, "not_your_part")
    assert [e["actor_name"] for e in sqlite_cast.events("access.denied")] == ["秦素芬"]
    assert shell("list", "--as", "zhou")[1][0]["rev"] == 1


def test_the_same_request_sent_twice_has_one_effect(shell: Shell, sqlite_cast: Cast, number: str, form: Path) -> None:
    words = ("act", number, "complete", "--as", "zhou", "--form", str(form), "--key", "k-1")
    assert shell(*words) == shell(*words)
    assert len(sqlite_cast.events("case.moved")) == 1


def test_a_form_may_be_yaml_and_a_broken_one_is_a_wrong_call(shell: Shell, number: str, tmp_path: Path) -> None:
    file = tmp_path / "form.yaml"
    file.write_text(YAML_FILE, encoding="utf-8")
    code, answer = shell("act", number, "complete", "--as", "zhou", "--form", str(file))
    assert (code, answer["refused"]["code"]) == (1, "form_refused")
    assert "care_situation" not in answer["refused"]["faults"]
    for content in ("{", "- a\n- b\n", "\x00"):
        file.write_text(content, encoding="utf-8")
        assert shell("act", number, "complete", "--as", "zhou", "--form", str(file))[0] == 2


def test_an_inspector_has_no_cases(shell: Shell, sqlite_cast: Cast, number: str) -> None:
    code, answer = shell("list", "--as", "feng")
    assert (code, answer["refused"]["code"]) == (1, "not_permitted")
    assert [e["outcome"] for e in sqlite_cast.events("access.denied")] == ["refused"]
