"""What a form says of several answers together: computed values, rules, and the same row by row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.engine.definition import Form, canonical
from workflows.engine.expression import Offer
from workflows.engine.expression.tree import NUMBER
from workflows.engine.form import FormValidator, FormVerdict, compile_form
from workflows.engine.loader import load_pack, read_definition
from workflows.engine.vocabulary import Label

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
FACTS = {"place.children": Offer(NUMBER, Label(zh="在册儿童"))}
PURCHASE = """\
form: purchase
title: {zh: 采购}
knows:
  - {key: allowed, type: number}
fields:
  - {key: bought_on, type: date, label: {zh: 日期}}
  - {key: used_on, type: date, label: {zh: 启用}, visible_when: present(bought_on)}
  - {key: why, type: text, label: {zh: 理由}, required_when: size == 'large'}
  - key: items
    type: rows
    most: 3
    label: {zh: 明细}
    columns:
      - {key: what, type: text, label: {zh: 品名}, required: true}
      - {key: price, type: number, label: {zh: 单价}}
      - {key: count, type: integer, label: {zh: 数量}, required_when: present(price)}
      - {key: from_whom, type: text, label: {zh: 供货人}, visible_when: price > 50, required_when: cost > 500}
      - {key: cost, type: number, label: {zh: 金额}, value: price * count}
    rules:
      - {must: price > 0, text: {zh: 单价应大于零}, at: price}
      - {must: what != why, text: {zh: 品名不能写在理由里}, at: what}
  - {key: total, type: number, label: {zh: 合计}, value: sum(items.cost)}
  - {key: each, type: integer, label: {zh: 人均}, value: total / place.children}
  - key: size
    type: choice
    label: {zh: 规模}
    value: "choose(total > 100, 'large', 'small')"
    options: [{value: large, label: {zh: 大}}, {value: small, label: {zh: 小}}]
  - {key: ready_on, type: date, label: {zh: 到货}, value: bought_on + 7}
  - {key: early, type: yes_no, label: {zh: 提前}, value: used_on < ready_on}
rules:
  - {must: used_on >= bought_on, text: {zh: 启用不能早于购买, en: Not before}, at: used_on}
  - {must: total <= case.allowed, text: {zh: 超出批准的金额}, at: [total, items]}
  - {must: all_different(items.what), text: {zh: 品名不能重复}, at: items}
