"""The main job, walked in a real browser: a school's register becomes files that are checked, mended and filed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from admin_app.exchange.spreadsheet import read_grids
from models.case import Case, CaseMove
from tests.journeys.conftest import At
from tests.journeys.person import Person
from tests.journeys.site import Site

pytestmark = pytest.mark.browser

REGISTER = Path(__file__).parent.parent / "registers" / "school-18-classes.xlsx"
ACCEPTED, REFUSED, MENDED = 107, 13, 4
CLASS, IN_CLASS = "四（2）班", 7
CHILD, OTHER_CHILD = "孟明泽", "钟鹏"
GUARDIAN_PHONE = "15426744168"
WHY = "外出日期与家长微信里说的不一致，请向监护人核实"


def test_a_register_becomes_files_that_the_office_files(at_desk: At, site: Site) -> None:
    """Walk from the office's import to the inspector's trail."""
    with at_desk("qin") as qin:
        nothing_stands_on_the_first_page(qin)
        upload_the_register(qin)
        change_one_heading_and_change_it_back(qin)
        read_the_dry_run(qin)
        take_the_refused_rows_along(qin)
        import_the_accepted_rows(qin)
        see_that_nothing_is_filed(qin)
    site.clock.forward(minutes=20)
    with at_desk("zhou") as zhou:
        open_the_file_that_waits(zhou)
        number = fill_in_half_and_close_the_tab(zhou)
        find_the_draft_and_go_on(zhou, number)
        be_refused_for_a_phone_that_is_too_short(zhou)
        mend_and_submit_twice_at_once(zhou)
    assert moves_of(site, number) == ["open", "complete"]
    site.clock.forward(hours=1)
    with at_desk("qin") as qin:
        send_it_back_with_a_reason(qin, number)
    site.clock.forward(hours=2)
    with at_desk("zhou") as zhou:
        mend_what_was_asked_for(zhou)
    site.clock.forward(hours=1)
    with at_desk("qin") as qin:
        put_it_on_file(qin, number)
        see_one_file_in_the_rate(qin)
    assert moves_of(site, number) == ["open", "complete", "send_back", "complete", "file"]
    with at_desk("feng") as feng:
        find_the_import_in_the_trail(feng)
        follow_the_file_from_import_to_filing(feng, number)
        find_nothing_to_change(feng, number)
    with at_desk("bai") as bai:
        find_nothing_at_all(bai, number)


def nothing_stands_on_the_first_page(qin: Person) -> None:
    """Before the import there is nothing to do and the way to it is offered."""
    qin.keeps_picture("home-before")
    qin.follows("导入名册")
    qin.sees("还没有导入过名册")
    qin.keeps_picture("import-empty")


def upload_the_register(qin: Person) -> None:
    """The register goes up as the school keeps it."""
    qin.page.get_by_label("名册文件").set_input_files(REGISTER)
    expect(qin.page.locator("[data-drop-name]")).to_have_text(REGISTER.name)
    qin.presses("上传并核对")
    expect(qin.page.locator("h1")).to_have_text("核对表头")
    qin.sees("120 行数据", "监护类型")
    qin.keeps_picture("headings")


def change_one_heading_and_change_it_back(qin: Person) -> None:
    """What a column is taken for can be changed by hand, and changed back; the dry run follows."""
    heading = qin.page.get_by_label("民族", exact=True)
    expect(heading).to_have_value("child.ethnicity")
    heading.select_option("ignore")
    qin.presses("下一步：预检")
    qin.sees("不导入的列")
    expect(qin.page.locator("dd", has_text="民族")).to_be_visible()
    qin.follows("回到表头")
    heading = qin.page.get_by_label("民族", exact=True)
    expect(heading).to_have_value("ignore")
    qin.sees("已改")
    qin.keeps_picture("heading-changed")
    heading.select_option("child.ethnicity")
    qin.presses("下一步：预检")


def read_the_dry_run(qin: Person) -> None:
    """Counts, and each refused row beside its reason; nothing is stored yet."""
    expect(qin.page.locator("h1")).to_have_text("预检")
    expect(qin.page.locator(".rate-figure b")).to_have_text([str(ACCEPTED), str(REFUSED), str(MENDED)])
    expect(qin.page.locator("dd", has_text="民族")).to_have_count(0)
    refused = qin.page.get_by_role("row", name=re.compile("2年级2班"))
    expect(refused).to_contain_text("只有 9 位")
    qin.sees_nothing_of("132847552")  # a protected value that the reason quotes
    qin.keeps_picture("dry-run")


def take_the_refused_rows_along(qin: Person) -> None:
    """The refused rows come as a sheet of the same layout with the reason in a column of its own."""
    with qin.page.expect_download() as coming:
        qin.page.get_by_role("link", name="下载有问题的行").click()
    grids = read_grids(Path(coming.value.path()).read_bytes(), coming.value.suggested_filename)
    written = "\n".join(str(cell) for grid in grids for row in grid.rows for cell in row)
    assert "缺姓名" in written
    assert "身份证号校验位不对" in written


def import_the_accepted_rows(qin: Person) -> None:
    """Pressing twice imports once; the result tells what is there now."""
    qin.page.get_by_role("button", name=f"导入 {ACCEPTED} 名儿童").dblclick()
    expect(qin.page.locator("h1")).to_have_text("导入结果")
    expect(qin.page.locator(".rate-figure b").first).to_have_text(str(ACCEPTED))
    qin.keeps_picture("imported")


def see_that_nothing_is_filed(qin: Person) -> None:
    """The filing rate begins at nought, with every child missing behind it."""
    qin.follows("各班建档率")
    row = qin.page.get_by_role("row", name=re.compile(re.escape(CLASS)))
    expect(row).to_contain_text("0%")
    qin.keeps_picture("rates-before")
    qin.follows(str(IN_CLASS), row.get_by_role("cell").last)
    qin.sees(f"{IN_CLASS} 人", "待完善", "孟明泽")
    qin.keeps_picture("missing-before")


def open_the_file_that_waits(zhou: Person) -> None:
    """The class teacher finds the children of the own class, and nobody else's, waiting."""
    todo = zhou.page.locator(".card", has=zhou.page.get_by_role("heading", name="轮到我办"))
    expect(todo.get_by_role("listitem")).to_have_count(IN_CLASS)
    zhou.keeps_picture("teacher-home")
    zhou.follows(CHILD, todo)
    zhou.sees(CHILD, "待完善", "摸底排查建档")
    zhou.keeps_picture("case-open")
    zhou.follows("流程图")
    expect(zhou.page.locator(".diagram-scroll svg")).to_be_visible()
    zhou.keeps_picture("case-diagram")
    zhou.follows("详情")


