"""What is on file about a child and the relatives: validated, sealed, told field by field, ordered for calling."""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from models.child import Child, Relative
from models.scope import Branch, Scope, system_scope
from models.search import find_children
from tests.cast import Cast
from tests.office import act, bodies, events, id_number
from workflows.operations.child import (
    add_relative,
    change_child,
    change_relative,
    remove_relative,
    reveal_value,
)
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale

EDIT = Permission.CHILD_EDIT
GIRL = id_number("20160312", 12)
BOY = id_number("20160312", 11)


def _change(cast: Cast, child: int, rev: int = 1, by: str = "chen", **values: Any) -> Child:
    return act(cast, by, EDIT, change_child, child, rev, values)


def _relatives(cast: Cast) -> list[tuple[str, int, str]]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.scalars(select(Relative).order_by(Relative.call_order))
        return [(row.name, row.call_order, row.slot) for row in rows]


def _relative(cast: Cast, name: str = "林长顺") -> tuple[int, int]:
    with cast.database.session(system_scope("tests")) as session:
        row = session.scalars(select(Relative).where(Relative.name == name)).one()
        return row.id, row.rev


def test_fields_change_and_each_is_told(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    _change(
        cast,
        child,
        id_number=GIRL.lower(),
        home_phone="0851－82234567",
        risk="high",
        is_boarding="true",
        home_address="柳溪镇枫林村三组",
        absence_since="2024.3.5",
    )
    with cast.database.session(system_scope("tests")) as session:
        row = session.get_one(Child, child)
        assert (row.id_number, row.birth_on, row.home_phone) == (GIRL, date(2016, 3, 12), "0851-82234567")
        assert (row.risk, row.is_boarding, row.absence_since) == ("high", True, date(2024, 3, 5))
        assert row.id_number_index is not None
    assert events(cast) == [
        (
            "陈立群",
            "child.changed",
            {
                "id_number": (None, GIRL),
                "birth_on": (None, "2016-03-12"),
                "home_phone": (None, "0851-82234567"),
                "risk": ("low", "high"),
                "is_boarding": (None, "true"),
                "home_address": (None, "柳溪镇枫林村三组"),
                "absence_since": (None, "2024-03-05"),
            },
        )
    ]
    assert GIRL not in str(bodies(cast))
    assert "82234567" not in str(bodies(cast))


def test_an_unchanged_form_tells_nothing(cast: Cast) -> None:
    child = cast.add_child("ZX-2302", ethnicity="汉族")
    _change(cast, child, 2, ethnicity="汉族", name="林小禾")
    assert events(cast) == []


def test_a_new_name_is_found_and_the_old_one_is_not(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    _change(cast, child, name="单语嫣")
    with cast.database.session(Scope.of([Branch("school", "ZX")])) as session:
        assert [row.id for row in find_children(session, "shanyu")] == [child]
        assert find_children(session, "lxh") == []
        assert session.get_one(Child, child).name_key.startswith("shan")


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"id_number": BOY}, "sex_conflicts_with_id", "sex"),
        ({"id_number": GIRL, "birth_on": "2016-03-13"}, "birth_conflicts_with_id", "birth_on"),
        ({"id_number": GIRL[:-1] + ("0" if GIRL[-1] != "0" else "1")}, "bad_values", "id_number"),
        ({"home_phone": "138000"}, "bad_values", "home_phone"),
        ({"risk": "extreme"}, "bad_values", "risk"),
        ({"risk": ""}, "bad_values", "risk"),
        ({"name": ""}, "bad_values", "name"),
        ({"birth_on": "2027-01-01"}, "bad_values", "birth_on"),
        ({"interests": "画" * 201}, "bad_values", "interests"),
    ],
)
def test_values_that_cannot_be_are_refused(cast: Cast, values: dict[str, str], code: str, field: str) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises(Refusal, match=code) as refused:
        _change(cast, child, **values)
    assert field in refused.value.faults
    assert events(cast) == []


