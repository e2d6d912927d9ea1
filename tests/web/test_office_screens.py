"""The screens over tables under bad input, for foreign rows, for two people at once, and in what they put on record."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from admin_app import create_app
from admin_app.config import Settings
from models.child import Child, Relative
from models.place import Place
from models.scope import system_scope
from models.staff import Appointment, Staff
from models.vault import Keystore
from tests.cast import NOW, PASSWORD, Cast
from tests.office import act, bodies, events
from tests.web.browser import ClientOf, get, post, token
from workflows.operations.child import change_child
from workflows.policy import Permission

HOSTILE = ["", "abc", "1,2", "-1", "0", "1.5", "0x10", "9" * 19, "9" * 40, "1%00", "１２", "1' OR '1'='1", "[]"]
ID_ROUTES = [
    "/children/details/", "/children/edit/", "/children/reveal/", "/relatives/edit/", "/relatives/confirm/",
    "/places/details/", "/places/edit/", "/places/confirm/", "/staff/details/", "/terms/edit/",
]  # fmt: skip


def _child(cast: Cast, number: int) -> Child:
    with cast.database.session(system_scope("tests")) as session:
        return session.get_one(Child, number)


def _base(text: str) -> str:
    found = re.search(r'name="base"[^>]*value="([^"]*)"', text)
    assert found
    return found[1].replace("&#34;", '"').replace("&amp;", "&")


def _fields(text: str) -> dict[str, str]:
    """What a browser would send back of a form that nobody touched."""
    found = dict(re.findall(r'<input[^>]*name="(\w+)"[^>]*type="text"[^>]*value="([^"]*)"', text))
    for tag in re.findall(r"<input[^>]*>", text):
        name, value = re.search(r'name="(\w+)"', tag), re.search(r'value="([^"]*)"', tag)
        if name and 'type="radio"' not in tag:
            found[name[1]] = value[1].replace("&#34;", '"') if value else ""
        elif name and value and "checked" in tag:
            found[name[1]] = value[1]
    for name, body in re.findall(r'<textarea[^>]*name="(\w+)"[^>]*>([^<]*)</textarea>', text):
        found[name] = body.strip("\r\n")
    for name, body in re.findall(r'<select[^>]*name="(\w+)"[^>]*>(.*?)</select>', text, re.S):
        chosen = re.search(r'<option[^>]*selected[^>]*value="([^"]*)"', body)
        found[name] = chosen[1] if chosen else ""
    return {key: value for key, value in found.items() if key not in ("q", "csrf_token")}


def _edit(client: Any, path: str, **changes: str) -> Any:
    """Open a form and send it with some boxes changed."""
    return post(client, path, **{**_fields(get(client, path).text), **changes})


@pytest.mark.parametrize("route", ID_ROUTES)
def test_a_hostile_number_is_a_row_that_does_not_exist(sqlite_cast: Cast, client_of: ClientOf, route: str) -> None:
    sqlite_cast.add_child("ZX-2302")
    client = client_of("chen")
    verb = "remove" if "relatives" in route else "close"
    for written in HOSTILE:
        answer = get(client, f"{route}?id={written}&verb={verb}&field=home_phone")
        assert answer.status_code in (400, 404), (route, written)


@pytest.mark.parametrize(
    "query",
    ["size=99999999", "size=-1", "size=abc", "size=１２", "page=999999999999", "at=abc", "at=" + "A" * 5000, "at=%00",
     "order=drop", "risk=extreme", "status=%27", "school=BX", "school=-", "class=" + "x" * 500, "q=" + "林" * 500,
     "q=%00", "q=%25_%5C", "county=QH&township=BT&school=BX", "search=1", "flt0_0=1", "sort=1&desc=1"],
)  # fmt: skip
def test_a_hostile_list_address_gives_a_page_without_foreign_rows(
    sqlite_cast: Cast, client_of: ClientOf, query: str
) -> None:
    sqlite_cast.add_child("ZX-2302")
    sqlite_cast.add_child("BX-2101", name="白露生")
    client = client_of("chen")
    for path in ("/children/", "/places/", "/staff/"):
        answer = get(client, f"{path}?{query}")
        assert answer.status_code == (400 if "%00" in query else 200)
        assert "白露生" not in answer.text
        assert "白塔小学" not in answer.text
        assert "白若川" not in answer.text


def test_the_neighbours_clerk_reaches_no_row_by_any_route(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", home_phone="13800001234")
    with sqlite_cast.database.session(system_scope("tests")) as session:
        relative = session.scalars(select(Relative.id)).one()
    bai = client_of("bai")
    assert "林小禾" not in get(bai, "/children/").text
    assert "林小禾" not in get(bai, "/children/?q=lxh").text
    for path in (
        f"/children/details/?id={child}", f"/children/details/?id={child}&tab=changes", f"/children/edit/?id={child}",
        f"/children/reveal/?id={child}&field=home_phone", f"/relatives/new/?child={child}",
        f"/relatives/edit/?id={relative}", f"/relatives/confirm/?id={relative}&verb=remove",
        f"/staff/details/?id={sqlite_cast['zhou'].staff_id}", f"/places/details/?id={sqlite_cast.places['ZX'].id}",
    ):  # fmt: skip
        assert get(bai, path).status_code == 404, path
    for path in (
        f"/children/edit/?id={child}", f"/children/reveal/?id={child}&field=home_phone&reason=x",
        f"/relatives/new/?child={child}", f"/relatives/edit/?id={relative}",
        f"/relatives/action/?id={relative}&verb=remove&rev=2",
    ):  # fmt: skip
        assert post(bai, path, name="改", rev="2", reason="核对号码").status_code == 404, path
    assert "石桥" not in get(bai, "/places/ajax/lookup/?name=place&query=石").text
    assert _child(sqlite_cast, child).name == "林小禾"
    assert not [told for told in bodies(sqlite_cast) if told["child_id"] == child]


def test_a_form_sets_no_field_that_it_does_not_show(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    answer = _edit(client_of("chen"), f"/children/edit/?id={child}", village="枫林村", status="archived",
                   class_code="SQ-2101", school_code="BX", made_at_school="BX", health="x", note="x", id="1",
                   id_number_index="x")  # fmt: skip
    assert answer.status_code == 302
    kept = _child(sqlite_cast, child)
    assert (kept.village, kept.status, kept.class_code, kept.made_at_school) == ("枫林村", "on_file", "ZX-2302", "ZX")
    assert (kept.health_sealed, kept.note_sealed) == (None, None)
    assert events(sqlite_cast)[-1][1:] == ("child.changed", {"village": (None, "枫林村")})


@pytest.mark.parametrize(
    "path", ["/children/edit/?id={child}", "/relatives/new/?child={child}", "/places/new/", "/headings/new/",
             "/children/reveal/?id={child}&field=home_phone", "/places/action/?id={place}&verb=close&rev=1"]
)  # fmt: skip
def test_nothing_is_done_without_the_forms_token(sqlite_cast: Cast, client_of: ClientOf, path: str) -> None:
    child = sqlite_cast.add_child("ZX-2302", home_phone="13800001234")
    client = client_of("chen")
    target = path.format(child=child, place=sqlite_cast.places["ZX-2301"].id)
    answer = client.post(target, data={"name": "改", "reason": "核对号码", "word": "x"}, base_url="https://localhost")
    assert answer.status_code == 400
    assert "13800001234" not in answer.text
    assert not [told for told in events(sqlite_cast) if told[1] != "account.logged_in"]


def test_a_protected_value_that_stands_masked_in_the_form_stays_as_it_is(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child = sqlite_cast.add_child("ZX-2302", home_phone="13800001234", home_address="柳溪镇枫林村三组")
    client = client_of("chen")
    page = get(client, f"/children/edit/?id={child}").text
    assert "138****1234" in page
    assert "13800001234" not in page
    assert _edit(client, f"/children/edit/?id={child}", village="枫林村").status_code == 302
    assert _edit(client, f"/children/edit/?id={child}", home_address="").status_code == 302
    with sqlite_cast.database.session(system_scope("tests")) as session:
        kept = session.get_one(Child, child)
        assert (kept.home_phone, kept.home_address) == ("13800001234", None)


def test_a_refused_form_keeps_what_was_typed_and_says_where_it_is_wrong(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    answer = _edit(client_of("chen"), f"/children/edit/?id={child}", home_phone="12", village="枫林村", name="")
    assert answer.status_code == 422
    assert 'value="枫林村"' in answer.text
    assert 'value="12"' in answer.text
    assert "电话 12 只有 2 位" in answer.text
    assert _child(sqlite_cast, child).village is None


def test_a_stale_form_shows_both_values_and_loses_neither(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", ethnicity="汉族", home_phone="13800001234")
    path = f"/children/edit/?id={child}"
    qin = client_of("qin")
    mine = _fields(get(qin, path).text)
    theirs = {"village": "石桥村", "ethnicity": "苗族", "home_phone": "13900009999"}
    act(sqlite_cast, "chen", Permission.CHILD_EDIT, change_child, child, int(mine["rev"]), theirs)
    answer = post(qin, path, **{**mine, "village": "枫林村"})
    assert answer.status_code == 409
    assert "石桥村" in answer.text
    assert 'value="枫林村"' in answer.text
    assert "139****9999" in answer.text
    assert _child(sqlite_cast, child).village == "石桥村"
    again = post(qin, path, **_fields(answer.text))
    assert again.status_code == 302
    with sqlite_cast.database.session(system_scope("tests")) as session:
        kept = session.get_one(Child, child)
        assert (kept.village, kept.ethnicity, kept.home_phone) == ("枫林村", "苗族", "13900009999")
    assert events(sqlite_cast)[-1][2] == {"village": ("石桥村", "枫林村")}


def test_a_stale_form_names_who_was_faster_and_lets_one_take_their_value(
    sqlite_cast: Cast, client_of: ClientOf
) -> None:
    child = sqlite_cast.add_child("ZX-2302", ethnicity="汉族", is_boarding=False)
    path = f"/children/edit/?id={child}"
    qin = client_of("qin")
    mine = _fields(get(qin, path).text)
    theirs = {"village": "石桥村", "ethnicity": "苗族"}
    act(sqlite_cast, "chen", Permission.CHILD_EDIT, change_child, child, int(mine["rev"]), theirs)
    page = post(qin, path, **{**mine, "village": "枫林村", "ethnicity": "侗族"}).text
    assert "陈立群 在你填写时改过这条记录" in page
    assert "2026-11-20 09:40" in page
    assert post(qin, path, **{**_fields(page), "keep_village": "theirs"}).status_code == 302
    kept = _child(sqlite_cast, child)
    assert (kept.village, kept.ethnicity) == ("石桥村", "侗族")
    assert events(sqlite_cast)[-1][2] == {"ethnicity": ("苗族", "侗族")}


def test_a_form_sent_twice_has_one_effect(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    chen, path = client_of("chen"), f"/children/edit/?id={child}"
    sent = {**_fields(get(chen, path).text), "village": "枫林村"}
    assert post(chen, path, **sent).status_code == 302
    assert post(chen, path, **sent).status_code == 409
    school = {"kind": "school", "name": "望河小学", "code": "WH", "stage": "primary"}
    assert post(chen, "/places/new/", **school).status_code == 302
    assert post(chen, "/places/new/", **school).status_code == 422
    relative = {**_fields(get(chen, f"/relatives/new/?child={child}").text), "slot": "other", "name": "林美云"}
    assert post(chen, f"/relatives/new/?child={child}", **relative).status_code == 302
    post(chen, f"/relatives/new/?child={child}", **relative)
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert len(session.scalars(select(Relative).where(Relative.name == "林美云")).all()) == 1
        assert len(session.scalars(select(Place).where(Place.code == "WH")).all()) == 1
    assert [told[1] for told in events(sqlite_cast)].count("child.changed") == 1


def test_opening_a_child_is_on_record_with_the_grant(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", health="轻度哮喘")
    get(client_of("chen"), f"/children/details/?id={child}")
    get(client_of("zhou"), f"/children/details/?id={child}&tab=care")
    get(client_of("zhou"), f"/children/edit/?id={child}")
    told = [body for body in bodies(sqlite_cast) if body["action"] == "child.read"]
    assert [(body["actor_name"], body["facts"]["tab"], body["facts"]["classes"]) for body in told] == [
        ("陈立群", "overview", ["P0", "P1"]),
        ("周敏", "care", ["P0", "P1", "P3"]),
        ("周敏", "edit", ["P0", "P1", "P3"]),
    ]
    assert told[0]["grant_ref"] == sqlite_cast["chen"].posts[0].grant
    assert {body["child_id"] for body in told} == {child}


def test_confidential_fields_are_shown_to_those_who_may_see_them(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", health="轻度哮喘", note="夜里常哭")
    for login, sees in (("chen", False), ("tan", False), ("zhou", True), ("meng", True)):
        page = get(client_of(login), f"/children/details/?id={child}").text
        assert ("轻度哮喘" in page) is sees
        assert ("内容保密" in page) is not sees
    assert "轻度哮喘" not in get(client_of("chen"), f"/children/edit/?id={child}").text


def test_a_protected_value_needs_a_reason_that_goes_on_record(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", home_phone="13800001234", health="轻度哮喘")
    path = f"/children/reveal/?id={child}&field=home_phone"
    chen = client_of("chen")
    assert "13800001234" not in get(chen, f"/children/details/?id={child}").text
    assert "13800001234" not in get(chen, path).text
    refused = post(chen, path, reason=" ")
    assert refused.status_code == 422
    assert "13800001234" not in refused.text
    shown = post(chen, path, reason="家长失联，核对电话")
    assert "13800001234" in shown.text
    assert shown.headers["Cache-Control"] == "no-store"
    told = [body for body in bodies(sqlite_cast) if body["action"] == "child.revealed"]
    assert [body["facts"] for body in told] == [{"field": "home_phone", "class": "P2"}]
    assert "家长失联" not in json.dumps(told, ensure_ascii=False)
    for field in ("health", "name", "password", "id_number_index", "__class__"):
        assert get(chen, f"/children/reveal/?id={child}&field={field}").status_code == 404
    assert get(client_of("tan"), path).status_code == 403


def test_the_changes_of_a_child_are_shown_with_masks(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302")
    change = {"home_phone": "13800001234", "health": "轻度哮喘", "village": "枫林村"}
    act(sqlite_cast, "zhou", Permission.CHILD_EDIT, change_child, child, _child(sqlite_cast, child).rev, change)
    page = get(client_of("chen"), f"/children/details/?id={child}&tab=changes").text
    assert "138****1234" in page
    assert "枫林村" in page
    assert "13800001234" not in page
    assert "轻度哮喘" not in page
    assert "轻度哮喘" in get(client_of("zhou"), f"/children/details/?id={child}&tab=changes").text
    assert get(client_of("meng"), f"/children/details/?id={child}&tab=changes").status_code == 403


def test_a_sheet_holds_masks_and_no_formula_and_goes_on_record(sqlite_cast: Cast, client_of: ClientOf) -> None:
    sqlite_cast.add_child("ZX-2302", name='=HYPERLINK("http://x","y")', risk="high")
    sqlite_cast.add_child("ZX-2302", name="@SUM(A1)", risk="high")
    sqlite_cast.add_child("ZX-2302", name="+1+1", risk="low")
    sqlite_cast.add_child("BX-2101", name="白露生", risk="high")
    answer = get(client_of("chen"), "/children/export/xlsx/?risk=high")
    with zipfile.ZipFile(io.BytesIO(answer.data)) as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        styles = book.read("xl/styles.xml").decode()
    assert "<f>" not in sheet
    assert "hyperlink" not in sheet
    assert "=HYPERLINK(" in sheet.replace("&quot;", '"')
    assert "@SUM(A1)" in sheet
    assert 'quotePrefix="1"' in styles
    assert "138****2716" in sheet
    assert "13800002716" not in sheet
    assert "白露生" not in sheet
    assert "+1+1" not in sheet
    told = bodies(sqlite_cast)[-1]
    assert told["action"] == "children.exported"
    assert (told["facts"]["rows"], told["facts"]["filters"]["risk"]) == (2, "high")
    assert told["facts"]["sha256"] == sha256(answer.data).hexdigest()
    assert get(client_of("chen"), "/children/export/csv/").status_code == 404
    assert get(client_of("zhou"), "/children/export/xlsx/").status_code == 403


def test_pages_follow_each_other_without_gap_or_repeat(sqlite_cast: Cast, client_of: ClientOf) -> None:
    names = {f"孩子{chr(0x4E00 + n)}" for n in range(47)}
    for name in names:
        sqlite_cast.add_child("ZX-2302" if ord(name[-1]) % 2 else "SQ-2101", name=name)
    client = client_of("chen")
    for start in ("/children/?size=20", "/children/?size=20&order=new", "/children/?size=20&q=孩子"):
        seen, path, pages = [], start, [start]
        while path:
            text = get(client, path).text
            seen += re.findall(r'details/\?id=\d+">(孩子.)</a>', text)
            path = _link(text, "下一页")
            pages += [path] if path else []
        assert sorted(seen) == sorted(names), start
        assert len(pages) == 3
        back = get(client, _link(get(client, pages[-1]).text, "上一页") or "").text
        assert re.findall(r'details/\?id=\d+">(孩子.)</a>', back) == seen[20:40]


def _link(text: str, label: str) -> str | None:
    found = re.search(rf'<a class="btn" href="([^"]+)"[^>]*>(?:<svg(?:(?!</svg>).)*</svg>)? ?{label}', text)
    return found[1].replace("&amp;", "&") if found else None


def test_a_cursor_names_nobody_and_opens_nowhere_else(sqlite_cast: Cast, client_of: ClientOf) -> None:
    for n in range(22):
        sqlite_cast.add_child("ZX-2302", name=f"孩子{chr(0x4E00 + n)}")
    client = client_of("chen")
    path = _link(get(client, "/children/?size=20").text, "下一页")
    assert path is not None
    assert "hai" not in path
    cursor = path.split("at=")[1]
    assert len(re.findall(r'details/\?id=\d+">', get(client, path).text)) == 2
    for other in (cursor[:-2] + "xx", cursor[5:]):
        assert len(re.findall(r'details/\?id=\d+">', get(client, f"/children/?size=20&at={other}").text)) == 20
    assert get(client, f"/children/?size=20&order=new&at={cursor}").status_code == 200


def test_the_roll_is_the_same_on_both_databases(cast: Cast, keystore: Keystore, tmp_path: Path) -> None:
    """Paging, search, filters, the child's page and the sheet, on PostgreSQL behind its row-level security too."""
    children = [cast.add_child("ZX-2302", name=f"孩子{chr(0x4E00 + n)}", risk="high") for n in range(23)]
    cast.add_child("BX-2101", name="白露生")
    keystore.save(tmp_path / "keys.json")
    url = cast.database.url.render_as_string(hide_password=False)
    settings = Settings.from_environment(
        {"SHOUWANG_KEYS": str(tmp_path / "keys.json")}, instance=str(tmp_path), database=url
    )
    site = create_app(settings, clock=lambda: NOW)
    site.config.update(TESTING=True)
    client = site.test_client()
    post(client, "/login", login="chen", password=PASSWORD)
    for path in ("/children/?size=20", "/children/?size=20&order=new", "/children/?size=20&q=haizi&risk=high"):
        first = get(client, path).text
        second = get(client, _link(first, "下一页") or "").text
        seen = [re.findall(r'details/\?id=(\d+)">孩子', page) for page in (first, second)]
        assert (len(seen[0]), len(seen[1]), len({*seen[0], *seen[1]})) == (20, 3, 23), path
        assert "白露生" not in first + second
    rows = {"children": children[0], "places": cast.places["ZX"].id, "staff": cast["zhou"].staff_id}
    pages = [f"/{key}/details/?id={number}" for key, number in rows.items()]
    for path in (*pages, "/children/export/xlsx/", "/places/", "/staff/", "/terms/"):
        assert get(client, path).status_code == 200
    site.extensions["shouwang"].database.dispose()


