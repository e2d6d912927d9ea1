"""The inbox in a browser, at both widths: found by the count, claimed in the row, decided together, read afterwards."""

from __future__ import annotations

from datetime import date

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from models.scope import system_scope
from models.staff import Staff
from tests.deciding import Joint, open_joint, publish
from tests.journeys.conftest import At
from tests.journeys.person import Person
from tests.journeys.site import Site
from workflows.operations.watch import Watching, watch_case
from workflows.policy import Permission

pytestmark = pytest.mark.browser

POOL = "{who: [office@school], mode: any}"


def test_a_pool_is_emptied_by_one_office(at_desk: At, site: Site) -> None:
    """Two cases are claimed, chosen and agreed to with one press; what was done is listed with what became of it."""
    publish(site.cast, POOL)
    joints = [open_joint(site.cast) for _ in range(3)]
    for joint in joints:
        joint.act("zhou", "submit")
    with at_desk("qin") as qin:
        claim_one_in_its_row(qin, joints[0])
        claim_the_others_together(qin)
        decide_two_of_them(qin)
        see_what_was_done(qin)
    assert sorted(joint.state for joint in joints) == ["agreed", "agreed", "review"]


def claim_one_in_its_row(qin: Person, joint: Joint) -> None:
    """The button of the row claims its case alone."""
    qin.opens("/inbox/?tab=claim")
    expect(qin.page.locator(".inbox tbody tr")).to_have_count(3)
    qin.keeps_picture("to-claim")
    row = qin.page.locator(".inbox tbody tr", has_text=joint.number)
    row.get_by_role("button", name="认领").click()
    qin.sees("已认领 1 件")
    expect(qin.page.locator(".inbox tbody tr")).to_have_count(2)


def claim_the_others_together(qin: Person) -> None:
    """Ticked rows are claimed by the bar below the list."""
    for box in qin.page.locator(".inbox .row-check").all():
        box.check()
    qin.page.locator(".batch-bar").get_by_role("button", name="认领").click()
    qin.sees("已认领 2 件", "没有可以认领的事项")


def decide_two_of_them(qin: Person) -> None:
    """The count stands in the menu; two of three are chosen, looked at and agreed to."""
    qin.opens("/inbox/")
    expect(qin.page.locator("[data-count]")).to_have_text("3")
    boxes = qin.page.locator(".inbox .row-check")
    for number in range(2):
        boxes.nth(number).check()
    expect(qin.page.locator("[data-batch-count]")).to_have_text("2")
    qin.keeps_picture("chosen")
    qin.page.locator(".batch-bar").get_by_role("button", name="批量办理").click()
    qin.sees("可办 2 件")
    qin.keeps_picture("check")
    qin.page.get_by_role("toolbar").get_by_role("button", name="同意 2 件", exact=True).click()
    qin.sees("已办理 2 件")
    qin.keeps_picture("outcome")


def see_what_was_done(qin: Person) -> None:
    """What is left still waits, what was done is listed under what was done."""
    qin.opens("/inbox/")
    expect(qin.page.locator(".inbox tbody tr")).to_have_count(1)
    qin.opens("/inbox/?tab=done")
    expect(qin.page.locator(".inbox tbody tr")).to_have_count(2)
    if qin.is_on_phone:
        qin.narrows()
    qin.keeps_picture("done")
    qin.opens("/inbox/?tab=watched")
    expect(qin.page.locator(".nav-tabs [aria-current]")).to_be_in_viewport(ratio=0.9)


def test_a_leader_passes_on_the_seat_of_a_leaver(at_desk: At, site: Site) -> None:
    """The leader finds the case, gives the seat away; what they kept an eye on is marked as ended behind what runs."""
    cast = site.cast
    publish(cast, "{who: [counsellor@school, principal@school], mode: all}", confidential=True, key="individual_plan")
    joint, stopped = (open_joint(cast, key="individual_plan") for _ in range(2))
    for one in (stopped, joint):
        with cast.acting("tan", Permission.CASE_WATCH) as tx:
            watch_case(tx, one.number, Watching("月底前办结，办结前电话告知", date(2026, 11, 30)))
        one.act("zhou", "submit")
    stopped.act("tan", "refuse")
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Staff).where(Staff.login == "meng").values(is_active=False))
    with at_desk("tan") as tan:
        tan.opens("/inbox/?tab=watched")
        expect(tan.page.locator(".inbox tbody tr")).to_have_count(2)
        expect(tan.page.locator(".inbox tbody tr").last).to_contain_text("已结束")
        tan.keeps_picture("watched")
        tan.opens(f"/cases/{stopped.number}")
        tan.sees("结束", "月底前办结")
        tan.keeps_picture("ended")
        tan.opens(f"/cases/{joint.number}")
        tan.sees("孟晓岚 已不能办理这一项")
        tan.keeps_picture("left")
        tan.page.get_by_label("由谁接办").select_option(label="秦素芬")
        tan.page.get_by_role("button", name="指定接办人").click()
        tan.sees("已指定接办人")
        tan.keeps_picture("passed")
    joint.act("qin", "agree")