def fill_in_half_and_close_the_tab(zhou: Person) -> str:
    """What is typed is kept by itself; the tab closes without a question. Returns the case's number."""
    zhou.follows("提交审核", zhou.page.get_by_role("toolbar"))
    expect(zhou.page.get_by_label("监护人姓名")).not_to_be_empty()  # the register's words are there already
    zhou.keeps_picture("form-fresh")
    zhou.page.get_by_label("父母外出起始日期").fill("2024-03-01")
    zhou.page.get_by_role("textbox", name="兴趣爱好").fill("下象棋、画画")
    expect(zhou.page.locator("[data-draft-state]:visible")).to_contain_text("草稿已存")
    number = zhou.page.url.split("/cases/")[1].split("/")[0]
    zhou.page.close(run_before_unload=True)
    return number


def find_the_draft_and_go_on(zhou: Person, number: str) -> None:
    """In a new tab the form stands as it was left."""
    zhou.new_tab()
    zhou.opens(f"/cases/{number}/complete")
    zhou.sees("已恢复 2026-11-20 10:00 的草稿")
    expect(zhou.page.get_by_label("父母外出起始日期")).to_have_value("2024-03-01")
    expect(zhou.page.get_by_role("textbox", name="兴趣爱好")).to_have_value("下象棋、画画")
    zhou.keeps_picture("form-draft")


