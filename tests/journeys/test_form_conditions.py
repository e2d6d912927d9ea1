"""The page asks, computes and refuses as the server does: every operator, every type of answer, row by row."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from datetime import UTC, date, datetime
from decimal import Decimal
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
from workflows.engine.form import ConditionLoop, FormValidator, compile_form
from workflows.engine.page_conditions import page_conditions
from workflows.engine.vocabulary import Label, Protection

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
WORD = {"zh": "字"}
OPTIONS = [{"value": value, "label": {"zh": value}} for value in ("甲", "乙", "丙")]
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
    {
        "key": "items",
        "type": "rows",
        "most": 3,
        "columns": [
            {"key": "what", "type": "text", "label": WORD},
            {"key": "cost", "type": "number", "label": WORD, "max": 90},
            {"key": "bought", "type": "date", "label": WORD},
            {"key": "sort", "type": "choice", "label": WORD, "options": OPTIONS},
        ],
    },
    {"key": "talks", "type": "integer", "value": "evidence.talks"},
    {"key": "phone", "type": "phone"},
]
FACTS = {
    "child.age": Offer(NUMBER, Label(zh="年龄")),
    "child.since": Offer(DATE, Label(zh="自")),
    "child.poor": Offer(YES_NO, Label(zh="困难")),
    "child.grade": Offer(TEXT, Label(zh="年级")),
    "child.health": Offer(TEXT, Label(zh="健康"), Protection.P3),
    "child.gone": Offer(NUMBER, Label(zh="没有")),
    "evidence.talks": Offer(NUMBER, Label(zh="谈心"), Protection.P0),
}
KNOWN = {"child.age": 9, "child.since": date(2026, 3, 1), "child.poor": True, "evidence.talks": 3, "child.health": "好"}

texts = st.sampled_from(
    ["line", "story", "lower(line)", "child.grade", "coalesce(kind, line)", "coalesce(line, '甲')", "'甲'", "'ab'"]
)
numbers = st.recursive(
    st.sampled_from(
        ["amount", "times", "talks", "child.age", "len(line)", "len(many)", "len(whole)", "len(story)",
         "len(photos)", "len(items)", "month(on)", "sum(items.cost)", "max(items.cost)", "len(items.what)",
         "child.gone",
         "age(on)", "days_since(on)", "days_until(on)", "on - child.since", "0", "1", "3", "0.1", "12.5", "-7"]
    ),
    lambda deeper: st.one_of(
        st.tuples(deeper, st.sampled_from("+-*/"), deeper).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        deeper.map(lambda n: f"round({n})"),
        st.tuples(st.sampled_from(["yes", "present(on)", "amount > 3"]), deeper, deeper).map(
            lambda p: f"choose({p[0]}, {p[1]}, {p[2]})"
        ),
        st.tuples(deeper, deeper).map(lambda p: f"coalesce({p[0]}, {p[1]})"),
        st.tuples(st.sampled_from(["sum", "min", "max"]), deeper, deeper).map(lambda p: f"{p[0]}(({p[1]}, {p[2]}))"),
    ),
    max_leaves=4,
)  # fmt: skip
dates = st.sampled_from(
    [
        "on",
        "child.since",
        "today()",
        "on + 3",
        "on - amount",
        "child.since + times",
        "'2026-03-01'",
        "min(items.bought)",
    ]
)
bare = st.sampled_from(
    ["yes", "child.poor", "contains(line, 'a')", "starts_with(story, '甲')", "all_different(items.what)",
     "all_different(many)", "all_different((amount > 1, times > 1))"]
)  # fmt: skip
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
    st.tuples(numbers, among, st.just("(amount, child.gone, child.age)")).map(" ".join),
    st.tuples(st.sampled_from(["'甲'", "line"]), among, st.just("items.what")).map(" ".join),
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
rows = st.fixed_dictionaries(
    {},
    optional={
        "what": st.sampled_from(["", " ", "书", "笔", "x" * 201]),
        "cost": st.sampled_from(["", "0", "3", "12.5", "90.01", "x", "-1"]),
        "bought": st.sampled_from(["", "2026-03-01", "2026-11-20", "2026-02-30"]),
        "sort": st.sampled_from(["", "甲", "丙", "丁"]),
        "made": st.sampled_from(["", "字"]),
        "last": st.sampled_from(["", "字"]),
    },
)
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
        "items": st.lists(rows, max_size=4),
        "phone": st.sampled_from(["", "13800000000"]),
    },
)


of_a_row = st.recursive(
    st.sampled_from(
        ["cost > amount", "present(what)", "sort == kind", "bought <= on", "cost * 2 == 6", "what == line", "yes",
         "missing(cost)", "what == made0", "bought > child.since", "share > 3", "cost in (times, 3)",
         "what not in ('书', line)",
         "choose(yes, cost, amount) < 5", "coalesce(cost, times, child.gone) != 3", "today() - bought > talks"]
    ),
    lambda deeper: st.one_of(
        st.tuples(deeper, st.sampled_from(["and", "or"]), deeper).map(lambda p: f"({p[0]} {p[1]} {p[2]})"),
        deeper.map(lambda one: f"(not {one})"),
    ),
    max_leaves=4,
)  # fmt: skip


@dataclass
class Asked:
    """What a made form says: conditions, computed values by type, rules, and the same of each row."""

    visible: list[str]
    required: str = "yes"
    values: list[tuple[str, str]] = dataclass_field(default_factory=list)
    rules: list[tuple[str, str]] = dataclass_field(default_factory=list)
    columns: tuple[str, str, str] | None = None  # when `made` is asked, `last` required, and how `share` is reckoned
    row_rule: str | None = None


def computed(kind: str, written: str) -> dict[str, Any]:
    options = {"options": OPTIONS[:2]} if kind == "choice" else {}
    return {"type": kind, "label": WORD, "value": written, **options}


values = st.one_of(
    st.tuples(st.sampled_from(["number", "integer"]), numbers),
    st.tuples(st.just("date"), dates),
    st.tuples(st.just("yes_no"), conditions),
    st.tuples(st.just("text"), texts),
    conditions.map(lambda c: ("choice", f"choose({c}, '甲', '丙')")),
)
asked = st.builds(
    Asked,
    st.lists(conditions, min_size=1, max_size=3),
    conditions,
    st.lists(values, max_size=3),
    st.lists(st.tuples(conditions, st.sampled_from(["last", "made0", "amount", "items"])), max_size=3),
    st.none() | st.tuples(of_a_row, of_a_row, st.sampled_from(["cost / 3", "cost + amount", "round(times)", "amount"])),
    st.none() | of_a_row,
)


def form_with(made: Asked) -> FormValidator | None:
    """A form of all that, the later conditions below the first; None where one of them does not fit."""
    fields = [{**field, "label": WORD} for field in FIELDS]
    rows = next(field for field in fields if field["key"] == "items")
    if made.columns is not None:
        visible, required, share = made.columns
        more = [
            {"key": "share", **computed("number", share)},
            {"key": "made", "type": "text", "label": WORD, "visible_when": visible},
            {"key": "last", "type": "text", "label": WORD, "required_when": required},
        ]
        rows["columns"] = [*rows["columns"], *more]
    if made.row_rule is not None:
        rows["rules"] = [{"must": made.row_rule, "text": {"zh": "行内不合"}, "at": ["cost", "what"]}]
    fields += [{"key": f"sum{n}", **computed(*value)} for n, value in enumerate(made.values)]
    for n, condition in enumerate(made.visible):
        below = f"present(made0) or {condition}" if n == 1 else condition
        below = f"sum0 == sum0 and {below}" if n == 2 and made.values else below
        fields.append({"key": f"made{n}", "type": "text", "label": WORD, "visible_when": below})
    fields.append({"key": "last", "type": "text", "label": WORD, "required_when": made.required})
    rules = [{"must": must, "text": {"zh": f"不合{n}"}, "at": at} for n, (must, at) in enumerate(made.rules)]
    try:
        return compile_form(Form(form="made", title=WORD, fields=fields, rules=rules), facts=FACTS)
    except (ExpressionFault, ConditionLoop):
        return None


@pytest.fixture(scope="module")
def blank(chromium: Any) -> Page:
    """An empty page that holds the script under test."""
    page: Page = chromium.new_page()
    folder = Path(admin_app.__file__).parent / "static" / "js"
    script = (folder / "conditions.js").read_text(encoding="utf-8").replace("export function", "function")
    page.add_script_tag(content=f"{script}\nwindow.judgeForm = judge; window.inWords = inWords;")
    return page


def judged(page: Page, plan: dict[str, Any], typed: dict[str, Any]) -> dict[str, Any]:
    return judged_all(page, plan, [typed])[0]


def judged_all(page: Page, plan: dict[str, Any], several: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the page finds of several forms filled in, under the names by which the server tells of the same."""
    found: list[dict[str, Any]] = page.evaluate(
        """([plan, sent]) => sent.map((typed) => {
             const said = (found, fields) => Object.fromEntries(Object.entries(found.computed).map(([key, value]) =>
               [key, inWords(value, fields.find((one) => one.key === key), {none: null, yes: "yes", no: "no"})]));
             const all = judgeForm(plan, typed), result = {...all, computed: said(all, plan.fields), facts: null};
             for (const field of plan.fields.filter((one) => one.columns)) {
               const rows = all.rows[field.key] ?? [];
               if (rows.filter((row) => !row.isBlank).length > field.most) continue;
               rows.forEach((row, n) => {
                 const name = (key) => `${field.key}-${n}-${key}`;
                 if (row.isBlank) return;
                 result.visible.push(...row.visible.map(name));
                 result.required.push(...row.required.map(name));
                 for (const [key, value] of Object.entries(said(row, field.columns)))
                   result.computed[name(key)] = value;
                 result.broken.push(...row.broken.map((one) => ({...one, at: one.at.map(name)})));
               });
             }
             return {...result, rows: null};
           })""",
        [plan, several],
    )
    return found


