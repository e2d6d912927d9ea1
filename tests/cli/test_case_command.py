"""The case commands: what a person sees, may do and may not, with the same checks as the screen."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from models.child import Child
from tests.cast import Cast
from tests.deciding import begin
from tests.playing import stand
from tests.steps import FILE
from workflows.operations.case_opening import open_case
from workflows.policy import Permission
from workflows.subjects import ChildSubject

BRIEF = {"case", "workflow", "version", "subject", "state", "rev", "due_at", "overdue"}
YAML_FILE = "care_situation: grandparents\nreason: [无]\n"

Shell = Callable[..., tuple[int, Any]]


@pytest.fixture
def case(shell: Callable[..., Result]) -> Shell:
    """`shouwang case` with `--json`: exit code and document."""

    def run(*words: str) -> tuple[int, Any]:
        result = shell("case", *words, "--json")
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


def test_each_person_lists_what_they_may_see(case: Shell, number: str) -> None:
    code, rows = case("list", "--as", "zhou")
    assert code == 0
    assert [set(row) for row in rows] == [BRIEF]
    assert rows[0] == {"case": number, "workflow": "identification", "version": 1, "subject": "林小禾",
                       "state": "open", "rev": 1, "due_at": rows[0]["due_at"], "overdue": False}  # fmt: skip
    assert case("list", "--as", "bai") == (0, [])
    assert case("list", "--as", "zhou", "--state", "filed") == (0, [])
    assert case("list", "--as", "zhou", "--workflow", "identification", "--state", "open")[1] == rows


def test_an_unpublished_workflow_is_a_wrong_call(shell: Callable[..., Result], case: Shell, number: str) -> None:
    assert case("list", "--as", "zhou", "--workflow", "identificaton") == (2, None)
    result = shell("case", "list", "--as", "zhou", "--workflow", "identificaton")
    assert "没有“identificaton”这类事项" in result.stderr
    assert "identification、" in result.stderr
    assert case("list", "--as", "zhou", "--workflow", "pairing") == (0, [])


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("--state", "filled"), "哪类事项都没有“filled”这一环节，是否要写 filed？"),
        (("--state", "草稿"), "哪类事项都没有“草稿”这一环节"),
        (("--workflow", "identification", "--state", "active"), "identification 没有“active”这一环节；可以是：open、"),
    ],
)
def test_an_unknown_state_is_a_wrong_call(
    shell: Callable[..., Result], case: Shell, number: str, asked: tuple[str, ...], said: str
) -> None:
    assert case("list", "--as", "zhou", *asked) == (2, None)
    assert said in shell("case", "list", "--as", "zhou", *asked).stderr
    assert case("list", "--as", "zhou", "--state", "active") == (0, [])


def test_show_says_what_the_person_may_do_and_why_not_the_rest(case: Shell, sqlite_cast: Cast, number: str) -> None:
    code, answer = case("show", number, "--as", "zhou")
    assert code == 0
    assert set(answer) == BRIEF | {"allowed", "refused", "history", "seats", "verbs"}
    assert (answer["seats"], answer["verbs"]) == ([], ["hand_over", "copy"])
    assert answer["allowed"] == [{"transition": "complete", "label": "提交审核"}]
    assert [(r["transition"], r["code"]) for r in answer["refused"]] == [
        ("not_left_behind", "not_your_part"),
        ("lapse", "not_your_part"),
    ]
    assert [(h["transition"], h["to"], h["actor"]) for h in answer["history"]] == [("open", "open", "秦素芬")]
    assert [(e["actor_name"], e["facts"]["number"]) for e in sqlite_cast.events("case.read")] == [("周敏", number)]


def test_show_says_who_sits_where_and_what_they_said(case: Shell, sqlite_cast: Cast) -> None:
    joint = begin(sqlite_cast, "{who: [principal@school, office@school], mode: all}")
    joint.act("tan", "agree", opinion="同意")
    code, answer = case("show", joint.number, "--as", "qin")
    assert code == 0
    said = [(seat["name"], seat["status"], seat["answer"], seat["opinion"]) for seat in answer["seats"]]
    assert said == [("覃明远", "done", "agree", "同意"), ("秦素芬", "open", None, None)]
    assert {"hand_over", "delegate", "add_signer", "recuse", "watch"} <= set(answer["verbs"])


def test_what_lies_outside_a_persons_places_does_not_exist_for_them(case: Shell, number: str) -> None:
    for words in (("show", number), ("act", number, "file")):
        code, answer = case(*words, "--as", "bai")
        assert (code, answer["refused"]["code"]) == (1, "no_case")
    assert case("show", number, "--as", "stranger")[0] == 2


def test_a_case_goes_its_way_from_the_shell(case: Shell, sqlite_cast: Cast, number: str, form: Path) -> None:
    assert case("act", number, "complete", "--as", "zhou", "--form", str(form)) == (
        0,
        {"case": number, "from": "open", "to": "confirmed", "rev": 2},
    )
    code, answer = case("act", number, "file", "--as", "qin")
    assert (code, answer["to"], answer["rev"]) == (0, "filed", 3)
    told = [(e["actor_name"], e["facts"]["to"]) for e in sqlite_cast.events("case.moved")]
    assert told == [("周敏", "confirmed"), ("秦素芬", "filed")]


def test_a_refused_step_says_why_and_changes_nothing(case: Shell, sqlite_cast: Cast, number: str) -> None:
    code, answer = case("act", number, "complete", "--as", "zhou")
    assert (code, answer["refused"]["code"]) == (1, "form_refused")
    assert "guardian_relation" in answer["refused"]["faults"] or answer["refused"]["faults"]
    code, answer = case("act", number, "file", "--as", "qin")
    assert (code, answer["refused"]["code"]) == (1, "not_from_here")
    code, answer = case("act", number, "complete", "--as", "qin")
    assert (code, answer["refused"]["code"]) == (1, "not_your_part")
    assert [e["actor_name"] for e in sqlite_cast.events("access.denied")] == ["秦素芬"]
    assert case("list", "--as", "zhou")[1][0]["rev"] == 1


def test_the_same_request_sent_twice_has_one_effect(case: Shell, sqlite_cast: Cast, number: str, form: Path) -> None:
    words = ("act", number, "complete", "--as", "zhou", "--form", str(form), "--key", "k-1")
    assert case(*words) == case(*words)
    assert len(sqlite_cast.events("case.moved")) == 1


def test_a_form_may_be_yaml_and_a_broken_one_is_a_wrong_call(case: Shell, number: str, tmp_path: Path) -> None:
    file = tmp_path / "form.yaml"
    file.write_text(YAML_FILE, encoding="utf-8")
    code, answer = case("act", number, "complete", "--as", "zhou", "--form", str(file))
    assert (code, answer["refused"]["code"]) == (1, "form_refused")
    assert "care_situation" not in answer["refused"]["faults"]
    for content in ("{", "- a\n- b\n", "\x00"):
        file.write_text(content, encoding="utf-8")
        assert case("act", number, "complete", "--as", "zhou", "--form", str(file))[0] == 2


def test_an_inspector_has_no_cases(case: Shell, sqlite_cast: Cast, number: str) -> None:
    code, answer = case("list", "--as", "feng")
    assert (code, answer["refused"]["code"]) == (1, "not_permitted")
    assert [e["outcome"] for e in sqlite_cast.events("access.denied")] == ["refused"]


def test_a_condition_narrows_the_list(case: Shell, number: str, sqlite_cast: Cast) -> None:
    other = sqlite_cast.open_case(sqlite_cast.add_child("ZX-2302", "周小麦"))
    for where, found in (
        ("child.name == '林小禾'", [number]),
        ("contains(child.name, '麦') and case.state == 'open'", [other]),
        ("days_since(case.opened_at) > 100000", []),
        ("missing(case.overdue)", []),
    ):
        assert [row["case"] for row in case("list", "--as", "qin", "--where", where)[1]] == found, where
    written = ("--workflow", "identification", "--where", "missing(case.cause) or case.overdue")
    assert {row["case"] for row in case("list", "--as", "qin", *written)[1]} == {number, other}
    assert case("list", "--as", "bai", "--where", "True") == (0, [])


@pytest.mark.parametrize(
    ("where", "place", "words"),
    [
        ("case.overdu", "第 1 行第 1 个字", "case.overdue"),
        ("case.overdue and\n  child.id_number == '1'", "第 2 行第 3 个字", "受保护的字段“身份证号”"),
        ("case.overdue and", "第 1 行第 17 个字", "条件写法有误"),
        ("", "第 1 行第 1 个字", "条件是空的"),
    ],
)
def test_a_wrong_condition_is_a_wrong_call_with_its_place(
    shell: Callable[..., Result], sqlite_cast: Cast, where: str, place: str, words: str
) -> None:
    result = shell("case", "list", "--as", "qin", "--where", where)
    assert result.exit_code == 2
    assert not result.stdout
    assert place in result.stderr
    assert words in result.stderr


def _confirmed(cast: Cast, many: int) -> list[str]:
    return [stand(cast, "identification", "confirmed").number for _ in range(many)]


def test_bulk_moves_what_the_condition_selects_and_lists_the_refused(case: Shell, sqlite_cast: Cast) -> None:
    numbers = _confirmed(sqlite_cast, 2)
    waiting = stand(sqlite_cast, "identification", "open").number
    code, answer = case("bulk", "file", "--select", "case.state == 'confirmed'", "--as", "qin")
    assert (code, answer) == (0, {"moved": 2, "refused": []})
    code, answer = case("bulk", "file", "--select", "present(case.opened_at)", "--as", "qin")
    assert code == 1
    assert answer["moved"] == 0
    assert sorted(one["case"] for one in answer["refused"]) == sorted([*numbers, waiting])
    assert {one["code"] for one in answer["refused"]} == {"not_from_here"}
    assert {frozenset(one) for one in answer["refused"]} == {frozenset({"case", "code", "message"})}


def test_the_same_bulk_request_moves_once(case: Shell, sqlite_cast: Cast) -> None:
    _confirmed(sqlite_cast, 2)
    words = ("bulk", "file", "--select", "present(case.opened_at)", "--as", "qin", "--key", "once")
    assert case(*words) == case(*words) == (0, {"moved": 2, "refused": []})


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("bulk", "file", "--select", "case.stat == 'open'", "--as", "qin"), 2),
        (("bulk", "nothing", "--select", "present(case.opened_at)", "--as", "qin"), 2),
        (("bulk", "withdraw", "--select", "present(case.opened_at)", "--as", "qin"), 2),  # of two workflows
        (("bulk", "file", "--select", "present(case.opened_at)", "--as", "nemo"), 2),
        (("bulk", "complete", "--select", "present(case.opened_at)", "--as", "zhou"), 1),  # a form of its own each
    ],
)
def test_a_bulk_call_that_cannot_be_is_refused(
    case: Shell, sqlite_cast: Cast, words: tuple[str, ...], code: int
) -> None:
    _confirmed(sqlite_cast, 1)
    assert case(*words)[0] == code


def test_nothing_selected_is_no_fault(case: Shell, sqlite_cast: Cast) -> None:
    _confirmed(sqlite_cast, 1)
    assert case("bulk", "file", "--select", "case.overdue", "--as", "qin") == (0, {"moved": 0, "refused": []})
