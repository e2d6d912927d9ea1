"""Questions of a form appear and vanish on the page as the server judges them: every operator, every type of answer."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from playwright.sync_api import Page

import admin_app
from tests.journeys.conftest import At
from workflows.engine.definition import Form
from workflows.engine.expression import ExpressionFault, Offer
from workflows.engine.expression.tree import DATE, NUMBER, TEXT, YES_NO
from workflows.engine.form import FormValidator, compile_form
from workflows.engine.page_conditions import page_conditions
from workflows.engine.vocabulary import Label, Protection

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
WORD = {"zh": "字"}
OPTIONS = [{"value": value, "label": WORD} for value in ("甲", "乙", "丙")]
FIELDS: list[dict[str, Any]] = [
    {"key": "line", "type": "text", "max_length": 6},
    {"key": "story", "type": "long_text", "max_length": 12},
    {"key": "amount", "type": "number", "min": -50, "max": 50},
    {"key": "times", "type": "integer"},
    {"key": "on", "type": "date", "min": "2025-01-01", "max": "today"},
    {"key": "kind", "type": "choice", "options": OPTIONS},
    {"key": "many", "type": "multi_choice", "options": OPTIONS},
    {"key": "whole", "type": "multi_choice", "options": OPTIONS, "all_required": True},
    {"key": "yes", "type": "yes_no"},
    {"key": "photos", "type": "photo"},
    {"key": "items", "type": "rows", "most": 2, "columns": [{"key": "what", "type": "text", "label": WORD}]},
    {"key": "talks", "type": "integer", "prefill": "evidence.talks", "counted": True},
    {"key": "phone", "type": "phone"},
]
FACTS = {
    "child.age": Offer(NUMBER, Label(zh="年龄")),
    "child.since": Offer(DATE, Label(zh="自")),
    "child.poor": Offer(YES_NO, Label(zh="困难")),
    "child.grade": Offer(TEXT, Label(zh="年级")),
    "child.health": Offer(TEXT, Label(zh="健康"), Protection.P3),
}
KNOWN = {"child.age": 9, "child.since": date(2026, 3, 1), "child.poor": True, "evidence.talks": 3, "child.health": "好"}

texts = st.sampled_from(
    ["line", "story", "lower(line)", "child.grade", "coalesce(kind, line)", "coalesce(line, '甲')", "'甲'", "'ab'"]
)
numbers = st.recursive(
    st.sampled_from(
        ["amount", "times", "talks", "child.age", "len(line)", "len(many)", "len(whole)", "len(story)",
         "len(photos)", "len(items)", "month(on)",
         "age(on)", "days_since(on)", "days_until(on)", "on - child.since", "0", "1", "3", "0.1", "12.5", "-7"]
    ),
    lambda deeper: st.tuples(deeper, st.sampled_from("+-*/"), deeper).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
    max_leaves=4,
)  # fmt: skip
dates = st.sampled_from(
    ["on", "child.since", "today()", "on + 3", "on - amount", "child.since + times", "'2026-03-01'"]
)
bare = st.sampled_from(["yes", "child.poor", "contains(line, 'a')", "starts_with(story, '甲')"])
names = st.sampled_from([field["key"] for field in FIELDS if field["key"] != "phone"])
ordered = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
equal = st.sampled_from(["==", "!="])
among = st.sampled_from(["in", "not in"])
atoms = st.one_of(
    bare,
    st.tuples(numbers, ordered, numbers).map(" ".join),
    st.tuples(dates, ordered, dates).map(" ".join),
    st.tuples(texts, equal, texts).map(" ".join),
    st.tuples(st.sampled_from(["'甲'", "'丙'", "kind"]), among, st.just("many")).map(" ".join),
    st.tuples(texts, among, st.just("('甲', 'ab', '')")).map(" ".join),
    st.tuples(numbers, among, st.just("(1, 3, 0.1)")).map(" ".join),
    st.tuples(st.sampled_from(["present", "missing"]), names).map(lambda p: f"{p[0]}({p[1]})"),
)
conditions = st.recursive(
    atoms,
    lambda deeper: st.one_of(
        st.tuples(deeper, st.sampled_from(["and", "or"]), deeper).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        deeper.map(lambda one: f"(not {one})"),
    ),
    max_leaves=5,
)
lines = st.sampled_from(["", " ", "甲", "ab", "Ab ", "a\u200bb", "a  b", "too long a line", "😀😀", "İ"])
answers = st.fixed_dictionaries(
    {},
    optional={
        "line": lines,
        "story": lines | st.sampled_from(["甲\n乙", "甲 \n\n", "\u00ad", "甲\tb", "123456789012", "1234567890123"]),
        "amount": st.sampled_from(["", "0", "0.1", "-7", "12.50", "50", "50.01", "1e1", "3.", ".5", "9" * 19]),
        "times": st.sampled_from(["", "3", "-2", "3.0", "2.5", "999999999999999999", "1e19"]),
        "on": st.sampled_from(["", "2026-03-01", "2026-02-26", "2024-12-31", "2026-11-20", "2026-11-21", "2026-02-30"]),
        "kind": st.sampled_from(["", "甲", "乙", "丁"]),
        "many": st.lists(st.sampled_from(["甲", "乙", "丙", "丁", ""]), max_size=3, unique=True),
        "made0": st.sampled_from(["", "字"]),
        "whole": st.lists(st.sampled_from(["甲", "乙", "丙"]), max_size=3, unique=True),
        "yes": st.sampled_from(["", "true", "false", "是", "maybe"]),
        "photos": st.lists(st.sampled_from(["71", "72", "73"]), max_size=3, unique=True) | st.just(["7"] * 13),
        "items": st.lists(st.sampled_from(["", "书"]), max_size=4),
        "phone": st.sampled_from(["", "13800000000"]),
    },
)


def form_with(visible: list[str], required: str) -> FormValidator | None:
    """A form with a question for each condition, the later ones below the first; None where one does not fit."""
    fields = [{**field, "label": WORD} for field in FIELDS]
    for n, condition in enumerate(visible):
        below = f"present(made0) or {condition}" if n == 1 else condition
        fields.append({"key": f"made{n}", "type": "text", "label": WORD, "visible_when": below})
    fields.append({"key": "last", "type": "text", "label": WORD, "required_when": required})
    try:
        return compile_form(Form(form="made", title=WORD, fields=fields), facts=FACTS)
    except ExpressionFault:
        return None


@pytest.fixture(scope="module")
def blank(chromium: Any) -> Page:
    """An empty page that holds the script under test."""
    page: Page = chromium.new_page()
    folder = Path(admin_app.__file__).parent / "static" / "js"
    script = (folder / "conditions.js").read_text(encoding="utf-8").replace("export function", "function")
    page.add_script_tag(content=f"{script}\nwindow.judgeForm = judge;")
    return page


def judged(page: Page, plan: dict[str, Any], typed: dict[str, Any]) -> dict[str, list[str]]:
    return judged_all(page, plan, [typed])[0]


def judged_all(page: Page, plan: dict[str, Any], several: list[dict[str, Any]]) -> list[dict[str, list[str]]]:
    sent = [typed | {"items": [[what] for what in typed.get("items", [])]} for typed in several]
    found: list[dict[str, list[str]]] = page.evaluate(
        "([plan, sent]) => sent.map((typed) => judgeForm(plan, typed))", [plan, sent]
    )
    return found


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(conditions, min_size=2, max_size=6), conditions, st.lists(answers, min_size=4, max_size=8))
def test_the_page_asks_what_the_server_asks(
    blank: Page, visible: list[str], required: str, several: list[dict[str, Any]]
) -> None:
    validator = form_with(visible, required)
    assume(validator is not None)
    assert validator is not None
    plan = page_conditions(validator, KNOWN, now=NOW, sees="P2")
    assert plan is not None
    told = {field["key"] for field in plan["fields"]}
    for typed, found in zip(several, judged_all(blank, plan, several), strict=True):
        raw = typed | {"items": [{"what": what} for what in typed.get("items", [])]}
        verdict = validator.check(raw, KNOWN, now=NOW)
        assert set(found["visible"]) == verdict.visible & told, (visible, required, typed)
        assert set(found["required"]) == verdict.required & told, (visible, required, typed)


@pytest.mark.parametrize(
    ("condition", "typed"),
    [
        ("len(line) == 2", {"line": "😀😀"}),
        ("len(line) == 3", {"line": " a  b "}),
        ("line == 'a b'", {"line": "a\u200bb"}),
        ("present(line)", {"line": "1234567"}),
        ("story == '甲'", {"story": "甲 \u00ad\n\n"}),
        ("present(times)", {"times": "9" * 18}),
        ("present(times)", {"times": "9" * 19}),
        ("times == 3", {"times": "3.0"}),
        ("present(amount)", {"amount": "50.01"}),
        ("amount < 12.6", {"amount": "12.50"}),
        ("present(on)", {"on": "2026-02-30"}),
        ("present(on)", {"on": "2026-11-21"}),
        ("on - child.since == 0", {"on": "2026-03-01"}),
        ("present(whole)", {"whole": ["甲", "丙"]}),
        ("len(many) == 2", {"many": ["丙", "甲"]}),
        ("present(photos)", {"photos": ["7"] * 13}),
        ("present(items) and len(items) == 0", {"items": ["书", ""]}),
        ("present(items)", {"items": ["书", "本", "笔"]}),
        ("talks == 3", {}),
    ],
)
def test_answers_are_read_alike(blank: Page, condition: str, typed: dict[str, Any]) -> None:
    validator = form_with([condition], "yes")
    assert validator is not None
    plan = page_conditions(validator, KNOWN, now=NOW, sees="P2")
    assert plan is not None
    raw = typed | {"items": [{"what": what} for what in typed.get("items", [])]}
    asked = "made0" in validator.check(raw, KNOWN, now=NOW).visible
    assert ("made0" in judged(blank, plan, typed)["visible"]) is asked


@pytest.mark.parametrize(
    "condition",
    ["child.health == '好'", "child.health == line", "present(phone)", "present(kind) and child.health != line"],
)
def test_what_rests_on_more_than_the_person_sees_is_left_to_the_server(condition: str) -> None:
    fields = [{**field, "label": WORD} for field in FIELDS]
    fields.append({"key": "last", "type": "text", "label": WORD, "visible_when": condition})
    fields.append({"key": "after", "type": "text", "label": WORD, "visible_when": "present(last)"})
    validator = compile_form(Form(form="made", title=WORD, fields=fields), facts=FACTS)
    assert page_conditions(validator, KNOWN, now=NOW, sees="P2") is None


def test_only_what_conditions_read_goes_to_the_page() -> None:
    fields = [{**field, "label": WORD} for field in FIELDS]
    fields.append({"key": "last", "type": "text", "label": WORD, "visible_when": "kind == '甲' and child.age > 8"})
    validator = compile_form(Form(form="made", title=WORD, fields=fields), facts=FACTS)
    plan = page_conditions(validator, KNOWN, now=NOW, sees="P2")
    assert plan is not None
    assert [field["key"] for field in plan["fields"]] == ["kind", "last"]
    assert plan["fields"][1]["visible"] == [
        "and", ["compare", "==", ["name", "kind"], ["value", "甲"]], ["value", True],
    ]  # fmt: skip


def test_decimals_of_the_page_are_those_of_the_engine(blank: Page) -> None:
    half = "n / 2 * 0.000001"  # half a millionth, rounded away from zero
    exact = ("n / 3", "2 * n / 3 * 3", "n / 10 + 0.2", "n / 3 - 0.3333", "n / 7 * 999999999999", "-n / 3", "n / 0",
             "0 * n / 0", "999999999999 * n + 0.999999", "999999999999 * n + 1", "-5 * n / 999999999999",
             "n / 3 * n / 3", half, f"0 - {half}", f"{half} + {half}", "1000000 * n * 999999.999999")  # fmt: skip
    for written in exact:
        asked = {"key": "x", "type": "text", "label": WORD, "visible_when": f"{written} == {written.replace('n', '1')}"}
        form = Form(form="made", title=WORD, fields=[{"key": "n", "type": "number", "label": WORD}, asked])
        validator = compile_form(form)
        plan = page_conditions(validator, {}, now=NOW, sees="P0")
        assert plan is not None
        found = judged(blank, plan, {"n": "1"})["visible"]
        assert found == sorted(validator.check({"n": "1"}, {}, now=NOW).visible), written


def test_a_class_teacher_is_asked_for_the_helper_only_where_one_has_an_account(at_desk: At, site: Any) -> None:
    child = site.cast.add_child("ZX-2302", "陈一")
    with at_desk("zhou") as zhou:
        zhou.opens(f"/open/pairing/child/{child}")
        page = zhou.page
        helper, name = page.locator('[data-field="helper"]'), page.locator('[data-field="helper_name"]')
        assert not helper.is_visible()
        page.locator('[data-field="kind"]').get_by_text("帮扶教师", exact=True).click()
        helper.wait_for(state="visible")
        assert helper.locator(".required").is_visible()
        assert not name.is_visible()
        page.locator('[data-field="kind"]').get_by_text("志愿", exact=False).first.click()
        name.wait_for(state="visible")
        assert not helper.is_visible()
