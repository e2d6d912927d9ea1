"""One child's school year, played by seven people at windows of their own, and replayed from the trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect
from sqlalchemy import select

from models.case import Case
from models.child import Child
from models.scope import system_scope
from tests.journeys.conftest import Sits
from tests.journeys.forms import fills_in
from tests.journeys.person import Person
from tests.journeys.site import Site
from tests.pictures import photo
from tests.playing import meant
from tests.steps import (
    CIRCULAR,
    FILE,
    FOUND,
    INFORMED,
    NOTICE,
    OUTCOME,
    PAPERS,
    PLAN,
    RECHECKED,
    RECTIFIED,
    REFERRED,
    SELF_CHECK,
)
from workflows.clock import local_day

pytestmark = pytest.mark.browser

DESK, PHONE = 1440, 390
REGISTER = Path(__file__).parent.parent / "registers" / "school-18-classes.xlsx"
CHILD = "孟明泽"
SAID = "数学听不懂，想爸爸妈妈"
SECRET = "连续两月旷课"
PROOF = {"name": "补签.jpg", "mimeType": "image/jpeg", "buffer": photo(60, 40)}


def test_a_year_of_one_child_is_played_by_seven_and_replayed_from_the_trail(sits: Sits, site: Site) -> None:
    """From the register to the archive, term by term; each case is then told by the trail alone."""
    file = from_the_register_to_the_file(sits, site)
    pairing = a_helper_is_found(sits, site)
    plan = a_plan_is_made_and_told(sits, site)
    site.clock.forward(days=28)
    the_first_stage_is_checked(sits, site, plan)
    inspection = the_school_is_inspected(sits, site)
    site.clock.forward(days=70)
    spring = the_next_term_begins(sits, site)
    award = the_child_is_commended(sits, site)
    site.clock.forward(days=120)
    archive = the_year_ends_and_the_file_is_sealed(sits, site, pairing, plan)
    site.clock.forward(days=40)
    the_school_turns(sits, site)
    with sits("feng", DESK) as feng:
        for number, steps in (
            (file, ("秦素芬 发起", "周敏 提交审核", "秦素芬 归档")),
            (pairing, ("周敏 发起", "石丽萍 应允", "周敏 登记签字", "周敏 结束结对")),
            (plan, ("孟晓岚 提交审批", "覃明远 批准", "孟晓岚 登记告知监护人", "孟晓岚 阶段评估", "孟晓岚 结案")),
            (inspection, ("冯志远 发起", "秦素芬 提交自查", "冯志远 限期整改", "秦素芬 报告整改", "冯志远 通报")),
            (spring, ("陈立群 发起", "周敏 提交审核", "秦素芬 归档")),
            (award, ("周敏 登记班级表决", "覃明远 批准", "秦素芬 公示", "周敏 颁发")),
            (archive, ("秦素芬 发起", "秦素芬 封存")),
        ):
            the_trail_tells(feng, case_id(site, number), steps)


def from_the_register_to_the_file(sits: Sits, site: Site) -> str:
    """The office imports the register, the class teacher completes the child's file, the office files it."""
    with sits("qin", DESK) as qin:
        qin.opens("/roster/")
        qin.page.get_by_label("名册文件").set_input_files(REGISTER)
        qin.presses("上传并核对")
        qin.presses("下一步：预检")
        qin.page.get_by_role("button", name="名儿童").click()
        expect(qin.page.locator("h1")).to_have_text("导入结果")
    number = newest(site, "identification")
    with sits("zhou", DESK) as zhou:
        takes(zhou, number, "complete", "提交审核", FILE)
    with sits("qin", PHONE) as qin:
        decides(qin, number, "归档")
    assert state_of(site, number) == "filed"
    return number


