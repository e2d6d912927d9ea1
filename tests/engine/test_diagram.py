"""The picture of a workflow: everything on it, nothing on top of anything, the path lit by more than colour."""

from __future__ import annotations

import re
from itertools import combinations, pairwise
from xml.etree import ElementTree

import pytest

from workflows.engine.definition import Workflow
from workflows.engine.diagram import Move, draw, outline
from workflows.engine.layout import BOX_WIDTH, Edge, Plan, layers, plan
from workflows.engine.loader import load_pack

MOVES = [Move("open", "complete", "confirmed"), Move("confirmed", "send_back", "returned")]
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def identification() -> Workflow:
    return load_pack().workflows["identification"]


def test_it_shows_every_state_and_every_way(identification: Workflow) -> None:
    picture = ElementTree.fromstring(draw(identification))
    words = [node.text for node in picture.iter(f"{SVG}text")]
    for state in identification.states.values():
        assert state.label.zh in words
    drawn = sum(len(identification.sources(key)) for key in identification.transitions)
    assert len(picture.findall(f".//{SVG}path[@class='diagram-line']")) == drawn
    assert words.count("不再留守") == 3


def test_the_present_state_and_the_path_are_marked_by_class_and_by_word(identification: Workflow) -> None:
    picture = ElementTree.fromstring(draw(identification, current="returned", moves=MOVES))
    current = [g for g in picture.iter(f"{SVG}g") if "is-current" in g.get("class", "")]
    assert ["".join(g.itertext()) for g in current] == ["退回补正● 当前"]
    visited = [g for g in picture.iter(f"{SVG}g") if "is-visited" in g.get("class", "")]
    assert ["".join(g.itertext()) for g in visited] == ["待完善开始 · ✓ 已办", "待归档审核✓ 已办"]
    assert len([g for g in picture.iter(f"{SVG}g") if "is-taken" in g.get("class", "")]) == 2
    assert picture.findtext(f"{SVG}title") == "摸底排查建档 · 当前: 退回补正"
    assert picture.get("role") == "img"


def test_it_carries_no_style_script_or_handler(identification: Workflow) -> None:
    picture = draw(identification, current="open")
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|href", picture)


def test_labels_of_an_office_are_text_and_never_markup() -> None:
    definition = sample({"go": {"from": "a", "to": "z", "by": "office", "label": {"zh": '<script>"&'}}})
    picture = draw(definition)
    assert "<script" not in picture
    assert '<script>"&' in "".join(ElementTree.fromstring(picture).itertext())


def test_it_speaks_english_where_there_is_english(identification: Workflow) -> None:
    words = "".join(ElementTree.fromstring(draw(identification, language="en")).itertext())
    assert "Send back" in words
    assert "退回" not in words


def test_a_return_to_any_visited_state_is_written_under_the_box() -> None:
    definition = sample(
        {
            "go": {"from": "a", "to": "z", "by": "office"},
            "back": {"from": "a", "to": "any_visited", "by": "office", "label": {"zh": "驳回"}},
        }
    )
    assert "↩ 驳回 → 任一已办环节" in draw(definition)


def test_a_draft_with_loose_ends_is_still_drawn() -> None:
    definition = sample({"go": {"from": ["a", "gone"], "to": "nowhere", "by": "office"}}, start=False)
    assert ElementTree.fromstring(draw(definition)).tag == f"{SVG}svg"


def test_the_list_says_what_the_picture_shows(identification: Workflow) -> None:
    steps = {step.state: step for step in outline(identification, current="returned", moves=MOVES)}
    assert list(steps) == list(identification.states)
    assert steps["returned"].is_current
    assert not steps["returned"].is_visited
    assert steps["open"].is_visited
    assert not steps["filed"].is_visited
    assert [(w.label, w.target) for w in steps["confirmed"].ways] == [
        ("归档", "已建档"),
        ("退回补正", "退回补正"),
        ("不再留守", "已移出"),
        ("本学期未完成", "未完成"),
    ]


SHAPES = {
    "line": ("abc", ["ab", "bc"]),
    "skip": ("abcd", ["ab", "bc", "cd", "ad", "ac", "bd"]),
    "back": ("abcd", ["ab", "bc", "cd", "ca", "db", "da"]),
    "split": ("abcde", ["ab", "ac", "ad", "be", "ce", "de", "ba"]),
    "self": ("ab", ["aa", "ab", "bb"]),
    "double": ("ab", ["ab", "ab", "ba"]),
    "apart": ("abcd", ["ab", "cd", "dc"]),
}


def shape(name: str) -> Plan:
    states, ways = SHAPES[name]
    return plan(list(states), "a", [Edge(f"{i}", way[0], way[1], 60) for i, way in enumerate(ways)])


@pytest.mark.parametrize("name", list(SHAPES))
def test_no_box_lies_on_another_and_all_is_inside(name: str) -> None:
    plane = shape(name)
    for one, other in combinations(plane.boxes.values(), 2):
        apart = abs(one.x - other.x) >= BOX_WIDTH or abs(one.y - other.y) >= one.height
        assert apart
    for x, y in [(b.x + BOX_WIDTH, b.y + b.height) for b in plane.boxes.values()]:
        assert x <= plane.width
        assert y <= plane.height
    for line in plane.lines:
        assert all(0 <= x <= plane.width and 0 <= y <= plane.height for x, y in line.points)


@pytest.mark.parametrize("name", list(SHAPES))
def test_no_line_runs_through_a_box_or_along_another_line(name: str) -> None:
    plane = shape(name)
    pieces = [(line.edge.key, *sorted(pair)) for line in plane.lines for pair in pairwise(line.points)]
    for _, (x1, y1), (x2, y2) in pieces:
        assert x1 == x2 or y1 == y2
        for box in plane.boxes.values():
            assert not (x1 < box.x + BOX_WIDTH and x2 > box.x and y1 < box.y + box.height and y2 > box.y)
    for (one, (ax1, ay1), (ax2, ay2)), (other, (bx1, by1), (bx2, by2)) in combinations(pieces, 2):
        if one == other:
            continue
        along = ax1 == ax2 == bx1 == bx2 and min(ay2, by2) > max(ay1, by1)
        level = ay1 == ay2 == by1 == by2 and min(ax2, bx2) > max(ax1, bx1)
        assert not along
        assert not level


@pytest.mark.parametrize("name", list(SHAPES))
def test_no_label_lies_on_another(name: str) -> None:
    places = [line.label_at for line in shape(name).lines]
    for (x1, y1), (x2, y2) in combinations(places, 2):
        assert abs(x1 - x2) >= 60 or abs(y1 - y2) >= 18


def test_layers_follow_the_longest_way_and_pass_over_ways_back() -> None:
    edges = [Edge(way, way[0], way[1], 0) for way in ("ab", "bc", "ac", "ca", "cd")]
    assert layers(list("abcd"), "a", edges) == {"a": 0, "b": 1, "c": 2, "d": 3}


def sample(transitions: dict[str, object], *, start: bool = True) -> Workflow:
    states = {"a": {"label": {"zh": "甲"}, "kind": "start" if start else "normal"}, "z": {"label": {"zh": "末"}}}
    return Workflow.model_validate(
        {
            "workflow": "sample",
            "title": {"zh": "样例"},
            "prefix": "ZZ",
            "subject": "child",
            "open": {"by": ["office"]},
            "states": states,
            "transitions": transitions,
        }
    )
