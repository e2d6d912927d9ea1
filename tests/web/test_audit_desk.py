"""The audit desk: what an inspector finds, how far values are shown, and that nothing there changes anything."""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from python_calamine import CalamineWorkbook
from sqlalchemy import delete, event, select, text

from models.audit import AuditEvent
from models.child import Child, Relative
from models.scope import Branch, Scope, system_scope
from models.staff import Appointment, Staff
from models.types import new_id
from models.vault import DataKey, learn_keys
from tests.cast import NOW, Cast
from tests.web.browser import ClientOf, get, post
from workflows.audit import Happening
from workflows.audit_words import WORDS
from workflows.operations.case import Request, act_on_case
from workflows.operations.child import change_child, change_relative, reveal_value
from workflows.policy import Permission

ROOT = Path(__file__).resolve().parents[2]
MOST_QUERIES = 6
Open = Callable[..., str]


@pytest.fixture
def child(sqlite_cast: Cast) -> int:
    """A child of the class ZX-2302 whose address, guardian and health were changed."""
    child_id = sqlite_cast.add_child("ZX-2302", "林小禾", home_address="大坝村三组")
    _change(sqlite_cast, child_id, {"home_address": "柏树村五组", "village": "柏树村", "health": "腰腿不便"})
    with sqlite_cast.acting("zhou", Permission.CHILD_EDIT, at=NOW - timedelta(minutes=1)) as tx:
        guardian = tx.session.scalars(select(Relative).where(Relative.child_id == child_id)).one()
        learn_keys(tx.session, [child_id])
        change_relative(tx, guardian.id, guardian.rev, {"name": "谢月英", "phone": "15100008834"})
    return child_id


def _change(cast: Cast, child_id: int, values: dict[str, Any], at: Any = NOW) -> None:
    with cast.acting("zhou", Permission.CHILD_EDIT, at=at) as tx:
        row = tx.session.get_one(Child, child_id)
        learn_keys(tx.session, [child_id])
        change_child(tx, child_id, row.rev, values)


@pytest.fixture
def desk(client_of: ClientOf) -> Open:
    """Open an address of the desk as the county's inspector."""
    client = client_of("feng")

    def opened(path: str = "/audit/") -> str:
        answer = get(client, path)
        assert answer.status_code == 200, answer.text
        return answer.text

    return opened


def _entry(page: str, word: str) -> str:
    """The address of the first entry of a list that says a word."""
    row = next(row for row in _rows(page) if word in row)
    found = re.search(r'class="lead"><a href="([^"#]+)', row)
    assert found
    return found[1].replace("&amp;", "&")


def _rows(page: str) -> list[str]:
    return re.findall(r'<tr role="row" id="e-.*?</tr>', page, flags=re.S)


def _numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'id="e-(\d+)"', page)]


def _also(cast: Cast, login: str, role: str, place: str) -> None:
    """Give one of the cast another post."""
    with cast.database.transaction(system_scope("tests")) as session:
        staff = session.scalars(select(Staff).where(Staff.login == login)).one()
        codes, place_id = cast.codes(place), cast.places[place].id
        post_ = Appointment(id=new_id(), staff_id=staff.id, role=role, place_id=place_id, from_on=date(2026, 9, 1))
        post_.place_at(codes)
        session.add(post_)


def _wear(value: int) -> str:
    return f"{value % 1_000_000:06d}"


# ——— who may ———


@pytest.mark.parametrize("login", ["zhou", "qin", "tan", "sys", "sec", "nobody"])
def test_people_without_the_permission_are_refused_on_record(
    client_of: ClientOf, sqlite_cast: Cast, login: str
) -> None:
    client = client_of(login)
    for path in ("/audit/", "/audit/entries/1", "/audit/cases/1", "/audit/children/1", "/audit/export"):
        before = len(sqlite_cast.events("access.denied"))
        assert get(client, path).status_code == 403, path
        assert len(sqlite_cast.events("access.denied")) == before + 1


def test_nothing_under_the_desk_takes_anything_but_a_get(site: Flask, client_of: ClientOf, sqlite_cast: Cast) -> None:
    client, told = client_of("feng"), len(sqlite_cast.events())
    rules = [rule for rule in site.url_map.iter_rules() if rule.rule.startswith("/audit")]
    assert len(rules) == 5
    for rule in rules:
        path = rule.build(dict.fromkeys(rule.arguments, "1"))
        assert path is not None
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = client.open(path[1], method=method, base_url="https://localhost")
            assert answer.status_code == 405, (method, rule)
    assert len(sqlite_cast.events()) == told


