"""The case page: files, changes and counted records, each as far as the person may see, and the lists of one's own."""

from __future__ import annotations

import html
import io
import re
from datetime import timedelta
from typing import Any

from flask.testing import FlaskClient
from sqlalchemy import select, update

from models.attachment import Attachment
from models.case import Case, CaseMove
from models.record import Record
from models.scope import system_scope
from models.staff import Appointment, Staff
from models.unfinished_file import UnfinishedFile
from tests.cast import NOW, Cast
from tests.deciding import open_joint, publish
from tests.pictures import photo
from tests.playing import begin, meant, stand, take
from tests.steps import FILE, INFORMED, step_of
from tests.web.browser import ClientOf, get, post
from workflows.engine.vocabulary import Verb
from workflows.operations.record import write_record
from workflows.policy import Permission

TALK = {"talked_on": "2026-11-20", "topics": ["life"], "said": "妈妈三周没来电话"}


def send(client: FlaskClient, number: str, *files: tuple[bytes, str]) -> Any:
    sent = [(io.BytesIO(content), name) for content, name in files]
    return post(client, f"/case-files/{number}", files=sent)


def file_ids(cast: Cast) -> list[int]:
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(Attachment.id).order_by(Attachment.id)))


def unfinished(cast: Cast) -> list[int]:
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(UnfinishedFile.id).order_by(UnfinishedFile.id)))


def words_about_files(page: str) -> list[str]:
    """The names of the files that wait on a page, each ticked to be sent along."""
    return re.findall(r'name="kept" value="\d+" checked><span><svg.*?</svg>([^<]+?) <small>', page)


def talk(cast: Cast, login: str, child: int, case: str | None = None, **more: Any) -> int:
    with cast.acting(login, Permission.RECORD_WRITE) as tx:
        return write_record(tx, "talk", [child], TALK | more, case=case).records[0]


def test_photos_and_papers_are_added_shown_looked_at_and_taken_away(sqlite_cast: Cast, client_of: ClientOf) -> None:
    pairing, teacher = begin(sqlite_cast, "pairing with a peer"), client_of("zhou")
    answer = send(teacher, pairing.number, (photo(), "签字.jpg"), (b"%PDF-1.4 x", "回执.pdf"))
    assert answer.headers["Location"].endswith(f"/cases/{pairing.number}?tab=files")
    page = get(teacher, f"/cases/{pairing.number}?tab=files").text
    first, second = file_ids(sqlite_cast)
    for word in (f"/attachments/{first}/small", "回执.pdf", "移除", '<span class="count count-accent">2</span>'):
        assert word in page, word
    assert get(teacher, f"/attachments/{first}/small").data[:2] == b"\xff\xd8"
    paper = get(teacher, f"/attachments/{second}")
    assert paper.headers["Content-Disposition"].startswith("attachment")
    reads = sqlite_cast.events("attachment.read")
    assert [event["facts"]["part"] for event in reads] == ["small", "whole"]
    assert post(teacher, f"/attachments/{second}/remove", reason="").status_code == 302
    assert "请写明原因" in get(teacher, f"/cases/{pairing.number}?tab=files").text
    post(teacher, f"/attachments/{second}/remove", reason="传错了")
    assert get(teacher, f"/attachments/{second}").status_code == 404
    assert "传错了" in get(teacher, f"/cases/{pairing.number}?tab=changes").text


def test_a_wrong_file_and_none_at_all_are_told_in_words(sqlite_cast: Cast, client_of: ClientOf) -> None:
    pairing, teacher = begin(sqlite_cast, "pairing with a peer"), client_of("zhou")
    for files, words in ((((b"MZxx", "x.exe"),), "不能上传"), ((), "请先选择文件")):
        send(teacher, pairing.number, *files)
        assert words in get(teacher, f"/cases/{pairing.number}?tab=files").text
    assert file_ids(sqlite_cast) == []