"""


@pytest.fixture(scope="module")
def purchase() -> FormValidator:
    definition = read_definition(PURCHASE, "purchase.yaml").definition
    assert isinstance(definition, Form)
    return compile_form(definition, facts=FACTS)


def faults(verdict: FormVerdict) -> dict[str, str]:
    return {key: str(fault) for key, fault in verdict.faults.items()}


def row(what: str, price: object = "", count: object = "", **more: object) -> dict[str, object]:
    return {"what": what, "price": price, "count": count, **more}


def test_values_are_computed_whatever_was_sent_for_them(purchase: FormValidator) -> None:
    typed = {
        "bought_on": "2026-11-02",
        "used_on": "2026-11-05",
        "items": [row("书", "12.50", "4", cost="1"), row("笔", "0.5", "3")],
        "total": "999999",
        "size": "large",
        "early": "false",
    }
    verdict = purchase.check(typed, {"place.children": 2, "total": 7, "items.cost": [1]}, now=NOW)
    assert faults(verdict) == {}
    assert verdict.values["items"] == [
        {"what": "书", "price": Decimal("12.50"), "count": 4, "cost": Decimal(50)},
        {"what": "笔", "price": Decimal("0.5"), "count": 3, "cost": Decimal("1.5")},
    ]
    computed = {key: verdict.values.get(key) for key in ("total", "each", "size", "ready_on", "early")}
    assert computed == {
        "total": Decimal("51.5"), "each": None, "size": "small", "ready_on": date(2026, 11, 9), "early": True,
    }  # fmt: skip
    assert verdict.stored()["total"] == "51.5"
    assert verdict.stored()["items"][0]["cost"] == "50"
    assert verdict.computed["items-0-cost"] == Decimal(50)


def test_a_value_is_missing_where_it_would_be_no_answer(purchase: FormValidator) -> None:
    whole = purchase.check({"items": [row("书", "10", "4")]}, {"place.children": 2}, now=NOW)
    assert (whole.values["total"], whole.values["each"]) == (Decimal(40), 20)
    assert type(whole.values["each"]) is int
    nothing = purchase.check({}, {"place.children": 2}, now=NOW)
    assert set(nothing.values) == {"size", "early"}, "nothing bought is small, and nothing is not earlier than nothing"
    assert nothing.computed["total"] is None


def test_other_questions_see_what_was_computed(purchase: FormValidator) -> None:
    verdict = purchase.check({"items": [row("书", "60", "2", from_whom="书店")]}, {}, now=NOW)
    assert faults(verdict) == {"why": "请填写"}
    assert verdict.values["size"] == "large"


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"bought_on": "2026-11-02", "used_on": "2026-11-01"}, {"used_on": "启用不能早于购买"}),
        ({"bought_on": "2026-11-02", "used_on": ""}, {}),
        ({"bought_on": "2026-11-02", "used_on": "昨天"}, {"used_on": "日期“昨天”无法识别，请写成 2019-04-05"}),
        ({"bought_on": "", "used_on": "2026-11-01"}, {}),
        ({"items": [row("书", "1", "1"), row("书")]}, {"items": "品名不能重复"}),
        ({"items": [row("书", "0", "1"), row("笔", "-1", "1")]},
         {"items-0-price": "单价应大于零", "items-1-price": "单价应大于零"}),
        ({"items": [row("书", "二", "1")]}, {"items-0-price": "“二”不是数字"}),
        ({"items": [row("书", "3")]}, {"items-0-count": "请填写"}),
        ({"items": [row("书", "3", "5")]}, {"total": "超出批准的金额", "items": "超出批准的金额"}),
        ({"items": [row("书", "1", "1")], "why": "书"}, {"items-0-what": "品名不能写在理由里"}),
        ({"items": [row("书", "51", "10", from_whom="")], "why": "要"},
         {"items-0-from_whom": "请填写", "total": "超出批准的金额", "items": "超出批准的金额"}),
    ],
)  # fmt: skip
def test_a_broken_rule_is_told_at_its_fields(
    purchase: FormValidator, typed: dict[str, Any], said: dict[str, str]
) -> None:
    assert faults(purchase.check(typed, {"case.allowed": 10}, now=NOW)) == said


def test_what_the_case_does_not_know_refuses_nothing(purchase: FormValidator) -> None:
    typed = {"items": [row("书", "3", "5")]}
    for known in ({}, {"case.allowed": None}, {"case.allowed": "十"}):
        assert purchase.check(typed, known, now=NOW).is_accepted


def test_a_column_that_is_not_asked_for_has_no_answer(purchase: FormValidator) -> None:
    verdict = purchase.check({"items": [row("书", "5", "1", from_whom="书店")]}, {}, now=NOW)
    assert verdict.values["items"] == [{"what": "书", "price": Decimal(5), "count": 1, "cost": Decimal(5)}]
    assert "items-0-from_whom" not in verdict.visible
    assert {"items-0-what", "items-0-count"} <= verdict.required


def test_a_rule_speaks_the_readers_language(purchase: FormValidator) -> None:
    fault = purchase.check({"bought_on": "2026-11-02", "used_on": "2026-11-01"}, {}, now=NOW).faults["used_on"]
    assert isinstance(fault, Label)
    assert fault.say("en") == "Not before"


def test_a_row_in_which_only_computed_columns_were_sent_is_blank(purchase: FormValidator) -> None:
    assert "items" not in purchase.check({"items": [{"cost": "7"}]}, {}, now=NOW).values


def test_the_form_knows_which_facts_it_reads(purchase: FormValidator) -> None:
    assert purchase.names == {"case.allowed", "place.children"}
    assert purchase.computes
    assert purchase.judges


def test_a_published_form_of_counted_answers_is_read_as_one_of_computed_ones() -> None:
    once, now = (
        read_definition(
            f"form: f\ntitle: {{zh: 表}}\nfields:\n  - {{key: n, type: integer, label: {{zh: 数}}, {words}}}\n",
            "f.yaml",
        ).definition
        for words in ("prefill: evidence.talks, counted: true", "value: evidence.talks")
    )
    assert isinstance(once, Form)
    assert isinstance(now, Form)
    assert once.fields[0].fact == "evidence.talks"
    assert canonical(once) == canonical(now)


cells = st.none() | st.text(max_size=5) | st.sampled_from(["1", "-3", "9" * 19, "2026-11-01", "书", 5, True, ["a"], {}])
rows = st.lists(
    st.dictionaries(st.sampled_from(["what", "price", "count", "from_whom", "cost", "x"]), cells), max_size=4
)
anything = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("bought_on", "used_on", "why", "total", "size"), cells) | {"items": rows | cells}
)


@settings(max_examples=300, deadline=None)
@given(anything, st.dictionaries(st.sampled_from(["case.allowed", "place.children", "total", "items.cost"]), cells))
def test_no_answer_and_no_fact_makes_rules_or_values_fail(
    purchase: FormValidator, typed: dict[str, Any], facts: dict[str, Any]
) -> None:
    verdict = purchase.check(typed, facts, now=NOW)
    again = purchase.check({key: one for key, one in typed.items() if key not in ("total", "size")}, facts, now=NOW)
    assert (verdict.values, faults(verdict)) == (again.values, faults(again)), "what is sent for a value counts nothing"
    verdict.stored()


def test_the_rules_of_the_pack_refuse_what_they_name() -> None:
    forms = load_pack().forms
    sheet = compile_form(forms["inspection_sheet"])
    item = {"item": "建档", "weight": "60", "score": "61", "found": "缺"}
    verdict = sheet.check({"items": [item, item | {"score": "30"}]}, {}, now=NOW)
    assert faults(verdict) == {"items-0-score": "得分不能超过分值", "items": "各项分值合计不能超过 100"}
    fine = sheet.check({"items": [item | {"score": "55.5"}, item | {"weight": "40", "score": "30"}]}, {}, now=NOW)
    assert (faults(fine), fine.values["score"]) == ({}, Decimal("85.5"))
    back = compile_form(forms["absence_returned"])
    typed = {"returned_on": "2026-11-10", "returned_how": "alone", "returned_help": "补课"}
    late = back.check(typed, {"case.absent_since": date(2026, 11, 11)}, now=NOW)
    assert faults(late) == {"returned_on": "返校日期不能早于未到校的日期"}
    assert back.check(typed, {}, now=NOW).is_accepted
