"""A place goes below another parent with everything in it, and only by whoever keeps both places."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case
from models.child import Child, NameGram, Relative
from models.place import Place
from models.scope import LEVELS, Scope, system_scope
from models.search import find_children
from models.staff import Appointment, Staff
from models.tables import SCOPED
from tests.cast import NOW, Cast
from tests.office import ORIGIN, bodies, events
from workflows.operations.place import close_place
from workflows.operations.place_move import Moving, move_place, what_moves
from workflows.policy import Permission, standard_policy
from workflows.refusal import Denied, Refusal, Stale
from workflows.transaction import transaction

WHY = "区划调整"


def _move(cast: Cast, login: str, code: str, to: str, reason: str = WHY, rev: int = 1) -> Moving:
    actor, scope = cast[login], system_scope("place move")
    with transaction(cast.database, actor, standard_policy(), scope, origin=ORIGIN, clock=lambda: NOW) as tx:
        return move_place(tx, cast.places[code].id, rev, cast.places[to].id, reason)


def _codes(cast: Cast, row_class: type[Any], *conditions: Any) -> list[dict[str, str]]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.scalars(select(row_class).where(*conditions)).all()
        return [{level: getattr(row, f"{level}_code") for level in LEVELS} for row in rows]


def _school(cast: Cast) -> int:
    """A school with a child, a relative, an open case, an imported batch's staff and posts."""
    child = cast.add_child("SQ-2101", "吴可欣")
    cast.open_case(child, "chen")
    return child


def test_a_school_goes_to_another_township_with_everything_in_it(cast: Cast) -> None:
    child = _school(cast)
    moved = _move(cast, "sys", "SQ", "BT")
    assert moved == Moving(places=0, classes=1, children=1, cases=1, staff=0, posts=1)
    of_class = cast.codes("BT") | {"school": "SQ", "class": "SQ-2101"}
    assert _codes(cast, Place, Place.code == "SQ") == [cast.codes("BT") | {"school": "SQ"}]
    assert _codes(cast, Place, Place.code == "SQ-2101") == [of_class]
    for row_class in (Child, Relative, Case, NameGram):
        assert _codes(cast, row_class, row_class.school_code == "SQ")[0] == of_class
    assert _codes(cast, Appointment, Appointment.role == "counsellor", Appointment.school_code == "SQ") == [
        cast.codes("BT") | {"school": "SQ"}
    ]
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(Child, child).made_at_school == "SQ"
        assert session.scalars(select(Place.parent_id).where(Place.code == "SQ")).one() == cast.places["BT"].id


def test_nothing_beside_it_moves(cast: Cast) -> None:
    _school(cast)
    other = cast.add_child("ZX-2302")
    _move(cast, "sys", "SQ", "BT")
    assert _codes(cast, Child, Child.id == other) == [cast.codes("ZX-2302")]
    assert _codes(cast, Place, Place.code == "ZX-2302") == [cast.codes("ZX-2302")]
    assert _codes(cast, Staff, Staff.login == "qin") == [cast.codes("ZX")]


def test_the_new_township_sees_it_and_the_old_one_does_not(cast: Cast) -> None:
    child = _school(cast)
    _move(cast, "sys", "SQ", "BT")

    def seen_by(login: str) -> list[int]:
        scope: Scope = standard_policy().scope(cast[login], Permission.CHILD_LIST)
        with cast.database.session(scope) as session:
            return [found.id for found in find_children(session, "wkx")]

    assert seen_by("bai") == [child]
    assert seen_by("chen") == []


def test_a_class_goes_to_another_school(cast: Cast) -> None:
    child = cast.add_child("ZX-2302", "林小禾")
    assert _move(cast, "chen", "ZX-2302", "SQ").children == 1
    there = cast.codes("SQ") | {"class": "ZX-2302"}
    assert _codes(cast, Child, Child.id == child) == [there]
    assert _codes(cast, Place, Place.code == "ZX-2302") == [there]
    assert _codes(cast, Appointment, Appointment.class_code == "ZX-2302") == [there]


