"""Two people decide together in front of their own browsers, ask a third, and sign by hand."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.deciding import begin
from tests.journeys.conftest import At
from tests.journeys.person import Person
from tests.journeys.site import Site

pytestmark = pytest.mark.browser
TASKS = "{who: [principal@school, office@school], mode: all, sign: true, opinion: required}"


def test_two_people_decide_together_and_sign_by_hand(at_desk: At, site: Site) -> None:
    joint = begin(site.cast, TASKS)
    path = f"/cases/{joint.number}"
    with at_desk("tan") as tan:
        tan.opens(path)
        tan.sees("会签 0/2 已同意", "轮到你")
        tan.narrows()
        tan.keeps_picture("turn")
        asks(tan, "委派", "chen", "请看看镇里的意见")
        tan.sees("已请 陈立群 提意见")
        tan.keeps_picture("lent")
        with at_desk("chen") as chen:
            chen.opens(path)
            chen.sees("轮到你")
            opens(chen, "回复意见")
            chen.page.get_by_role("dialog").get_by_label("意见").fill("可行，按计划办")
            chen.presses("回复意见", chen.page.get_by_role("dialog"))
            chen.sees("已回复", "可行，按计划办")
        tan.opens(path)
        opens(tan, "同意")
        dialog = tan.page.get_by_role("dialog")
        dialog.get_by_label("意见").fill("同意。辅导课由教务处排定")
        tan.presses("同意", dialog)
        expect(dialog).to_be_visible()  # nothing is sent without a signature
        signs(tan)
        tan.keeps_picture("signing")
        tan.presses("同意", dialog)
        tan.sees("会签 1/2 已同意", "手写签名")
        expect(tan.page.locator("img.signature").first).to_be_visible()
        tan.keeps_picture("signed")
    with at_desk("qin") as qin:
        qin.opens(f"{path}/agree")  # the page that stands where scripts are off
        qin.page.get_by_label("意见").fill("同意")
        signs(qin)
        qin.presses("同意", qin.page.locator("#main"))
        qin.sees("同意。辅导课由教务处排定")
        qin.keeps_picture("agreed")
    assert joint.state == "agreed"


def test_words_for_a_verb_outlive_its_dialog(at_desk: At, site: Site) -> None:
    joint, typed = begin(site.cast, TASKS), "外出开会，请陈老师看"
    with at_desk("tan") as tan:
        dialog = tan.page.get_by_role("dialog")
        tan.opens(f"/cases/{joint.number}")
        opens(tan, "转办")
        dialog.get_by_label("原因").fill(typed)
        with tan.page.expect_response(lambda answer: "/drafts" in answer.url):
            dialog.get_by_text("取消", exact=True).click()
        expect(dialog).to_be_hidden()
        tan.opens(f"/cases/{joint.number}")
        opens(tan, "转办")
        expect(dialog.get_by_label("原因")).to_have_value(typed)
        expect(dialog).to_contain_text("的草稿")
        tan.keeps_picture("kept")


def opens(person: Person, words: str) -> None:
    """Press a verb of the action bar, behind 更多 where it stands there."""
    bar = person.page.get_by_role("toolbar")
    found = bar.get_by_role("button", name=words, exact=True).locator("visible=true")
    if found.count() == 0:
        bar.get_by_text("更多").locator("visible=true").click()
        person.keeps_picture("more")
    found.first.click()
    expect(person.page.get_by_role("dialog")).to_be_visible()


def asks(person: Person, verb: str, words: str, note: str) -> None:
    """Use a verb towards somebody found by a part of their name's reading."""
    opens(person, verb)
    dialog = person.page.get_by_role("dialog")
    dialog.get_by_role("searchbox").fill(words)
    expect(dialog.get_by_role("radio").locator("visible=true")).to_have_count(1)
    dialog.get_by_role("radio").locator("visible=true").check()
    dialog.get_by_role("textbox").last.fill(note)
    person.keeps_picture("asking")
    person.presses(verb, dialog)


def signs(person: Person) -> None:
    """Draw a stroke on the pad."""
    pad = person.page.locator("[data-sign-canvas]")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    assert box is not None
    mouse = person.page.mouse
    points = [(0.1, 0.6), (0.25, 0.2), (0.4, 0.7), (0.6, 0.3), (0.85, 0.55)]
    for number, (x, y) in enumerate(points):
        mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=6)
        if number == 0:
            mouse.down()
    mouse.up()