def as_shown(value: object) -> object:
    """A computed value as the page writes it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, (int, Decimal)):
        return format(Decimal(value), "f")
    return value.isoformat() if isinstance(value, date) else value


def told_names(plan: dict[str, Any]) -> set[str]:
    columns = (field for field in plan["fields"] if "columns" in field)
    return {field["key"] for field in plan["fields"]} | {
        f"{field['key']}-{n}-{column['key']}" for field in columns for column in field["columns"] for n in range(4)
    }


@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(asked, st.lists(answers, min_size=4, max_size=8))
def test_the_page_judges_as_the_server_does(blank: Page, made: Asked, several: list[dict[str, Any]]) -> None:
    validator = form_with(made)
    assume(validator is not None)
    assert validator is not None
    plan = page_conditions(validator, KNOWN, now=NOW, sees="P2")
    assert plan is not None
    names = told_names(plan)
    for typed, found in zip(several, judged_all(blank, plan, several), strict=True):
        verdict = validator.check(typed, KNOWN, now=NOW)
        assert set(found["visible"]) == verdict.visible & names, (made, typed)
        assert set(found["required"]) == verdict.required & names, (made, typed)
        server = {key: as_shown(value) for key, value in verdict.computed.items() if key in names}
        assert found["computed"] == server, (made, typed)
        # Where an answer is refused by itself, that is told first.
        rules = {key for key, fault in verdict.faults.items() if isinstance(fault, Label)}
        broken = {key for one in found["broken"] for key in one["at"]}
        assert broken - (set(verdict.faults) - rules) == rules, (made, typed)
        firsts = {key: one["text"] for one in reversed(found["broken"]) for key in one["at"]}
        assert all(firsts[key] == str(verdict.faults[key]) for key in rules), (made, typed)


@pytest.mark.parametrize(
    ("must", "is_broken"),
    [
        ("amount <= times", False),
        ("not amount > times", False),
        ("amount <= times or yes", False),
        ("amount <= times and kind == '甲'", True),
        ("amount in (times, 3)", False),
        ("kind in ('甲', '丙')", True),
        ("choose(yes, amount > 50, False)", False),
        ("choose(kind == '乙', amount > 50, yes)", True),
        ("present(times)", True),
        ("coalesce(times, 0) > 3", True),
        ("sum((amount, times)) > 50", True),
        ("on <= child.since", False),
        ("child.gone > amount", False),
        ("child.gone > amount and child.age > 20", True),
    ],
)
def test_a_rule_refuses_only_what_is_certainly_wrong(blank: Page, must: str, is_broken: bool) -> None:
    typed = {"amount": "5", "kind": "乙", "on": "2026-02-30"}  # times and yes are left open, the day cannot be
    validator = form_with(Asked([], rules=[(must, "last")]))
    assert validator is not None
    plan = page_conditions(validator, KNOWN, now=NOW, sees="P2")
    assert plan is not None
    assert ("last" in validator.check(typed, KNOWN, now=NOW).faults) is is_broken
    assert bool(judged(blank, plan, typed)["broken"]) is is_broken


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
        ("len(items) == 1", {"items": [{"what": "书"}, {"what": ""}]}),
        ("len(items) == 2 and len(items.what) == 1", {"items": [{"cost": "x"}, {"what": "书", "cost": "3"}]}),
        ("sum(items.cost) == 15.5", {"items": [{"cost": "3"}, {"cost": "12.5"}, {"cost": "90.01"}]}),
        ("missing(sum(items.cost))", {"items": [{"cost": ""}]}),
        ("present(items)", {"items": [{"what": "书"}] * 4}),
        ("talks == 3", {}),
    ],
)
def test_answers_are_read_alike(blank: Page, condition: str, typed: dict[str, Any]) -> None:
    validator = form_with(Asked([condition]))
    assert validator is not None
    plan = page_conditions(validator, KNOWN, now=NOW, sees="P2")
    assert plan is not None
    asked = "made0" in validator.check(typed, KNOWN, now=NOW).visible
    assert ("made0" in judged(blank, plan, typed)["visible"]) is asked


@pytest.mark.parametrize(
    "condition",
    ["child.health == '好'", "child.health == line", "present(phone)", "present(kind) and child.health != line"],
)
def test_what_rests_on_more_than_the_person_sees_is_left_to_the_server(condition: str) -> None:
    fields = [{**field, "label": WORD} for field in FIELDS if field["key"] != "talks"]
    fields.append({"key": "last", "type": "text", "label": WORD, "visible_when": condition})
    fields.append({"key": "after", "type": "text", "label": WORD, "visible_when": "present(last)"})
    validator = compile_form(Form(form="made", title=WORD, fields=fields), facts=FACTS)
    assert page_conditions(validator, KNOWN, now=NOW, sees="P2") is None


def test_a_value_or_rule_that_the_person_may_not_see_the_grounds_of_is_left_to_the_server() -> None:
    fields = [
        {"key": "line", "type": "text", "label": WORD},
        {"key": "well", "type": "yes_no", "label": WORD, "value": "child.health == '好'"},
        {"key": "after", "type": "text", "label": WORD, "visible_when": "well"},
    ]
    rules = [
        {"must": "line == child.health", "text": WORD, "at": "line"},
        {"must": "line != 'x' or well", "text": WORD, "at": "line"},
        {"must": "line != 'y'", "text": WORD, "at": "after"},
    ]
    validator = compile_form(Form(form="made", title=WORD, fields=fields, rules=rules), facts=FACTS)
    assert page_conditions(validator, KNOWN, now=NOW, sees="P2") is None
    plan = page_conditions(validator, KNOWN, now=NOW, sees="P3")
    assert plan is not None
    assert plan["fields"][1]["value"] == ["value", True]
    assert len(plan["rules"]) == 3


def test_only_what_conditions_read_goes_to_the_page() -> None:
    fields = [{**field, "label": WORD} for field in FIELDS if field["key"] != "talks"]
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