def be_refused_for_a_phone_that_is_too_short(zhou: Person) -> None:
    """One mistake gives the form back with everything typed, and leads to the mistake."""
    page = zhou.page
    page.get_by_label("监护人电话").fill("1542674416")
    page.get_by_role("group", name="紧急时先联系").get_by_role("radio", name="监护人").check()
    tick_the_five_facts(zhou)
    page.get_by_role("textbox", name="性格").fill("文静，熟了话多")
    page.get_by_role("textbox", name=re.compile("^健康状况")).fill("健康，对花生过敏")
    with zhou.taking(422):
        zhou.presses("提交审核", page.get_by_role("toolbar"))
        summary = page.locator(".error-summary")
        expect(summary).to_be_focused()
    expect(summary.get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("textbox", name="性格")).to_have_value("文静，熟了话多")
    expect(page.get_by_label("父母外出起始日期")).to_have_value("2024-03-01")
    expect(page.get_by_role("group", name="已逐项核对清楚").get_by_role("checkbox", checked=True)).to_have_count(5)
    zhou.keeps_picture("form-refused")
    summary.get_by_role("link", name="监护人电话").click()
    expect(page.get_by_label("监护人电话")).to_be_focused()
    expect(page.get_by_label("监护人电话")).to_have_value("1542674416")


def tick_the_five_facts(zhou: Person) -> None:
    """Say of each fact that it was checked."""
    for fact in ("基本情况", "性格", "兴趣爱好", "健康状况", "联系方式"):
        zhou.page.get_by_role("group", name="已逐项核对清楚").get_by_role("checkbox", name=fact).check()


def mend_and_submit_twice_at_once(zhou: Person) -> None:
    """Two quick presses are one submission."""
    zhou.page.get_by_label("监护人电话").fill(GUARDIAN_PHONE)
    zhou.page.get_by_role("button", name="提交审核").dblclick()
    zhou.sees("已办理：待归档审核")
    zhou.keeps_picture("submitted")
    zhou.opens("/")
    expect(zhou.page.locator(".todo").get_by_role("listitem")).to_have_count(IN_CLASS - 1)


def send_it_back_with_a_reason(qin: Person, number: str) -> None:
    """The office finds the file waiting and sends it back; without a reason it cannot."""
    qin.keeps_picture("office-home")
    todo = qin.page.locator(".card", has=qin.page.get_by_role("heading", name="轮到我办"))
    qin.follows(CHILD, todo)
    qin.keeps_picture("case-to-file")
    qin.follows("退回补正", qin.page.get_by_role("toolbar"))
    with qin.taking(422):
        qin.presses("退回补正", qin.page.get_by_role("toolbar"))
        expect(qin.page.locator(".error-summary")).to_contain_text("退回原因")
    qin.page.get_by_label("退回原因").fill(WHY)
    qin.page.get_by_role("checkbox", name="监护与外出情况").check()
    qin.keeps_picture("send-back")
    qin.presses("退回补正", qin.page.get_by_role("toolbar"))
    qin.sees(number, "已办理：退回补正", WHY)
    qin.keeps_picture("sent-back")


def mend_what_was_asked_for(zhou: Person) -> None:
    """The teacher reads the reason, mends the day and submits again."""
    todo = zhou.page.locator(".card", has=zhou.page.get_by_role("heading", name="轮到我办"))
    expect(todo.get_by_role("listitem").filter(has_text=CHILD)).to_contain_text("退回补正")
    zhou.keeps_picture("teacher-home-returned")
    zhou.follows(CHILD, todo)
    zhou.sees(WHY)
    zhou.keeps_picture("case-returned")
    zhou.follows("提交审核", zhou.page.get_by_role("toolbar"))
    expect(zhou.page.get_by_label("父母外出起始日期")).to_have_value("2024-03-01")
    zhou.page.get_by_label("父母外出起始日期").fill("2024-02-18")
    tick_the_five_facts(zhou)
    zhou.presses("提交审核", zhou.page.get_by_role("toolbar"))
    zhou.sees("已办理：待归档审核")


def put_it_on_file(qin: Person, number: str) -> None:
    """Filing asks once more and is done."""
    qin.opens(f"/cases/{number}")
    qin.presses("归档", qin.page.get_by_role("toolbar"))
    dialog = qin.page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    qin.keeps_picture("file-dialog")
    qin.presses("归档", dialog)
    qin.sees("已办理：已建档", WHY)
    qin.keeps_picture("filed")


