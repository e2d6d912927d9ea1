"""An emergency in the night of a holiday weekend: told on a phone, limits kept and missed, by the clock on the wall.

Known at 23:35 on Saturday 2 October 2027 and reported a quarter of an hour later. Limits count on through night,
weekend and National Day; what is counted in working days waits for Friday the 8th.
"""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import Sits
from tests.journeys.forms import begins, fills_in, says_of_time, steps
from tests.journeys.person import Person
from tests.journeys.site import Site
from workflows.operations.calendar import set_days
from workflows.policy import Permission

pytestmark = pytest.mark.browser

DESK, PHONE = 1440, 390
GUARDIAN, PARENTS = "告知监护人", "告知外出父母"
AUTHORITY, TOWNSHIP, COUNTY = "报教育主管部门", "报乡镇政府", "报县领导小组"


def test_an_emergency_in_a_holiday_night_is_told_and_what_was_missed_stays_seen(sits: Sits, site: Site) -> None:
    child = a_deputy_is_named_for_the_holiday(sits, site)
    site.clock.strikes("2027-10-02 23:50")
    with sits("zhou", PHONE) as zhou:
        number = the_teacher_reports_and_calls(zhou, site, child)
    site.clock.strikes("2027-10-03 00:20")
    with sits("meng", PHONE) as meng:
        the_deputy_reports_upward(meng)
    the_ladder_is_climbed_by_itself(site)
    with sits("zhou", PHONE) as zhou:
        it_grows_graver(zhou, number)
        the_parents_are_not_told_in_time(zhou, site, number)
        what_was_reported_is_corrected(zhou, site, number)
        the_parents_are_told(zhou, site)
    with sits("tan", DESK) as tan:
        the_head_is_told(tan, number)
    with sits("meng", PHONE) as meng:
        everybody_is_told_in_the_end(meng, site, number)
    the_head_speaks_and_the_office_ends_it(sits, site, number)


def a_deputy_is_named_for_the_holiday(sits: Sits, site: Site) -> int:
    """National Day stands in the calendar; the principal, about to leave, names who acts in emergencies."""
    site.enters_autumn()
    with site.cast.acting("qin", Permission.TERM_MANAGE) as tx:
        set_days(tx, "2027-10-01", "2027-10-07", "off", "国庆节")
        set_days(tx, "2027-10-09", "", "worked", "补 10 月 7 日")
    site.clock.strikes("2027-09-30 16:00")
    with sits("tan", DESK) as tan:
        tan.opens("/account")
        tan.follows("指定代理人")
        form = tan.page.locator(".ask")
        form.get_by_role("searchbox").fill("meng")
        form.get_by_role("radio").locator("visible=true").check()
        fills_in(form, {"first_on": "2027-10-01", "last_on": "2027-10-07"})
        form.get_by_label("突发事件").check()
        tan.keeps_picture("deputy")
        tan.presses("指定代理人", form)
        tan.sees("孟晓岚", "突发事件", "未到")
        tan.keeps_picture("account")
    return site.cast.add_child("ZX-2302")


def the_teacher_reports_and_calls(zhou: Person, site: Site, child: int) -> str:
    """One report on a phone; four limits run side by side, and the first call waits for nobody's approval."""
    known = {"known_at": "2027-10-02T23:35", "event_kind": "illness", "event_place": "家中", "severity": "plain"}
    number = begins(zhou, child, "突发事件", known)
    says_of_time(
        zhou,
        (GUARDIAN, "2027-10-03 00:05", "还有 15 分钟"),
        (PARENTS, "2027-10-03 00:35", "还有 45 分钟"),
        (AUTHORITY, "2027-10-03 01:35", "还有 105 分钟"),
        (TOWNSHIP, "2027-10-03 01:35", "还有 105 分钟"),
    )
    zhou.narrows()
    zhou.keeps_picture("reported")
    site.clock.strikes("2027-10-02 23:58")
    told = {"guardian_told_at": "2027-10-02T23:56", "guardian_told": "祖父", "guardian_told_by": "phone"}
    steps(zhou, "已告知监护人", told)
    says_of_time(zhou, (GUARDIAN, "2027-10-03 00:05", "按时 2027-10-02 23:56"))
    tried = {"tried_at": "2027-10-02T23:57", "tried_whom": "父亲", "tried_by": "phone", "tried_says": "关机"}
    steps(zhou, "联系未果", tried)
    says_of_time(zhou, (PARENTS, "2027-10-03 00:35", "还有 37 分钟"))  # an attempt is not a notice
    return number


def the_deputy_reports_upward(meng: Person) -> None:
    """What only a principal may do is done by the deputy, and the page says for whom, before and afterwards."""
    meng.opens("/inbox/")
    meng.keeps_picture("inbox")
    meng.follows("林小禾")
    meng.sees("代 覃明远 办理")
    told = {"authority_told_at": "2027-10-03T00:18", "authority_told": "县教育局值班室", "authority_told_by": "phone"}
    steps(meng, "已报主管部门", told)
    says_of_time(meng, (AUTHORITY, "2027-10-03 01:35", "按时 2027-10-03 00:18"))
    meng.sees("孟晓岚（代覃明远）")


def the_ladder_is_climbed_by_itself(site: Site) -> None:
    """While nobody looks, the worker reminds at half of the time, urges at its end, and asks the head after that."""
    for hour in ("00:06", "00:36", "01:06"):
        site.clock.strikes(f"2027-10-03 {hour}")
        site.works()