def test_an_inspector_of_another_place_finds_nothing(client_of: ClientOf, sqlite_cast: Cast, child: int) -> None:
    _also(sqlite_cast, "nobody", "inspector", "BT")
    number = sqlite_cast.open_case(child)
    events = sqlite_cast.events("child.changed", "case.opened")
    client = client_of("nobody")
    for path in ("/audit/", f"/audit/?whom={child}", f"/audit/?child=%23{_wear(child)}", f"/audit/?case={number}"):
        page = get(client, path).text
        assert not [row for row in _rows(page) if "柳溪" in row or "#" in row], path
    for path in (
        f"/audit/entries/{events[0]['number']}",
        f"/audit/cases/{events[-1]['case_id']}",
        f"/audit/children/{child}",
    ):
        assert get(client, path).status_code == 404, path
    assert not [row for row in _rows_of(_export(client)) if "柳溪" in str(row)]


@pytest.mark.parametrize("number", ["0", "-1", "x", "9223372036854775808", "9" * 40, "林"])
def test_a_number_that_names_nothing_is_not_found(client_of: ClientOf, number: str) -> None:
    client = client_of("feng")
    for kind in ("entries", "cases", "children"):
        assert get(client, f"/audit/{kind}/{number}").status_code == 404
    assert get(client, f"/audit/?who={number}&whom={number}&before={number}&on_from={number}").status_code == 200


# ——— how far values are shown ———


def test_an_inspector_sees_that_a_field_changed_and_never_its_value(desk: Open, child: int, sqlite_cast: Cast) -> None:
    page = desk(_entry(desk(f"/audit/?whom={child}"), "修改档案"))
    assert page.count("已遮盖") == 3  # the address before and after, the village that was given
    assert "有改动，内容不在督查范围内" in page
    assert "家庭住址" in page
    everything = desk() + page + desk(f"/audit/?whom={child}") + desk(_entry(desk(), "修改家庭成员"))
    assert f"儿童 #{_wear(child)}" in everything
    for value in ("林小禾", "大坝", "柏树", "腰腿", "谢月英", "1380000", "15100", "8834"):
        assert value not in everything
    assert sqlite_cast.events("audit.read") == []


def test_names_show_and_numbers_stay_masked_to_those_whose_post_allows_it(
    desk: Open, child: int, sqlite_cast: Cast
) -> None:
    _also(sqlite_cast, "feng", "class_teacher", "ZX-2302")
    page = desk(_entry(desk(), "修改家庭成员"))
    assert "林小禾" in page
    assert "谢月英" in page
    assert "138****2716" in page
    assert "151****8834" in page
    page += desk(_entry(desk(), "修改档案"))
    assert "柏树村" in page
    assert "柏树村****" in page
    assert "有改动，内容不在督查范围内" in page
    for value in ("15100008834", "柏树村五组", "腰腿"):
        assert value not in page


def test_opening_values_above_p0_is_on_record_with_entry_and_classes(desk: Open, child: int, sqlite_cast: Cast) -> None:
    _also(sqlite_cast, "feng", "class_teacher", "ZX-2302")
    address = _entry(desk(), "修改家庭成员")
    assert sqlite_cast.events("audit.read") == []
    desk(address)
    told = sqlite_cast.events("audit.read")
    assert [event_["facts"]["classes"] for event_ in told] == [["P1", "P2"]]
    assert str(told[0]["facts"]["entries"][0]) in address
    assert told[0]["child_id"] == child
    assert told[0]["grant_ref"]


def test_a_value_whose_key_was_destroyed_is_told_as_erased(desk: Open, child: int, sqlite_cast: Cast) -> None:
    with sqlite_cast.acting("meng", Permission.CHILD_REVEAL) as tx:
        reveal_value(tx, child, "home_address", "家访前核对")
    assert "家访前核对" in desk(f"/audit/?whom={child}")
    _also(sqlite_cast, "feng", "class_teacher", "ZX-2302")
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(DataKey).where(DataKey.id == child))
    assert "家访前核对" not in desk(f"/audit/?whom={child}")
    page = desk(_entry(desk(), "修改家庭成员"))
    assert page.count("已按规定删除") >= 2
    assert "校验一致" in page


# ——— whether an entry is as it was written ———


@contextmanager
def _walls_down(cast: Cast) -> Iterator[Any]:
    with cast.database.engine.begin() as connection:
        connection.execute(text("DROP TRIGGER audit_event_no_update"))
        yield connection


