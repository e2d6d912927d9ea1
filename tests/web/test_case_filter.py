"""Cases filtered by a condition: put together from rows or written, refused at its field, saved as a view."""

from __future__ import annotations

import re
from html import unescape
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from models.scope import system_scope
from models.staff import Staff
from tests.casework import act, opened
from tests.cast import Cast
from tests.playing import stand
from tests.web.browser import ClientOf, get, post

PROPOSED = {"kind": "helper", "helper": "@meng", "reason_chosen": ["learning", "mood"], "term_goal": "每天完成作业"}
PAGE = "/cases/filter?workflow=pairing"


@pytest.fixture
def numbers(sqlite_cast: Cast) -> tuple[str, str]:
    """Two pairings: one accepted, for two talks a month, and one proposed."""
    children = [sqlite_cast.add_child("ZX-2302", name) for name in ("林小禾", "周小麦")]
    first, second = (opened(sqlite_cast, "pairing", child, "zhou", PROPOSED) for child in children)
    act(sqlite_cast, "meng", first, "accept", {"times_a_month": "2"})
    return first, second


def _query(url: str) -> dict[str, str]:
    return {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}


def _rows(*rows: tuple[str, str, str], joined: str = "and") -> dict[str, str]:
    named = {"by": "rows", "joined": joined, "workflow": "pairing"}
    for n, row in enumerate(rows, 1):
        named |= {f"{key}{n}": value for key, value in zip(("name", "comparison", "value"), row, strict=True)}
    return named


@pytest.mark.parametrize(
    ("rows", "joined", "condition"),
    [
        ([("case.kind", "is", "帮扶教师")], "and", "case.kind == 'helper'"),
        ([("case.kind", "is_not", "peer")], "and", "case.kind != 'peer'"),
        (
            [("case.times_a_month", "at_least", "２"), ("child.is_boarding", "is", "否")],
            "and",
            "case.times_a_month >= 2 and child.is_boarding == False",
        ),
        (
            [("case.reason_chosen", "has", "情绪心理"), ("case.signed_on", "missing", "")],
            "or",
            "'mood' in case.reason_chosen or missing(case.signed_on)",
        ),
        ([("child.village", "has_not", "大坝'村")], "and", 'not contains(child.village, "大坝\'村")'),
        ([("child.birth_on", "less", "2016年9月1日")], "and", "child.birth_on < '2016-09-01'"),
        ([("case.state_since", "more", "2026-11-01 8:30")], "and", "case.state_since > '2026-11-01 08:30'"),
    ],
)
def test_rows_write_the_condition_and_come_back_from_it(
    numbers: tuple[str, str], client_of: ClientOf, rows: list[tuple[str, str, str]], joined: str, condition: str
) -> None:
    client = client_of("qin")
    answer = client.get("/cases/filter", query_string=_rows(*rows, joined=joined))
    assert answer.status_code == 302
    assert _query(answer.location)["where"] == condition
    assert client.get(answer.location).status_code == 200
    back = client.get("/cases/filter", query_string={"workflow": "pairing", "where": condition}).text
    for name, comparison, _value in rows:
        assert f'<option value="{name}" selected>' in back
        assert f'<option value="{comparison}" selected>' in back
    assert f'value="{joined}" checked' in back


@pytest.mark.parametrize(
    ("row", "words"),
    [
        (("case.times_a_month", "is", "两次"), "不是数字"),
        (("case.times_a_month", "has", "2"), "这一项不能这样比"),
        (("case.kind", "is", "邻居"), "没有这个选项，可选：帮扶教师"),
        (("case.kind", "more", "帮扶教师"), "这一项不能这样比"),
        (("case.kind", "is", ""), "请填写"),
        (("case.nothing", "is", "1"), "请选数据项和比较"),
        (("case.signed_on", "is", "下周"), "日期"),
        (("child.is_boarding", "is", "也许"), "请写“是”或“否”"),
        (("child.village", "is", "a'\"b"), "不能写的字符"),
    ],
)
def test_a_wrong_row_is_refused_beside_its_value(
    numbers: tuple[str, str], client_of: ClientOf, row: tuple[str, str, str], words: str
) -> None:
    answer = client_of("qin").get("/cases/filter", query_string=_rows(("case.kind", "present", ""), row))
    assert answer.status_code == 422
    fault = re.search(r'id="value2-error".*?</p>', answer.text, re.S)
    assert fault
    assert words in fault[0].replace("&#34;", '"').replace("&#39;", "'")
    assert 'id="value1-error"' not in answer.text