@contextmanager
def _queries(site: Flask) -> Iterator[list[str]]:
    seen: list[str] = []
    engine = site.extensions["shouwang"].database.engine

    def note(connection: object, cursor: object, statement: str, *rest: object) -> None:
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield seen
    event.remove(engine, "before_cursor_execute", note)


@pytest.mark.parametrize(
    "path", ["/children/?size=100", "/children/?q=孩子&size=100", "/places/", "/terms/", "/headings/"]
)
def test_a_list_takes_six_queries_however_many_rows_and_never_counts_children(
    site: Flask, sqlite_cast: Cast, client_of: ClientOf, path: str
) -> None:
    for n in range(30):
        sqlite_cast.add_child("ZX-2302", name=f"孩子{chr(0x4E00 + n)}")
    client = client_of("chen")
    get(client, path)  # published definitions are read once
    with _queries(site) as seen:
        assert get(client, path).status_code == 200
    own = [statement for statement in seen if statement != "BEGIN" and "login_session" not in statement]
    assert len(own) <= 6, "\n".join(own)
    assert not [statement for statement in own if "count(" in statement.lower() and "FROM child" in statement]


def test_a_first_password_is_shown_once_on_its_slip(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("sys")
    sent = {"name": "罗成斌", "login": "luo", "phone": "13800004411", "place": "ZX 柳溪镇中心小学"}
    slip = post(client, "/staff/new/", **sent)
    drawn = re.search(r"slip-password\">([a-z0-9-]{19})<", slip.text)
    assert drawn
    assert slip.headers["Cache-Control"] == "no-store"
    again = post(client, "/staff/new/", **sent)
    assert again.status_code == 422
    assert "这个账号已有人在用" in again.text
    assert not any(drawn[1] in str(body) for body in bodies(sqlite_cast))
    with sqlite_cast.database.session(system_scope("tests")) as session:
        person = session.scalars(select(Staff).where(Staff.login == "luo")).one()
        assert not person.is_active
    assert drawn[1] not in get(client, f"/staff/details/?id={person.id}").text


def test_several_passwords_are_reset_at_once_onto_one_print(sqlite_cast: Cast, client_of: ClientOf) -> None:
    people = [str(sqlite_cast[login].staff_id) for login in ("zhou", "meng", "tan")]
    answer = post(client_of("sys"), "/staff/action/", verb="reset", id=people)
    assert len(set(re.findall(r"slip-password\">([a-z0-9-]{19})<", answer.text))) == 3
    assert [told[1] for told in events(sqlite_cast)].count("staff.password_reset") == 3


def test_a_batch_takes_no_foreign_and_no_broken_number(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("sys")
    for ids in ([], ["abc"], ["1", "2"], [str(sqlite_cast["zhou"].staff_id), "x"], ["1"] * 500):
        assert post(client, "/staff/action/", verb="reset", id=ids).status_code == 404
    assert "staff.password_reset" not in [told[1] for told in events(sqlite_cast)]
    assert post(client, "/staff/action/?verb=unknown", id="1").status_code == 403


@pytest.mark.parametrize(
    ("typed", "code"),
    [
        ("ZX", 302),
        ("zx", 302),
        ("ZX 柳溪镇中心小学", 302),
        (" 柳溪镇中心小学 ", 302),
        ("柳溪镇", 302),
        ("小学", 422),
        ("", 422),
    ],
)
def test_a_place_may_be_named_by_its_code_or_its_whole_name(
    sqlite_cast: Cast, client_of: ClientOf, typed: str, code: int
) -> None:
    path = f"/appointments/new/?staff={sqlite_cast['zhou'].staff_id}"
    assert post(client_of("sec"), path, role="leader", place=typed, from_on="2026-11-20").status_code == code


def test_a_post_is_given_and_ended_on_the_screen(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client, who = client_of("sec"), sqlite_cast["zhou"].staff_id
    path = f"/appointments/new/?staff={who}"
    refused = post(client, path, role="counsellor", place="NOWHERE", from_on="2026-11-20")
    assert refused.status_code == 422
    assert "没有这个单位" in refused.text
    given = post(client, path, role="counsellor", place="ZX 柳溪镇中心小学", from_on="2026-11-20", purpose="值班")
    assert given.status_code == 302
    with sqlite_cast.database.session(system_scope("tests")) as session:
        new = session.scalars(select(Appointment).where(Appointment.role == "counsellor", Appointment.staff_id == who))
        appointment = new.one()
    asked = get(client, f"/appointments/confirm/?id={appointment.id}&verb=end&rev=1")
    assert "立即失去这个岗位的全部权限" in asked.text
    post(client, f"/appointments/action/?id={appointment.id}&verb=end&rev=1")
    told = [told[1] for told in events(sqlite_cast)]
    assert told[-2:] == ["appointment.made", "appointment.ended"]


def test_dates_with_doubts_are_asked_about_before_they_are_saved(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client, path = client_of("chen"), f"/terms/edit/?id={sqlite_cast.term_id}"
    asked = _edit(client, path, last_on="2027-01-15")
    assert asked.status_code == 422
    assert "这个学期已经开始" in asked.text
    assert 'name="is_sure"' in asked.text
    assert post(client, path, **{**_fields(asked.text), "is_sure": "y"}).status_code == 302
    assert events(sqlite_cast)[-1][1:] == ("term.changed", {"last_on": ("2027-01-22", "2027-01-15")})


@pytest.mark.parametrize("target", ["//evil.example", "/\\evil.example", "https://evil.example", "\thttps://evil"])
def test_no_form_leads_to_another_site(sqlite_cast: Cast, client_of: ClientOf, target: str) -> None:
    client = client_of("chen")
    place = sqlite_cast.places["ZX-2301"].id
    answer = client.post("/places/action/", query_string={
        "id": place, "verb": "close", "rev": 1, "back": target}, data={"csrf_token": token(client, "/account")},
        base_url="https://localhost")  # fmt: skip
    assert answer.status_code == 302
    assert "evil" not in answer.headers["Location"]


def test_a_word_is_shown_as_text_wherever_it_stands(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("ZX-2302", name="<script>alert(1)</script>", village='"><img src=x onerror=y>')
    client = client_of("chen")
    for path in ("/children/", f"/children/details/?id={child}", f"/children/edit/?id={child}"):
        page = get(client, path).text
        assert "<script>alert" not in page
        assert "<img src=x" not in page


def test_a_star_stands_where_a_place_cannot_do_without(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("sys")
    for code, starred in (("LX", {"kind", "name", "code"}), ("ZX", {"kind"})):
        page = get(client, f"/places/new/?parent={sqlite_cast.places[code].id}").text
        boxes = re.findall(r"<(?:input|select)[^>]*>", page)
        assert {
            found[1] for box in boxes if "aria-required" in box and (found := re.search(r'name="(\w+)"', box))
        } == starred
