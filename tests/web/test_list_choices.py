"""Columns and views that a person chose for a list: theirs alone, on every computer, of declared filters only."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from models.scope import system_scope
from models.staff import Staff
from tests.cast import Cast
from tests.office import events
from tests.web.browser import ClientOf, get, post
from workflows.operations.list_choice import MOST_VIEWS

LIST = "/children/"


def _heads(page: str) -> list[str]:
    return re.findall(r'<th scope="col" role="columnheader"[^>]*>(?:<a[^>]*>)?([^<]+)', page.split("<tbody")[0])


def _tabs(page: str) -> list[str]:
    bar = page.split('class="nav-tabs"')[1].split("</nav>")[0]
    return [re.sub(r"<[^>]+>", "", tab).strip() for tab in re.findall(r"<a .*?</a>", bar, re.S)]


def test_the_columns_chosen_are_shown_in_their_order_and_follow_the_person(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    sqlite_cast.add_child("ZX-2302")
    client = client_of("qin")
    assert _heads(get(client, LIST).text)[:3] == ["姓名", "性别", "年龄"]
    answer = post(client, "/lists/children/columns?next=/children/%3Frisk%3Dlow", column=["name", "phone", "class"])
    assert answer.location == "/children/?risk=low"
    assert _heads(get(client, LIST).text) == ["姓名", "监护人电话", "班级"]
    elsewhere = client_of("qin")
    assert _heads(get(elsewhere, LIST).text) == ["姓名", "监护人电话", "班级"]
    assert len(_heads(get(client_of("zhou"), LIST).text)) > 3, "nobody else's list changes"
    post(client, "/lists/children/columns", reset="1")
    assert _heads(get(client, LIST).text)[:3] == ["姓名", "性别", "年龄"]
    told = [changes for _who, action, changes in events(sqlite_cast) if action == "account.preferences_changed"]
    assert told == [
        {"children.columns": (None, "phone class")},
        {"children.columns": ("phone class", None)},
    ]


def test_what_is_no_column_is_not_kept(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("qin")
    post(client, "/lists/children/columns", column=["id_number_sealed", "<b>", "phone", "phone", ""])
    with sqlite_cast.database.session(system_scope("tests")) as session:
        kept = session.scalars(select(Staff.list_choices).where(Staff.login == "qin")).one()
    assert kept == {"children": {"columns": ["phone"]}}


def test_a_view_keeps_filters_and_no_words_and_can_be_dropped(sqlite_cast: Cast, client_of: ClientOf) -> None:
    sqlite_cast.add_child("ZX-2302", "林小禾", risk="high")
    sqlite_cast.add_child("ZX-2302", "田浩然", care_situation="relatives")
    client = client_of("qin")
    narrowed = get(client, "/children/?care=relatives&q=tian").text
    asked = re.search(r'href="(/lists/children/save[^"]*)"', narrowed)
    assert asked
    assert "tian" not in asked[1]
    saved = post(client, asked[1].replace("&amp;", "&"), name="亲朋监护")
    assert saved.location == "/children/?care=relatives"
    page = get(client, saved.location).text
    assert "亲朋监护" in _tabs(page)
    assert "田浩然" in page
    assert "林小禾" not in page
    assert "/lists/children/save" not in page, "it is saved already"
    assert "亲朋监护" not in _tabs(get(client_of("zhou"), LIST).text)
    assert post(client, "/lists/children/drop?name=亲朋监护").status_code == 302
    assert "亲朋监护" not in _tabs(get(client, LIST).text)
    assert post(client, "/lists/children/drop?name=亲朋监护").status_code == 404


def test_a_view_of_a_list_without_tabs_brings_the_whole_list_as_first_tab(client_of: ClientOf) -> None:
    client = client_of("qin")
    post(client, "/lists/staff/save?active=true", name="在用账号")
    assert _tabs(get(client, "/staff/?active=true").text)[:2] == ["全部", "在用账号"]


@pytest.mark.parametrize("name", ["", "  ", "太" * 21])
def test_a_name_that_cannot_be_is_refused_at_its_field(sqlite_cast: Cast, client_of: ClientOf, name: str) -> None:
    answer = post(client_of("qin"), "/lists/children/save?risk=high", name=name)
    assert answer.status_code == 422
    assert "名称要有 1 至 20 个字" in answer.text


def test_views_of_one_name_replace_each_other_and_are_no_more_than_a_few(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    client = client_of("qin")
    post(client, "/lists/children/save?risk=high", name="重点")
    post(client, "/lists/children/save?risk=medium&made_up=1", name="重点")
    with sqlite_cast.database.session(system_scope("tests")) as session:
        kept = session.scalars(select(Staff.list_choices).where(Staff.login == "qin")).one()
    assert kept["children"]["views"] == [{"name": "重点", "query": {"risk": "medium"}}]
    for number in range(MOST_VIEWS - 1):
        assert post(client, "/lists/children/save?risk=high", name=f"视图{number}").status_code == 302
    assert post(client, "/lists/children/save?risk=high", name="多出来的").status_code == 422


@pytest.mark.parametrize("login", ["feng", "sys", "sec", "aud", "nobody"])
def test_who_does_not_see_the_list_chooses_nothing_for_it(sqlite_cast: Cast, client_of: ClientOf, login: str) -> None:
    client = client_of(login)
    assert post(client, "/lists/children/columns", column=["phone"]).status_code == 403
    assert post(client, "/lists/children/save?risk=high", name="重点").status_code == 403
    assert post(client, "/lists/children/drop?name=重点").status_code == 403
    assert post(client, "/lists/nothing/columns", column=["phone"]).status_code == 404


def test_the_sheet_keeps_all_columns_and_their_masks(sqlite_cast: Cast, client_of: ClientOf) -> None:
    sqlite_cast.add_child("ZX-2302")
    client = client_of("qin")
    post(client, "/lists/children/columns", column=["class"])
    assert get(client, "/children/export/xlsx/").status_code == 200
