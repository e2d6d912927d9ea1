"""The organisation tree: codes are set by the server, and nothing moves away from its rows."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import select

from models.place import Place
from models.scope import system_scope
from tests.cast import Cast
from tests.office import act, events
from workflows.class_title import class_title
from workflows.operations.place import change_place, close_place, make_place, reopen_place
from workflows.policy import Permission
from workflows.refusal import Denied, Refusal, Stale

MANAGE = Permission.PLACE_MANAGE
SCHOOL = {"kind": "school", "code": "wh", "name": "望河小学", "stage": "primary"}


def _place(cast: Cast, code: str) -> Place:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Place).where(Place.code == code)).one()


def _id(cast: Cast, code: str) -> int:
    return cast.places[code].id


def test_a_new_place_takes_the_codes_of_its_parent(cast: Cast) -> None:
    made = act(cast, "chen", MANAGE, make_place, _id(cast, "LX"), SCHOOL)
    assert _place(cast, "WH").level_codes == cast.codes("LX") | {"school": "WH"}
    assert events(cast) == [
        (
            "陈立群",
            "place.made",
            {
                "code": (None, "WH"),
                "kind": (None, "school"),
                "name": (None, "望河小学"),
                "stage": (None, "primary"),
                "parent_id": (None, str(_id(cast, "LX"))),
            },
        )
    ]
    assert made.rev == 1


def test_a_class_is_named_by_cohort_and_number(cast: Cast) -> None:
    act(cast, "qin", MANAGE, make_place, _id(cast, "ZX"), {"kind": "class", "cohort": "2024", "number": "3"})
    place = _place(cast, "ZX-2403")
    assert (place.name, place.cohort, place.number) == ("三（3）班", 2024, 3)
    with pytest.raises(Refusal, match="class_exists"):
        act(
            cast,
            "qin",
            MANAGE,
            make_place,
            _id(cast, "ZX"),
            {"kind": "class", "cohort": 2024, "number": 3, "code": "OTHER"},
        )
    with pytest.raises(Refusal, match="bad_values") as refused:
        act(cast, "qin", MANAGE, make_place, _id(cast, "ZX"), {"kind": "class", "cohort": 2024})
    assert set(refused.value.faults) == {"number"}


@pytest.mark.parametrize(
    ("cohort", "stage", "title"),
    [
        (2023, "primary", "四（2）班"),
        (2018, "nine_year", "九（2）班"),
        (2020, "lower_secondary", "七（2）班"),
        (2017, "upper_secondary", "高一（2）班"),
        (2028, "kindergarten", "中（2）班"),
        (2019, "primary", "2019级（2）班"),
        (2023, None, "四（2）班"),
    ],
)
def test_the_title_of_a_class_follows_the_school_year(cohort: int, stage: str | None, title: str) -> None:
    assert class_title(cohort, 2, 2026, stage) == title


@pytest.mark.parametrize("code", ["", "-", "A,B", "甲", "X" * 41, "A B"])
def test_a_code_that_could_break_a_scope_is_refused(cast: Cast, code: str) -> None:
    with pytest.raises(Refusal, match="bad_values") as refused:
        act(cast, "chen", MANAGE, make_place, _id(cast, "LX"), SCHOOL | {"code": code})
    assert set(refused.value.faults) == {"code"}
    assert events(cast) == []


def test_a_code_is_used_once_even_across_townships(cast: Cast) -> None:
    with pytest.raises(Refusal, match="code_taken"):
        act(cast, "chen", MANAGE, make_place, _id(cast, "LX"), SCHOOL | {"code": "bx"})


def test_levels_hang_below_the_right_parents_only(cast: Cast) -> None:
    with pytest.raises(Refusal, match="wrong_parent"):
        act(cast, "qin", MANAGE, make_place, _id(cast, "ZX"), SCHOOL)
    with pytest.raises(Refusal, match="wrong_parent"):
        act(cast, "chen", MANAGE, make_place, _id(cast, "LX"), {"kind": "county", "code": "C", "name": "某县"})


@pytest.mark.parametrize("login", ["bai", "zhou", "sec", "nobody", "feng"])
def test_others_add_nothing_below_a_place(cast: Cast, login: str) -> None:
    with pytest.raises(Denied):
        act(cast, login, MANAGE, make_place, _id(cast, "LX"), SCHOOL)
    with pytest.raises(Denied):
        act(cast, "sys", MANAGE, make_place, None, {"kind": "city", "code": "NEW", "name": "新市"})


def test_a_stale_form_is_told_what_stands_there_now(cast: Cast) -> None:
    act(cast, "chen", MANAGE, change_place, _id(cast, "SQ"), 1, {"name": "石桥中心校"})
    with pytest.raises(Stale) as refused:
        act(cast, "chen", MANAGE, change_place, _id(cast, "SQ"), 1, {"name": "石桥学校"})
    assert str(refused.value.faults["name"]) == "石桥中心校"
    assert _place(cast, "SQ").name == "石桥中心校"
    assert [event[2] for event in events(cast)] == [{"name": ("石桥小学", "石桥中心校")}]


def test_a_place_with_rows_does_not_close(cast: Cast) -> None:
    cast.add_child("SQ-2101")
    with pytest.raises(Refusal, match="has_open_places"):
        act(cast, "sys", MANAGE, close_place, _id(cast, "SQ"), 1)
    with pytest.raises(Refusal, match="has_rows"):
        act(cast, "sys", MANAGE, close_place, _id(cast, "SQ-2101"), 1)


def test_an_empty_place_closes_and_opens_again(cast: Cast) -> None:
    act(cast, "qin", MANAGE, close_place, _id(cast, "ZX-2301"), 1)
    assert _place(cast, "ZX-2301").is_closed
    act(cast, "qin", MANAGE, reopen_place, _id(cast, "ZX-2301"), 2)
    assert [event[1:] for event in events(cast)] == [
        ("place.closed", {"is_closed": ("false", "true")}),
        ("place.reopened", {"is_closed": ("true", "false")}),
    ]


def test_two_people_change_one_place_and_the_second_is_told(cast: Cast) -> None:
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def change(name: str) -> None:
        together.wait()
        try:
            act(cast, "chen", MANAGE, change_place, _id(cast, "SQ"), 1, {"name": name})
            outcomes.append("stored")
        except Stale:
            outcomes.append("stale")

    people = [threading.Thread(target=change, args=(name,)) for name in ("甲校", "乙校")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) == ["stale", "stored"]
    assert len(events(cast)) == 1
