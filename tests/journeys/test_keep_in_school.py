"""A child stays away on the last day before National Day: clocks in school time over holiday, weekend, swapped day.

Noticed at 16:30 on Thursday 30 September 2027. Half an hour of school is left; the next school day is Friday 8 October,
the Saturday after it is worked. While the clocks run the office enters all this by hand.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Sits
from tests.journeys.forms import begins, fills_in, says_of_time, steps
from tests.journeys.person import Person
from tests.journeys.site import Site

pytestmark = pytest.mark.browser

DESK, PHONE = 1440, 390
CALL, VISIT = "电话联系（1 小时内）", "家访（当天上学时间内）"
AT_RISK, OUT, BACK = "辍学风险台账", "失学台账", "劝返台账"
LEDGERS = (AT_RISK, OUT, BACK)


def test_a_child_is_brought_back_over_a_holiday_a_weekend_and_a_swapped_day(sits: Sits, site: Site) -> None:
    site.enters_autumn()
    child = site.cast.add_child("ZX-2302")
    site.clock.strikes("2027-09-30 16:30")
    with sits("zhou", PHONE) as zhou:
        number = the_teacher_misses_a_child(zhou, child)
        with sits("qin", DESK) as qin:
            the_office_enters_the_holiday(qin, site)
        clocks_follow_the_calendar(zhou, number)
    site.clock.strikes("2027-10-08 08:20")
    site.works()
    with sits("zhou", PHONE) as zhou:
        the_child_is_called_and_visited(zhou, site, number)
    site.clock.strikes("2027-10-09 10:00")
    with sits("qin", DESK) as qin:
        the_school_reports_on_the_saturday(qin, number)
    site.clock.strikes("2027-10-12 09:00")
    with sits("chen", PHONE) as chen:
        the_township_receives_and_goes_on(chen, site, number)
    site.clock.strikes("2027-10-27 08:40")
    site.works()
    with sits("zhou", PHONE) as zhou:
        the_child_is_back_and_away_again(zhou, site, child, number)


def the_teacher_misses_a_child(zhou: Person, child: int) -> str:
    """Nobody has entered 2027: by weekdays alone the call is due on the morning of National Day."""
    noticed = {"noticed_at": "2027-09-30T16:30", "absent_since": "2027-09-30", "absent_why": "unknown"}
    number = begins(zhou, child, "控辍保学", noticed)
    says_of_time(zhou, (CALL, "2027-10-01 08:30", "还有 16 小时"), (VISIT, "2027-09-30 17:00", "还有 30 分钟"))
    zhou.keeps_picture("absent")
    stands_in(zhou, number, AT_RISK)
    return number


def the_office_enters_the_holiday(qin: Person, site: Site) -> None:
    """The holiday by its first and last day, the swapped Saturday by a click; the calendar tells what is missing."""
    qin.follows("校历", qin.page.get_by_role("navigation"))
    qin.sees("2027 年的节假日还没有录入")
    form = qin.page.locator("#day form")
    fills_in(form, {"first": "2027-10-01", "last": "2027-10-07", "kind": "off", "name": "国庆节"})
    qin.keeps_picture("holiday")
    qin.presses("保存", form)
    qin.sees("校历已改 7 天", "10-01 – 10-07", "正在按新校历重新计算时限")
    october = qin.page.locator("table.month", has_text="十月")
    october.get_by_role("link", name="9", exact=True).click()
    form = qin.page.locator("#day form")
    expect(form.locator("[name='first']")).to_have_value("2027-10-09")
    fills_in(form, {"kind": "worked", "name": "补 10 月 7 日"})
    qin.presses("保存", form)
    qin.sees("10-09", "补 10 月 7 日")
    expect(qin.page.locator(".day-worked").first).to_contain_text("班")
    site.works()
    qin.opens("/calendar/")
    expect(qin.page.locator("#main")).not_to_contain_text("正在按新校历")
    expect(qin.page.locator("#main")).not_to_contain_text("还没有录入：")
    qin.keeps_picture("calendar")


def clocks_follow_the_calendar(zhou: Person, number: str) -> None:
    """Running clocks were counted anew: half an hour on Thursday, the other half on the next school day."""
    zhou.opens(f"/cases/{number}")
    says_of_time(zhou, (CALL, "2027-10-08 08:30", "还有 7 天"), (VISIT, "2027-09-30 17:00", "还有 30 分钟"))


def the_child_is_called_and_visited(zhou: Person, site: Site, number: str) -> None:
    """The call is still in time after eight days; the visit is not, and the page says so on."""
    zhou.opens(f"/cases/{number}")
    says_of_time(zhou, (CALL, "2027-10-08 08:30", "还有 10 分钟"), (VISIT, "2027-09-30 17:00", "逾期 7 天"))
    zhou.keeps_picture("late")
    called = {"called_at": "2027-10-08T08:15", "called_whom": "祖父", "call_result": "reached", "call_says": "不愿上学"}
    steps(zhou, "记电话联系", called)
    site.clock.strikes("2027-10-08 08:45")
    visited = {"visited_at": "2027-10-08T08:40", "visited_whom": "祖父和孩子", "saw_child": "true"}
    steps(zhou, "记家访", visited | {"visit_says": "沉迷手机，不愿返校"})
    says_of_time(
        zhou,
        (CALL, "2027-10-08 08:30", "按时 2027-10-08 08:15"),
        (VISIT, "2027-09-30 17:00", "超期 7 天"),
        ("已家访，待上报", "2027-10-09 23:59", "还有 39 小时"),  # one school day: the Saturday that is worked
    )
    zhou.narrows()
    zhou.keeps_picture("visited")


def the_school_reports_on_the_saturday(qin: Person, number: str) -> None:
    """The notice has a number and a date, or it is not sent; two working days lie beyond the Sunday."""
    qin.opens(f"/cases/{number}")
    notice = {
        "school_notice_on": "2027-10-09",
        "school_notice_to": "柳溪镇人民政府",
        "school_notice_says": "请协助劝返",
    }
    steps(qin, "上报乡镇", notice | {"school_notice_number": "柳小控〔2027〕3号"})
    says_of_time(qin, ("已上报，待镇里签收", "2027-10-12 23:59", "还有 3 天"))
    qin.sees("柳小控〔2027〕3号")
    qin.keeps_picture("reported")
    expect(qin.page.get_by_role("toolbar")).not_to_contain_text("镇里签收")  # not by the school itself
    stands_in(qin, number, OUT)


def the_township_receives_and_goes_on(chen: Person, site: Site, number: str) -> None:
    """No step before the receipt of the one before; each has its own days, weekends left out."""
    chen.opens(f"/cases/{number}")
    expect(chen.page.get_by_role("toolbar")).not_to_contain_text("村干部劝返未果")
    received = {"school_notice_receipt_on": "2027-10-12", "school_notice_receipt_by": "陈立群"}
    steps(chen, "镇里签收", received)
    says_of_time(chen, ("村干部劝返", "2027-10-15 23:59", "还有 3 天"))  # Wednesday to Friday
    persuaded = {"cadres_on": "2027-10-12", "cadres_who": "村支书、妇女主任", "cadres_says": "仍不愿返校"}
    steps(chen, "村干部劝返未果", persuaded)
    says_of_time(chen, ("乡镇责令复学", "2027-10-19 23:59", "还有 7 天"))  # five days over a weekend
    order = {"township_notice_on": "2027-10-12", "township_notice_to": "林长顺", "township_notice_says": "请送返校"}
    steps(chen, "发责令复学通知书", order | {"township_notice_number": "柳政控〔2027〕1号"})
    says_of_time(chen, ("通知书待签收", "2027-10-15 23:59", "还有 3 天"))
    chen.keeps_picture("ordered")
    receipt = {"township_notice_receipt_on": "2027-10-12", "township_notice_receipt_by": "林长顺"}
    steps(chen, "通知书签收", receipt)
    says_of_time(chen, ("通知书已送达", "2027-10-26 23:59", "还有 14 天"))  # ten days over two weekends
    stands_in(chen, number, OUT)


def the_child_is_back_and_away_again(zhou: Person, site: Site, child: int, number: str) -> None:
    """The return ends the line, late by a night; the next absence leads back to it."""
    zhou.opens("/cases/?workflow=keep_in_school")
    zhou.sees("逾期 8 小时")
    zhou.opens(f"/cases/{number}")
    back = {"returned_on": "2027-10-27", "returned_how": "cadres", "returned_help": "同桌结对，每周谈心"}
    steps(zhou, "已返校", back)
    expect(zhou.page.locator(".clocks")).not_to_contain_text("还有")
    zhou.keeps_picture("returned")
    stands_in(zhou, number, BACK)
    site.clock.strikes("2027-10-27 09:00")
    noticed = {"noticed_at": "2027-10-27T08:50", "absent_since": "2027-10-27", "absent_why": "tired_of_school"}
    second = begins(zhou, child, "控辍保学", noticed)
    assert second != number
    says_of_time(zhou, (CALL, "2027-10-27 09:50", "还有 50 分钟"), (VISIT, "2027-10-27 17:00", "还有 8 小时"))
    zhou.keeps_picture("again")
    zhou.page.locator("#main tr", has_text=number).get_by_role("link", name="控辍保学").click()
    zhou.page.wait_for_url(f"**/cases/{number}")


def stands_in(person: Person, number: str, ledger: str) -> None:
    """Expect a case in one of the three ledgers, and in no other."""
    person.opens("/cases/?workflow=keep_in_school")
    for name in LEDGERS:
        person.follows(name)
        if name == ledger:
            person.sees(number)
            person.keeps_picture("ledger")
        else:
            expect(person.page.locator("#main")).not_to_contain_text(number)
