"""A register goes through the browser: uploaded, its headings settled, judged, imported once, taken back."""

from __future__ import annotations

import io
import re
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256
from html import unescape
from pathlib import Path
from threading import Barrier, Thread
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from models.case import Case
from models.child import Child
from models.roster import HeadingSynonym, RosterBatch
from models.scope import system_scope
from models.vault import DataKey
from tests.cast import NOW, PASSWORD, Cast
from tests.register_files import PUPILS, separated, workbook
from tests.web.browser import ClientOf, get, post, token
from workflows.operations.case import Request, act_on_case
from workflows.policy import Permission

REGISTERS = Path(__file__).parent.parent / "registers"
HEAD = ["姓名", "性别", "身份证号", "班级", "家庭住址", "监护人", "监护人电话"]


def row(number: int, *, name: str | None = None, id_number: str | None = None) -> list[Any]:
    """A right row of a small register."""
    pupil = PUPILS[number]
    first = [name or pupil.name, pupil.sex, id_number or pupil.id_number]
    return [*first, "四（2）班", "大坝村3组12号", "安长顺", f"1380000271{number}"]


def small(*rows: list[Any], head: list[str] = HEAD) -> bytes:
    """A small register, of three right rows where none are given."""
    return workbook({"Sheet1": [head, *(rows or (row(0), row(1), row(2)))]})


def upload(client: FlaskClient, content: bytes, name: str = "名册.xlsx", school: str = "ZX") -> TestResponse:
    return post(client, "/roster/", "/roster/", school=school, file=(io.BytesIO(content), name))


def kept(client: FlaskClient, content: bytes, name: str = "名册.xlsx") -> str:
    """Upload a register that is fine and return its address."""
    answer = upload(client, content, name)
    assert answer.status_code == 302, unescape(answer.text)
    return str(answer.location.removesuffix("/headings"))


def commit(client: FlaskClient, address: str) -> TestResponse:
    """Press the button of the dry run."""
    page = get(client, f"{address}/check").text
    hidden = dict(re.findall(r'name="(rev|accepted)" value="(\d+)"', page))
    return post(client, f"{address}/import", f"{address}/check", **hidden)


def settle(client: FlaskClient, address: str, changed: dict[str, str], **more: str) -> TestResponse:
    """Send the page of the headings with some of them changed."""
    page = unescape(get(client, f"{address}/headings").text)
    shown = re.findall(r'name="header" value="([^"]*)"><input type="hidden" name="was" value="([^"]*)"', page)
    fields = {
        "header": [header for header, _was in shown],
        "was": [was for _header, was in shown],
        "field": [changed.get(header, was) for header, was in shown],
    }
    return post(client, f"{address}/headings", f"{address}/headings", **fields, **more)


def count(cast: Cast, model: type) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def sheet_of(answer: TestResponse) -> list[list[Any]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(answer.data))
    return [line for name in book.sheet_names for line in book.get_sheet_by_name(name).to_python()]


@pytest.mark.parametrize(
    ("file", "layouts", "headers", "rows", "accepted", "mended"),
    [
        ("school-18-classes.xlsx", "“1年级1班”等 18 个表，表头相同", 22, 120, 107, 4),
        ("township-gb18030.csv", "登记表", 17, 420, 391, 13),
        ("middle-school-old.xls", "Sheet1", 11, 126, 117, 6),
    ],
)
def test_a_kept_register_goes_through_every_page(
    client_of: ClientOf,
    sqlite_cast: Cast,
    file: str,
    layouts: str,
    headers: int,
    rows: int,
    accepted: int,
    mended: int,
) -> None:
    qin = client_of("qin")
    address = kept(qin, (REGISTERS / file).read_bytes(), file)
    page = get(qin, f"{address}/headings").text
    assert layouts in page
    assert page.count('name="header"') == headers
    assert f"{rows} 行数据，{headers} 个表头，已认出 {headers} 个" in page
    assert not re.search(r"(?<!\d)\d{11}(?!\d)|\d{17}[\dX]", page.replace(address.removeprefix("/roster/"), ""))
    assert settle(qin, address, {}).location == f"{address}/check"
    page = get(qin, f"{address}/check").text
    assert re.findall(r"<b>(\d+)</b><span>行", page) == [str(accepted), str(rows - accepted), str(mended)]
    assert f"导入 {accepted} 名儿童，建 {accepted} 份待完善档案" in page
    assert count(sqlite_cast, Child) == 0
    answer = commit(qin, address)
    assert (answer.status_code, answer.location) == (302, address)
    page = get(qin, address).text
    assert f"已导入 {accepted} 名儿童" in page
    assert [count(sqlite_cast, model) for model in (Child, Case)] == [accepted, accepted]
    listed = get(qin, "/roster/").text
    assert file in listed
    assert "秦素芬" in listed
    assert [len(sqlite_cast.events(f"roster.{what}")) for what in ("uploaded", "imported")] == [1, 1]