@pytest.mark.parametrize(
    "change",
    [
        'body = replace(body, \'"role":"class_teacher"\', \'"role":"office"\')',
        "body = 'no longer JSON'",
        "body = '[]'",
        "actor_name = '孟晓岚'",
        "at = '2026-01-01 00:00:00.000000'",
        "township_code = 'BT'",
        "outcome = 'refused'",
        "mark = 'ö'",
    ],
)
def test_an_entry_that_was_changed_in_the_database_is_told(
    desk: Open, child: int, sqlite_cast: Cast, client_of: ClientOf, change: str
) -> None:
    number = sqlite_cast.events("child.changed")[0]["number"]
    assert "校验一致" in desk(f"/audit/entries/{number}")
    with _walls_down(sqlite_cast) as connection:
        connection.execute(text(f"UPDATE audit_event SET {change} WHERE id = :id"), {"id": number})
    page = desk(f"/audit/entries/{number}")
    assert "校验一致" not in page
    assert "请立即保全数据库并报告" in page
    assert ["校验不符" in row for row in _rows(desk())].count(True) == 1
    assert [row[-1] for row in _rows_of(_export(client_of("feng")))].count("不符") == 1


# ——— filters and pages ———


@pytest.mark.parametrize("words", ["周敏", "zhou", "ZHOU", "zhoumin", "zhou min", "zm"])
def test_a_person_is_found_by_name_login_reading_and_initials(desk: Open, child: int, words: str) -> None:
    rows = _rows(desk(f"/audit/?person={quote(words)}"))
    assert rows
    assert all("周敏" in row for row in rows)


def test_a_child_is_found_by_its_number_its_case_and_a_click(desk: Open, child: int, sqlite_cast: Cast) -> None:
    other = sqlite_cast.add_child("ZX-2302", "田浩然")
    _change(sqlite_cast, other, {"village": "石门村"})
    number = sqlite_cast.open_case(child)
    wanted = _numbers(desk(f"/audit/?whom={child}"))
    assert len(wanted) == 3
    for words in (f"#{_wear(child)}", _wear(child), number, number.lower()):
        assert _numbers(desk(f"/audit/?child={quote(words)}")) == wanted, words
    assert len(_numbers(desk(f"/audit/?case={number}"))) == 1
    assert f"whom={child}" in desk()
    assert _numbers(desk("/audit/?child=QZ-2026-9999")) == _numbers(desk("/audit/?case=QZ-2026-9999")) == []


def test_a_childs_name_finds_it_only_for_those_who_may_list_children(desk: Open, child: int, sqlite_cast: Cast) -> None:
    page = desk(f"/audit/?child={quote('林小禾')}")
    assert _numbers(page) == []
    assert "按姓名查找儿童需要授权" in page
    _also(sqlite_cast, "feng", "class_teacher", "ZX-2302")
    assert len(_numbers(desk("/audit/?child=lxh"))) == 2


def test_actions_groups_refusals_and_days_narrow_the_list(
    desk: Open, child: int, sqlite_cast: Cast, client_of: ClientOf
) -> None:
    get(client_of("shi"), "/staff/")
    _change(sqlite_cast, child, {"village": "大坝村"}, at=NOW - timedelta(days=9))
    assert all("修改档案" in row for row in _rows(desk("/audit/?action=child.changed")))
    assert {"修改档案", "修改家庭成员"} == {
        word for row in _rows(desk("/audit/?action=files")) for word in re.findall(r"</svg>(修改[^<]+)<", row)
    }
    refused = _rows(desk("/audit/?refused=1"))
    assert len(refused) == 1
    assert "石丽萍" in refused[0]
    days = (NOW - timedelta(days=9)).date()
    assert len(_numbers(desk(f"/audit/?on_from={days}&on_to={days}"))) == 1
    assert len(_numbers(desk(f"/audit/?on_to={days - timedelta(days=1)}"))) == 0
    assert len(_numbers(desk("/audit/?action=nonsense&on_from=0001-01-01&on_to=9999-12-31"))) == len(_numbers(desk()))


def test_the_day_ends_at_midnight_where_the_schools_are(desk: Open, child: int, sqlite_cast: Cast) -> None:
    late = NOW.replace(hour=15, minute=59) - timedelta(days=30)  # 23:59 there
    _change(sqlite_cast, child, {"village": "甲"}, at=late)
    _change(sqlite_cast, child, {"village": "乙"}, at=late + timedelta(minutes=2))
    assert len(_numbers(desk(f"/audit/?on_from={late.date()}&on_to={late.date()}"))) == 1


