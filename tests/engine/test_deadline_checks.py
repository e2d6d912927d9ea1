"""What publishing refuses of deadlines and limits, each with the exact place in the file; « marks that place."""

from __future__ import annotations

import pytest

from tests.engine.test_publish_checks import WORKFLOW, edited, found
from workflows.engine.catalogue import Catalogue, standard_catalogue
from workflows.engine.definition import Form, Workflow, canonical
from workflows.engine.loader import load_pack, read_definition

TOLD = """\
form: told
title: {zh: 告知登记}
fields:
  - {key: told_at, type: datetime, label: {zh: 告知时刻}, max: today, required: true}
  - {key: whom, type: text, label: {zh: 告知谁}}
"""
LIMITED = (
    edited(
        WORKFLOW,
        ("pay: {from: review,", "tell: {from: any, to: review, by: [office], form: told}\n  pay: {from: review,"),
    )
    + """\
limits:
  guardian:
    label: {zh: 告知监护人, en: The guardian is told}
    after: 30 minutes
    since: case.told_at
    when: present(case.care_situation)
    met: tell
    met_at: case.told_at
    at: [{80%: remind}, {100%: urge}, {150%: assign office@township}]
    pause: [holidays]
"""
)


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    told = read_definition(TOLD, "told.yaml").definition
    assert isinstance(told, Form)
    return standard_catalogue({**load_pack().forms, "told": told})


def test_a_limit_is_read_as_written_and_written_as_read(catalogue: Catalogue) -> None:
    problems, _place, loaded = found("«" + LIMITED, catalogue)
    assert problems == []
    assert isinstance(loaded.definition, Workflow)
    limit = loaded.definition.limits["guardian"]
    assert (str(limit.after), limit.met, limit.met_at) == ("30 minutes", ("tell",), "case.told_at")
    assert [(step.percent, step.action) for step in limit.steps()] == [(80, "remind"), (100, "urge"), (150, "assign")]
    assert '"limits":{"guardian":{"after":"30 minutes"' in canonical(loaded.definition)


def test_the_moment_it_is_due_is_a_step_where_the_ladder_has_none(catalogue: Catalogue) -> None:
    _problems, _place, loaded = found("«" + edited(LIMITED, ("{100%: urge}, ", "")), catalogue)
    assert isinstance(loaded.definition, Workflow)
    steps = loaded.definition.limits["guardian"].steps()
    assert [(step.percent, step.action) for step in steps] == [(80, "remind"), (100, "miss"), (150, "assign")]


@pytest.mark.parametrize(
    ("sound", "broken", "code"),
    [
        ("since: case.told_at", "since: «case.told_ad", "unknown_field"),
        ("since: case.told_at", "since: «case.whom", "not_a_moment"),
        ("when: present(case.care_situation)", "when: present(«case.mood)", "unknown_name"),
        ("when: present(case.care_situation)", "when: «1 == 1", "constant_condition"),
        ("met: tell", "met: «sell", "unknown_transition"),
        ("met: tell", "met: [tell, «sell]", "unknown_transition"),
        ("met_at: case.told_at", "met_at: «case.whom", "not_a_moment"),
        ("met: tell\n    met_at: case.told_at", "met: submit\n    met_at: «case.told_at", "not_asked"),
        ("{80%: remind}, {100%: urge},", "{100%: remind}, «{80%: urge},", "ladder_not_rising"),
        ("{80%: remind}, {100%: urge},", "{100%: remind}, «{100%: urge},", "ladder_not_rising"),
        ("assign office@township", "«assign clerk@township", "unknown_role"),
        ("after: 30 minutes", "after: «11 years", "bad_span"),
        ("after: 30 minutes", "after: «99999 hours", "span_too_long"),
        ("after: 30 minutes", "after: «130 months", "span_too_long"),
        ("pause: [holidays]", "pause: [«summers]", "bad_value"),
        (
            "{label: {zh: 已发放}, kind: end}",
            "{label: {zh: 已发放}, kind: end, «deadline: {after: 2 days}}",
            "misplaced",
        ),
    ],
)
def test_what_is_wrong_with_time_is_told_at_its_place(catalogue: Catalogue, sound: str, broken: str, code: str) -> None:
    problems, place, _loaded = found(edited(LIMITED, (sound, broken)), catalogue)
    assert problems == [(*place, code)]


@pytest.mark.parametrize("span", ["2 school hours", "1 school hour", "3 school days", "60 minutes", "520 weeks"])
def test_every_unit_of_time_can_be_written(catalogue: Catalogue, span: str) -> None:
    assert found("«" + edited(LIMITED, ("30 minutes", span)), catalogue)[0] == []