def test_the_upload_is_sealed_and_forgotten_with_its_key(client_of: ClientOf, sqlite_cast: Cast) -> None:
    qin, content = client_of("qin"), small()
    keys = count(sqlite_cast, DataKey)
    address = kept(qin, content)
    with sqlite_cast.database.session(system_scope("tests")) as session:
        batch = session.scalars(select(RosterBatch)).one()
        assert content.hex().encode() not in (batch.content_sealed or b"")
        assert batch.digest == sha256(content).hexdigest()
    assert post(qin, f"{address}/drop", "/roster/").location == "/roster/"
    assert count(sqlite_cast, DataKey) == keys
    assert get(qin, f"{address}/check").location == address
    assert "没有导入，内容已删除" in get(qin, address).text
    assert "名册.xlsx" not in get(qin, "/roster/").text
    assert len(sqlite_cast.events("roster.dropped")) == 1


def test_an_unfinished_upload_tells_its_age_and_goes_at_the_next_one_after_thirty_days(
    client_of: ClientOf, sqlite_cast: Cast
) -> None:
    qin = client_of("qin")
    address = kept(qin, small())
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.scalars(select(RosterBatch)).one().made_at = NOW - timedelta(days=12)
    assert "已放 12 天，18 天后删除" in get(qin, "/roster/").text
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.scalars(select(RosterBatch)).one().made_at = NOW - timedelta(days=31)
    assert "即将删除" in get(qin, "/roster/").text
    kept(client_of("chen"), small(), "另一份.xlsx")
    assert "没有导入，内容已删除" in get(qin, address).text
    assert [event["actor_name"] for event in sqlite_cast.events("roster.dropped")] == ["old uploads"]


def test_the_template_can_be_filled_and_imported(client_of: ClientOf) -> None:
    qin = client_of("qin")
    answer = get(qin, "/roster/template")
    assert sheet_of(answer)[0][:3] == ["序号", "姓名", "性别"]
    assert upload(qin, answer.data, "模板.xlsx").status_code == 422
    filled = workbook({"登记表": [sheet_of(answer)[0], [1, "安一帆", "男"]]})
    assert kept(qin, filled)


def test_a_changed_heading_stays_changed_when_the_file_is_checked_again(client_of: ClientOf, sqlite_cast: Cast) -> None:
    qin = client_of("qin")
    address = kept(qin, small([*row(0), "守望村"], [*row(1), "石桥村"], head=[*HEAD, "屯名"]))
    assert "不导入的列</dt><dd>屯名" in get(qin, f"{address}/check").text
    assert settle(qin, address, {"屯名": "child.village"}).location == f"{address}/check"
    assert "不导入的列</dt><dd>没有" in get(qin, f"{address}/check").text
    page = get(qin, f"{address}/headings").text
    assert re.search(r'name="header" value="屯名">.*?<option value="child.village" selected>', page, re.DOTALL)
    assert "已改" in page
    commit(qin, address)
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert set(session.scalars(select(Child.village))) == {"守望村", "石桥村"}
        batch = session.scalars(select(RosterBatch)).one()
        assert batch.mapping["屯名"] == "child.village"
    assert [event["facts"]["fields"] for event in sqlite_cast.events("roster.mapped")] == [{"屯名": "child.village"}]
    assert count(sqlite_cast, HeadingSynonym) == 0