def test_pages_follow_each_other_without_gaps_and_back(desk: Open, sqlite_cast: Cast) -> None:
    codes = sqlite_cast.codes("ZX")
    with sqlite_cast.system() as tx:
        for _ in range(123):
            tx.tell(Happening("place.changed", "place", sqlite_cast.places["ZX"].id, codes))
    seen, pages, address = [], [], "/audit/?action=place.changed"
    while address:
        page = desk(address)
        pages.append(address)
        seen.append(_numbers(page))
        following = re.search(r'href="([^"]+)"[^>]*>下一页', page)
        address = following[1].replace("&amp;", "&") if following else ""
    assert [len(numbers) for numbers in seen] == [50, 50, 23]
    together = [number for numbers in seen for number in numbers]
    assert together == sorted(set(together), reverse=True)
    back = re.search(r'href="([^"]+)"[^>]*><svg[^>]*><use[^>]*/></svg>上一页', desk(pages[-1]))
    assert back
    assert _numbers(desk(back[1].replace("&amp;", "&"))) == seen[1]


def test_the_desk_asks_the_database_a_fixed_number_of_times(
    site: Flask, desk: Open, child: int, sqlite_cast: Cast
) -> None:
    number = sqlite_cast.open_case(child)
    frame = _queries(site, lambda: desk("/account"))
    entry = sqlite_cast.events("child.changed")[0]["number"]
    for path in ("/audit/", f"/audit/?case={number}", "/audit/?person=zhou", f"/audit/entries/{entry}"):
        desk(path)
        assert _queries(site, lambda path=path: desk(path)) - frame <= MOST_QUERIES, path  # type: ignore[misc]


def _queries(site: Flask, ask: Callable[[], str]) -> int:
    asked: list[str] = []

    def count(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    engine = site.extensions["shouwang"].database.engine
    event.listen(engine, "before_cursor_execute", count)
    ask()
    event.remove(engine, "before_cursor_execute", count)
    return len([statement for statement in asked if statement.lstrip().upper().startswith(("SELECT", "WITH"))])


# ——— a case from beginning to end, and who looked ———


def test_a_case_is_replayed_from_the_import_to_the_filing(desk: Open, sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", "林小禾")
    with sqlite_cast.system(at=NOW - timedelta(days=3)) as tx:
        tx.tell(Happening("child.made", "child", child, sqlite_cast.codes("ZX-2302"), child))
    number = sqlite_cast.open_case(child)
    _move(sqlite_cast, "zhou", number, "complete", FILE)
    _move(sqlite_cast, "qin", number, "send_back", {"reason": "请补家庭电话"})
    _move(sqlite_cast, "zhou", number, "complete", FILE | {"home_phone": "13900005678"})
    _move(sqlite_cast, "qin", number, "file", {})
    for login in ("qin", "zhou"):
        get(client_of(login), f"/cases/{number}")
    case_id = sqlite_cast.events("case.opened")[0]["case_id"]
    page = desk(f"/audit/cases/{case_id}")
    heads = re.findall(r'class="card-title">([^<]+)<', page)
    assert heads == ["1. 建立档案", "2. 发起事项", "3. 提交审核", "4. 退回补正", "5. 提交审核", "6. 归档", "查看 2 次"]
    assert "请补家庭电话" in page
    assert "监护人 · 住址" in page
    assert "大坝" not in page
    assert f"/audit/cases/{case_id}" in desk(_entry(desk(), "办理事项"))


FILE: dict[str, Any] = {
    "care_situation": "grandparents", "absence_since": "2025-10-16", "is_boarding": "false", "is_poor": "false",
    "parents_workplace": "东莞市", "guardian_name": "林长顺", "guardian_relation": "grandfather",
    "guardian_phone": "13800002716", "guardian_address": "大坝村三组", "guardian_health": "良好",
    "guardian_discipline": "耐心", "home_address": "大坝村三组", "home_phone": "13900001234", "call_first": "guardian",
    "character": "开朗", "interests": "画画", "health": "良好",
    "five_facts": ["basics", "character", "interests", "health", "contacts"],
}  # fmt: skip


def _move(cast: Cast, login: str, number: str, transition: str, answers: dict[str, Any]) -> None:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request(transition, None, answers))


def test_who_looked_at_a_child_is_told_with_count_classes_and_grant(
    desk: Open, child: int, sqlite_cast: Cast, client_of: ClientOf
) -> None:
    assert "没有人打开过这名儿童的页面" in desk(f"/audit/children/{child}")
    zhou, qin = client_of("zhou"), client_of("qin")
    for _ in range(2):
        get(zhou, f"/children/details/?id={child}")
    get(qin, "/children/export/xlsx/")
    get(client_of("bai"), "/children/export/xlsx/")
    with sqlite_cast.acting("meng", Permission.CHILD_REVEAL) as tx:
        reveal_value(tx, child, "home_address", "家访")
    page = desk(f"/audit/children/{child}")
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in re.findall(r'<tr role="row"><td.*?</tr>', page)]
    assert [row[:4] for row in rows[:2]] == [["孟晓岚", "心理辅导教师", "1", "1"], ["周敏", "班主任", "2", "0"]]
    assert "号码住址" in rows[0]
    assert rows[1][-1].startswith("G-")
    assert [row[0] for row in rows[2:]] == ["秦素芬"]  # whose list held the school; the neighbour's could not
    assert "导出名册" in rows[2]