def test_the_list_shows_whom_the_condition_finds_and_says_it_in_words(
    numbers: tuple[str, str], client_of: ClientOf
) -> None:
    client = client_of("qin")
    page = client.get("/cases/", query_string={"workflow": "pairing", "where": "case.times_a_month >= 2"}).text
    assert numbers[0] in page
    assert numbers[1] not in page
    assert re.search(r"每月谈心|次数", page)
    assert "不小于 2" in page
    elsewhere = {"workflow": "identification", "where": "case.times_a_month >= 2", "of": "pairing"}
    assert client.get("/cases/", query_string=elsewhere).status_code == 200


@pytest.mark.parametrize(
    ("where", "place", "words"),
    [
        ("case.times_a_mont > 1", "第 1 行第 1 个字", "case.times_a_month"),
        ("missing(case.kind)\r\nand child.home_phone == '1'", "第 2 行第 5 个字", "受保护的字段“家庭电话”"),
        ("case.kind ==", "第 1 行第", "条件写法有误"),
        ("x" * 3000, "第 1 行第 1 个字", "最多 2000 个字符"),
    ],
)
def test_a_wrong_condition_is_refused_at_its_field_wherever_it_comes_from(
    numbers: tuple[str, str], client_of: ClientOf, where: str, place: str, words: str
) -> None:
    client = client_of("qin")
    for address in ("/cases/", "/cases/filter"):
        answer = client.get(address, query_string={"workflow": "pairing", "where": where, "by": "text"})
        assert answer.status_code == 422
        fault = re.search(r'id="where-error".*?</p>', answer.text, re.S)
        assert fault
        assert place in fault[0]
        assert words in fault[0]


def test_a_condition_is_saved_as_a_view_and_dropped(
    numbers: tuple[str, str], client_of: ClientOf, sqlite_cast: Cast
) -> None:
    client = client_of("qin")
    narrowed = get(client, "/cases/?workflow=pairing&where=case.times_a_month+%3E%3D+2").text
    asked = re.search(r'href="(/lists/cases/save[^"]*)"', narrowed)
    assert asked
    saved = post(client, asked[1].replace("&amp;", "&"), name="两次以上")
    assert saved.status_code == 302
    page = get(client, saved.location).text
    assert "两次以上" in page
    assert "/lists/cases/save" not in page, "it is saved already"
    assert numbers[0] in page
    assert numbers[1] not in page
    with sqlite_cast.database.session(system_scope("tests")) as session:
        kept = session.scalars(select(Staff.list_choices).where(Staff.login == "qin")).one()
    assert kept["cases"]["views"][0]["query"] == {"workflow": "pairing", "where": "case.times_a_month >= 2"}
    assert post(client, "/lists/cases/drop?name=两次以上").location == "/cases/"
    assert "两次以上" not in get(client, "/cases/?workflow=pairing").text


@pytest.mark.parametrize("where", ["child.name == '林小禾'", "contains(case.helper_name, '孟')", "case.nothing == 1"])
def test_a_condition_with_words_that_may_be_a_name_stays_in_no_account(
    numbers: tuple[str, str], client_of: ClientOf, sqlite_cast: Cast, where: str
) -> None:
    client = client_of("qin")
    page = client.get("/cases/", query_string={"workflow": "pairing", "where": where})
    assert "/lists/cases/save" not in page.text
    post(client, f"/lists/cases/save?workflow=pairing&state=proposed&where={where}", name="某人")
    with sqlite_cast.database.session(system_scope("tests")) as session:
        kept = session.scalars(select(Staff.list_choices).where(Staff.login == "qin")).one()
    assert kept["cases"]["views"][0]["query"] == {"workflow": "pairing", "state": "proposed"}


def test_a_workflow_brings_its_ledgers_and_each_shows_its_cases(client_of: ClientOf, sqlite_cast: Cast) -> None:
    waiting = stand(sqlite_cast, "keep_in_school", "called").number
    reported = stand(sqlite_cast, "keep_in_school", "reported").number
    back = stand(sqlite_cast, "keep_in_school", "returned").number
    client = client_of("qin")
    page = get(client, "/cases/?workflow=keep_in_school").text
    assert page.index("我参与的") < page.index("劝返台账") < page.index("未到校，待联系"), "seen without scrolling"
    for label, inside in (("辍学风险台账", waiting), ("失学台账", reported), ("劝返台账", back)):
        tab = re.search(rf'<a[^>]*href="([^"]*)"[^>]*>\s*{label}', page)
        assert tab, label
        shown = get(client, unescape(tab[1])).text
        assert {number for number in (waiting, reported, back) if number in shown} == {inside}
        every = re.search(r'<a[^>]*href="([^"]*)"[^>]*>\s*全部', shown)
        assert every
        assert "where" not in every[1]
