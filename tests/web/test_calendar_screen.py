"""The office edits the year's calendar in the browser: by a day, by a range, and sees what is not known."""

from __future__ import annotations

from datetime import date

import pytest
from sqlalchemy import select

from models.calendar_day import CalendarDay
from models.scope import system_scope
from tests.cast import Cast
from tests.web.browser import get, post
from tests.web.conftest import ClientOf


def kept(cast: Cast) -> dict[date, bool]:
    with cast.database.session(system_scope("tests")) as session:
        return {row.day: row.is_working for row in session.scalars(select(CalendarDay))}


def test_a_year_that_nobody_entered_says_so(client_of: ClientOf) -> None:
    page = get(client_of("qin"), "/calendar/").text
    assert "2026 年的节假日还没有录入" in page
    assert page.count('class="month"') == 12
    assert 'aria-current="date"' in page


def test_a_clicked_day_stands_in_the_form_and_is_saved(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("qin")
    assert 'name="first" value="2026-10-01"' in get(client, "/calendar/?day=2026-10-01").text
    answer = post(client, "/calendar/days", first="2026-10-01", last="2026-10-07", kind="off", name="国庆节")
    assert (answer.status_code, answer.location) == (302, "/calendar/?year=2026")
    assert len(kept(sqlite_cast)) == 7
    page = get(client, "/calendar/?year=2026").text
    assert "还没有录入：" not in page
    assert "10-01 – 10-07" in page
    assert "正在按新校历重新计算时限" in page
    again = get(client, "/calendar/?day=2026-10-03").text
    assert 'value="国庆节"' in again


def test_a_refused_day_comes_back_with_what_was_typed(sqlite_cast: Cast, client_of: ClientOf) -> None:
    answer = post(client_of("qin"), "/calendar/days", first="2026-10-01", last="2026-09-01", kind="off", name="国庆节")
    assert answer.status_code == 422
    assert "要在第一天之后" in answer.text
    assert 'value="2026-09-01"' in answer.text
    assert kept(sqlite_cast) == {}


def test_hours_are_saved_and_refused_beside_their_field(client_of: ClientOf) -> None:
    client = client_of("qin")
    assert post(client, "/calendar/hours", hours="07:40-11:40 14:20-16:50", year="2026").status_code == 302
    assert "07:40-11:40 14:20-16:50" in get(client, "/calendar/").text
    refused = post(client, "/calendar/hours", hours="all day", year="2027")
    assert refused.status_code == 422
    assert 'value="all day"' in refused.text


@pytest.mark.parametrize("asked", ["year=1", "year=x", "year=99999", "day=soon", "day=1066-10-14", "year=2101"])
def test_an_address_that_names_no_year_shows_the_present_one(client_of: ClientOf, asked: str) -> None:
    assert "2026 年" in get(client_of("qin"), f"/calendar/?{asked}").text
