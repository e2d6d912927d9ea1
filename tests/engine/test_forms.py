"""What a form accepts, mends and refuses; the same verdict for everyone who asks."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from workflows.engine.catalogue import standard_catalogue
from workflows.engine.definition import Form
from workflows.engine.form import ConditionLoop, FormValidator, FormVerdict, compile_form
from workflows.engine.loader import load_pack
from workflows.engine.vocabulary import Label
from workflows.values.identity_number import check_digit

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
FIRST_17 = "11010519491231002"  # the example number of the standard GB 11643
ID_NUMBER = FIRST_17 + check_digit(FIRST_17)


def form(*fields: dict[str, Any], **more: Any) -> FormValidator:
    """Make a validator of fields; every field gets a label."""
    full = [{"label": {"zh": one["key"]}, **one} for one in fields]
    definition = Form.model_validate({"form": "sample", "title": {"zh": "样表"}, "fields": full})
    return compile_form(definition, **more)


def verdict(field: dict[str, Any], raw: object, **more: Any) -> FormVerdict:
    at_hand = {"it": {str(2**62): Label(zh="秦老师")}}
    return form({"key": "it", **field}, **more).check({"it": raw}, {}, now=NOW, choices=at_hand)


OPTIONS = [{"value": "a", "label": {"zh": "甲"}}, {"value": "b", "label": {"zh": "乙", "en": "Bee"}}]


@pytest.mark.parametrize(
    ("field", "raw", "value"),
    [
        ({"type": "text"}, "  石桥  村\u200b ", "石桥 村"),
        ({"type": "text"}, ["石桥村"], "石桥村"),
        ({"type": "long_text"}, " 一\r\n\r\n二\x00\t三 \n", "一\n\n二 三"),
        ({"type": "date"}, "2026-09-01", date(2026, 9, 1)),
        ({"type": "date"}, date(2026, 9, 1), date(2026, 9, 1)),
        ({"type": "date", "max": "today"}, "2026-11-20", date(2026, 11, 20)),
        ({"type": "number"}, "1,234.50", Decimal("1234.50")),
        ({"type": "number"}, "１２．５", Decimal("12.5")),
        ({"type": "number"}, 0.1, Decimal("0.1")),
        ({"type": "integer", "min": 0, "max": 9}, "9.0", 9),
        ({"type": "choice", "options": OPTIONS}, "a", "a"),
        ({"type": "multi_choice", "options": OPTIONS}, ["b", "a", "b", ""], ["a", "b"]),
        ({"type": "multi_choice", "options": OPTIONS}, "b", ["b"]),
        ({"type": "yes_no"}, "是", True),
        ({"type": "yes_no"}, "no", False),
        ({"type": "yes_no"}, False, False),
        ({"type": "phone"}, "138 0000 0000", "13800000000"),
        ({"type": "id_number"}, ID_NUMBER.lower(), ID_NUMBER),
        ({"type": "person"}, 2**62, str(2**62)),
        ({"type": "photo"}, ["71", " 72 "], ["71", "72"]),
        ({"type": "file"}, "71", ["71"]),
    ],
)
def test_it_accepts(field: dict[str, Any], raw: object, value: object) -> None:
    got = verdict(field, raw)
    assert got.faults == {}
    assert got.is_accepted
    assert got.values == {"it": value}
    assert type(got.values["it"]) is type(value)


@pytest.mark.parametrize(
    ("field", "raw", "said"),
    [
        ({"type": "text", "max_length": 3}, "石桥村委", "最多 3 字，现有 4 字"),
        ({"type": "text"}, "x" * 201, "最多 200 字，现有 201 字"),
        ({"type": "text"}, "x" * 3000, "内容太长"),
        ({"type": "text"}, "\ud800", "含有无法保存的字符"),
        ({"type": "text"}, ["a", "b"], "只能填写一个值"),
        ({"type": "text"}, {"a": 1}, "无法识别填写的内容"),
        ({"type": "long_text", "max_length": 2}, "一二三", "最多 2 字，现有 3 字"),
        ({"type": "date"}, "2026-02-30", None),
        ({"type": "date"}, "昨天", None),
        ({"type": "date", "max": "today"}, "2026-11-21", "不能晚于 2026-11-20"),
        ({"type": "date", "min": "2000-01-01"}, "1999-12-31", "不能早于 2000-01-01"),
        ({"type": "number"}, "十二", "“十二”不是数字"),
        ({"type": "number"}, True, None),
        ({"type": "number"}, "NaN", None),
        ({"type": "number"}, float("inf"), None),
        ({"type": "number"}, "1e400", "数字太长，最多 18 位"),
        ({"type": "number", "min": 1}, "0.99", "不能小于 1"),
        ({"type": "number", "max": 1}, "1.01", "不能大于 1"),
        ({"type": "integer"}, "1.5", "请填整数"),
        ({"type": "choice", "options": OPTIONS}, "c", "没有“c”这个选项"),
        ({"type": "choice", "options": OPTIONS}, "甲", "没有“甲”这个选项"),
        ({"type": "multi_choice", "options": OPTIONS}, ["a", "c"], "没有“c”这个选项"),
        ({"type": "multi_choice", "options": OPTIONS}, [["a"]], "无法识别填写的内容"),
        ({"type": "multi_choice", "options": OPTIONS, "all_required": True}, ["a"], "还缺：乙"),
        ({"type": "yes_no"}, "也许", "请选“是”或“否”"),
        ({"type": "phone"}, "1380000000", None),
        ({"type": "id_number"}, FIRST_17 + ("0" if ID_NUMBER[-1] != "0" else "1"), None),
        ({"type": "person"}, 1.5, "无法识别填写的内容"),
        ({"type": "person"}, "7", "不在可选的名单里，请重新选择"),
        ({"type": "place"}, "7", "不在可选的名单里，请重新选择"),
        ({"type": "file"}, "x" * 201, "无法识别填写的内容"),
        ({"type": "photo"}, [str(n) for n in range(13)], "最多 12 个附件"),
        ({"type": "photo"}, [{"a": 1}], "无法识别填写的内容"),
    ],
)
def test_it_refuses_and_keeps_what_was_typed(field: dict[str, Any], raw: object, said: str | None) -> None:
    got = verdict(field, raw)
    assert got.values == {}
    assert not got.is_accepted
    assert got.raw == {"it": raw}
    assert list(got.faults) == ["it"]
    assert str(got.faults["it"]) == said or (said is None and str(got.faults["it"]))


def test_a_number_that_python_would_not_print_is_refused() -> None:
    assert str(verdict({"type": "number"}, 10**5000).faults["it"]) == "数字太长，最多 18 位"
    assert str(verdict({"type": "text"}, 10**5000).faults["it"]) == "数字太长，最多 18 位"


@pytest.mark.parametrize("blank", [None, "", "  ", "\u200b", [], [""], ()])
def test_nothing_typed_is_refused_only_where_an_answer_is_required(blank: object) -> None:
    assert verdict({"type": "text"}, blank).values == {}
    assert verdict({"type": "text"}, blank).is_accepted
    assert str(verdict({"type": "text", "required": True}, blank).faults["it"]) == "请填写"
    required = {"type": "choice", "required": True, "options": OPTIONS}
    assert str(verdict(required, blank).faults["it"]) == "请选择"


def test_what_was_mended_is_told() -> None:
    got = verdict({"type": "date"}, "2026年9月1日")
    assert got.values == {"it": date(2026, 9, 1)}
    assert got.mended == {"it": ("text_date",)}
    assert got.raw == {"it": "2026年9月1日"}


def test_a_transition_may_require_more_than_the_form() -> None:
    validator = form({"key": "reason", "type": "text"})
    assert validator.check({}, {}, now=NOW).is_accepted
    got = validator.check({}, {}, now=NOW, require=["reason"])
    assert list(got.faults) == ["reason"]
    assert got.required == {"reason"}


def test_missing_ticks_are_named_in_the_readers_language() -> None:
    validator = form({"key": "it", "type": "multi_choice", "options": OPTIONS, "all_required": True})
    got = validator.check({"it": ["a"]}, {}, now=NOW, language="en")
    assert "Bee" in str(got.faults["it"])


def test_answers_to_questions_not_asked_are_dropped_but_not_lost() -> None:
    validator = form(
        {"key": "boards", "type": "yes_no"},
        {"key": "room", "type": "text", "required": True, "visible_when": "boards"},
    )
    got = validator.check({"boards": "no", "room": "302"}, {}, now=NOW)
    assert got.values == {"boards": False}
    assert got.visible == {"boards"}
    assert got.is_accepted
    assert got.raw == {"boards": "no", "room": "302"}
    assert list(validator.check({"boards": "yes"}, {}, now=NOW).faults) == ["room"]


def test_a_hidden_answer_does_not_show_other_questions() -> None:
    validator = form(
        {"key": "third", "type": "text", "visible_when": "present(second)"},
        {"key": "second", "type": "text", "visible_when": "first == '开'"},
        {"key": "first", "type": "text"},
    )
    typed = {"first": "关", "second": "乙", "third": "丙"}
    assert validator.check(typed, {}, now=NOW).values == {"first": "关"}
    opened = validator.check({**typed, "first": "开"}, {}, now=NOW)
    assert opened.values == {"third": "丙", "second": "乙", "first": "开"}
    assert list(opened.values) == ["third", "second", "first"]


def test_a_refused_answer_counts_as_missing_for_other_questions() -> None:
    validator = form(
        {"key": "count", "type": "integer", "max": 9},
        {"key": "why", "type": "text", "required_when": "count > 5"},
    )
    assert list(validator.check({"count": "10"}, {}, now=NOW).faults) == ["count"]
    assert list(validator.check({"count": "6"}, {}, now=NOW).faults) == ["why"]


def test_conditions_read_the_subjects_facts_but_answers_never_come_from_there() -> None:
    offers = standard_catalogue().subjects["child"]
    fields = ({"key": "plan", "type": "text", "required_when": "child.risk == 'high'"},)
    validator = form(*fields, facts=offers)
    assert list(validator.check({}, {"child.risk": "high"}, now=NOW).faults) == ["plan"]
    assert validator.check({}, {"child.risk": "low"}, now=NOW).is_accepted
    own = form({"key": "a", "type": "text"}, {"key": "b", "type": "text", "visible_when": "present(a)"})
    assert own.check({}, {"a": "from elsewhere"}, now=NOW).visible == {"a"}


def test_unknown_keys_are_listed_and_left_out() -> None:
    got = form({"key": "it", "type": "text"}).check({"it": "x", "is_admin": "yes"}, {}, now=NOW)
    assert got.values == {"it": "x"}
    assert got.unknown == ("is_admin",)


def test_options_may_come_from_a_code_list() -> None:
    lists = {"relation": {"uncle": Label(zh="叔伯")}}
    validator = form({"key": "it", "type": "choice", "options": "relation"}, code_lists=lists)
    assert validator.check({"it": "uncle"}, {}, now=NOW).is_accepted
    assert not validator.check({"it": "aunt"}, {}, now=NOW).is_accepted
    assert dict(validator.options("it")) == lists["relation"]
    with pytest.raises(KeyError):
        form({"key": "it", "type": "choice", "options": "relation"})


def test_conditions_that_wait_for_each_other_are_refused() -> None:
    with pytest.raises(ConditionLoop) as loop:
        form(
            {"key": "a", "type": "text", "visible_when": "present(b)"},
            {"key": "b", "type": "text", "visible_when": "present(a)"},
        )
    assert set(loop.value.fields) == {"a", "b"}


def test_values_are_stored_as_json_holds_them() -> None:
    validator = form({"key": "on", "type": "date"}, {"key": "n", "type": "number"}, {"key": "y", "type": "yes_no"})
    got = validator.check({"on": "2026-09-01", "n": "1.50", "y": "yes"}, {}, now=NOW)
    assert got.stored() == {"on": "2026-09-01", "n": "1.50", "y": True}


COMPLETE = {
    "care_situation": "grandparents",
    "absence_since": "2025-02-20",
    "is_boarding": "no",
    "guardian_name": "石有田",
    "guardian_relation": "grandfather",
    "guardian_phone": "13800000000",
    "guardian_age": "63",
    "home_address": "青禾县柳溪镇石桥村三组",
    "call_first": "guardian",
    "five_facts": ["basics", "character", "interests", "health", "contacts"],
    "character": "内向，做事认真",
    "interests": "画画",
    "health": "良好",
}


@pytest.fixture(scope="module")
def child_file() -> FormValidator:
    catalogue = standard_catalogue()
    facts = catalogue.subjects["child"]
    return compile_form(load_pack().forms["child_file"], facts=facts, code_lists=catalogue.code_lists)


def test_a_complete_child_file_is_accepted(child_file: FormValidator) -> None:
    got = child_file.check(COMPLETE, {}, now=NOW)
    assert got.faults == {}
    assert got.values["guardian_age"] == 63


def test_a_child_file_names_every_clear_fact_still_open(child_file: FormValidator) -> None:
    got = child_file.check({**COMPLETE, "five_facts": ["basics", "interests"]}, {}, now=NOW)
    assert {key: str(fault) for key, fault in got.faults.items()} == {"five_facts": "还缺：性格、健康状况、联系方式"}


@pytest.mark.parametrize(
    ("typed", "refused"),
    [
        ({"care_situation": ""}, {"care_situation"}),
        ({"absence_since": ""}, {"absence_since"}),
        ({"absence_since": "", "care_situation": "single_or_orphan"}, set()),
        ({"absence_since": "2026-11-21"}, {"absence_since"}),
        ({"call_first": "father"}, {"father_phone"}),
        ({"call_next": "mother"}, {"mother_phone"}),
        ({"guardian_phone": "1380000"}, {"guardian_phone"}),
        ({"guardian_age": "7"}, {"guardian_age"}),
        ({"five_facts": []}, {"five_facts"}),
        ({"health": " "}, {"health"}),
    ],
)
def test_a_child_file_asks_for_what_the_case_needs(
    typed: dict[str, Any], refused: set[str], child_file: FormValidator
) -> None:
    assert set(child_file.check({**COMPLETE, **typed}, {}, now=NOW).faults) == refused


junk = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.text()), st.dates()
)


@settings(max_examples=100)
@given(data=st.data())
def test_no_answer_makes_a_form_fail(data: st.DataObject, child_file: FormValidator) -> None:
    keys = [f.key for f in child_file.definition.fields]
    raw = data.draw(st.dictionaries(st.sampled_from(keys) | st.text(max_size=5), junk))
    got = child_file.check(raw, {}, now=NOW)
    assert set(got.values).isdisjoint(got.faults)
    assert set(got.values) | set(got.faults) <= got.visible
    assert all(str(fault) for fault in got.faults.values())
    assert set(got.raw) | set(got.unknown) == set(raw)


MEASURES = {
    "key": "measures",
    "type": "rows",
    "required": True,
    "most": 2,
    "columns": [
        {"key": "what", "type": "text", "label": {"zh": "措施"}, "required": True},
        {"key": "until", "type": "date", "label": {"zh": "完成日期"}},
    ],
}


def test_repeated_rows_are_read_cell_by_cell_and_blank_ones_left_out() -> None:
    rows = [{"what": " 每周谈心 ", "until": "2026-12-01"}, {"what": "", "until": " "}, {"what": "补课"}]
    got = form(MEASURES).check({"measures": rows}, {}, now=NOW)
    assert got.is_accepted
    assert got.values == {"measures": [{"what": "每周谈心", "until": date(2026, 12, 1)}, {"what": "补课"}]}
    assert got.stored() == {"measures": [{"what": "每周谈心", "until": "2026-12-01"}, {"what": "补课"}]}


@pytest.mark.parametrize(
    ("rows", "faults"),
    [
        ([], {"measures": "请至少填写一行"}),
        ("每周谈心", {"measures": "请至少填写一行"}),
        ([1, None, "x"], {"measures": "请至少填写一行"}),
        ([{"what": "甲"}] * 3, {"measures": "最多 2 行，现有 3 行"}),
        ([{"what": "甲"}, {"until": "2026-12-01"}], {"measures-1-what": "请填写"}),
        ([{"what": "甲", "until": "2026-13-01"}], {"measures-0-until": "日期“2026-13-01”无法识别，请写成 2019-04-05"}),
        ([{"what": ["甲", "乙"]}], {"measures-0-what": "只能填写一个值"}),
    ],
)
def test_a_fault_in_a_repeated_row_names_its_cell(rows: object, faults: dict[str, str]) -> None:
    got = form(MEASURES).check({"measures": rows}, {}, now=NOW)
    assert {key: str(fault) for key, fault in got.faults.items()} == faults


@pytest.mark.parametrize("once", [{"value": "evidence.talks"}, {"prefill": "evidence.talks", "counted": True}])
def test_a_counted_answer_is_the_fact_whatever_was_typed(once: dict[str, Any]) -> None:
    talks, facts = {"key": "talks", "type": "integer", **once}, standard_catalogue().subjects["child"]
    got = form(talks, facts=facts).check({"talks": "99"}, {"evidence.talks": 4}, now=NOW)
    assert got.values == {"talks": 4}
    assert form(talks, facts=facts).check({"talks": "99"}, {}, now=NOW).values == {}