def test_a_remembered_word_is_known_in_the_next_file_and_can_be_corrected(
    client_of: ClientOf, sqlite_cast: Cast
) -> None:
    qin, content = client_of("qin"), small([*row(0), "守望村"], head=[*HEAD, "屯名"])
    settle(qin, kept(qin, content), {"屯名": "child.note"}, remember="1")
    again = kept(qin, content)
    page = get(qin, f"{again}/headings").text
    assert re.search(r'value="屯名"><input type="hidden" name="was" value="child.note"', page)
    settle(qin, again, {"屯名": "child.village"}, remember="1")
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert session.execute(select(HeadingSynonym.word, HeadingSynonym.field)).all() == [("屯名", "child.village")]
    assert len(sqlite_cast.events("heading.taught")) == 2


def test_two_columns_for_one_field_are_told_and_mended_on_the_page(client_of: ClientOf) -> None:
    qin = client_of("qin")
    address = kept(qin, small(head=["姓名", "性别", "身份证号", "姓名", "家庭住址", "监护人", "监护人电话"]))
    assert get(qin, f"{address}/check").location == f"{address}/headings"
    page = unescape(get(qin, f"{address}/headings").text)
    assert "都对应“姓名”" in page
    assert settle(qin, address, {}).location == f"{address}/headings"
    assert settle(qin, address, {"姓名#2": "child.class"}).location == f"{address}/check"
    assert "导入 3 名儿童" in get(qin, f"{address}/check").text


def test_a_head_without_a_name_is_asked_for_it(client_of: ClientOf) -> None:
    qin = client_of("qin")
    address = kept(qin, small(head=["崽崽", *HEAD[1:]]))
    assert "表头缺少“姓名”" in unescape(get(qin, f"{address}/headings").text)
    settle(qin, address, {"崽崽": "child.name"})
    assert "导入 3 名儿童" in get(qin, f"{address}/check").text


def test_a_field_that_does_not_exist_is_refused(client_of: ClientOf, sqlite_cast: Cast) -> None:
    qin = client_of("qin")
    address = kept(qin, small())
    answer = settle(qin, address, {"姓名": "child.password_hash"})
    assert answer.status_code == 409
    assert sqlite_cast.events("roster.mapped") == []
    assert get(qin, f"{address}/check").status_code == 200


def test_protected_values_are_shown_in_part_and_marks_stay_text(client_of: ClientOf) -> None:
    evil = '<script>alert("x")</script>'
    qin = client_of("qin")
    rows = (row(0), row(1, name=evil, id_number="11010119900307123X"))
    content = workbook({evil[:20].replace("/", "").replace('"', ""): [[*HEAD, evil], *([*r, evil] for r in rows)]})
    address = kept(qin, content, f"{evil.replace('/', '')}.xlsx")
    for page in (f"{address}/headings", f"{address}/check", "/roster/"):
        text = get(qin, page).text
        assert "<script>alert" not in text
        assert "&lt;script&gt;" in text
    page = get(qin, f"{address}/headings").text
    assert "138****2710" in page
    assert "大坝村****" in page
    assert "3组12号" not in page
    commit(qin, address)
    assert "<script>alert" not in get(qin, address).text


def test_refused_rows_stand_beside_their_reasons_and_can_be_downloaded(client_of: ClientOf, sqlite_cast: Cast) -> None:
    qin = client_of("qin")
    bad = row(1, id_number=PUPILS[1].id_number[:17] + "?")
    short = [*row(2)[:6], "138000027"]
    address = kept(qin, small(row(0), bad, [*short[:4], '=HYPERLINK("http://x")', *short[5:]]))
    page = unescape(get(qin, f"{address}/check").text)
    assert PUPILS[1].name in page
    assert "身份证号有误" in page
    assert "电话 **** 只有 9 位" in page
    answer = get(qin, f"{address}/refused")
    lines = sheet_of(answer)
    assert lines[0][-2:] == ["原行号", "退回原因"]
    assert [line[-2] for line in lines[1:]] == [3, 4]
    assert "=HYPERLINK" in lines[2][4]
    assert b"<f>" not in answer.data
    (event,) = sqlite_cast.events("roster.exported")
    assert event["facts"]["rows"] == 2
    assert event["facts"]["sha256"] == sha256(answer.data).hexdigest()
    assert event["place"]["school"] == "ZX"