def a_helper_is_found(sits: Sits, site: Site) -> str:
    """The class teacher asks a colleague, who says yes on the phone and talks with the child; the pledge is signed."""
    helped = {"kind": "helper", "helper": "@shi", "term_goal": "每天完成作业"}
    with sits("zhou", DESK) as zhou:
        number = opens(zhou, site, "pairing", meant(site.cast, helped))
    with sits("shi", PHONE) as shi:
        takes(shi, number, "accept", "应允", {"times_a_month": "2"})
        talk = {"talked_on": today(site), "topics": ["study", "mood"], "said": SAID}
        shi.opens(f"/records/write/talk/{child(site)}")
        fills_in(shi.page.locator("#entry-form"), talk)
        shi.narrows()
        shi.presses("保存", shi.page.get_by_role("toolbar"))
        shi.opens("/records/")
        shi.sees(CHILD)
    site.clock.forward(days=3)
    signed = {"duties": ["talk_monthly"], "signed_on": today(site), "signed_for_child": "guardian", "copies": "true"}
    with sits("zhou", DESK) as zhou:
        takes(zhou, number, "sign", "登记签字", signed)
    assert state_of(site, number) == "active"
    return number


def a_plan_is_made_and_told(sits: Sits, site: Site) -> str:
    """The counsellor drafts a plan, the principal approves it on the phone, the guardian is told."""
    with sits("meng", DESK) as meng:
        number = opens(meng, site, "individual_plan", meant(site.cast, REFERRED))
        takes(meng, number, "submit", "提交审批", PLAN)
    with sits("qin", DESK) as qin:  # the office is outside the circle: for it there is no such plan
        qin.opens(f"/cases/{number}", 404)
    with sits("tan", PHONE) as tan:
        takes(tan, number, "approve", "批准", {"opinion": "同意，按方案执行"})
    with sits("meng", DESK) as meng:
        takes(meng, number, "inform", "登记告知监护人", INFORMED | {"informed_on": today(site)})
    assert state_of(site, number) == "active"
    return number


def the_first_stage_is_checked(sits: Sits, site: Site, plan: str) -> None:
    """After four weeks the counsellor looks at the first stage; a talk of these weeks is counted by the system."""
    with sits("shi", PHONE) as shi:
        shi.opens(f"/records/write/talk/{child(site)}")
        fills_in(shi.page.locator("#entry-form"), {"talked_on": today(site), "topics": ["study"], "said": SAID})
        shi.presses("保存", shi.page.get_by_role("toolbar"))
    progress = {
        "checked_on": today(site),
        "stage_checked": "第一阶段",
        "stage_result": "partly",
        "findings": "旷课减少",
        "next_step": "继续每周谈心",
        "review_on": "2027-03-10",
    }
    with sits("meng", DESK) as meng:
        takes(meng, plan, "progress", "阶段评估", progress)
    assert state_of(site, plan) == "active"


def the_school_is_inspected(sits: Sits, site: Site) -> str:
    """The lot falls on the school, which checks itself, mends what the group finds, late, and is circulated."""
    with sits("feng", DESK) as feng:
        draws_two_schools(feng)
        number = newest(site, "inspection")
        with sits("qin", PHONE) as qin:
            qin.opens("/inspections/")
            qin.follows("柳溪镇中心小学")
            qin.follows("提交自查", qin.page.get_by_role("toolbar"))
            qin.narrows()
            takes(qin, number, "self_check", "提交自查", SELF_CHECK, whole_rows=False)
        limit = (local_day(site.clock()) + timedelta(days=7)).isoformat()
        found = FOUND | {"findings": [FOUND["findings"][0] | {"until": limit}], "limit_on": limit}
        takes(feng, number, "find", "发现问题，限期整改", found, whole_rows=False)
    site.clock.forward(days=10)
    with sits("feng", DESK) as feng:
        feng.opens("/inspections/?state=late")
        feng.sees("柳溪镇中心小学", "逾期 3 天")
        with sits("qin", DESK) as qin:
            takes(qin, number, "rectify", "报告整改", RECTIFIED | {"proofs": PROOF})
        feng.opens(f"/cases/{number}?tab=files")
        expect(feng.page.get_by_alt_text("补签.jpg")).to_be_visible()
        takes(feng, number, "accept", "复查合格", RECHECKED)
        takes(feng, number, "circulate", "通报", CIRCULAR)
    assert state_of(site, number) == "circulated"
    return number


