"""Putting a place below another parent in the browser: what goes along is shown before, and who may not is refused."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.child import Child
from models.place import Place
from models.scope import system_scope
from tests.cast import Cast
from tests.office import events
from tests.web.browser import ClientOf, get, post


def _township(cast: Cast, school: str) -> str:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Place.township_code).where(Place.code == school)).one()


def _page(cast: Cast, code: str) -> str:
    return f"/places/move/?id={cast.places[code].id}"


def test_the_page_tells_what_goes_along_and_moves_it(sqlite_cast: Cast, client_of: ClientOf) -> None:
    child = sqlite_cast.add_child("SQ-2101", "吴可欣")
    client = client_of("sys")
    assert _page(sqlite_cast, "SQ") in get(client, f"/places/details/?id={sqlite_cast.places['SQ'].id}").text
    shown = get(client, _page(sqlite_cast, "SQ")).text
    assert "一起划转的" in shown
    assert "现上级 柳溪镇" in shown
    moved = post(client, _page(sqlite_cast, "SQ"), place="BT 白塔镇", reason="区划调整", rev="1")
    assert moved.status_code == 302
    assert _township(sqlite_cast, "SQ") == "BT"
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert session.get_one(Child, child).township_code == "BT"
    assert [action for _who, action, _changes in events(sqlite_cast)][-2:] == ["place.moved", "child.moved"]
    assert "吴可欣" in get(client_of("bai"), "/children/").text
    assert "吴可欣" not in get(client_of("chen"), "/children/").text


def test_what_is_wrong_stands_at_its_field_and_nothing_moves(sqlite_cast: Cast, client_of: ClientOf) -> None:
    client = client_of("sys")
    for place, reason, said in (
        ("ZX", "区划调整", "这一层级不能放在柳溪镇中心小学下"),
        ("BT", "", "请写明划转的理由"),
        ("LX", "区划调整", "已经在柳溪镇下"),
        ("NOWHERE", "区划调整", "没有这个单位"),
    ):
        answer = post(client, _page(sqlite_cast, "SQ"), place=place, reason=reason, rev="1")
        assert answer.status_code == 422, said
        assert said in answer.text
    assert post(client, _page(sqlite_cast, "SQ"), place="BT", reason="区划调整", rev="9").status_code == 409
    assert _township(sqlite_cast, "SQ") == "LX"


@pytest.mark.parametrize(("login", "expected"), [("zhou", 403), ("sec", 403), ("feng", 403), ("bai", 404)])
def test_others_move_nothing(sqlite_cast: Cast, client_of: ClientOf, login: str, expected: int) -> None:
    client = client_of(login)
    assert get(client, _page(sqlite_cast, "SQ")).status_code == expected
    answer = post(client, _page(sqlite_cast, "SQ"), place="BT", reason="区划调整", rev="1")
    assert answer.status_code == expected
    assert _township(sqlite_cast, "SQ") == "LX"


def test_a_township_does_not_give_a_school_away_nor_a_school_itself(sqlite_cast: Cast, client_of: ClientOf) -> None:
    given = post(client_of("chen"), _page(sqlite_cast, "SQ"), place="BT", reason="区划调整", rev="1")
    assert given.status_code == 422, "the neighbours' place is none that the clerk could choose"
    own = post(client_of("qin"), _page(sqlite_cast, "ZX"), place="BT", reason="区划调整", rev="1")
    assert own.status_code == 422
    assert (_township(sqlite_cast, "SQ"), _township(sqlite_cast, "ZX")) == ("LX", "LX")
