"""Papers out of a real browser: how many pages they take, that long words go on over pages, and the way to them."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.casework import act, family, opened
from tests.journeys.conftest import At
from tests.journeys.person import Person
from tests.journeys.site import Site
from tests.steps import PEER, PLAN, REFERRED

pytestmark = pytest.mark.browser

LONG = "连续两月旷课，家里只有祖母一人照看，村里的路雨天不通。" * 74  # as many letters as the form takes


def pages(person: Person) -> int:
    """Print the page that is open as the browser's own dialog would, and count the sheets of paper."""
    printed = person.page.pdf(prefer_css_page_size=True)
    return len(re.findall(rb"/Type\s*/Page\b", printed))


def test_a_card_takes_one_page_and_a_pledge_one_for_each_copy(at_desk: At, site: Site) -> None:
    """Whatever the window, paper is A4: a card of a whole family on one page, three copies of a pledge on three."""
    children = [site.cast.add_child("ZX-2302", name) for name in ("陈一", "陈二")]
    for child in children:
        family(site.cast, child)
    number = opened(site.cast, "pairing", children[0], "zhou", PEER)
    with at_desk("zhou") as zhou:
        zhou.opens(f"/children/details/?id={children[0]}")
        zhou.page.get_by_role("link", name="打印联系卡").click()
        expect(zhou.page.locator(".sheet")).to_contain_text("138****2716")
        assert pages(zhou) == 1
        zhou.page.get_by_label("家访").check()
        zhou.page.get_by_role("button", name="显示完整号码").click()
        expect(zhou.page.locator(".sheet")).to_contain_text("13800002716")
        zhou.keeps_picture("clear")
        assert pages(zhou) == 1
        zhou.opens(f"/papers/contact-card/{children[0]}?blank=1")
        assert pages(zhou) == 1
        zhou.opens("/papers/class-cards/ZX-2302")
        zhou.keeps_picture("class")
        assert pages(zhou) == 2
        zhou.opens(f"/cases/{number}")
        zhou.page.locator("summary", has_text="打印").click()
        zhou.page.get_by_role("link", name="结对帮扶责任书").click()
        expect(zhou.page.locator(".sheet")).to_have_count(3)
        zhou.keeps_picture("pledge")
        assert pages(zhou) == 3


def test_a_long_plan_goes_on_over_pages_and_keeps_inside_them(at_desk: At, site: Site) -> None:
    """What fills several pages is cut at none: all of it is in the text of the sheet, which grows downwards only."""
    child = site.cast.add_child("ZX-2302", "陈一")
    number = opened(site.cast, "individual_plan", child, "meng", REFERRED)
    act(site.cast, "meng", number, "submit", PLAN | {"situation": LONG, "causes": LONG})
    with at_desk("meng") as meng:
        meng.opens(f"/papers/plan/{number}")
        assert meng.page.locator(".sheet").inner_text().count("连续两月旷课") == 74 * 2 + 1
        if meng.is_on_phone:
            meng.narrows()
        meng.keeps_picture("plan")
        assert 4 <= pages(meng) <= 6
