"""Writing, finding, correcting and printing dated records in the browser."""

from __future__ import annotations

import io
import re
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from models.attachment import Attachment
from models.record import Record
from models.scope import system_scope
from tests.cast import NOW, PASSWORD, Cast
from tests.pictures import photo
from tests.web.browser import ClientOf, get, post, token
from workflows.operations.record import write_record
from workflows.policy import Permission

TALK = {"talked_on": "2026-11-20", "topics": ["life"], "said": "妈妈三周没来电话", "confidential": "请约谈"}


def records(cast: Cast, *where: Any) -> list[Record]:
    with cast.database.session(system_scope("tests")) as session:
        return list(session.scalars(select(Record).where(*where).order_by(Record.id)))


def written(cast: Cast, child: int, login: str = "zhou", **more: Any) -> int:
    with cast.acting(login, Permission.RECORD_WRITE) as tx:
        return write_record(tx, "talk", [child], TALK | more).records[0]


def send(client: FlaskClient, path: str, **fields: Any) -> Any:
    return post(client, path, **{"request_key": "k1", **TALK, **fields})


def test_a_talk_is_saved_and_the_next_child_without_one_opens(sqlite_cast: Cast, client_of: ClientOf) -> None:
    first, second = (sqlite_cast.add_child("ZX-2302", name) for name in ("陈一", "李二"))
    teacher = client_of("zhou")
    page = get(teacher, f"/records/write/talk/{first}").text
    assert 'value="2026-11-20"' in page
    assert "0 / 2" in page
    answer = send(teacher, f"/records/write/talk/{first}", then="next")
    assert answer.headers["Location"].endswith(f"/records/write/talk/{second}")
    answer = send(teacher, f"/records/write/talk/{second}", then="next", request_key="k2")
    assert answer.headers["Location"].endswith("/records/write/talk")
    assert "本月都记过了" in get(teacher, "/records/write/talk").text
    assert [row.child_id for row in records(sqlite_cast)] == [first, second]


def test_the_chooser_puts_children_without_a_talk_this_month_first(sqlite_cast: Cast, client_of: ClientOf) -> None:
    done, waits = (sqlite_cast.add_child("ZX-2302", name) for name in ("陈一", "李二"))
    written(sqlite_cast, done)
    written(sqlite_cast, waits, talked_on="2026-10-12")
    page = get(client_of("zhou"), "/records/write/talk").text
    assert page.index("本月还没记") < page.index("李二") < page.index("本月已记") < page.index("陈一")
    assert "上次 10/12" in page
    found = get(client_of("zhou"), "/records/write/talk?q=cy").text
    assert "陈一" in found
    assert "李二" not in found


def test_a_form_sent_twice_writes_one_record(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    teacher = client_of("zhou")
    assert [send(teacher, f"/records/write/talk/{child}").status_code for _ in range(2)] == [302, 302]
    assert len(records(sqlite_cast)) == 1


def test_a_refused_form_gives_everything_back_but_a_photo_that_is_none(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    files = (io.BytesIO(photo()[:400]), "坏.jpg")
    answer = send(client_of("zhou"), f"/records/write/talk/{child}", files=files)
    assert answer.status_code == 422
    assert "打不开这张照片" in answer.text
    assert answer.text.count("打不开这张照片") == 1
    assert 'name="kept"' not in answer.text
    assert "妈妈三周没来电话" in answer.text
    assert records(sqlite_cast) == []


def test_the_photo_of_a_refused_form_is_sent_along_with_the_mended_one(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child, teacher = sqlite_cast.add_child("ZX-2302"), client_of("zhou")
    path = f"/records/write/talk/{child}"
    refused = send(teacher, path, files=(io.BytesIO(photo()), "窗边.jpg"), talked_on="")
    assert refused.status_code == 422
    assert "窗边.jpg" in refused.text
    number = re.findall(r'name="kept" value="(\d+)"', refused.text)
    assert "窗边.jpg" in get(teacher, path).text
    other = sqlite_cast.add_child("ZX-2302", "李二")
    assert "窗边.jpg" not in get(teacher, f"/records/write/talk/{other}").text
    assert send(teacher, f"/records/write/talk/{other}", kept=number, request_key="k5").status_code == 422
    assert [send(teacher, path, kept=number, request_key="k6").status_code for _ in range(2)] == [302, 302]
    (row,) = records(sqlite_cast)
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Attachment.record_id)).all() == [row.id]
    assert "窗边.jpg" not in get(teacher, path).text


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"MZ" + b"x" * 40, "不能上传"), (b"%PDF-1.4" + b"x" * 200_000, "超过"), (b"\xff\xd8\xff", "打不开")],
)
def test_a_wrong_file_is_refused_in_words(
    sqlite_cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch, content: bytes, words: str
) -> None:
    monkeypatch.setattr("workflows.file_kind.LARGEST", 100_000)
    child = sqlite_cast.add_child("ZX-2302")
    answer = send(client_of("zhou"), f"/records/write/talk/{child}", files=(io.BytesIO(content), "文件.jpg"))
    assert (answer.status_code, words in answer.text) == (422, True)
    assert records(sqlite_cast) == []


