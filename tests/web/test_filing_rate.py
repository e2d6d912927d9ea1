"""The filing rate counts each child once, opens the children behind a figure, and tells inspectors no single one."""

from __future__ import annotations

import re

from sqlalchemy import select

from models.case import Case
from tests.cast import Cast
from tests.web.browser import ClientOf, get
from workflows.operations.case import Request, act_on_case
from workflows.policy import Permission


def _children(cast: Cast, place: str, count: int, login: str = "qin") -> list[str]:
    return [cast.open_case(cast.add_child(place, f"林{'甲乙丙丁戊己庚辛壬癸'[n]}"), login) for n in range(count)]


def _figures(page: str) -> list[str]:
    body = page.split("<tbody")[1].split("</tbody>")[0]
    return [re.sub(r"<[^>]+>|\s", "", cell) for cell in re.findall(r"<td.*?</td>", body, re.S)]


def test_the_office_sees_each_class_and_the_children_missing_behind_it(sqlite_cast: Cast, client_of: ClientOf) -> None:
    numbers = _children(sqlite_cast, "ZX-2302", 3)
    _children(sqlite_cast, "ZX-2101", 2)
    reason = {"cause": "entered_by_mistake", "reason": "误录"}
    with sqlite_cast.acting("qin", Permission.CASE_ACT) as tx:
        act_on_case(tx, numbers[0], Request("not_left_behind", answers=reason))
    client = client_of("qin")
    page = get(client, "/filing/").text
    row = ["2", "2", "0", "0", "0", "0%", "2"]
    assert _figures(page) == ["四（2）班", *row, "六（1）班", *row], "the lower grade first"
    behind = get(client, "/filing/missing/class/ZX-2302").text
    assert "林乙" in behind
    assert "林丙" in behind
    assert "林甲" not in behind  # taken off: the child counts no more


def test_places_outside_the_scope_are_not_there(sqlite_cast: Cast, client_of: ClientOf) -> None:
    _children(sqlite_cast, "ZX-2302", 2)
    client = client_of("bai")
    assert "没有" in get(client, "/filing/").text
    assert get(client, "/filing/?place=ZX").status_code == 404
    behind = get(client, "/filing/missing/class/ZX-2302").text
    assert "林甲" not in behind


def test_inspectors_see_no_figure_that_tells_single_children(sqlite_cast: Cast, client_of: ClientOf) -> None:
    _children(sqlite_cast, "ZX-2302", 6)
    _children(sqlite_cast, "ZX-2101", 2)
    client = client_of("feng")
    inside = get(client, "/filing/?place=ZX").text
    assert _figures(inside) == ["四（2）班", "6", "6", "0", "0", "0", "0%", "6", "六（1）班", *["隐去"] * 7]
    assert "8" not in "".join(re.findall(r"<tfoot.*?</tfoot>", inside, re.S)).replace("data-label", "")
    assert "少于 5" in inside
    township = get(client, "/filing/").text
    assert _figures(township)[:2] == ["柳溪镇", "8"]
    assert get(client, "/filing/missing/class/ZX-2302").status_code == 403


def test_the_counts_open_the_lists_behind_them(sqlite_cast: Cast, client_of: ClientOf) -> None:
    _children(sqlite_cast, "ZX-2302", 3)
    sqlite_cast.open_case(sqlite_cast.add_child("SQ-2101", "吴可欣"), "chen")
    client = client_of("chen")
    page = get(client, "/filing/?place=ZX").text
    assert "/cases/?state=open&amp;place=ZX" in page
    assert "state=returned" not in page, "nothing stands behind a nought"
    behind = get(client, "/cases/?state=open&place=ZX").text
    assert "林甲" in behind
    assert "柳溪镇中心小学" in behind
    assert "吴可欣" not in behind
    assert "吴可欣" in get(client, "/cases/?state=open").text
    assert "吴可欣" in get(client, "/cases/?state=open&place=BX").text, "a place outside the scope narrows nothing"


def test_an_inspectors_counts_open_nothing(sqlite_cast: Cast, client_of: ClientOf) -> None:
    _children(sqlite_cast, "ZX-2302", 6)
    assert "/cases/" not in get(client_of("feng"), "/filing/?place=ZX").text


def test_all_that_waits_for_me_is_one_list(sqlite_cast: Cast, client_of: ClientOf) -> None:
    numbers = _children(sqlite_cast, "ZX-2302", 3)
    with sqlite_cast.acting("zhou", Permission.CASE_ACT) as tx:
        tx.session.scalars(select(Case).where(Case.number == numbers[0])).one().state = "returned"
        tx.session.scalars(select(Case).where(Case.number == numbers[1])).one().state = "confirmed"
    teacher = client_of("zhou")
    assert 'href="/inbox/"' in get(teacher, "/").text
    waiting = get(teacher, "/inbox/").text
    assert "林甲" in waiting, "sent back to the teacher"
    assert "林丙" in waiting, "not begun"
    assert "林乙" not in waiting, "waits for the office"
    assert "林乙" in get(client_of("qin"), "/inbox/").text
    assert "林" not in get(client_of("tan"), "/inbox/").text, "no file waits for a principal"
