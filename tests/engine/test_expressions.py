"""What a condition may say, what it means, what is refused and where."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from workflows.engine.expression import ExpressionFault, Offer, Type, compile_condition, compile_value
from workflows.engine.expression.functions import FUNCTIONS
from workflows.engine.expression.tree import DATE, DATETIME, NUMBER, TEXT, YES_NO, Kind
from workflows.engine.vocabulary import Label, Protection

NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)  # 16:30 in the schools

RISKS = {
    "high": Label(zh="高", en="High"),
    "medium": Label(zh="中", en="Medium"),
    "low": Label(zh="低", en="Low"),
}
OFFERS = {
    "child.risk": Offer(TEXT, Label(zh="风险等级", en="Risk"), options=RISKS),
    "child.village": Offer(TEXT, Label(zh="村")),
    "child.birth_on": Offer(DATE, Label(zh="出生日期")),
    "child.absence_since": Offer(DATE, Label(zh="外出起始日期")),
    "child.is_boarding": Offer(YES_NO, Label(zh="寄宿"), Protection.P0),
    "child.phone": Offer(TEXT, Label(zh="电话"), Protection.P2),
    "case.opened_at": Offer(DATETIME, Label(zh="立案时刻"), Protection.P0),
    "case.measures": Offer(Type(Kind.TEXT, is_list=True), Label(zh="措施")),
    "score": Offer(NUMBER, Label(zh="得分")),
    "items": Offer(Type(Kind.ROW, is_list=True), Label(zh="项目")),
    "items.points": Offer(Type(Kind.NUMBER, is_list=True), Label(zh="分值")),
    "items.on": Offer(Type(Kind.DATE, is_list=True), Label(zh="日期")),
    "items.what": Offer(Type(Kind.TEXT, is_list=True), Label(zh="名称")),
}
FACTS = {
    "child.risk": "high",
    "child.village": "石桥村",
    "child.birth_on": date(2015, 11, 20),
    "child.absence_since": date(2026, 11, 10),
    "child.is_boarding": True,
    "case.opened_at": datetime(2026, 11, 18, 17, 0, tzinfo=UTC),
    "case.measures": ["家访", "谈心"],
    "score": 7,
    "items": [{"what": "甲", "points": Decimal("1.5")}, {"what": "乙", "points": 2}, {}],
    "items.points": [Decimal("1.5"), 2],
    "items.on": [date(2026, 3, 1), date(2026, 2, 1)],
    "items.what": ["甲", "乙"],
}


def holds(written: str, facts: dict[str, object] | None = None) -> bool:
    return compile_condition(written, OFFERS).holds(FACTS if facts is None else facts, NOW)


@pytest.mark.parametrize(
    "written",
    [
        "child.risk in ('high','medium') and len(case.measures) > 0",
        "child.risk == 'high'",
        "'high' == child.risk",
        "child.risk != 'low'",
        "child.risk not in ['low', 'medium']",
        "'家访' in case.measures",
        "child.is_boarding",
        "child.is_boarding == True",
        "not (child.risk == 'low')",
        "score + 3 * 2 - 1 == 12",
        "score / 2 == 3.5",
        "-score < 0",
        "3 < score <= 7",
        "0.1 + 0.2 == 0.3",
        "len(items) == 3",
        "sum(items.points) == 3.5",
        "min(items.points) == 1.5 and max(items.points) == 2",
        "min(items.on) == '2026-02-01' and max(items.on) == '2026-03-01'",
        "sum(items.points) / len(items.points) == 1.75",
        "all_different(items.what) and not all_different(('甲', '乙', '甲'))",
        "sum((score, 3)) == 10",
        "round(score / 2) == 4 and round(0 - score / 2) == -4 and round(1.49) == 1",
        "choose(score > 5, '高', '低') == '高'",
        "choose(child.phone == '1', 1, 2) == 2",
        "missing(choose(child.is_boarding, child.phone, child.village))",
        "choose(score > 9, score, choose(score > 6, 6, 0)) == 6",
        "age(child.birth_on) == 11",
        "child.birth_on == '2015-11-20'",
        "child.birth_on < today()",
        "days_since(child.absence_since) == 10",
        "days_until(child.absence_since) == -10",
        "today() - child.absence_since == 10",
        "child.absence_since + 10 == today()",
        "today() - 10 == child.absence_since",
        "days_since(case.opened_at) == 1",
        "date_of(case.opened_at) == '2026-11-19'",
        "case.opened_at < '2026-11-19 01:00:01' and case.opened_at >= '2026-11-19 01:00'",
        "case.opened_at < now()",
        "month(child.birth_on) == 11",
        "lower('ABC') == 'abc'",
        "contains(child.village, '石') and starts_with(child.village, '石桥')",
        "coalesce(child.village, '无') == '石桥村'",
        "coalesce(score, 0) == 7",
        "present(child.risk) and missing(child.phone)",
        "(score > 1) == (score < 9)",
        "child.risk == 'low' or\n  score == 7",
    ],
)
def test_it_holds(written: str) -> None:
    assert holds(written) is True
    assert holds(f"not ({written})") is False


def test_the_day_turns_at_midnight_where_the_schools_are() -> None:
    today = compile_condition("today() == '2026-11-21'", OFFERS)
    assert not today.holds({}, datetime(2026, 11, 20, 15, 59, tzinfo=UTC))
    assert today.holds({}, datetime(2026, 11, 20, 16, 0, tzinfo=UTC))


def test_a_child_turns_a_year_older_on_the_birthday() -> None:
    eleven = compile_condition("age(child.birth_on) >= 11", OFFERS)
    assert eleven.holds(FACTS, NOW)
    assert not eleven.holds(FACTS, NOW - timedelta(days=1))


@pytest.mark.parametrize(
    "written",
    [
        "child.risk == 'high'",
        "child.risk != 'high'",
        "child.risk in ('high', 'low')",
        "child.risk not in ('high', 'low')",
        "score < 5",
        "score >= 5",
        "score + 1 > 0",
        "score / 0 == score / 0",
        "1 / 0 != 1",
        "len(case.measures) >= 0",
        "sum(items.points) >= 0",
        "min(items.points) <= max(items.points)",
        "all_different(items.what)",
        "len(items) >= 0",
        "round(score) == round(score)",
        "'家访' not in case.measures",
        "child.is_boarding",
        "child.is_boarding == False",
        "child.birth_on < '2020-01-01'",
        "age(child.birth_on) != 3",
        "case.opened_at != now()",
        "contains(child.village, '')",
        "child.birth_on + 9000000 != today()",
    ],
)
@pytest.mark.parametrize("wrong", [None, object(), b"high", {"a": 1}, float("nan"), float("inf"), Decimal("sNaN")])
def test_what_is_missing_or_of_another_type_makes_a_comparison_false_and_its_opposite_true(
    written: str, wrong: object
) -> None:
    facts: dict[str, object] = dict.fromkeys(OFFERS, wrong)
    assert holds(written, facts) is False
    assert holds(f"not ({written})", facts) is True
    assert holds(written, {}) is False


def test_types_do_not_slide_into_each_other() -> None:
    assert not holds("score == 1", {"score": True})
    assert not holds("score == 1", {"score": "1"})
    assert not holds("child.is_boarding", {"child.is_boarding": 1})
    assert not holds("child.birth_on < today()", {"child.birth_on": datetime(2015, 1, 1, tzinfo=UTC)})
    assert not holds("case.opened_at < now()", {"case.opened_at": datetime(2015, 1, 1)})
    assert not holds("case.opened_at < now()", {"case.opened_at": datetime.min.replace(tzinfo=UTC)})
    assert holds("score == 0.1", {"score": 0.1})
    assert holds("len(case.measures) == 1", {"case.measures": ["家访", 3, None]})
    assert not holds("len(case.measures) == 2", {"case.measures": "家访"})


def test_numbers_beyond_reckoning_are_missing() -> None:
    assert not holds("score * score * score > 0", {"score": Decimal("1e9000")})
    assert not holds("score > 0", {"score": 10**5000})
    assert not holds("today() + score > today()", {"score": Decimal("1e300")})
    assert not holds("today() - score < today()", {"score": 3_000_000})
    assert compile_value("score / 3", OFFERS).value({"score": 2}, NOW) == Decimal("0.666667")
    assert compile_value("score / 0.000002", OFFERS).value({"score": -1}, NOW) == -500_000
    assert compile_value("score * score", OFFERS).value({"score": Decimal("-0.0005")}, NOW) == Decimal("0.000000")
    assert compile_value("score * 0.5", OFFERS).value({"score": Decimal("-0.000001")}, NOW) == Decimal("-0.000001")
    assert not holds("present(score)", {"score": 10**12})
    assert holds("score == 1000000", {"score": Decimal("999999.9999995")})


@pytest.mark.parametrize(
    ("marked", "code"),
    [
        ("child.risk == «'hi'", "unknown_option"),
        ("child.risk in ('high', «'hi')", "unknown_option"),
        ("«child.rsk == 'high'", "unknown_name"),
        ("«__import__('os')", "unknown_function"),
        ("«child.risk.__class__ == 'x'", "unknown_name"),
        ("«child.__class__ == 'x'", "unknown_name"),
        ("«().__class__ == 'x'", "expression_construct"),
        ("«''.join == 'x'", "expression_construct"),
        ("«lambda: 1", "expression_construct"),
        ("«(lambda: True)()", "unknown_function"),
        ("len(«[x for x in case.measures]) > 0", "expression_construct"),
        ("«{1: 2}", "expression_construct"),
        ("«{1, 2} == 1", "expression_construct"),
        ("«score if score else score", "expression_construct"),
        ("(«a := 1)", "expression_construct"),
        ("«case.measures[0] == 'x'", "expression_construct"),
        ("child.risk == «f'{score}'", "expression_construct"),
        ("child.risk == «b'high'", "expression_constant"),
        ("child.risk == «None", "expression_constant"),
        ("child.risk is «'high'", "expression_construct"),
        ("«score ** 2 > 1", "expression_construct"),
        ("«score % 2 > 1", "expression_construct"),
        ("«~score > 1", "expression_type"),
        ("score > «'a'", "expression_type"),
        ("child.village < «'b'", "expression_type"),
        ("child.is_boarding < «True", "expression_type"),
        ("score in «child.village", "expression_type"),
        ("score in «case.measures", "expression_type"),
        ("score in (1, «'a')", "expression_type"),
        ("score in «()", "expression_type"),
        ("case.measures == «case.measures", "expression_type"),
        ("«score", "expression_type"),
        ("child.is_boarding and «score", "expression_type"),
        ("not «score", "expression_type"),
        ("«-child.risk == 'high'", "expression_type"),
        ("«score + child.risk > 1", "expression_type"),
        ("«child.birth_on + child.birth_on > today()", "expression_type"),
        ("child.birth_on < «'2026-02-30'", "expression_date"),
        ("child.birth_on < «'yesterday'", "expression_date"),
        ("case.opened_at < «'soon'", "expression_date"),
        ("case.opened_at < «'9999-12-31T23:59:59+00:00'", "expression_date"),
        ("case.opened_at < «today()", "expression_type"),
        ("«len(score) > 1", "expression_type"),
        ("«age() > 1", "expression_type"),
        ("«age(child.birth_on, child.birth_on) > 1", "expression_type"),
        ("«coalesce(score, 'a') == 1", "expression_type"),
        ("«len(x=case.measures) > 1", "expression_construct"),
        ("«len(*case.measures) > 1", "expression_construct"),
        ("score > «1e9", "expression_number"),
        ("score > «0x1f", "expression_number"),
        ("score > «1_000", "expression_number"),
        ("score > «123456789012345678901", "expression_number"),
        ("score > «1000000000000", "expression_number"),
        ("score > «0.0000001", "expression_number"),
        ("score > 1 «# and not score", "expression_character"),
        ("child.village == '«\\x41'", "expression_character"),
        ("score >«\x00 1", "expression_character"),
        ("score >«　1", "expression_character"),
        ("score >«", "expression_syntax"),
        ("child.village == '石桥村' and «child.vilage == ''", "unknown_name"),
        ("score > 1 and\n\n  child.is_boarding and\n\t«chld.risk", "unknown_name"),
    ],
)
def test_it_is_refused_where_it_goes_wrong(marked: str, code: str) -> None:
    with pytest.raises(ExpressionFault) as refused:
        compile_condition(marked.replace("«", ""), OFFERS)
    assert refused.value.code == code
    assert str(refused.value.message)
    before = marked[: marked.index("«")]
    place = before.count("\n") + 1, len(before) - (before.rfind("\n") + 1) + 1
    assert (refused.value.line, refused.value.column) == place


@pytest.mark.parametrize("written", ["", " ", " \n "])
def test_an_empty_condition_is_refused(written: str) -> None:
    with pytest.raises(ExpressionFault) as refused:
        compile_condition(written, OFFERS)
    assert refused.value.code == "expression_empty"


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("(" * 10_000 + "score" + ")" * 10_000, "expression_too_long"),
        ("(" * 900 + "score" + ")" * 900 + " > 1", "expression_syntax"),
        ("not " * 400 + "child.is_boarding", "expression_too_deep"),
        ("-" * 1500 + "1 > 0", "expression_too_deep"),
        ("1" + "+1" * 900 + " > 0", "expression_too_deep"),
        ("child" + ".a" * 900, "expression_too_deep"),
        ("9" * 1999, "expression_number"),
    ],
)
def test_length_and_depth_have_limits(written: str, code: str) -> None:
    with pytest.raises(ExpressionFault) as refused:
        compile_condition(written, OFFERS)
    assert refused.value.code == code


def test_many_alternatives_beside_each_other_are_no_depth() -> None:
    written = " or ".join(f"score == {n}" for n in range(100))
    assert holds(written, {"score": 99})
    assert not holds(written, {"score": 100})


def test_a_near_miss_is_offered_the_right_name() -> None:
    with pytest.raises(ExpressionFault) as refused:
        compile_condition("child.rsk == 'high'", OFFERS)
    assert "child.risk" in str(refused.value.message)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("child.risk in ('high', 'medium')", "需要：风险等级 为 高或中"),
        ("child.risk != 'low'", "需要：风险等级 不为 低"),
        ("child.risk not in ('low',)", "需要：风险等级 不为 低"),
        ("child.birth_on < '2015-01-01'", "需要：出生日期 早于 2015-01-01"),
        ("score >= 1.50 and present(child.village)", "需要：得分 不小于 1.50，且村已填写"),
        ("'家访' in case.measures", "需要：措施 含有 家访"),
        ("score > 1 or not child.is_boarding", "需要：（得分 大于 1或并非（寄宿））"),
        ("days_since(child.absence_since) + 1 > 30", "需要：外出起始日期至今天数 + 1 大于 30"),
        ("case.opened_at > '2026-11-18 08:00'", "需要：立案时刻 晚于 2026-11-18 08:00"),
        ("child.is_boarding == True", "需要：寄宿 为 是"),
    ],
)
def test_it_explains_itself(written: str, said: str) -> None:
    assert str(compile_condition(written, OFFERS).explain()) == said


def test_it_takes_labels_in_the_readers_language() -> None:
    said = str(compile_condition("child.risk == 'high'", OFFERS).explain("en"))
    assert "Risk" in said
    assert "High" in said


def test_a_refusal_names_only_the_parts_that_do_not_hold() -> None:
    expression = compile_condition("child.risk == 'high' and score > 9 and child.is_boarding", OFFERS)
    assert [str(part) for part in expression.unmet(FACTS, NOW)] == ["得分 大于 9"]
    assert expression.unmet({**FACTS, "score": 10}, NOW) == ()


def test_it_knows_what_it_reads_and_whether_a_query_may_hold_it() -> None:
    open_one = compile_condition("child.risk == 'high' and child.is_boarding", OFFERS)
    assert open_one.names == {"child.risk", "child.is_boarding"}
    assert open_one.is_queryable
    closed_one = compile_condition("child.risk == 'high' and present(child.phone)", OFFERS)
    assert closed_one.protection is Protection.P2
    assert not closed_one.is_queryable


def test_every_function_says_what_it_is_for() -> None:
    for name, function in FUNCTIONS.items():
        assert function.shape.startswith(f"{name}(")
        assert function.help.msgid
        assert function.wording.msgid


def test_nothing_adds_up_to_nothing_and_has_no_least() -> None:
    facts: dict[str, object] = {"items.points": ["x", None], "items.what": []}
    assert holds("sum(items.points) == 0 and all_different(items.what)", facts)
    assert holds("missing(min(items.points)) and missing(max(items.points))", facts)
    assert holds("missing(sum(items.points))", {"items.points": [Decimal(10) ** 12 - 1, 1]})
    assert holds("sum(items.points) == 1", {"items.points": [Decimal(10) ** 12 - 1, 1, 1 - Decimal(10) ** 12]})


@pytest.mark.parametrize(
    ("written", "shape"),
    [
        ("sum(items.what) > 0", "sum(x)"),
        ("sum(items) > 0", "sum(x)"),
        ("max(items.what) == '甲'", "max(x)"),
        ("all_different(items)", "all_different(x)"),
        ("choose(score, 1, 2) > 0", "choose(c, a, b)"),
        ("choose(score > 1, 1, 'a') > 0", "choose(c, a, b)"),
        ("round(child.village) > 0", "round(n)"),
    ],
)
def test_functions_take_only_what_they_can_reckon_with(written: str, shape: str) -> None:
    with pytest.raises(ExpressionFault) as refused:
        compile_condition(written, OFFERS)
    assert str(refused.value.message) == f"参数不合：应为 {shape}"


def test_what_looks_at_all_rows_together_is_not_for_queries() -> None:
    condition = compile_condition("sum((score, 1)) > 3", OFFERS)
    assert (condition.of_rows, condition.is_queryable) == ("sum", False)
    assert compile_condition("choose(score > 3, True, False)", OFFERS).is_queryable