def test_a_day_to_come_is_refused_beside_its_field(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    tomorrow = (NOW.date() + timedelta(days=1)).isoformat()
    answer = send(client_of("zhou"), f"/records/write/talk/{child}", talked_on=tomorrow)
    assert answer.status_code == 422
    assert "2026-11-20" in answer.text


def test_a_session_that_ran_out_keeps_what_was_typed(
    sqlite_cast: Cast, client_of: ClientOf, monkeypatch: pytest.MonkeyPatch, site: Any
) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    teacher = client_of("zhou")
    key = token(teacher, "/account")
    office = site.extensions["shouwang"]
    later = NOW + timedelta(minutes=45)
    object.__setattr__(office, "clock", lambda: later)
    path = f"/records/write/talk/{child}"
    answer = teacher.post(path, data={"csrf_token": key, **TALK}, base_url="https://localhost")
    assert "/login" in answer.headers["Location"]
    assert records(sqlite_cast) == []
    post(teacher, "/login", login="zhou", password=PASSWORD)
    page = get(teacher, path).text
    assert "已恢复" in page
    assert "妈妈三周没来电话" in page


def test_a_meeting_is_written_for_those_who_are_ticked(sqlite_cast: Cast, client_of: ClientOf) -> None:
    children = [sqlite_cast.add_child("ZX-2302", name) for name in ("陈一", "李二", "王三")]
    teacher = client_of("zhou")
    assert "王三" in get(teacher, "/records/write/guardian_meeting").text
    meeting = {"held_on": "2026-11-18", "kind": "meeting", "topics": "冬季安全", "request_key": "m1"}
    refused = post(teacher, "/records/write/guardian_meeting", **meeting)
    assert refused.status_code == 422
    assert "冬季安全" in refused.text
    answer = post(teacher, "/records/write/guardian_meeting", child=[str(c) for c in children[:2]], **meeting)
    assert answer.status_code == 302
    assert {row.child_id for row in records(sqlite_cast)} == set(children[:2])


def test_the_office_reads_all_but_the_confidential_part(sqlite_cast: Cast, client_of: ClientOf) -> None:
    record = written(sqlite_cast, sqlite_cast.add_child("ZX-2302"))
    own = get(client_of("zhou"), f"/records/details/?id={record}").text
    office = get(client_of("qin"), f"/records/details/?id={record}").text
    assert "请约谈" in own
    assert "请约谈" not in office
    assert "另有内容，你的岗位不可见" in office
    assert "妈妈三周没来电话" in office
    read = [body for body in sqlite_cast.events("record.read") if body["actor_name"] == "秦素芬"][-1]
    assert read["facts"]["classes"] == ["P0", "P1", "P2"]
    assert "请约谈" not in get(client_of("qin"), f"/records/correct/{record}").text


def test_a_correction_leaves_the_former_record_marked_and_linked(sqlite_cast: Cast, client_of: ClientOf) -> None:
    record = written(sqlite_cast, sqlite_cast.add_child("ZX-2302"))
    teacher = client_of("zhou")
    path = f"/records/correct/{record}"
    assert "妈妈三周没来电话" in get(teacher, path).text
    refused = send(teacher, path, rev="1", said="妈妈来电话了", reason="")
    assert refused.status_code == 422
    assert "请写明原因" in refused.text
    answer = send(teacher, path, rev="1", said="妈妈来电话了", reason="听错了")
    new = records(sqlite_cast, Record.state == "active")[0].id
    assert answer.headers["Location"].endswith(f"id={new}")
    assert "这条记录已被更正" in get(teacher, f"/records/details/?id={record}").text
    assert "听错了" in get(teacher, f"/records/details/?id={new}").text
    late = send(teacher, path, rev="1", said="再改一次", reason="又记错了", request_key="k9")
    assert late.status_code == 422
    assert "再改一次" in late.text
    changes = get(teacher, f"/children/details/?id={records(sqlite_cast)[0].child_id}&tab=changes").text
    assert "更正记录" in changes
    assert "孩子说了什么" in changes


def test_a_voided_record_leaves_the_list_and_says_why(sqlite_cast: Cast, client_of: ClientOf) -> None:
    record = written(sqlite_cast, sqlite_cast.add_child("ZX-2302"))
    teacher = client_of("zhou")
    post(teacher, f"/records/void/{record}", rev="1", reason="重复登记")
    assert "重复登记" in get(teacher, f"/records/details/?id={record}").text
    assert "林小禾" not in get(teacher, "/records/").text
    assert "林小禾" in get(teacher, "/records/?state=voided").text


def test_the_list_is_narrowed_by_kind_child_author_and_days(sqlite_cast: Cast, client_of: ClientOf) -> None:
    one, two = sqlite_cast.add_child("ZX-2302", "陈一"), sqlite_cast.add_child("ZX-2302", "李二")
    written(sqlite_cast, one, talked_on="2026-10-12")
    written(sqlite_cast, two, "meng")
    teacher = client_of("zhou")

    def shown(query: str) -> tuple[bool, bool]:
        page = get(teacher, f"/records/?{query}").text
        return "陈一" in page, "李二" in page

    assert shown("") == (True, True)
    assert shown("form=home_visit") == (False, False)
    assert shown("by=mine") == (True, False)
    assert shown("since=2026-11-01") == (False, True)
    assert shown("until=2026-10-31") == (True, False)
    assert shown("q=lier") == (False, True)
    assert shown(f"child={one}") == (True, False)
    assert "妈妈三周" not in get(teacher, "/records/").text


def test_the_sheet_of_the_list_holds_what_the_list_shows_and_is_on_record(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    written(sqlite_cast, sqlite_cast.add_child("ZX-2302"))
    answer = get(client_of("qin"), "/records/export/xlsx/")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        said = "".join(book.read(name).decode(errors="replace") for name in book.namelist())
    assert "林小禾" in said
    assert "妈妈" not in said
    assert sqlite_cast.events("records.exported")[-1]["facts"]["rows"] == 1
    assert get(client_of("zhou"), "/records/export/xlsx/").status_code == 403


def test_a_photo_is_shown_and_a_file_is_sent_each_on_record(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    teacher = client_of("zhou")
    files = [(io.BytesIO(photo(turned=True, placed=True)), "院子.jpg"), (io.BytesIO(b"%PDF-1.4 x"), "约定.pdf")]
    send(teacher, f"/records/write/talk/{child}", files=files)
    record = records(sqlite_cast)[0].id
    page = get(teacher, f"/records/details/?id={record}").text
    links = re.findall(r'href="(/attachments/\d+)"', page)
    picture, document = (get(teacher, link) for link in links)
    assert (picture.mimetype, document.mimetype) == ("image/jpeg", "application/pdf")
    assert picture.headers["Content-Disposition"].startswith("inline")
    assert document.headers["Content-Disposition"].startswith("attachment")
    for answer in (picture, document):
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert get(teacher, f"{links[0]}/small").data[:3] == b"\xff\xd8\xff"
    assert get(teacher, f"{links[1]}/small").status_code == 404
    assert len(sqlite_cast.events("attachment.read")) == 3
    assert get(client_of("bai"), links[0]).status_code == 404
    assert get(client_of("shi"), links[0]).status_code == 404


def test_a_wrong_photo_is_taken_away_for_good(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    teacher = client_of("zhou")
    send(teacher, f"/records/write/talk/{child}", files=(io.BytesIO(photo()), "院子.jpg"))
    with sqlite_cast.database.session(system_scope("tests")) as session:
        number = session.scalars(select(Attachment.id)).one()
    assert post(client_of("tan"), f"/attachments/{number}/remove", reason="不合适").status_code == 403
    post(teacher, f"/attachments/{number}/remove", reason="传错了")
    assert get(teacher, f"/attachments/{number}").status_code == 404


def test_a_card_and_a_log_are_printed_with_places_to_sign(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    talk = written(sqlite_cast, child)
    calls = {"channel": "call", "between": "teacher_guardian"}
    with sqlite_cast.acting("zhou", Permission.RECORD_WRITE) as tx:
        for day, gist in (("2026-10-08", "报到"), ("2026-11-08", "期中")):
            call = write_record(tx, "call_log", [child], calls | {"called_on": day, "gist": gist}).records[0]
    card = get(client_of("zhou"), f"/records/print/{talk}").text
    log = get(client_of("zhou"), f"/records/print/{call}").text
    assert "谈话人签字" in re.sub(r"<[^>]+>|\s", "", card)
    assert "报到" in log
    assert "期中" in log
    assert [body["facts"]["rows"] for body in sqlite_cast.events("record.read")] == [1, 2]


def test_the_childs_page_tells_the_records_by_month(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    written(sqlite_cast, child)
    page = get(client_of("qin"), f"/children/details/?id={child}&tab=records").text
    assert "2026 年 11 月" in page
    assert "妈妈三周没来电话" in page
    assert sqlite_cast.events("child.read")[-1]["facts"]["classes"] == ["P0", "P1", "P2"]


def test_nothing_is_written_about_a_child_who_left(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", status="left")
    answer = send(client_of("zhou"), f"/records/write/talk/{child}")
    assert answer.status_code == 422
    assert "已不在册" in answer.text


def test_no_word_of_the_sheet_names_what_a_classmate_should_not_read() -> None:
    folder = Path(__file__).resolve().parents[2] / "templates"
    sheets = [*folder.glob("records/*.html"), *folder.glob("papers/*.html")]
    assert len(sheets) > 5
    assert not [file.name for file in sheets if "留守" in file.read_text(encoding="utf-8")]