def draws_two_schools(feng: Person) -> None:
    """Draw both schools of the township, check the draw, and send both the same notice."""
    feng.opens("/inspections/draws/new?township=LX")
    feng.page.get_by_label("小学抽几个").fill("2")
    feng.presses("备好名单")
    feng.page.get_by_label("报出的数或字").fill("4 1 6")
    feng.presses("抽取", feng.page.get_by_role("toolbar"))
    feng.follows("按种子重抽核对")
    feng.sees("重抽一遍，与记录全部相符")
    feng.page.get_by_role("link", name="向抽中的单位发起督查").click()
    fills_in(feng.page.locator("#office-form"), NOTICE)
    feng.presses("发起 2 件", feng.page.get_by_role("toolbar"))
    feng.sees("已发起 2 件督查")


def the_next_term_begins(sits: Sits, site: Site) -> str:
    """The township adds the spring term and opens its census for the schools; the child's file is filed again."""
    term = {"number": "2", "first_on": "2027-02-22", "last_on": "2027-07-09"}
    with sits("chen", DESK) as chen:
        chen.opens("/terms/")
        chen.follows("新建学期")
        fills_in(chen.page.locator("#main form"), term)
        chen.presses("保存", chen.page.get_by_role("toolbar"))
        chen.sees("2027-02-22")
        chen.follows("学年更替", chen.page.get_by_role("navigation"))
        chen.follows("柳溪镇")
        chen.presses("开展本学期摸底", chen.page.get_by_role("toolbar"))
        chen.sees("没有要办的")
    number = newest(site, "identification")
    with sits("zhou", PHONE) as zhou:
        takes(zhou, number, "complete", "提交审核", {"five_facts": FILE["five_facts"]})
    with sits("qin", DESK) as qin:
        decides(qin, number, "归档")
    assert state_of(site, number) == "filed"
    return number


def the_child_is_commended(sits: Sits, site: Site) -> str:
    """The class votes for the child, the principal agrees, the office publishes it, the prize is given."""
    with sits("zhou", PHONE) as zhou:
        number = opens(zhou, site, "commendation", {"award": "progress", "merit": "数学进步明显"})
        takes(zhou, number, "vote", "登记班级表决", {"voted_on": today(site), "votes_cast": "40", "votes_for": "31"})
    with sits("tan", PHONE) as tan:
        decides(tan, number, "批准", "同意")
    with sits("qin", DESK) as qin:
        published = {"published_from": today(site), "published_until": "2027-03-31"}
        takes(qin, number, "publish", "公示", published)
    with sits("zhou", DESK) as zhou:
        takes(zhou, number, "award", "颁发", {"awarded_on": today(site), "prize": "奖状"})
    assert state_of(site, number) == "awarded"
    return number


def the_year_ends_and_the_file_is_sealed(sits: Sits, site: Site, pairing: str, plan: str) -> str:
    """Nothing is sealed while something is open: pairing and plan end first, then the office seals the file."""
    with sits("qin", DESK) as qin:
        number = opens(qin, site, "archive", {"why_archived": "year_end"})
        qin.opens(f"/cases/{number}")
        expect(qin.page.get_by_role("toolbar")).to_contain_text("未办结的事项")
    with sits("zhou", DESK) as zhou:
        ended = {"why_ended": "reached", "progress": "数学进步明显", "still_focus": "false"}
        takes(zhou, pairing, "end", "结束结对", ended)
    with sits("meng", DESK) as meng:
        takes(meng, plan, "achieve", "结案：目标达成", OUTCOME)
    with sits("qin", DESK) as qin:
        takes(qin, number, "seal", "封存", PAPERS)
    assert state_of(site, number) == "sealed"
    return number