def test_files_of_a_confidential_case_cannot_be_found_by_others(sqlite_cast: Cast, client_of: ClientOf) -> None:
    plan = begin(sqlite_cast, "individual_plan")
    send(client_of("meng"), plan.number, (photo(), "签字.jpg"))
    (file,) = file_ids(sqlite_cast)
    assert get(client_of("tan"), f"/attachments/{file}").status_code == 200
    for login in ("qin", "chen", "bai"):
        client = client_of(login)
        for path in (f"/attachments/{file}", f"/attachments/{file}/small", f"/cases/{plan.number}?tab=files"):
            assert get(client, path).status_code == 404
        assert send(client, plan.number, (photo(), "x.jpg")).status_code == 404
        assert post(client, f"/attachments/{file}/remove", reason="传错了").status_code == 404


def test_a_closed_case_shows_its_files_and_offers_no_more(sqlite_cast: Cast, client_of: ClientOf) -> None:
    pairing, teacher = begin(sqlite_cast, "pairing with a peer"), client_of("zhou")
    send(teacher, pairing.number, (photo(), "签字.jpg"))
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Case).where(Case.number == pairing.number).values(closed_at=NOW, open_slot=None))
    page = get(teacher, f"/cases/{pairing.number}?tab=files").text
    assert "事项已办结，不能再添加附件" in page
    assert 'name="files"' not in page
    send(teacher, pairing.number, (photo(), "x.jpg"))
    assert len(file_ids(sqlite_cast)) == 1


def test_a_refused_step_keeps_its_files_for_the_mended_one(sqlite_cast: Cast, client_of: ClientOf) -> None:
    plan, counsellor = stand(sqlite_cast, "individual_plan", "approved"), client_of("meng")
    path = f"/cases/{plan.number}/inform"
    page = get(counsellor, path).text
    assert 'enctype="multipart/form-data"' in page
    fields = {"rev": re.search(r'name="rev" value="(\d+)"', page)[1], "request_key": "k1"}  # type: ignore[index]
    refused = post(
        counsellor, path, receipt=(io.BytesIO(photo()), "回执.jpg"), **fields, **INFORMED | {"informed_on": ""}
    )
    assert refused.status_code == 422
    assert (words_about_files(refused.text), file_ids(sqlite_cast)) == (["回执.jpg"], [])
    assert words_about_files(get(counsellor, path).text) == ["回执.jpg"]
    numbers = re.findall(r'name="kept" value="(\d+)"', refused.text)
    for _again in range(2):
        taken = post(counsellor, path, kept=numbers, **fields, **INFORMED)
        assert taken.status_code == 302
    assert len(file_ids(sqlite_cast)) == 1
    assert unfinished(sqlite_cast) == []
    page = get(counsellor, f"/cases/{plan.number}").text
    assert "1 个附件" in page
    assert "监护人签字的回执" in get(counsellor, f"/cases/{plan.number}?tab=files").text


def test_a_file_taken_away_or_of_a_wrong_kind_waits_no_more(sqlite_cast: Cast, client_of: ClientOf) -> None:
    plan, counsellor = stand(sqlite_cast, "individual_plan", "approved"), client_of("meng")
    path, wrong = f"/cases/{plan.number}/inform", INFORMED | {"informed_on": ""}
    sent = [(io.BytesIO(photo()), "回执.jpg"), (io.BytesIO(b"%PDF-1.4 x"), "说明.pdf"), (io.BytesIO(b"MZx"), "x.exe")]
    refused = post(counsellor, path, receipt=sent, **wrong)
    assert words_about_files(refused.text) == ["回执.jpg", "说明.pdf"]
    assert "“x.exe”不能上传" in refused.text
    first, second = re.findall(r'name="kept" value="(\d+)"', refused.text)
    again = post(counsellor, path, kept=[second], kept_before=[first, second], **wrong)
    assert words_about_files(again.text) == ["说明.pdf"]
    assert unfinished(sqlite_cast) == [int(second)]
    gone = post(counsellor, path, kept=[first, second], **INFORMED)
    assert gone.status_code == 422
    assert "之前选的文件已不在，请重新选择" in gone.text
    assert file_ids(sqlite_cast) == []


