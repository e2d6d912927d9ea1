"""What a definition may say of paper, and what is refused."""

from __future__ import annotations

from textwrap import indent

import pytest

from workflows.engine.catalogue import standard_catalogue
from workflows.engine.definition import Option
from workflows.engine.loader import load_definition, load_pack, read_definition
from workflows.engine.vocabulary import Label

COMMENDATION = load_pack().texts[("workflow", "commendation")]
TALK = load_pack().texts[("form", "talk")]


def problems(parts: str, facts: str = "[]") -> list[str]:
    papers = f"papers:\n  sheet:\n    title: {{zh: 表}}\n    facts: {facts}\n    parts:\n{indent(parts, '      ')}\n"
    catalogue = standard_catalogue(load_pack().forms)
    return [problem.code for problem in load_definition(COMMENDATION + papers, "x.yaml", catalogue).problems]


@pytest.mark.parametrize(
    "part", ["{form: nomination, each: true}", "{fields: [merit]}", "{says: [{zh: 公示}]}", "{trail: true}"]
)
def test_a_part_prints_a_form_answers_wording_or_the_trail(part: str) -> None:
    assert problems(f"- {part}") == []


@pytest.mark.parametrize(
    ("part", "code"),
    [
        ("{title: {zh: 空}}", "bad_paper_part"),
        ("{form: nomination, trail: true}", "bad_paper_part"),
        ("{form: talk}", "unknown_form"),
        ("{fields: [merits]}", "unknown_field"),
        ("{trail: true, each: true}", "misplaced"),
        ("{trail: true, blank: true}", "misplaced"),
    ],
)
def test_a_part_that_could_print_nothing_right_is_refused(part: str, code: str) -> None:
    assert problems(f"- {part}") == [code]


def test_facts_on_top_are_answers_or_facts_of_the_subject() -> None:
    assert problems("- {trail: true}", "[merit, child.student_number, guardian.phone]") == []
    assert problems("- {trail: true}", "[merits]") == ["unknown_field"]
    assert problems("- {trail: true}", "[guardian.shoe_size]") == ["unknown_field"]


def test_a_paper_without_parts_is_refused() -> None:
    written = COMMENDATION + "papers:\n  sheet: {title: {zh: 表}, parts: []}\n"
    assert read_definition(written, "x.yaml").problems != ()


def test_a_card_names_roles_that_exist() -> None:
    catalogue = standard_catalogue(load_pack().forms)
    written = TALK + "card: {numbers: [class_teacher, janitor]}\n"
    assert [problem.code for problem in load_definition(written, "x.yaml", catalogue).problems] == ["unknown_role"]


def test_a_duty_is_said_with_how_often_it_is_due() -> None:
    talk = Label(zh="谈心", en="Talk")
    duty = Option(value="talk", label=talk, often=Label(zh="每月一次", en="once a month"))
    assert (duty.said.zh, duty.said.en) == ("谈心（每月一次）", "Talk (once a month)")
    assert Option(value="talk", label=talk).said == talk
    chinese = Option(value="talk", label=Label(zh="谈心"), often=Label(zh="每月一次", en="once a month"))
    assert chinese.said.say("en") == "谈心（每月一次）"
