"""Papers to print: the pledge, the plan, the inspection sheet, any case, contact cards, records and empty forms."""

from __future__ import annotations

import html
import re
from typing import Any

import pytest
from sqlalchemy import select

from models.child import Relative
from models.place import Place
from models.scope import system_scope
from models.staff import Staff
from models.vault import learn_keys
from tests.casework import act, family, opened
from tests.cast import Cast
from tests.steps import FOUND, INFORMED, NOTICE, PEER, PLAN, PROGRESS, RECTIFIED, REFERRED, SIGNED
from tests.web.browser import ClientOf, get, post
from workflows.engine.loader import load_pack
from workflows.operations.definition import publish_definition
from workflows.operations.record import write_record
from workflows.policy import Permission

HOSTILE = "<script>alert(1)</script>'\"&林"


def words_of(page: str) -> str:
    """Return what stands on the sheets of a page, without tags and spaces."""
    found = page[page.index('<div class="sheet-box">') :] if "sheet-box" in page else ""
    return html.unescape(re.sub(r"<[^>]+>|\s", "", found.split("<dialog")[0]))


# The pledge


def test_a_pledge_has_a_copy_for_each_side_and_ticks_once_it_is_signed(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    number = opened(sqlite_cast, "pairing", child, "zhou", PEER)
    teacher = client_of("zhou")
    page = get(teacher, f"/papers/pledge/{number}").text
    for word in ("第 1 份 学校存", "第 2 份 帮扶人存", "监护人存"):
        assert page.count(f"<span>{'附告知联 · ' if word == '监护人存' else '一式两份 · '}{word}</span>") == 1
    sheet = words_of(page)
    assert sheet.count("（盖章处）") == 3
    assert sheet.count("每月一次以上") == 6
    assert "家访记录，监护人签字" in sheet
    assert "138****2716" in sheet
    assert "13800002716" not in page
    assert "☑" not in page
    assert "留守" not in page
    told = {"asked_on": "2026-11-20", "asked_how": "当面，家长同意", "times_a_month": "4"}
    act(sqlite_cast, "zhou", number, "accept_for", told)
    act(sqlite_cast, "zhou", number, "sign", SIGNED)
    assert get(teacher, f"/papers/pledge/{number}").text.count("☑") == 3
    facts = sqlite_cast.events("case.read")[-1]["facts"]
    assert (facts["number"], facts["paper"]) == (number, "pledge")


def test_only_a_pairing_has_a_pledge_and_only_its_people_print_it(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    filing = sqlite_cast.open_case(child, "qin")
    number = opened(sqlite_cast, "pairing", child, "zhou", PEER)
    refused = get(client_of("zhou"), f"/papers/pledge/{filing}")
    assert refused.status_code == 404
    assert get(client_of("bai"), f"/papers/pledge/{number}").status_code == 404
    assert get(client_of("sys"), f"/papers/pledge/{number}").status_code == 403
    assert get(client_of("zhou"), "/papers/pledge/JD-2026-9999").status_code == 404


# The individual plan


def plan_in_force(cast: Cast, child: int, **changed: Any) -> str:
    number = opened(cast, "individual_plan", child, "meng", REFERRED)
    act(cast, "meng", number, "submit", PLAN | changed)
    act(cast, "tan", number, "approve", {"opinion": "同意，按方案执行"})
    act(cast, "meng", number, "inform", INFORMED)
    return number


def test_a_plan_tells_measures_stages_opinions_and_every_check_with_who_and_when(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    number = plan_in_force(sqlite_cast, sqlite_cast.add_child("ZX-2302", "陈一"))
    act(sqlite_cast, "meng", number, "progress", PROGRESS)
    act(sqlite_cast, "meng", number, "progress", PROGRESS | {"findings": "已不旷课"})
    sheet = words_of(get(client_of("meng"), f"/papers/plan/{number}").text)
    wanted = (
        "保密",
        "（一）学习严重滑坡",
        "连续两月旷课",
        "祖辈无力看管",
        "每周谈心",
        "孟晓岚",
        "不再旷课",
        "2026-12-20",
    )
    for word in (*wanted, "批准覃明远校长同意，按方案执行", "同意，一定配合", "第1次", "第2次", "旷课减少", "已不旷课"):
        assert word in sheet, word
    for signer in ("主要责任人", "班主任", "监护人", "学校领导小组"):
        assert f"{signer}签字" in sheet or f"{signer}已知悉本方案，愿意配合。签字" in sheet, signer
    event = sqlite_cast.events("case.read")[-1]
    assert event["facts"] == {"number": number, "classes": ["P0", "P1", "P2", "P3"], "paper": "plan"}
    assert event["circle"] == "individual_plan"


def test_a_plan_is_no_paper_for_those_outside_its_circle(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = plan_in_force(sqlite_cast, sqlite_cast.add_child("ZX-2302", "陈一"))
    told = len(sqlite_cast.events("case.read"))
    for login in ("qin", "chen", "bai", "shi"):
        for paper in ("plan", "case"):
            assert get(client_of(login), f"/papers/{paper}/{number}").status_code == 404
    assert len(sqlite_cast.events("case.read")) == told


def test_a_leader_prints_the_plan_that_they_decided_on(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = plan_in_force(sqlite_cast, sqlite_cast.add_child("ZX-2302", "陈一"))
    page = get(client_of("tan"), f"/papers/plan/{number}").text
    for word in ("连续两月旷课", "每周谈心", "同意，按方案执行", "一定配合"):
        assert word in page, word


def test_an_empty_plan_says_nothing_that_was_filled_in(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = plan_in_force(sqlite_cast, sqlite_cast.add_child("ZX-2302", "陈一"))
    sheet = words_of(get(client_of("meng"), f"/papers/plan/{number}?blank=1").text)
    assert "陈一" in sheet
    assert "☐（一）学习严重滑坡" in sheet
    for word in ("连续两月旷课", "每周谈心", "按方案执行", "一定配合"):
        assert word not in sheet


def test_hostile_words_stand_on_paper_as_words(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = plan_in_force(sqlite_cast, sqlite_cast.add_child("ZX-2302", HOSTILE), situation=HOSTILE)
    page = get(client_of("meng"), f"/papers/plan/{number}").text
    assert "<script>alert" not in page
    assert html.escape("<script>alert(1)</script>") in page


# The inspection sheet


def test_an_inspection_prints_an_empty_sheet_before_and_its_findings_after(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    school = sqlite_cast.places["ZX"].id
    number = opened(sqlite_cast, "inspection", school, "feng", NOTICE, kind="place")
    member = client_of("feng")
    before = words_of(get(member, f"/papers/inspection/{number}").text)
    for word in ("柳溪镇中心小学", "县督查一组", "结对帮扶和责任书15", "整改要求", "复查意见", "检查组组长签字"):
        assert word in before, word
    act(sqlite_cast, "feng", number, "go_on", {"reason": "现场自查"})
    act(sqlite_cast, "feng", number, "find", FOUND)
    after = words_of(get(member, f"/papers/inspection/{number}").text)
    for word in ("结对帮扶和责任书1511两份未签字", "两份责任书未签字补签秦素芬2026-12-04", "现场自查", "复查意见"):
        assert word in after, word
    act(sqlite_cast, "qin", number, "rectify", RECTIFIED)
    assert "照片两张" in words_of(get(client_of("qin"), f"/papers/inspection/{number}").text)
    assert get(client_of("bai"), f"/papers/inspection/{number}").status_code == 404


def test_the_inspection_of_a_class_names_its_school(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = opened(sqlite_cast, "inspection", sqlite_cast.places["ZX-2302"].id, "feng", NOTICE, kind="place")
    assert "柳溪镇中心小学四（2）班" in words_of(get(client_of("feng"), f"/papers/inspection/{number}").text)


# Any case


def test_every_case_prints_what_was_filled_in_its_steps_and_places_to_sign(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    number = opened(sqlite_cast, "commendation", child, "zhou", {"award": "progress", "merit": "数学进步明显"})
    page = get(client_of("zhou"), f"/cases/{number}").text
    assert f"/papers/case/{number}" in page
    sheet = words_of(get(client_of("zhou"), f"/papers/case/{number}").text)
    for word in (number, "陈一", "数学进步明显", "周敏班主任", "经办人签字", "负责人签字", "打印：周敏2026-11-2009:40"):
        assert word in sheet, word


def test_an_office_says_its_own_paper_in_the_definition_and_old_cases_print_it(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    number = opened(sqlite_cast, "commendation", child, "zhou", {"award": "progress", "merit": "数学进步明显"})
    written = load_pack().texts[("workflow", "commendation")]
    said = (
        "papers:\n  certificate:\n    title: {zh: 表彰审批表}\n    facts: [merit, child.student_number]\n"
        "    parts:\n      - {title: {zh: 说明}, says: [{zh: 公示五个工作日}]}\n"
        "    signed_by: [{label: {zh: 德育处}, seal: true}]\n"
    )
    with sqlite_cast.system() as tx:
        publish_definition(tx, "workflow", "commendation", written + said)
    sheet = words_of(get(client_of("zhou"), f"/papers/certificate/{number}").text)
    for word in ("表彰审批表", "数学进步明显", "公示五个工作日", "德育处签字"):
        assert word in sheet, word


# Contact cards


def test_a_card_is_masked_until_a_reason_is_given_and_then_on_record(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    family(sqlite_cast, child)
    teacher, path = client_of("zhou"), f"/papers/contact-card/{child}"
    masked = words_of(get(teacher, path).text)
    for word in (
        "陈一",
        "林长顺",
        "138****2716",
        "137****5678",
        "大坝村****",
        "腿脚不便",
        "周敏",
        "覃明远",
        "班主任签字",
    ):
        assert word in masked, word
    for clear in ("13800002716", "13700005678", "大坝村3组12号", "东莞市电子厂"):
        assert clear not in masked
    assert sqlite_cast.events("child.read")[-1]["facts"] == {"tab": "contact_card", "classes": ["P0", "P1", "P3"]}
    refused = post(teacher, path, reason=" ")
    assert refused.status_code == 422
    assert "请写明查看的理由" in refused.text
    assert "13800002716" not in refused.text
    assert sqlite_cast.events("child.revealed") == []
    shown = words_of(post(teacher, path, reason_choice="家访", reason="周末去").text)
    for clear in ("13800002716", "13700005678", "大坝村3组12号", "东莞市电子厂"):
        assert clear in shown, clear
    event = sqlite_cast.events("child.revealed")[0]
    assert (event["subject_id"], event["facts"]) == (child, {"field": "contact_card", "class": "P2", "cards": 1})
    assert event["reason"] is not None


def test_a_parent_who_is_the_guardian_leaves_no_cell_empty(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        learn_keys(session, [child])
        guardian = session.scalars(select(Relative).where(Relative.child_id == child)).one()
        guardian.relation, guardian.phone, guardian.workplace = "mother", "13800002716", "东莞市电子厂"
    sheet = words_of(get(client_of("zhou"), f"/papers/contact-card/{child}").text)
    father, mother = sheet.split("父亲", 1)[1].split("母亲", 1)
    assert "同监护人" not in father
    for word in ("姓名同监护人", "电话同监护人", "工种同监护人", "工作单位东莞市****", "住址同监护人"):
        assert word in mother, word
    empty = words_of(get(client_of("zhou"), f"/papers/contact-card/{child}?blank=1").text)
    assert "同监护人" not in empty


def test_the_numbers_of_the_school_stand_on_the_card(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Place, sqlite_cast.places["ZX"].id).phone = "0775-6600123"
        learn_keys(session, [sqlite_cast["zhou"].staff_id or 0])
        session.get_one(Staff, sqlite_cast["zhou"].staff_id).phone = "13600008888"
    teacher, path = client_of("zhou"), f"/papers/contact-card/{child}"
    masked = words_of(get(teacher, path).text)
    assert "公布电话柳溪镇中心小学0775-6600123" in masked
    assert "班主任周敏136****8888" in masked
    assert "班主任周敏13600008888" in words_of(post(teacher, path, reason="交监护人留存").text)


def test_a_card_is_for_those_who_may_see_the_child_and_clear_for_those_who_may_reveal(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    path = f"/papers/contact-card/{child}"
    for login, shown, clear in (("bai", 404, 404), ("shi", 404, 404), ("sys", 403, 403), ("tan", 200, 403)):
        assert get(client_of(login), path).status_code == shown, login
        assert post(client_of(login), path, reason="家访").status_code == clear, login
    principal = get(client_of("tan"), path).text
    assert "显示完整号码" not in principal
    assert "腿脚不便" not in principal
    for odd in ("x", "0", "-1", "9" * 30):
        assert get(client_of("zhou"), f"/papers/contact-card/{odd}").status_code == 404
    assert sqlite_cast.events("child.revealed") == []


def test_a_class_prints_its_cards_under_one_reason_and_every_child_is_on_record(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    children = [sqlite_cast.add_child("ZX-2302", name) for name in ("陈一", "陈二", "陈三")]
    sqlite_cast.add_child("ZX-2302", "陈四", status="left")
    sqlite_cast.add_child("ZX-2301", "陈五")
    teacher, path = client_of("zhou"), "/papers/class-cards/ZX-2302"
    masked = words_of(get(teacher, path).text)
    assert masked.count("138****2716") == 6
    assert "陈四" not in masked
    assert "陈五" not in masked
    assert sorted(e["subject_id"] for e in sqlite_cast.events("child.read")) == sorted(children)
    shown = words_of(post(teacher, path, reason="制作班级联系册").text)
    assert shown.count("13800002716") == 6
    events = sqlite_cast.events("child.revealed")
    assert sorted(e["subject_id"] for e in events) == sorted(children)
    assert {e["facts"]["cards"] for e in events} == {3}
    assert len({e["request_id"] for e in events}) == 1


def test_the_cards_of_a_class_are_for_whoever_has_the_whole_class(sqlite_cast: Cast, client_of: ClientOf) -> None:
    sqlite_cast.add_child("ZX-2302", "陈一")
    for login, status in (("shi", 404), ("bai", 404), ("feng", 403), ("sys", 403), ("qin", 200), ("meng", 200)):
        assert get(client_of(login), "/papers/class-cards/ZX-2302").status_code == status, login
    for odd in ("ZX", "LX", "-", "ZX-9999", "%27"):
        assert get(client_of("qin"), f"/papers/class-cards/{odd}").status_code == 404
    assert post(client_of("tan"), "/papers/class-cards/ZX-2302", reason="联系册").status_code == 403
    assert sqlite_cast.events("child.revealed") == []


def test_a_class_without_children_says_so(sqlite_cast: Cast, client_of: ClientOf) -> None:
    page = get(client_of("zhou"), "/papers/class-cards/ZX-2302").text
    assert "这个班没有在册儿童" in page
    assert "显示完整号码" not in page


def test_a_helper_prints_the_card_of_the_child_in_their_care_and_of_no_other(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child, other = sqlite_cast.add_child("ZX-2302", "陈一"), sqlite_cast.add_child("ZX-2302", "陈二")
    proposed = {"kind": "helper", "helper": "@shi", "term_goal": "每天完成作业"}
    act(sqlite_cast, "shi", opened(sqlite_cast, "pairing", child, "zhou", proposed), "accept", {"times_a_month": "2"})
    helper = client_of("shi")
    page = get(helper, f"/papers/contact-card/{child}").text
    assert "138****2716" in page
    assert "/papers/class-cards/" not in page
    assert "13800002716" in post(helper, f"/papers/contact-card/{child}", reason="家访").text
    assert get(helper, f"/papers/contact-card/{other}").status_code == 404
    assert get(helper, "/papers/class-cards/ZX-2302").status_code == 404


def test_an_empty_card_leaves_the_family_to_be_written_in(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    family(sqlite_cast, child)
    page = get(client_of("zhou"), f"/papers/contact-card/{child}?blank=1").text
    assert "陈一" in words_of(page)
    for word in ("林长顺", "林大江", "138****2716", "腿脚不便"):
        assert word not in words_of(page)
    assert "显示完整号码" not in page
    assert sqlite_cast.events("child.read")[-1]["facts"]["classes"] == ["P0", "P1"]
    nobody = words_of(get(client_of("zhou"), "/papers/blank/contact_card").text)
    assert "监护人" in nobody
    assert "陈一" not in nobody


def test_hostile_names_stand_on_a_card_as_names(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", HOSTILE)
    family(sqlite_cast, child, father=HOSTILE)
    page = post(client_of("zhou"), f"/papers/contact-card/{child}", reason=HOSTILE).text
    assert "<script>alert" not in page
    assert words_of(page).count("<script>alert(1)</script>") == 3


# Records


def test_a_visit_is_signed_by_the_guardian_who_does_not_read_what_is_confidential(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    answers = {"visited_on": "2026-11-19", "met": ["guardian"], "situation": "奶奶一人在家", "confidential": "疑有家暴"}
    with sqlite_cast.acting("zhou", Permission.RECORD_WRITE) as tx:
        record = write_record(tx, "home_visit", [child], answers).records[0]
    sheets = get(client_of("zhou"), f"/records/print/{record}").text.split('<div class="sheet-box">')[1:]
    assert len(sheets) == 2
    first, apart = (words_of('<div class="sheet-box">' + one) for one in sheets)
    assert "监护人签字" in first
    assert "家访人签字" in first
    assert "疑有家暴" not in first
    assert "疑有家暴" in apart
    assert "保密页" in apart
    assert "监护人签字" not in apart
    assert "疑有家暴" not in get(client_of("qin"), f"/records/print/{record}").text


@pytest.mark.parametrize("form", sorted(key for key, form in load_pack().forms.items() if form.record is not None))
def test_every_record_form_prints_empty_with_its_questions_and_cells_to_sign(
    sqlite_cast: Cast, client_of: ClientOf, form: str
) -> None:
    definition = load_pack().forms[form]
    assert definition.record is not None
    sheet = words_of(get(client_of("qin"), f"/papers/blank/{form}").text)
    secret = {section.key for section in definition.sections if section.confidential}
    for signer in definition.record.signed_by:
        assert f"{signer.zh}签字" in sheet
    if definition.record.printed == "card":
        for f in definition.fields:
            assert (f.label.zh in sheet) is (f.section not in secret), f.key


def test_an_empty_form_is_for_those_who_read_records_and_only_of_records(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    assert get(client_of("sys"), "/papers/blank/talk").status_code == 403
    for odd in ("plan", "nothing", "pledge"):
        assert get(client_of("qin"), f"/papers/blank/{odd}").status_code == 404
    assert "/papers/blank/talk" in get(client_of("qin"), "/records/").text


def test_a_class_is_called_by_its_grade_of_the_year_not_as_it_was_when_it_was_made(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child = sqlite_cast.add_child("ZX-2302", "陈一")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Place, sqlite_cast.places["ZX-2302"].id).name = "三（2）班"  # last year's
    assert "柳溪镇中心小学四（2）班" in words_of(get(client_of("zhou"), f"/papers/contact-card/{child}").text)