# ——— the sheet ———


def _export(client: FlaskClient, query: str = "") -> bytes:
    with get(client, f"/audit/export?{query}") as answer:
        assert answer.status_code == 200
        return answer.data


def _rows_of(content: bytes) -> list[list[Any]]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def test_the_sheet_holds_the_filtered_entries_with_the_masks_of_the_page(
    client_of: ClientOf, child: int, sqlite_cast: Cast
) -> None:
    client = client_of("feng")
    content = _export(client, f"child=%23{_wear(child)}&person={quote('周敏')}&action=files")
    rows = _rows_of(content)
    assert [row[4] for row in rows[1:]] == ["修改家庭成员", "修改档案"]
    assert "已遮盖 → 已遮盖" in rows[1][11]
    assert "不在督查范围内" in rows[2][11]
    for value in ("林小禾", "大坝", "柏树", "谢月英", "15100"):
        assert value not in str(rows)
    told = sqlite_cast.events("audit.exported")
    assert len(told) == 1
    assert told[0]["facts"]["rows"] == 2
    assert told[0]["facts"]["sha256"] == sha256(content).hexdigest()
    assert told[0]["facts"]["filters"]["action"] == "files"
    assert told[0]["facts"]["filters"]["children"] == [str(child)]
    assert "周敏" not in str(told[0]["facts"])


def test_a_reason_in_the_sheet_is_never_a_formula(client_of: ClientOf, child: int, sqlite_cast: Cast) -> None:
    with sqlite_cast.acting("meng", Permission.CHILD_REVEAL) as tx:
        reveal_value(tx, child, "home_address", '=HYPERLINK("http://example.invalid")')
    content = _export(client_of("feng"), "action=child.revealed")
    assert _rows_of(content)[1][9].startswith("=HYPERLINK")
    with ZipFile(io.BytesIO(content)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


# ——— words ———


def test_every_action_that_is_told_has_a_word() -> None:
    told: set[str] = set()
    for path in [*(ROOT / "workflows").rglob("*.py"), *(ROOT / "admin_app").rglob("*.py")]:
        if path.name in ("audit_words.py", "child_changes.py"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in TELLERS:
                told |= {a.value for a in node.args if isinstance(a, ast.Constant) and _is_action(a.value)}
    assert {"child.made", "case.moved", "roster.imported", "appointment.made", "access.denied"} <= told
    assert told <= set(WORDS)


TELLERS = {"Happening", "told", "_told", "_tell", "_switch", "end_session"}


def _is_action(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[a-z_]+\.[a-z_]+", value) is not None


def test_places_and_posts_are_named_in_words(desk: Open, sqlite_cast: Cast, client_of: ClientOf) -> None:
    sec, staff = client_of("sec"), sqlite_cast["nobody"].staff_id
    path = f"/appointments/new/?staff={staff}"
    answer = post(sec, path, page=path, role="records_keeper", place="ZX 柳溪镇中心小学", from_on="2026-11-20")
    assert answer.status_code == 302, answer.text
    row = next(row for row in _rows(desk()) if "授予岗位" in row)
    assert "档案管理员 → nobody" in row
    page = desk(_entry(desk(), "授予岗位"))
    assert "柳溪镇中心小学" in page
    assert str(sqlite_cast.places["ZX"].id) not in page


def test_the_scope_of_the_trail_is_the_inspectors_place(sqlite_cast: Cast, child: int) -> None:
    """Prove that what the desk reads through is narrowed by the places of the events, not of the reader's page."""
    scope = Scope.of([Branch("township", "BT")])
    with sqlite_cast.database.session(scope, kind="audit") as session:
        assert session.scalars(select(AuditEvent)).all() == []
