"""A form that reckons and has rules, in the browser: told while one types, as the server tells it on sending."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.journeys.conftest import At
from tests.journeys.person import Person
from tests.journeys.site import Site
from tests.playing import stand
from workflows.operations.definition import publish_definition

pytestmark = pytest.mark.browser

ROOT = Path(__file__).resolve().parents[2]
TOO_HIGH, TOO_LATE = "得分不能超过分值", "不能晚于整改总期限"


def box(person: Person, name: str) -> Locator:
    return person.page.locator(f'[data-field="{name}"]')


def types(person: Person, name: str, words: str) -> None:
    asked = person.page.locator(f"[name='{name}']")
    asked.fill(words)
    asked.blur()


def test_an_inspection_adds_up_its_scores_and_says_what_cannot_be(at_desk: At, site: Site) -> None:
    number = stand(site.cast, "inspection", "checked").number
    with at_desk("feng") as feng:
        feng.opens(f"/cases/{number}/find")
        total = box(feng, "score").locator("output")
        expect(total).to_have_text("0")
        for row, (score, sum_) in enumerate((("9.5", "9.5"), ("20", "29.5"), ("16", "45.5"))):
            types(feng, f"items-{row}-score", score)
            types(feng, f"items-{row}-found", "查看了记录")
            expect(total).to_have_text(sum_)
        third = box(feng, "items-2-score")
        expect(third).to_contain_text(TOO_HIGH)
        feng.keeps_picture("too-high")
        types(feng, "items-2-score", "14")
        expect(third).not_to_contain_text(TOO_HIGH)
        expect(total).to_have_text("43.5")
        types(feng, "limit_on", "2026-12-04")
        types(feng, "findings-0-until", "2026-12-05")
        expect(box(feng, "findings-0-until")).to_contain_text(TOO_LATE)
        feng.page.locator('[data-field="findings"] [data-rows-add]').click()
        for row in (0, 1):
            for column in ("problem", "demand", "in_charge"):
                types(feng, f"findings-{row}-{column}", "补签责任书")
        types(feng, "findings-1-until", "2026-12-04")
        expect(box(feng, "findings-1-until")).not_to_contain_text(TOO_LATE)
        for _row in range(5):
            feng.page.locator("#items [data-rows-remove]:visible").last.click()
        expect(total).to_have_text("43.5")
        with feng.taking(422):
            feng.presses("发现问题，限期整改", feng.page.get_by_role("toolbar"))
        late = box(feng, "findings-0-until")
        expect(late.locator(".field-error")).to_have_text(TOO_LATE)
        expect(late.get_by_text(TOO_LATE)).to_have_count(1)
        expect(box(feng, "score").locator("output")).to_have_text("43.5")
        feng.keeps_picture("refused")
        types(feng, "findings-0-until", "2026-12-03")
        expect(late.get_by_text(TOO_LATE)).to_be_hidden()
        expect(box(feng, "findings").get_by_text(TOO_LATE).locator("visible=true")).to_have_count(0)
        if feng.is_on_phone:
            feng.narrows()
        feng.presses("发现问题，限期整改", feng.page.get_by_role("toolbar"))
        feng.sees("限期整改", "43.5")
        feng.keeps_picture("shown")


def test_a_return_before_the_absence_is_told_at_once(at_desk: At, site: Site) -> None:
    number = stand(site.cast, "keep_in_school", "called").number
    with at_desk("zhou") as zhou:
        zhou.opens(f"/cases/{number}/come_back")
        types(zhou, "returned_on", "2026-11-01")
        said = box(zhou, "returned_on").get_by_text("返校日期不能早于未到校的日期")
        expect(said).to_be_visible()
        zhou.keeps_picture("before")
        types(zhou, "returned_on", "2026-11-20")
        expect(said).to_be_hidden()


def test_the_form_of_the_guide_reckons_row_by_row(at_desk: At, site: Site) -> None:
    publish_the_guide(site)
    child = site.cast.add_child("ZX-2302", "林小禾")
    with at_desk("zhou") as zhou:
        zhou.opens(f"/open/lunch_aid/child/{child}")
        total, aid = box(zhou, "lunch_sum").locator("output"), box(zhou, "meals-0-aid").locator("output")
        types(zhou, "lunch_from", "2026-11-23")
        types(zhou, "lunch_until", "2026-11-22")
        expect(box(zhou, "lunch_until")).to_contain_text("不能早于开始的日期")
        types(zhou, "lunch_until", "2026-12-04")
        expect(box(zhou, "lunch_days").locator("output")).to_have_text("12")
        chooses(zhou, "meals-0-meal", "lunch")
        types(zhou, "meals-0-price", "8.50")
        expect(aid).to_have_text("8.5")
        expect(total).to_have_text("102")
        types(zhou, "meals-0-paid", "9")
        expect(box(zhou, "meals-0-paid")).to_contain_text("家里出的不能多于价格")
        types(zhou, "meals-0-paid", "2")
        expect(aid).to_have_text("6.5")
        expect(box(zhou, "meals-0-why_dear")).to_be_hidden()
        zhou.page.locator('[data-field="meals"] [data-rows-add]').click()
        chooses(zhou, "meals-1-meal", "lunch")
        types(zhou, "meals-1-price", "60")
        expect(box(zhou, "meals-1-why_dear").locator(".required")).to_be_visible()
        expect(box(zhou, "meals")).to_contain_text("同一餐只写一行")
        expect(total).to_have_text("798")
        expect(box(zhou, "lunch_why").locator(".required")).to_be_visible()
        zhou.keeps_picture("rows")
        with zhou.taking(422):
            zhou.presses("发起", zhou.page.get_by_role("toolbar"))
        expect(box(zhou, "meals-1-aid").locator("output")).to_have_text("60")
        expect(box(zhou, "meals-1-why_dear").locator(".field-error")).to_have_text("请填写")
        expect(box(zhou, "meals").get_by_text("同一餐只写一行")).to_have_count(1)
        zhou.keeps_picture("refused")
        chooses(zhou, "meals-1-meal", "breakfast")
        types(zhou, "meals-1-price", "5.2")
        expect(box(zhou, "meals-1-why_dear")).to_be_hidden()
        expect(total).to_have_text("140.4")
        zhou.presses("发起", zhou.page.get_by_role("toolbar"))
        zhou.sees("140.4", "补助天数")
        zhou.keeps_picture("opened")


def chooses(person: Person, name: str, value: str) -> None:
    person.page.locator(f"[name='{name}'][value='{value}']").check(force=True)


def publish_the_guide(site: Site) -> None:
    guide = (ROOT / "docs" / "how-to" / "writing-workflows.md").read_text(encoding="utf-8")
    with site.cast.system() as tx:
        for written in re.findall(r"```yaml\n(.*?)```", guide, re.S):
            kind, key = written.split("\n")[0].split(": ")
            publish_definition(tx, kind, key, written)
