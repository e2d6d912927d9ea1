"""The page of a case tells what is still to be done by when, what was missed, and what was fired."""

from __future__ import annotations

from datetime import timedelta
from html import unescape

import pytest
from flask import Flask

from tests.cast import NOW, Cast
from tests.clockwork import move, open_report, publish_report
from tests.playing import begin
from tests.steps import told
from tests.web.browser import get
from tests.web.conftest import ClientOf
from workflows.operations.firing import fire_due

MINUTE = timedelta(minutes=1)


def shown(client_of: ClientOf, number: str) -> str:
    return unescape(get(client_of("zhou"), f"/cases/{number}").text)


def test_the_time_that_is_left_stands_on_the_page(sqlite_cast: Cast, client_of: ClientOf) -> None:
    page = shown(client_of, begin(sqlite_cast, "identification").number)
    assert "还有 14 天" in page
    assert "期限 2026-12-04 23:59" in page


def test_what_is_overdue_is_said_on_the_page_and_in_the_list(sqlite_cast: Cast, client_of: ClientOf) -> None:
    publish_report(sqlite_cast)
    at = NOW - timedelta(days=1)
    number = open_report(sqlite_cast, at=at, known_at="2026-11-19 09:30")
    fire_due(sqlite_cast.database, NOW)
    page = shown(client_of, number)
    assert page.count("逾期 23 小时") == 3  # beside the name, of the guardian's limit and of the parents'
    assert "已转上级：陈立群、周敏" in page
    listed = get(client_of("zhou"), "/cases/?workflow=incident").text
    assert "逾期 23 小时" in listed


def test_a_limit_that_was_kept_and_one_that_was_missed_stay_on_the_page(sqlite_cast: Cast, client_of: ClientOf) -> None:
    publish_report(sqlite_cast)
    number = open_report(sqlite_cast, known_at="2026-11-20 09:30", at=NOW)
    move(sqlite_cast, number, "tell_guardian", {"told_at": "2026-11-20 09:50"}, at=NOW + 20 * MINUTE)
    move(sqlite_cast, number, "tell_parents", {"told_at": "2026-11-20 10:40"}, at=NOW + 90 * MINUTE)
    page = shown(client_of, number)
    assert "按时 2026-11-20 09:50" in page
    assert "超期 10 分钟" in page


@pytest.mark.parametrize("tab", ["detail", "records", "files", "changes"])
def test_it_stands_beside_every_tab_that_has_room(sqlite_cast: Cast, client_of: ClientOf, tab: str) -> None:
    number = begin(sqlite_cast, "identification").number
    assert "还有 14 天" in get(client_of("zhou"), f"/cases/{number}?tab={tab}").text


def test_a_case_without_limits_says_nothing_of_time(site: Flask, sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = begin(sqlite_cast, "commendation").number
    assert 'class="clocks"' not in shown(client_of, number)


def test_what_has_met_its_limit_presses_nobody_any_longer(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = begin(sqlite_cast, "emergency").number
    before = bar_of(shown(client_of, number))
    assert before.index("已告知监护人") < before.index("已告知父母") < before.index("联系未果")
    move(sqlite_cast, number, "tell_guardian", told("guardian", "祖父"), at=NOW)
    after = bar_of(shown(client_of, number))
    assert after.index("已告知父母") < after.index("联系未果") < after.index("已告知监护人")
    assert before.count("btn-primary") - after.count("btn-primary") == 1


def bar_of(page: str) -> str:
    return page.split('class="action-bar"')[1].split("</body>")[0]