def it_grows_graver(zhou: Person, number: str) -> None:
    """A threshold that is crossed later starts its limit at that moment, not at the time the event was known."""
    zhou.opens(f"/cases/{number}")
    steps(zhou, "续报", {"severity": "serious", "update_says": "已送县医院"})
    says_of_time(zhou, (COUNTY, "2027-10-03 03:06", "还有 2 小时"))


def the_parents_are_not_told_in_time(zhou: Person, site: Site, number: str) -> None:
    """Page, list and inbox speak of the same lateness; the page tells what was done about it."""
    site.clock.strikes("2027-10-03 01:11")
    zhou.opens(f"/cases/{number}")
    zhou.keeps_picture("late")
    late = zhou.page.locator(".clocks > li", has_text=PARENTS)
    expect(late).to_contain_text("逾期 36 分钟")
    for fired in ("2027-10-03 00:06 已提醒", "2027-10-03 00:36 已催办", "2027-10-03 01:06 已转上级：覃明远"):
        expect(late).to_contain_text(fired)
    for path in ("/cases/?workflow=emergency", "/inbox/"):
        zhou.opens(path)
        zhou.sees(number, "逾期 36 分钟")
        zhou.keeps_picture("late-in-list")


def what_was_reported_is_corrected(zhou: Person, site: Site, number: str) -> None:
    """Known ten minutes earlier than reported: limits move, the guardian's turns out missed, what was said remains."""
    site.clock.strikes("2027-10-03 01:15")
    zhou.opens(f"/cases/{number}")
    steps(zhou, "更正", {"known_at": "2027-10-02T23:25", "reason": "知悉时间填晚了十分钟"})
    says_of_time(
        zhou,
        (GUARDIAN, "2027-10-02 23:55", "超期 1 分钟"),
        (PARENTS, "2027-10-03 00:25", "逾期 50 分钟"),
        (AUTHORITY, "2027-10-03 01:25", "按时 2027-10-03 00:18"),
        (TOWNSHIP, "2027-10-03 01:25", "还有 10 分钟"),
        (COUNTY, "2027-10-03 03:06", "还有 111 分钟"),
    )
    zhou.keeps_picture("corrected")
    zhou.opens(f"/cases/{number}?tab=records")
    zhou.keeps_picture("records")
    zhou.sees("2027-10-02 23:25", "2027-10-02 23:35")


def the_parents_are_told(zhou: Person, site: Site) -> None:
    """Late is better than never, and stays late."""
    site.clock.strikes("2027-10-03 01:20")
    zhou.follows("详情")
    told = {"parents_told_at": "2027-10-03T01:18", "parents_told": "母亲", "parents_told_by": "video"}
    steps(zhou, "已告知父母", told)
    says_of_time(zhou, (PARENTS, "2027-10-03 00:25", "超期 53 分钟"))


def the_head_is_told(tan: Person, number: str) -> None:
    """What was missed has reached the head's bell."""
    tan.opens("/notices/")
    tan.keeps_picture("told")
    tan.sees(number)


def everybody_is_told_in_the_end(meng: Person, site: Site, number: str) -> None:
    """Nobody ends it while somebody was not told."""
    site.clock.strikes("2027-10-03 01:24")
    meng.opens(f"/cases/{number}")
    expect(meng.page.get_by_role("toolbar")).to_contain_text("还有应当告知的没有告知")
    told = {"township_told_at": "2027-10-03T01:24", "township_told": "镇值班室", "township_told_by": "phone"}
    steps(meng, "已报乡镇政府", told)
    site.clock.strikes("2027-10-03 01:52")
    told = {"county_told_at": "2027-10-03T01:50", "county_told": "县领导小组值班员", "county_told_by": "phone"}
    steps(meng, "已报县领导小组", told)
    says_of_time(
        meng,
        (TOWNSHIP, "2027-10-03 01:25", "按时 2027-10-03 01:24"),
        (COUNTY, "2027-10-03 03:06", "按时 2027-10-03 01:50"),
    )


def the_head_speaks_and_the_office_ends_it(sits: Sits, site: Site, number: str) -> None:
    """The head's opinion comes when all is done; five working days lie beyond the holiday, its swapped day counts."""
    site.clock.strikes("2027-10-03 09:00")
    with sits("tan", DESK) as tan:
        tan.opens(f"/cases/{number}")
        steps(tan, "负责人签署意见", {"head_says": "同意，先垫付医药费"})
    with sits("qin", DESK) as qin:
        qin.opens(f"/cases/{number}")
        ended = {"settled_at": "2027-10-03T08:30", "outcome": "已退烧", "child_now": "由祖父接回家"}
        steps(qin, "平息", ended)
        # Friday the 8th, Saturday the 9th that is worked, Monday the 11th to Wednesday the 13th.
        says_of_time(qin, ("已平息，待总结", "2027-10-13 23:59", "还有 10 天"))
        qin.keeps_picture("settled")
        qin.opens("/inbox/")
        qin.sees("剩 5 个工作日")
        summed_up = {"causes": "夜里着凉", "lessons": "假期里每晚通话", "follow_up": "班主任每天问候"}
        qin.opens(f"/cases/{number}")
        steps(qin, "总结并结案", summed_up)
        says_of_time(qin, (PARENTS, "2027-10-03 00:25", "超期 53 分钟"))
        qin.keeps_picture("closed")
