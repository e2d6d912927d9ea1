"""What cannot be had is told in plain words on a whole page, with a way back and no trace of the machinery."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.journeys.conftest import At
from tests.journeys.person import Person
from tests.journeys.site import Site
from workflows.operations.case import Request, act_on_case
from workflows.policy import Permission

pytestmark = pytest.mark.browser


def test_every_refusal_has_a_page_with_words_and_a_way_back(at_desk: At, site: Site) -> None:
    """Forbidden, missing, too late, too large: each by its own page, inside the frame."""
    child = site.cast.add_child("ZX-2302", care_situation="single_or_orphan")
    number = site.cast.open_case(child)
    with site.cast.acting("zhou", Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request("complete", None, ANSWERS))
    with at_desk("zhou") as zhou:
        told(zhou, "/staff/", 403, "没有权限")
        told(zhou, "/cases/MD-2026-9999", 404, "没有找到")
        told(zhou, "/no-such-page", 404, "没有找到")
        send_too_much(zhou)
    with at_desk("qin") as qin:
        qin.opens(f"/cases/{number}")
        qin.presses("归档", qin.page.get_by_role("toolbar"))
        with site.cast.acting("qin", Permission.CASE_ACT) as tx:
            act_on_case(tx, number, Request("send_back", None, {"reason": "电话打不通"}))
        with qin.taking(409):
            qin.presses("归档", qin.page.get_by_role("dialog"))
            qin.sees("409")
        qin.keeps_picture("too-late")
        qin.follows("返回")
        qin.sees(number, "退回补正")  # the case as it stands now


ANSWERS = {
    "care_situation": "single_or_orphan",
    "is_boarding": "false",
    "guardian_name": "林长顺",
    "guardian_relation": "grandfather",
    "guardian_phone": "13800002716",
    "home_address": "柳溪镇上村 2 组",
    "call_first": "guardian",
    "five_facts": ["basics", "character", "interests", "health", "contacts"],
    "character": "开朗",
    "interests": "画画",
    "health": "健康",
}


def told(person: Person, path: str, code: int, title: str) -> None:
    """Open an address that is refused and read why."""
    person.opens(path, code)
    expect(person.page.locator("h1")).to_have_text(title)
    person.sees(str(code), "编号")
    person.keeps_picture(f"refused-{code}")


def send_too_much(person: Person) -> None:
    """A form with more text than a page of ours ever sends."""
    person.opens("/account")
    with person.taking(413):
        person.page.evaluate(
            """() => {
                const field = document.createElement("input");
                Object.assign(field, { type: "hidden", name: "more", value: "字".repeat(1500000) });
                const form = document.getElementById("settings-form");
                form.enctype = "multipart/form-data";
                form.append(field);
                form.submit();
            }"""
        )
        person.sees("413", "文件太大")
    person.keeps_picture("refused-413")


def test_a_person_without_a_post_and_lists_without_rows_say_what_would_stand_there(at_desk: At, site: Site) -> None:
    """Empty is told apart from not found."""
    with at_desk("nobody") as nobody:
        nobody.sees("工作台")
        nobody.keeps_picture("no-post")
        told(nobody, "/children/", 403, "没有权限")
    with at_desk("zhou") as zhou:
        zhou.opens("/children/")
        zhou.sees("还没有记录")
        zhou.keeps_picture("no-children")
        zhou.opens("/cases/")
        zhou.sees("本学期还没有事项")
        zhou.keeps_picture("no-cases")
        zhou.opens("/cases/?q=meiyou")
        zhou.sees("没有符合条件的事项")
        zhou.keeps_picture("no-hits")
        zhou.opens("/search?q=meiyou")
        zhou.sees("没有找到")
        zhou.keeps_picture("search-empty")
