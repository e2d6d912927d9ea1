"""Many cases handled from their list in a browser, at both widths: ticked, checked, followed to the end, told."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from models.clock import WorkerBeat
from models.scope import system_scope
from tests.journeys.conftest import At
from tests.journeys.person import Person
from tests.journeys.site import Site
from tests.playing import stand, trace
from workflows.operations import jobs
from workflows.operations.jobs import run_chunk, run_jobs
from workflows.outbox.spread import spread

pytestmark = pytest.mark.browser


def test_an_office_files_those_it_ticked(at_desk: At, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Four of six are filed: one stands elsewhere and is told why; the page goes on by itself while it runs."""
    monkeypatch.setattr(jobs, "CHUNK", 2)
    ready = [stand(site.cast, "identification", "confirmed").number for _ in range(4)]
    unready = stand(site.cast, "identification", "open").number
    left = stand(site.cast, "identification", "confirmed").number
    worker_is_there(site)
    with at_desk("qin") as qin:
        tick(qin, [*ready, unready])
        look_before(qin, unready)
        follow(qin, site)
        read_the_end(qin, site, unready)
    assert [trace(site.cast, number).state for number in (*ready, unready, left)] == ["filed"] * 4 + [
        "open",
        "confirmed",
    ]


def test_all_of_a_list_are_sent_back_with_one_reason_and_stopped(
    at_desk: At, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the step asks is written once; stopped half-way, what was done stays done."""
    monkeypatch.setattr(jobs, "CHUNK", 2)
    numbers = [stand(site.cast, "identification", "confirmed").number for _ in range(4)]
    worker_is_there(site)
    with at_desk("qin") as qin:
        qin.opens("/cases/?state=confirmed")
        if qin.is_on_phone:
            qin.page.locator(".row-check").first.check()
            qin.presses("批量办理全部 4 件")
        else:
            qin.follows("批量办理全部 4 件")
        qin.sees("所选范围内的全部 4 件")
        qin.keeps_picture("choose")
        qin.page.get_by_role("button", name="退回补正").click()
        with qin.taking(422):
            qin.presses("下一步：核对")
            qin.sees("请填写")
        qin.page.get_by_label("退回原因").fill("请补监护人电话")
        qin.page.get_by_label("监护人", exact=True).check()
        qin.keeps_picture("fill")
        qin.presses("下一步：核对")
        qin.sees("请补监护人电话", "可办")
        qin.presses("退回补正 4 件")
        run_chunk(site.cast.database, site.clock)
        expect(qin.page.locator(".bulk-sums")).to_contain_text("2")
        qin.page.get_by_role("button", name="停止").first.click()
        qin.keeps_picture("stop")
        qin.page.locator("#stop-job").get_by_role("button", name="停止").click()
        qin.sees("已停止", "没有办")
        if qin.is_on_phone:
            qin.narrows()
        qin.keeps_picture("stopped")
    run_jobs(site.cast.database, site.clock)
    assert [trace(site.cast, number).state for number in numbers].count("returned") == 2


def worker_is_there(site: Site) -> None:
    with site.cast.database.transaction(system_scope("tests")) as session:
        session.add(WorkerBeat(name="here", began_at=site.clock(), seen_at=site.clock(), did={}))


def tick(qin: Person, numbers: list[str]) -> None:
    """The rows are ticked; the bar counts them and leads on."""
    qin.opens("/cases/")
    for number in numbers:
        qin.page.locator("tr", has_text=number).locator(".row-check").check()
    expect(qin.page.locator("[data-batch-count]")).to_have_text(str(len(numbers)))
    qin.keeps_picture("ticked")
    qin.page.locator(".batch-bar").get_by_role("button", name="批量办理", exact=True).click()


def look_before(qin: Person, unready: str) -> None:
    """Before anything happens the page says how many can be handled, and why one cannot."""
    qin.sees("勾选的 5 件")
    qin.page.locator("button[value=file]").click()
    qin.sees("当前环节不能这样办理", unready)
    qin.keeps_picture("check")
    if qin.is_on_phone:
        qin.narrows()
    qin.presses("归档 4 件")


def follow(qin: Person, site: Site) -> None:
    """The figures change without a hand, until all is done."""
    progress = qin.page.locator("#job progress")
    qin.page.locator("#stop").focus()
    expect(progress).to_have_attribute("value", "0")
    run_chunk(site.cast.database, site.clock)
    expect(progress).to_have_attribute("value", "2")
    expect(qin.page.locator("#stop")).to_be_focused()  # whoever works by keyboard stays where they are
    qin.keeps_picture("running")
    run_jobs(site.cast.database, site.clock)
    expect(progress).to_have_attribute("value", "5")
    qin.sees("已办完", "未办成的")
    qin.keeps_picture("done")


def read_the_end(qin: Person, site: Site, unready: str) -> None:
    """The refused case stands with its reason; the bell tells the end and leads back to it."""
    row = qin.page.locator("tbody tr", has_text=unready)
    expect(row).to_contain_text("当前环节不能这样办理")
    if qin.is_on_phone:
        qin.narrows()
    spread(site.cast.database, site.clock())
    qin.opens("/notices/")
    qin.sees("已办 4 件，未办成 1 件")
    qin.follows("批量办理")
    qin.sees("未办成的")
    qin.follows("批量办理记录")
    qin.sees("归档", "5 / 5")
    qin.keeps_picture("record")
