"""A selection orders by its reasons as written: no weights, no points; what it may read and where its faults are."""

from __future__ import annotations

import pytest

from workflows.engine.catalogue import Catalogue, standard_catalogue
from workflows.engine.loader import load_definition, load_pack
from workflows.engine.selection import Selection

SOUND = """\
selection: sample
title: {zh: 样例}
by: [class_teacher]
marks: focus
at_least: 1
at_most: 2
among: child.status == 'on_file'
counted_for: 90 days
reasons:
  - {key: alone, when: missing(guardian.name), says: {zh: 无人监护}}
  - {key: quiet, when: evidence.talks == 0, says: {zh: 没有谈心}}
against:
  - {key: paired, when: evidence.pairings > 0, says: {zh: 已结对}}
lacks:
  - {key: proxy, when: evidence.proxy_parents == 0, says: {zh: 缺代理家长}}
"""


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return standard_catalogue(load_pack().forms)


def test_the_sample_is_sound(catalogue: Catalogue) -> None:
    loaded = load_definition(SOUND, "office.yaml", catalogue)
    assert loaded.problems == ()
    assert isinstance(loaded.definition, Selection)


def test_the_pack_says_how_focus_children_are_proposed() -> None:
    selection = load_pack().selections["focus_children"]
    assert (selection.at_least, selection.at_most, selection.by) == (4, 5, ("class_teacher", "office"))
    assert [ground.key for ground in selection.reasons][:3] == ["no_guardian", "high_risk", "single_or_orphan"]


@pytest.mark.parametrize(
    ("sound", "broken", "code"),
    [
        ("by: [class_teacher]", "by: [«uncle]", "unknown_role"),
        ("by: [class_teacher]", "by: «[]", "bad_size"),
        ("marks: focus", "marks: «gold", "bad_value"),
        ("at_least: 1", "at_least: «3", "bad_bound"),
        ("counted_for: 90 days", "counted_for: «90 minutes", "bad_span"),
        ("counted_for: 90 days", "counted_for: «soon", "bad_span"),
        ("evidence.talks == 0", "evidence.«talk == 0", "unknown_name"),
        ("evidence.talks == 0", "«evidence.open_cases == 0", "unknown_name"),
        ("evidence.talks == 0", "«child.health == 'x'", "unknown_name"),
        ("evidence.talks == 0", "missing(«guardian.phone)", "unknown_name"),
        ("evidence.talks == 0", "«case.overdue", "unknown_name"),
        ("key: quiet", "key: «alone", "duplicate_field"),
        ("key: paired", "key: «alone", "duplicate_field"),
        ("child.status == 'on_file'", "«1 < 2", "constant_condition"),
        ("at_most: 2", "at_most: 2\n«points: 7", "unknown_key"),
    ],
)
def test_it_points_at_what_is_wrong(sound: str, broken: str, code: str, catalogue: Catalogue) -> None:
    assert SOUND.count(sound) == 1
    marked = SOUND.replace(sound, broken)
    before = marked[: marked.index("«")]
    place = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    problems = load_definition(marked.replace("«", ""), "office.yaml", catalogue).problems
    found = [(problem.line, problem.column, problem.code) for problem in problems]
    assert (place[0], code) in [(line, told) for line, _column, told in found]