def test_the_trail_tells_the_place_and_every_child(cast: Cast) -> None:
    child = _school(cast)
    before = len(events(cast))
    _move(cast, "sys", "SQ", "BT")
    parents = (str(cast.places["LX"].id), str(cast.places["BT"].id))
    assert events(cast)[before:] == [
        ("韦国梁", "place.moved", {"parent_id": parents}),
        ("韦国梁", "child.moved", {"township_code": ("LX", "BT")}),
    ]
    of_place, of_child = bodies(cast)[before:]
    assert of_place["facts"] == {"places_below": 1, "children_below": 1, "open_cases": 1, "posts": 1}
    assert of_place["reason"] is not None
    assert WHY not in str(of_place), "the reason stands sealed"
    assert of_child["child_id"] == child
    assert of_child["place"]["township"] == "LX", "the entry keeps the place where it happened"


def test_what_moves_is_told_before(cast: Cast) -> None:
    _school(cast)
    with cast.database.session(system_scope("tests")) as session:
        place = session.get_one(Place, cast.places["LX"].id)
        assert what_moves(session, place) == Moving(places=2, classes=4, children=1, cases=1, staff=7, posts=7)


@pytest.mark.parametrize(
    ("code", "to", "fault"),
    [
        ("SQ", "ZX", "wrong_parent"),
        ("SQ", "SQ-2101", "wrong_parent"),
        ("LX", "SQ", "wrong_parent"),
        ("LX", "LX", "wrong_parent"),
        ("ZX-2302", "LX", "wrong_parent"),
        ("SQ", "LX", "same_parent"),
        ("SQ-2101", "ZX", "class_exists"),
    ],
)
def test_it_goes_only_where_it_can_stand(cast: Cast, code: str, to: str, fault: str) -> None:
    with pytest.raises(Refusal, match=fault):
        _move(cast, "sys", code, to)
    assert events(cast) == []


def test_it_does_not_go_below_a_closed_place_nor_without_a_reason_nor_on_a_stale_form(cast: Cast) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Place, cast.places["BT"].id).is_closed = True
    with pytest.raises(Refusal, match="parent_closed"):
        _move(cast, "sys", "SQ", "BT")
    with pytest.raises(Refusal, match="reason_missing"):
        _move(cast, "sys", "SQ", "QH", " ")
    with pytest.raises(Stale):
        _move(cast, "sys", "SQ", "QH", rev=7)


@pytest.mark.parametrize(
    ("login", "code", "to"),
    [
        ("chen", "SQ", "BT"),  # not the neighbours' to give to
        ("bai", "SQ", "BT"),  # nor theirs to take
        ("qin", "ZX", "QH"),  # a school does not move itself
        ("qin", "ZX-2302", "SQ"),
        ("zhou", "ZX-2302", "SQ"),
        ("sec", "SQ", "BT"),
        ("nobody", "SQ", "BT"),
    ],
)
def test_only_who_keeps_both_places_moves_it(cast: Cast, login: str, code: str, to: str) -> None:
    with pytest.raises(Denied):
        _move(cast, login, code, to)
    assert _codes(cast, Place, Place.code == code) == [cast.codes(code)]


def test_every_scoped_row_of_the_place_has_moved(cast: Cast) -> None:
    _school(cast)
    _move(cast, "sys", "SQ", "BT")
    with cast.database.session(system_scope("tests")) as session:
        for row_class in SCOPED:
            stayed = select(row_class).where(row_class.school_code == "SQ", row_class.township_code == "LX")
            assert session.scalars(stayed).all() == [], row_class


def test_a_closed_class_moves_too(cast: Cast) -> None:
    with cast.acting("qin", Permission.PLACE_MANAGE) as tx:
        close_place(tx, cast.places["ZX-2301"].id, 1)
    _move(cast, "chen", "ZX-2301", "SQ", rev=2)
    assert _codes(cast, Place, Place.code == "ZX-2301") == [cast.codes("SQ") | {"class": "ZX-2301"}]