def test_waiting_files_are_shown_to_nobody_else(sqlite_cast: Cast, client_of: ClientOf) -> None:
    plan, counsellor = stand(sqlite_cast, "individual_plan", "approved"), client_of("meng")
    path, wrong = f"/cases/{plan.number}/inform", INFORMED | {"informed_on": ""}
    post(counsellor, path, receipt=(io.BytesIO(photo()), "回执.jpg"), **wrong)
    (number,) = unfinished(sqlite_cast)
    for login, status in (("tan", 403), ("qin", 404), ("chen", 404), ("bai", 404)):
        assert get(client_of(login), path).status_code == status, login
        answer = post(client_of(login), path, kept=[str(number)], kept_before=[str(number)], **INFORMED)
        assert answer.status_code in (403, 404), login
        assert "回执.jpg" not in answer.text
    assert words_about_files(get(counsellor, path).text) == ["回执.jpg"]
    teacher = client_of("zhou")  # of the circle: takes the step too, but not with another person's file
    assert words_about_files(get(teacher, path).text) == []
    answer = post(teacher, path, kept=[str(number)], kept_before=[str(number)], **INFORMED)
    assert answer.status_code == 422
    assert file_ids(sqlite_cast) == []
    assert unfinished(sqlite_cast) == [number]


def test_what_was_typed_for_a_confidential_case_waits_for_no_other_form(sqlite_cast: Cast, client_of: ClientOf) -> None:
    plan, counsellor = stand(sqlite_cast, "individual_plan", "active"), client_of("meng")
    path = f"/records/write/talk/{plan.subject_id}"
    confidential = f"{path}?case={plan.number}"
    page = get(counsellor, confidential).text
    draft_url = html.unescape(re.search(r'data-draft-url="([^"]+)"', page)[1])  # type: ignore[index]
    post(counsellor, draft_url, said="只在圈内说的话")
    post(counsellor, path, case=plan.number, files=(io.BytesIO(photo()), "窗边.jpg"), **TALK | {"talked_on": ""})
    for address, count in ((confidential, 1), (path, 0)):
        page = get(counsellor, address).text
        assert (page.count("只在圈内说的话"), page.count("窗边.jpg")) == (count, count), address


def test_changes_tell_who_when_from_what_to_what_and_why(sqlite_cast: Cast, client_of: ClientOf) -> None:
    plan = stand(sqlite_cast, "individual_plan", "review")
    take(sqlite_cast, plan, step_of("individual_plan", "return_it", "review"))
    again = step_of("individual_plan", "submit", "returned")
    take(sqlite_cast, plan, again, answers=dict(again.answers) | {"goal": "每天到校"})
    page = get(client_of("meng"), f"/cases/{plan.number}?tab=changes").text
    for word in (
        "提交审批",
        "退回修改 → 待领导小组审批",
        "恢复正常上学",
        "每天到校",
        "孟晓岚",
        "每周谈心 孟晓岚 2026-12-31",
    ):
        assert word in page, word
    assert "查看事项" not in page
    assert get(client_of("qin"), f"/cases/{plan.number}?tab=changes").status_code == 404


def test_changes_hide_what_the_case_itself_hides_from_a_person(sqlite_cast: Cast, client_of: ClientOf) -> None:
    number = stand(sqlite_cast, "identification", "confirmed").number
    inside = get(client_of("zhou"), f"/cases/{number}?tab=changes").text
    office = get(client_of("qin"), f"/cases/{number}?tab=changes").text
    assert FILE["character"] in inside
    assert FILE["character"] not in office
    assert "内容保密" in office


def test_leaders_read_what_the_plan_that_they_decide_on_rests_on(sqlite_cast: Cast, client_of: ClientOf) -> None:
    plan = stand(sqlite_cast, "individual_plan", "active")
    for page in ("?tab=changes", ""):
        leader = get(client_of("tan"), f"/cases/{plan.number}{page}").text
        assert INFORMED["guardian_said"] in leader
        assert "内容保密" not in leader