def see_one_file_in_the_rate(qin: Person) -> None:
    """The rate of the class moved by one child, who is no longer among those missing."""
    qin.opens("/filing/")
    row = qin.page.get_by_role("row", name=re.compile(re.escape(CLASS)))
    expect(row).to_contain_text("14.2%")  # 1 of 7, rounded down
    qin.keeps_picture("rates-after")
    qin.follows(str(IN_CLASS - 1), row.get_by_role("cell").last)
    qin.sees(f"{IN_CLASS - 1} 人", OTHER_CHILD)
    expect(qin.page.locator("#main")).not_to_contain_text(CHILD)
    qin.keeps_picture("missing-after")


def find_the_import_in_the_trail(feng: Person) -> None:
    """The inspector sees who imported what and when, and no child's name."""
    feng.keeps_picture("inspector-home")
    feng.opens("/audit/")
    feng.keeps_picture("trail-all")
    if feng.is_on_phone:
        feng.page.get_by_text("筛选").click()
    feng.page.get_by_label("动作").select_option("roster.imported")
    feng.keeps_picture("trail-filters")
    feng.presses("查询", feng.page.locator("#main"))
    entry = feng.page.locator(".audit-rows tbody tr")
    expect(entry).to_have_count(1)
    expect(entry).to_contain_text("秦素芬")
    expect(entry).to_contain_text("09:40")
    feng.keeps_picture("trail")
    feng.sees_nothing_of(CHILD, OTHER_CHILD)


def follow_the_file_from_import_to_filing(feng: Person, number: str) -> None:
    """Step by step: who, what, when, why, and values only as far as an inspector may see them."""
    feng.opens(f"/audit/?case={number}")
    feng.page.locator(".audit-rows .lead a").first.click()
    expect(feng.page.locator(".audit-entry dl")).to_contain_text("秦素芬")
    feng.keeps_picture("entry")
    feng.follows("事项回放")
    told = feng.page.locator(".replay").inner_text()
    steps = [" ".join(step.split()) for step in feng.page.locator(".replay-step > section").all_inner_texts()]
    for who, when, what in (
        ("秦素芬", "09:40", "发起"),
        ("周敏", "10:00", "提交审核"),
        ("秦素芬", "11:00", "退回补正"),
        ("周敏", "13:00", "提交审核"),
        ("秦素芬", "14:00", "归档"),
    ):
        found = [step for step in steps if who in step and when in step and what in step]
        assert found, (who, when, what, steps)
    assert WHY in told
    feng.keeps_picture("replay")
    feng.sees_nothing_of(CHILD, GUARDIAN_PHONE, "花生")
    feng.follows("谁看过这名儿童")
    feng.sees("周敏", "秦素芬")
    feng.keeps_picture("who-looked")


def find_nothing_to_change(feng: Person, number: str) -> None:
    """No form on the inspector's pages sends anything, and the file itself stays shut."""
    expect(feng.page.locator("#main form[method=post]")).to_have_count(0)
    feng.opens(f"/cases/{number}", 403)
    feng.keeps_picture("case-refused")
    feng.opens("/filing/")
    feng.sees_nothing_of(CHILD)
    feng.keeps_picture("inspector-rates")


def find_nothing_at_all(bai: Person, number: str) -> None:
    """For the neighbouring township neither child, nor case, nor figure exists."""
    bai.sees_nothing_of(CHILD, number)
    bai.keeps_picture("neighbour-home")
    bai.opens(f"/cases/{number}", 404)
    for path in ("/children/", "/cases/", "/filing/", f"/search?q={CHILD}", "/search?q=mmz", "/roster/"):
        bai.opens(path)
        shown = bai.page.locator("#main").inner_text()
        assert not re.search(f"{OTHER_CHILD}|{number}|柳溪镇|{ACCEPTED}", shown), path
        bai.keeps_picture("neighbour" + re.sub("[^a-z]+", "-", path))


def moves_of(site: Site, number: str) -> list[str]:
    """Return the transitions that a case went through, in order."""
    with site.cast.system() as tx:
        case_id = select(Case.id).where(Case.number == number).scalar_subquery()
        return list(
            tx.session.scalars(select(CaseMove.transition).where(CaseMove.case_id == case_id).order_by(CaseMove.id))
        )