def the_school_turns(sits: Sits, site: Site) -> None:
    """In the summer the office sees the top class off and takes the others a grade up; the child's page says so."""
    with sits("qin", DESK) as qin:
        qin.follows("学年更替", qin.page.get_by_role("navigation"))
        qin.follows("柳溪镇中心小学", qin.page.locator("#list-region"))
        qin.page.get_by_label("六（1）班的去向").fill("柳溪镇初级中学")
        qin.page.get_by_label("新生班数").fill("3")
        qin.presses("下一步：核对", qin.page.get_by_role("toolbar"))
        qin.sees("四（2）班", "五（2）班", "柳溪镇初级中学")
        qin.presses("办理学年更替", qin.page.get_by_role("toolbar"))
        qin.sees("已办好", "五（2）班", "一（3）班")
        qin.opens(f"/children/details/?id={child(site)}")
        qin.sees("五（2）班")


def the_trail_tells(feng: Person, number: int, steps: tuple[str, ...]) -> None:
    """The replay names who did what in this order, and nothing that an inspector must not read."""
    feng.opens(f"/audit/cases/{number}")
    told = [" ".join(step.split()) for step in feng.page.locator(".replay-step > section").all_inner_texts()]
    at = 0
    for step in steps:
        who, what = step.split(" ")
        found = [place for place in range(at, len(told)) if who in told[place] and what in told[place]]
        assert found, (number, step, told)
        at = found[0] + 1
    feng.sees_nothing_of(CHILD, SAID, SECRET, FILE["guardian_phone"])


def opens(person: Person, site: Site, workflow: str, answers: Mapping[str, Any], about: str | None = None) -> str:
    """Open a case on its own form; returns its number."""
    person.opens(f"/open/{workflow}/{about or f'child/{child(site)}'}")
    fills_in(person.page.locator("#office-form"), answers)
    person.page.get_by_role("toolbar").locator("button.btn-primary").click()
    person.page.wait_for_url("**/cases/*")
    return newest(site, workflow)


def takes(
    person: Person, number: str, step: str, words: str, answers: Mapping[str, Any], *, whole_rows: bool = True
) -> None:
    """Take a step that has a form; without `whole_rows` the preset rows are thinned out to those that are filled in."""
    person.opens(f"/cases/{number}/{step}")
    form = person.page.locator("#office-form")
    if not whole_rows:
        keeps_one_row(form)
    fills_in(form, answers)
    person.presses(words, person.page.get_by_role("toolbar"))
    person.page.wait_for_url(f"**/cases/{number}")


def decides(person: Person, number: str, words: str, opinion: str | None = None) -> None:
    """Take a step that has no form: it asks once more, for an opinion where there must be one."""
    person.opens(f"/cases/{number}")
    person.presses(words, person.page.get_by_role("toolbar"))
    dialog = person.page.get_by_role("dialog")
    if opinion:
        dialog.get_by_role("textbox").fill(opinion)
    person.presses(words, dialog)
    person.sees("已办理")


def keeps_one_row(form: Locator) -> None:
    """Take away all rows but the first."""
    for remove in reversed(form.locator("[data-rows-remove]:visible").all()[1:]):
        remove.click()


def child(site: Site) -> int:
    """Return the child's number."""
    with site.cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Child.id).where(Child.name == CHILD)).one()


def newest(site: Site, workflow: str) -> str:
    """Return the number of the newest case of a workflow, about the child where there are several."""
    with site.cast.database.session(system_scope("tests")) as session:
        wanted = select(Case.number).where(Case.workflow == workflow)
        if workflow == "identification":
            wanted = wanted.where(Case.child_id == child(site))
        if workflow == "inspection":
            wanted = wanted.where(Case.school_code == "ZX")
        return session.scalars(wanted.order_by(Case.id.desc()).limit(1)).one()


def case_id(site: Site, number: str) -> int:
    """Return the identifier by which the trail knows a case."""
    with site.cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Case.id).where(Case.number == number)).one()


def state_of(site: Site, number: str) -> str:
    """Return the state in which a case stands."""
    with site.cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Case.state).where(Case.number == number)).one()


def today(site: Site) -> str:
    """Return the site's calendar day."""
    return local_day(site.clock()).isoformat()