def test_a_helper_without_a_view_of_the_trail_reads_the_changes_of_the_pairing(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    pairing = begin(sqlite_cast, "pairing")
    page = get(client_of("shi"), f"/cases/{pairing.number}?tab=changes").text
    assert "发起事项" in page
    assert "石丽萍" in page
    assert get(client_of("nobody"), f"/cases/{pairing.number}?tab=changes").status_code == 403


def test_changes_are_paged_from_the_newest_back(sqlite_cast: Cast, client_of: ClientOf) -> None:
    pairing, teacher = begin(sqlite_cast, "pairing with a peer"), client_of("zhou")
    for n in range(23):
        talk(sqlite_cast, "zhou", pairing.subject_id, pairing.number, said=f"第{n}次")
    newest = get(teacher, f"/cases/{pairing.number}?tab=changes").text
    assert newest.count("写记录 · 谈心记录") == 20
    older = re.search(r'href="([^"]+before=\d+)"', newest)
    assert older is not None
    rest = get(teacher, older[1].replace("&amp;", "&")).text
    assert rest.count("写记录 · 谈心记录") == 3
    assert "发起事项" in rest
    assert "最新的变更" in rest
    assert get(teacher, f"/cases/{pairing.number}?tab=changes&before=x").status_code == 200
    assert "没有更早的变更" in get(teacher, f"/cases/{pairing.number}?tab=changes&before=1").text


def test_every_count_opens_the_records_behind_it(sqlite_cast: Cast, client_of: ClientOf) -> None:
    pairing, teacher = begin(sqlite_cast, "pairing with a peer"), client_of("zhou")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Case).values(opened_at=NOW - timedelta(days=40), state_since=NOW - timedelta(days=3)))
        session.execute(update(CaseMove).values(at=NOW - timedelta(days=40)))
    for day in ("2026-10-01", "2026-10-20", "2026-11-18", "2026-11-20"):
        talk(sqlite_cast, "zhou", pairing.subject_id, talked_on=day)
    page = get(teacher, f"/cases/{pairing.number}?tab=records").text
    links = re.findall(r'href="(/records/\?[^"]+kind=talks[^"]+)">(\d+)<', page)
    assert [count for _link, count in links] == ["3", "2"]
    for link, count in links:
        shown = get(teacher, link.replace("&amp;", "&")).text
        assert f"本页 {count} 条" in shown
    assert "立案以来" in page
    assert "本环节以来" in page


def test_records_of_a_case_are_written_from_its_page_and_stay_in_its_circle(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    plan, counsellor = begin(sqlite_cast, "individual_plan"), client_of("meng")
    page = get(counsellor, f"/cases/{plan.number}?tab=records").text
    path = f"/records/write/talk/{plan.subject_id}?case={plan.number}"
    assert path in page
    form = get(counsellor, path).text
    assert "只有办理人和指定领导能看到" in form
    saved = post(counsellor, path.partition("?")[0], case=plan.number, request_key="k1", **TALK)
    assert saved.headers["Location"].endswith(f"/cases/{plan.number}?tab=records")
    assert "妈妈三周没来电话" in get(counsellor, f"/cases/{plan.number}?tab=records").text
    with sqlite_cast.database.session(system_scope("tests")) as session:
        record = session.scalars(select(Record)).one()
        assert record.circle == "individual_plan"
    for path in (f"/records/details/?id={record.id}", f"/records/?child={plan.subject_id}"):
        assert "妈妈三周没来电话" not in get(client_of("qin"), path).text
    assert get(client_of("qin"), f"/records/details/?id={record.id}").status_code == 404
    detail = get(client_of("zhou"), f"/records/details/?id={record.id}").text
    assert "更正" in detail
    assert get(client_of("zhou"), f"/records/write/talk/{plan.subject_id}?case=GB-2026-9999").status_code == 404


def test_the_lists_of_ones_own_hold_what_one_opened_and_takes_part_in(sqlite_cast: Cast, client_of: ClientOf) -> None:
    pairing, other = begin(sqlite_cast, "pairing"), begin(sqlite_cast, "pairing with a peer", who="qin")
    opened = get(client_of("zhou"), "/inbox/?tab=opened").text
    assert pairing.number in opened
    assert other.number not in opened
    part = get(client_of("shi"), "/cases/?state=i-take-part").text
    assert pairing.number in part
    assert other.number not in part
    assert "你还没有参与的事项" in get(client_of("zhou"), "/cases/?state=i-take-part").text
    assert "你还没有发起过事项" in get(client_of("tan"), "/inbox/?tab=opened").text
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Case).where(Case.number == pairing.number).values(state="active"))
    home = get(client_of("shi"), "/").text
    assert home.index("我参与的") < home.index(f"/cases/{pairing.number}")