def test_pressing_twice_imports_once(client_of: ClientOf, sqlite_cast: Cast) -> None:
    qin, chen = client_of("qin"), client_of("chen")
    address = kept(qin, small())
    hidden = dict(re.findall(r'name="(rev|accepted)" value="(\d+)"', get(qin, f"{address}/check").text))
    answers: list[TestResponse] = []
    gate = Barrier(2)

    def press(client: FlaskClient, csrf: str) -> None:
        gate.wait()
        data = {"csrf_token": csrf, **hidden}
        answers.append(client.post(f"{address}/import", data=data, base_url="https://localhost"))

    threads = [Thread(target=press, args=(client, token(client, "/roster/"))) for client in (qin, chen)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers.append(post(qin, f"{address}/import", "/roster/", **hidden))
    assert [(answer.status_code, answer.location) for answer in answers] == [(302, address)] * 3
    assert count(sqlite_cast, Child) == 3
    assert len(sqlite_cast.events("roster.imported")) == 1


def test_what_changed_since_the_dry_run_is_shown_before_it_is_imported(client_of: ClientOf, sqlite_cast: Cast) -> None:
    qin = client_of("qin")
    one, other = kept(qin, small()), kept(qin, small(row(2), row(3)))
    page = get(qin, f"{other}/check").text
    hidden = dict(re.findall(r'name="(rev|accepted)" value="(\d+)"', page))
    commit(qin, one)
    assert post(qin, f"{other}/import", "/roster/", **hidden).location == f"{other}/check"
    assert "请再核对一次" in get(qin, f"{other}/check").text
    page = get(qin, f"{other}/check").text
    assert "本校已有这名儿童的档案" in page
    assert "导入 1 名儿童" in page
    settle(qin, other, {"家庭住址": "ignore"})
    stale = post(qin, f"{other}/import", "/roster/", rev=hidden["rev"], accepted="1")
    assert stale.location == f"{other}/check"
    assert count(sqlite_cast, Child) == 3


def test_an_import_is_taken_back_from_the_page_until_somebody_worked_on_it(
    client_of: ClientOf, sqlite_cast: Cast
) -> None:
    qin = client_of("qin")
    address = kept(qin, small())
    commit(qin, address)
    assert "撤回这次导入" in get(qin, address).text
    assert post(qin, f"{address}/undo", "/roster/").location == address
    assert "这次导入已撤回" in get(qin, address).text
    assert count(sqlite_cast, Child) == 0
    assert post(qin, f"{address}/undo", "/roster/").location == address
    assert len(sqlite_cast.events("roster.undone")) == 1
    again = kept(qin, small())
    commit(qin, again)
    with sqlite_cast.database.session(system_scope("tests")) as session:
        number = session.scalars(select(Case.number)).first()
    gone = {"cause": "entered_by_mistake", "reason": "误录"}
    with sqlite_cast.acting("qin", Permission.CASE_ACT) as tx:
        act_on_case(tx, str(number), Request("not_left_behind", answers=gone))
    reason = "已有 1 份档案在导入后办理过，不能撤回"
    assert reason in get(qin, again).text
    assert reason in get(qin, "/roster/").text
    post(qin, f"{again}/undo", "/roster/")
    assert count(sqlite_cast, Child) == 3


def test_a_township_chooses_the_school_and_a_school_has_no_choice(client_of: ClientOf, sqlite_cast: Cast) -> None:
    chen, qin = client_of("chen"), client_of("qin")
    assert re.findall(r'<option value="(\w*)"', get(chen, "/roster/").text) == ["", "ZX", "SQ"]
    assert re.findall(r'<option value="(\w*)"', get(qin, "/roster/").text) == ["ZX"]
    assert upload(chen, small(), school="BX").status_code == 404
    assert upload(chen, small(), school="LX").status_code == 404
    assert count(sqlite_cast, RosterBatch) == 0
    assert upload(chen, small(), school="SQ").status_code == 302


def test_a_register_of_another_stage_warns_of_the_wrong_school(client_of: ClientOf) -> None:
    qin = client_of("qin")
    address = kept(qin, (REGISTERS / "middle-school-old.xls").read_bytes(), "middle.xls")
    assert "12 个班的年级不在这所学校的学段内" in get(qin, f"{address}/check").text


def test_a_session_that_ran_out_gives_the_choices_back(client_of: ClientOf, site: Flask, sqlite_cast: Cast) -> None:
    qin = client_of("qin")
    address = kept(qin, small([*row(0), "守望村"], head=[*HEAD, "屯名"]))
    csrf = token(qin, f"{address}/headings")
    later = NOW + timedelta(minutes=31)
    site.extensions["shouwang"] = replace(site.extensions["shouwang"], clock=lambda: later)
    fields = {"header": ["姓名", "屯名"], "was": ["child.name", "ignore"], "field": ["child.name", "child.village"]}
    page = f"https://localhost{address}/headings"
    answer = qin.post(
        f"{address}/headings",
        data={"csrf_token": csrf, **fields},
        base_url="https://localhost",
        headers={"Referer": page},
    )
    assert answer.location.startswith("/login?next=")
    assert sqlite_cast.events("roster.mapped") == []
    post(qin, "/login", login="qin", password=PASSWORD)
    text = get(qin, f"{address}/headings").text
    assert "的草稿" in text
    assert re.search(r'name="header" value="屯名">.*?<option value="child.village" selected>', text, re.DOTALL)
    assert get(qin, f"{address}/check").status_code == 200


ROUTES: tuple[tuple[str, str], ...] = (
    ("GET", "headings"), ("POST", "headings"), ("GET", "check"), ("GET", "refused"), ("POST", "import"),
    ("GET", ""), ("POST", "undo"), ("POST", "drop"),
)  # fmt: skip


def every_route(client: FlaskClient, address: str) -> set[int]:
    """The answers of every address of an import."""
    found = set()
    for method, last in ROUTES:
        where = f"{address}/{last}".rstrip("/")
        answer = get(client, where) if method == "GET" else post(client, where, rev="1", accepted="3")
        found.add(answer.status_code)
    return found


def test_an_import_of_another_township_does_not_exist(client_of: ClientOf, sqlite_cast: Cast) -> None:
    qin, bai = client_of("qin"), client_of("bai")
    waiting, done = kept(qin, small()), kept(qin, small(row(3)))
    commit(qin, done)
    for address in (waiting, done, "/roster/1"):
        assert every_route(bai, address) == {404}
    assert get(bai, f"/roster/{2**63}").status_code == 404
    listed = get(bai, "/roster/").text
    assert "名册.xlsx" not in listed
    assert "中心小学" not in listed
    assert upload(bai, small()).status_code == 404
    assert count(sqlite_cast, Child) == 1
    assert get(qin, f"{waiting}/check").status_code == 200


@pytest.mark.parametrize("login", ["zhou", "meng", "tan", "feng", "sys", "sec", "aud", "nobody"])
def test_who_may_not_import_is_refused_everywhere_and_it_is_on_record(
    client_of: ClientOf, sqlite_cast: Cast, login: str
) -> None:
    address = kept(client_of("qin"), small())
    other = client_of(login)
    assert every_route(other, address) == {403}
    assert [get(other, page).status_code for page in ("/roster/", "/roster/template")] == [403, 403]
    assert upload_blindly(other).status_code == 403
    assert 'href="/roster/"' not in get(other, "/account").text
    assert len(sqlite_cast.events("access.denied")) == len(ROUTES) + 3
    assert count(sqlite_cast, Child) == 0


def upload_blindly(client: FlaskClient) -> TestResponse:
    return post(client, "/roster/", school="ZX", file=(io.BytesIO(small()), "x.xlsx"))


def test_without_a_log_in_nothing_is_shown_or_kept(site: Flask, sqlite_cast: Cast) -> None:
    stranger = site.test_client()
    assert get(stranger, "/roster/").location.startswith("/login")
    csrf = token(stranger)
    data = {"csrf_token": csrf, "school": "ZX", "file": (io.BytesIO(separated([HEAD, row(0)])), "x.csv")}
    assert stranger.post("/roster/", data=data, base_url="https://localhost").location.startswith("/login")
    assert count(sqlite_cast, RosterBatch) == 0