def test_the_sex_must_go_on_agreeing_with_the_number(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    _change(cast, child, id_number=GIRL)
    with pytest.raises(Refusal, match="sex_conflicts_with_id"):
        _change(cast, child, 2, sex="male")


def test_an_id_number_stands_once_even_where_the_other_child_cannot_be_seen(cast: Cast) -> None:
    far = cast.add_child("BX-2101", name="白小满")
    _change(cast, far, by="bai", id_number=GIRL)
    near = cast.add_child("ZX-2302")
    with pytest.raises(Refusal, match="already_on_file") as refused:
        _change(cast, near, id_number=GIRL)
    assert "白小满" not in str(refused.value)
    _change(cast, far, 2, by="bai", id_number="")
    _change(cast, near, id_number=GIRL)


def test_class_and_status_are_not_changed_here(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    for key in ("class_code", "status", "made_at_school"):
        with pytest.raises(KeyError):
            _change(cast, child, **{key: "left"})


def test_confidential_fields_are_for_those_who_see_them(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises(Denied):
        _change(cast, child, health="哮喘")
    _change(cast, child, by="zhou", health="哮喘\n随身带药")
    assert events(cast) == [("周敏", "child.changed", {"health": (None, "哮喘\n随身带药")})]


@pytest.mark.parametrize(("login", "refusal"), [("bai", Missing), ("tan", Missing), ("shi", Missing), ("sys", Missing)])
def test_others_change_no_child(cast: Cast, login: str, refusal: type[Exception]) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises(refusal):
        _change(cast, child, by=login, name="改")


def test_a_stale_form_is_told_what_stands_there_masked(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    _change(cast, child, home_phone="13800007788", village="枫林村")
    with pytest.raises(Stale) as refused:
        _change(cast, child, village="白塔村")
    assert str(refused.value.faults["village"]) == "枫林村"
    assert str(refused.value.faults["home_phone"]) == "138****7788"
    assert "health" not in refused.value.faults


def test_a_relative_joins_at_the_end_or_where_asked(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    act(cast, "chen", EDIT, add_relative, child, {"slot": "father", "name": "林志强", "phone": "13900008340"})
    act(cast, "chen", EDIT, add_relative, child, {"slot": "other", "name": "林美云", "call_order": "1"})
    assert _relatives(cast) == [("林美云", 1, "other"), ("林长顺", 2, "guardian"), ("林志强", 3, "father")]
    told = events(cast)
    assert told[0][1:] == (
        "relative.added",
        {"slot": (None, "father"), "name": (None, "林志强"), "phone": (None, "13900008340"),
         "call_order": (None, "2")},
    )  # fmt: skip
    assert sorted(event[1] for event in told[1:]) == ["relative.added", "relative.changed", "relative.changed"]
    assert {body["child_id"] for body in bodies(cast)} == {child}


def test_the_calling_order_stays_unique_when_it_changes(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    for name in ("甲", "乙"):
        act(cast, "chen", EDIT, add_relative, child, {"slot": "other", "name": name})
    relative, rev = _relative(cast, "乙")
    act(cast, "chen", EDIT, change_relative, relative, rev, {"call_order": "1", "phone": "13900001111"})
    assert [(name, order) for name, order, _ in _relatives(cast)] == [("乙", 1), ("林长顺", 2), ("甲", 3)]
    assert ("陈立群", "relative.changed", {"call_order": ("3", "1"), "phone": (None, "13900001111")}) in events(cast)


def test_a_child_has_one_guardian(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    with pytest.raises(Refusal, match="slot_taken"):
        act(cast, "chen", EDIT, add_relative, child, {"slot": "guardian", "name": "甲"})
    act(cast, "chen", EDIT, add_relative, child, {"slot": "other", "name": "甲"})
    relative, rev = _relative(cast, "甲")
    with pytest.raises(Refusal, match="slot_taken"):
        act(cast, "chen", EDIT, change_relative, relative, rev, {"slot": "guardian"})
    act(cast, "chen", EDIT, change_relative, relative, rev, {"slot": "father"})
    assert _relatives(cast) == [("林长顺", 1, "guardian"), ("甲", 2, "father")]


def test_a_removed_relative_stays_in_the_trail_and_the_others_move_up(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    act(cast, "chen", EDIT, add_relative, child, {"slot": "mother", "name": "吴春燕"})
    relative, rev = _relative(cast)
    act(cast, "chen", EDIT, remove_relative, relative, rev)
    assert _relatives(cast) == [("吴春燕", 1, "mother")]
    removed = next(event for event in events(cast) if event[1] == "relative.removed")
    assert removed[2]["phone"] == ("13800002716", None)
    assert "13800002716" not in str(bodies(cast))
    with pytest.raises(Missing):
        act(cast, "chen", EDIT, remove_relative, relative, rev)


def test_broken_relatives_are_refused(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    for values, field in (({"slot": "mother"}, "name"), ({"name": "甲"}, "slot"),
                          ({"slot": "uncle", "name": "甲"}, "slot"),
                          ({"slot": "other", "name": "甲", "phone": "12"}, "phone"),
                          ({"slot": "other", "name": "甲", "age": "900"}, "age")):  # fmt: skip
        with pytest.raises(Refusal, match="bad_values") as refused:
            act(cast, "chen", EDIT, add_relative, child, values)
        assert set(refused.value.faults) == {field}
    with pytest.raises(Missing):
        act(cast, "bai", EDIT, add_relative, child, {"slot": "other", "name": "甲"})


def test_two_people_add_relatives_at_once_and_each_has_a_place(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    together = threading.Barrier(2)

    def add(name: str) -> None:
        together.wait()
        act(cast, "chen", EDIT, add_relative, child, {"slot": "other", "name": name})

    people = [threading.Thread(target=add, args=(name,)) for name in ("甲", "乙")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert [order for _, order, _ in _relatives(cast)] == [1, 2, 3]


def test_a_form_sent_twice_adds_one_relative(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    for _ in range(2):
        act(cast, "chen", EDIT, add_relative, child, {"slot": "other", "name": "甲"}, key="form-1")
    assert [name for name, _order, _slot in _relatives(cast)] == ["林长顺", "甲"]
    assert [event[1] for event in events(cast)] == ["relative.added"]


def test_a_protected_value_is_told_with_its_reason_sealed(cast: Cast) -> None:
    reveal = Permission.CHILD_REVEAL
    child = cast.add_child("ZX-2302", home_phone="13800001234", health="哮喘")
    relative, _rev = _relative(cast)
    assert act(cast, "chen", reveal, reveal_value, child, "home_phone", "联系家长") == "13800001234"
    assert act(cast, "chen", reveal, reveal_value, child, "phone", "联系祖父", relative) == "13800002716"
    assert [(body["subject_type"], body["facts"]["field"]) for body in bodies(cast)] == [
        ("child", "home_phone"),
        ("relative", "phone"),
    ]
    assert "联系家长" not in str(bodies(cast))
    with pytest.raises(Refusal, match="reason_missing"):
        act(cast, "chen", reveal, reveal_value, child, "home_phone", " x ")
    for field in ("health", "name", "made_at_school"):
        with pytest.raises(Denied):
            act(cast, "chen", reveal, reveal_value, child, field, "联系家长")
    with pytest.raises(Missing):
        act(cast, "chen", reveal, reveal_value, child, "home_address", "联系家长")
    with pytest.raises(Missing):
        act(cast, "bai", reveal, reveal_value, child, "home_phone", "联系家长")
    other = cast.add_child("ZX-2302", name="别家孩子")
    with pytest.raises(Missing):
        act(cast, "chen", reveal, reveal_value, other, "phone", "联系家长", relative)
    assert len(bodies(cast)) == 2