def test_a_leader_is_told_of_a_leaver_and_names_who_takes_over(sqlite_cast: Cast, client_of: ClientOf) -> None:
    plan = begin(sqlite_cast, "individual_plan")
    officer = client_of("sec")
    page = get(officer, f"/staff/leave/?id={sqlite_cast['zhou'].staff_id}").text
    assert "1 件保密事项，由 覃明远 处理" in page
    assert plan.number not in page
    assert "林小禾" not in page
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Staff).where(Staff.login == "zhou").values(is_active=False))
    leader = client_of("tan")
    assert plan.number in get(leader, "/inbox/").text
    page = get(leader, f"/cases/{plan.number}").text
    assert "周敏（班主任） 已离任" in page
    path = re.search(r'action="(/case-parts/\d+)"', page)
    assert path is not None
    assert post(leader, path[1], staff="").status_code == 302
    assert "请从名单里选接办人" in get(leader, f"/cases/{plan.number}").text
    post(leader, path[1], **meant(sqlite_cast, {"staff": "@meng"}))
    assert "已离任" not in get(leader, f"/cases/{plan.number}").text
    assert plan.number not in get(leader, "/inbox/").text
    assert post(client_of("qin"), path[1], staff="1").status_code == 404


def test_a_leader_passes_on_the_seat_of_a_leaver_or_puts_it_back_into_its_pool(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    tasks = "{who: [counsellor@school, principal@school], mode: any}"
    publish(sqlite_cast, tasks, confidential=True, key="individual_plan")
    joint = open_joint(sqlite_cast, key="individual_plan")
    joint.act("zhou", "submit")
    joint.use("meng", Verb.CLAIM)
    page = get(client_of("sec"), f"/staff/leave/?id={sqlite_cast['meng'].staff_id}").text
    assert "1 件保密事项，由 覃明远 处理" in page
    assert joint.number not in page
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.execute(update(Staff).where(Staff.login == "meng").values(is_active=False))
        session.execute(
            update(Appointment)
            .where(Appointment.role == "counsellor", Appointment.place_id == sqlite_cast.places["ZX"].id)
            .values(staff_id=sqlite_cast["nobody"].staff_id)
        )
    leader = client_of("tan")
    assert joint.number in get(leader, "/inbox/").text
    page = get(leader, f"/cases/{joint.number}").text
    assert "孟晓岚 已不能办理这一项" in page
    path = re.search(r'action="(/case-parts/seats/\d+)"', page)
    assert path is not None
    assert ("秦素芬" in page, "退回待领" in page) == (True, True)
    joint.use("tan", Verb.COPY, "chen")
    assert re.search(r"受邀知情</td>.*?陈立群", get(leader, f"/cases/{joint.number}").text, re.DOTALL)
    assert post(client_of("qin"), path[1], staff="1").status_code == 404
    assert post(leader, path[1], staff="x").status_code == 302
    assert "请从名单里选接办人" in get(leader, f"/cases/{joint.number}").text
    post(leader, path[1], staff="pool")
    page = get(leader, f"/cases/{joint.number}").text
    assert "已指定接办人" in page
    assert "已不能办理" not in page
    assert joint.number in get(client_of("nobody"), "/inbox/?tab=claim").text


def test_an_unknown_tab_is_the_first(sqlite_cast: Cast, client_of: ClientOf) -> None:
    pairing, teacher = begin(sqlite_cast, "pairing with a peer"), client_of("zhou")
    assert "结对提议" in get(teacher, f"/cases/{pairing.number}?tab=<b>").text
    assert get(teacher, f"/cases/{pairing.number}?tab=changes&before={'9' * 24}").status_code == 200
