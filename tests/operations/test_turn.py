"""The turn of the school year: classes are renamed, leave, merge and begin, once a school and year, or not at all."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case
from models.child import Child, Relative
from models.place import Place
from models.school_year import SchoolYear, Term
from models.scope import system_scope
from models.search import find_children
from models.staff import Appointment, Staff
from models.turn import SchoolTurn
from models.types import new_id
from models.vault import learn_keys
from tests.cast import Cast
from tests.office import events
from workflows.operations import turn as turns
from workflows.operations.class_move import move_child
from workflows.operations.turn import Turned, turn_school
from workflows.policy import Permission, standard_policy
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.transaction import Origin, transaction
from workflows.turn_plan import TurnChoices, TurnPlan, plan_turn

SUMMER = datetime(2027, 8, 25, 2, 0, tzinfo=UTC)
TODAY = date(2027, 8, 25)


def _plan(cast: Cast, login: str = "qin", school: str = "ZX") -> TurnPlan:
    with cast.database.session(standard_policy().scope(cast[login], Permission.TURN_MANAGE)) as session:
        return plan_turn(session, session.get_one(Place, cast.places[school].id), 2027, TODAY)


def _turn(
    cast: Cast, choices: TurnChoices | None = None, login: str = "qin", school: str = "ZX", *,
    officers: bool = True, mark: str | None = None, year: int = 2027,
) -> Turned:  # fmt: skip
    found = mark if mark is not None else _plan(cast, login, school).mark
    policy, actor = standard_policy(officers), cast[login]
    scope = policy.scope(actor, Permission.TURN_MANAGE)
    with transaction(cast.database, actor, policy, scope, origin=Origin("test"), clock=lambda: SUMMER) as tx:
        return turn_school(tx, cast.places[school].id, year, choices or TurnChoices(), found)


def _of(cast: Cast, row_class: type[Any], row_id: int) -> Any:
    with cast.database.session(system_scope("tests")) as session:
        row = session.get_one(row_class, row_id)
        if row_class is Child:
            learn_keys(session, [row_id])
        return row


def _classes(cast: Cast) -> dict[str, tuple[str, bool]]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.scalars(select(Place).where(Place.kind == "class", Place.school_code == "ZX"))
        return {place.code: (place.name, place.is_closed) for place in rows}


def _teachers(cast: Cast, code: str, day: date = TODAY) -> list[str]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.execute(
            select(Appointment, Staff.login).join(Staff, Staff.id == Appointment.staff_id)
            .where(Appointment.class_code == code, Appointment.role == "class_teacher").order_by(Appointment.id)
        )  # fmt: skip
        return [login for post, login in rows if post.holds_on(day)]


def test_the_plan_names_every_class_now_and_next(cast: Cast) -> None:
    cast.add_child("ZX-2302")
    plan = _plan(cast)
    assert [(li.title, li.next_title, li.leaves, li.children) for li in plan.classes] == [
        ("六（1）班", "2021级（1）班", True, 0),
        ("四（1）班", "五（1）班", False, 0),
        ("四（2）班", "五（2）班", False, 1),
    ]
    assert (plan.done, plan.obstacles, plan.entry_cohort) == (None, (), 2027)
    assert [plan.names[post.staff_id] for post in plan.classes[2].teachers] == ["周敏"]


def test_graduates_leave_with_their_destination_and_their_class_closes(cast: Cast) -> None:
    leaver, stays = cast.add_child("ZX-2101", "毕业生"), cast.add_child("ZX-2302")
    number = cast.open_case(leaver)
    choices = TurnChoices(new_classes=2, destinations={cast.places["ZX-2101"].id: "柳溪中学"})
    done = _turn(cast, choices)
    assert done == Turned(classes=2, closed=1, made=2, graduated=1, lapsed=1, posts_ended=1)
    child = _of(cast, Child, leaver)
    assert (child.status, child.left_kind, child.left_on, child.left_to) == ("left", "graduated", TODAY, "柳溪中学")
    assert _of(cast, Child, stays).status == "on_file"
    assert _classes(cast) == {
        "ZX-2101": ("六（1）班", True), "ZX-2301": ("五（1）班", False), "ZX-2302": ("五（2）班", False),
        "ZX-2701": ("一（1）班", False), "ZX-2702": ("一（2）班", False),
    }  # fmt: skip
    with cast.database.session(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        assert (case.state, case.closed_at) == ("lapsed", SUMMER)
        turn = session.scalars(select(SchoolTurn)).one()
        assert (turn.first_year, turn.school_code, turn.counts["graduated"]) == (2027, "ZX", 1)
    assert _teachers(cast, "ZX-2101") == []
    assert _teachers(cast, "ZX-2302") == ["zhou"]
    told = [(action, changes) for _who, action, changes in events(cast)][1:]
    assert [action for action, _changes in told] == [
        "case.moved", "child.left", "appointment.ended", "place.closed", "place.changed", "place.changed",
        "place.made", "place.made", "school.turned",
    ]  # fmt: skip
    assert told[1][1] == {
        "status": ("on_file", "left"), "left_kind": (None, "graduated"), "left_on": (None, "2027-08-25"),
        "left_to": (None, "柳溪中学"),
    }  # fmt: skip


def test_a_turn_is_made_once_for_a_school_and_year(cast: Cast) -> None:
    _turn(cast)
    told = len(events(cast))
    with pytest.raises(Refusal) as refused:
        _turn(cast)
    assert refused.value.code == "already_turned"
    assert len(events(cast)) == told
    assert _turn(cast, login="chen", school="SQ").closed == 1


def test_a_merged_class_takes_its_children_and_all_their_rows_along(cast: Cast) -> None:
    child_id = cast.add_child("ZX-2301", "田浩然")
    other = cast.add_child("ZX-2301", "已离校", status="left")
    number = cast.open_case(child_id)
    source, target = cast.places["ZX-2301"].id, cast.places["ZX-2302"].id
    done = _turn(cast, TurnChoices(merges={source: target}))
    assert (done.merged, done.moved, done.closed, done.classes) == (1, 1, 1, 1)
    child = _of(cast, Child, child_id)
    assert (child.class_code, child.rev, child.status) == ("ZX-2302", 2, "on_file")
    assert _of(cast, Child, other).class_code == "ZX-2301"
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Relative.class_code).where(Relative.child_id == child_id)).all() == ["ZX-2302"]
        case = session.scalars(select(Case).where(Case.number == number)).one()
        assert (case.class_code, case.state, {m.class_code for m in case.moves}) == ("ZX-2302", "open", {"ZX-2302"})
    with cast.database.session(standard_policy().scope(cast["zhou"], Permission.CHILD_LIST)) as session:
        assert [c.id for c in find_children(session, "浩然")] == [child_id]
    assert _classes(cast)["ZX-2301"] == ("四（1）班", True)
    moved = [changes for _who, action, changes in events(cast) if action == "child.moved"]
    assert moved == [{"class_code": ("ZX-2301", "ZX-2302")}]


@pytest.mark.parametrize(
    ("source", "target", "word"),
    [("ZX-2301", "ZX-2301", "不能并入"), ("ZX-2101", "ZX-2302", "不能并入"), ("ZX-2301", "SQ-2101", "不能并入"),
     ("ZX-2301", "ZX-2401", "同年级")],
)  # fmt: skip
def test_a_class_merges_only_into_another_of_its_grade_and_school(
    cast: Cast, source: str, target: str, word: str
) -> None:
    ids = {code: place.id for code, place in cast.places.items()} | {"ZX-2401": _add_class(cast, 2024)}
    with pytest.raises(Refusal) as refused:
        _turn(cast, TurnChoices(merges={ids[source]: ids[target]}))
    assert refused.value.code == "bad_values"
    assert word in str(refused.value.faults[f"merge-{ids[source]}"])
    assert _classes(cast)["ZX-2301"] == ("四（1）班", False)


def test_two_classes_do_not_merge_into_each_other(cast: Cast) -> None:
    one, two = cast.places["ZX-2301"].id, cast.places["ZX-2302"].id
    with pytest.raises(Refusal) as refused:
        _turn(cast, TurnChoices(merges={one: two, two: one}))
    assert set(refused.value.faults) == {f"merge-{one}", f"merge-{two}"}


def _add_class(cast: Cast, cohort: int) -> int:
    with cast.database.transaction(system_scope("tests")) as session:
        code = f"ZX-{cohort % 100}01"
        place = Place(id=new_id(), code=code, kind="class", name="三（1）班", cohort=cohort, number=1)
        place.parent_id = cast.places["ZX"].id
        place.place_at(cast.codes("ZX") | {"class": code})
        session.add(place)
        return place.id


def test_class_teachers_are_changed_only_by_those_who_may_appoint(cast: Cast) -> None:
    meng, zhou = cast["meng"].staff_id or 0, cast["zhou"].staff_id or 0
    choices = TurnChoices(
        new_classes=1, teachers={cast.places["ZX-2302"].id: meng}, new_teachers={1: zhou}
    )  # fmt: skip
    with pytest.raises(Denied):
        _turn(cast, choices)
    assert _teachers(cast, "ZX-2302") == ["zhou"]
    done = _turn(cast, choices, officers=False)
    assert (done.teachers, done.made) == (2, 1)
    assert _teachers(cast, "ZX-2302") == ["meng"]
    assert _teachers(cast, "ZX-2701") == ["zhou"]
    assert _teachers(cast, "ZX-2302", date(2027, 8, 24)) == ["zhou"]


def test_the_same_teacher_again_changes_nothing(cast: Cast) -> None:
    zhou = cast["zhou"].staff_id or 0
    done = _turn(cast, TurnChoices(teachers={cast.places["ZX-2302"].id: zhou}), officers=False)
    assert done.teachers == 0
    assert [action for _who, action, _c in events(cast) if action == "appointment.made"] == []


def test_a_first_grade_class_that_is_there_already_is_not_made_twice(cast: Cast) -> None:
    _add_class(cast, 2027)
    assert _turn(cast, TurnChoices(new_classes=2)).made == 1


@pytest.mark.parametrize("count", [-1, 31])
def test_too_many_new_classes_are_refused(cast: Cast, count: int) -> None:
    with pytest.raises(Refusal) as refused:
        _turn(cast, TurnChoices(new_classes=count))
    assert list(refused.value.faults) == ["new_classes"]


def test_graduates_whose_cases_cannot_end_hold_the_turn_up(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    number = cast.open_case(cast.add_child("ZX-2101"))
    monkeypatch.setattr("workflows.turn_plan.LAPSE", "no_such_transition")
    assert [case.number for case in _plan(cast).obstacles] == [number]
    with pytest.raises(Refusal) as refused:
        _turn(cast)
    assert refused.value.code == "open_cases"
    assert _classes(cast)["ZX-2101"] == ("六（1）班", False)


def test_what_changed_since_the_page_was_read_is_shown_first(cast: Cast) -> None:
    seen = _plan(cast).mark
    cast.add_child("ZX-2302")
    with pytest.raises(Stale):
        _turn(cast, mark=seen)


def test_only_the_year_that_is_due_can_be_turned_to(cast: Cast) -> None:
    with pytest.raises(Refusal):
        _turn(cast, year=2028)
    with cast.database.transaction(system_scope("tests")) as session:
        year = SchoolYear(id=new_id(), first_year=2026 + 3)
        session.add(year)
        session.flush()
        term = {"number": 1, "first_on": date(2029, 9, 1), "last_on": date(2030, 1, 20)}
        session.add(Term(id=new_id(), school_year_id=year.id, **term))
    with pytest.raises(Refusal) as refused:
        _turn(cast)
    assert refused.value.code == "not_this_year"


@pytest.mark.parametrize("login", ["zhou", "tan", "feng", "sys", "sec", "nobody"])
def test_others_turn_no_school(cast: Cast, login: str) -> None:
    with pytest.raises(Denied):
        _turn(cast, login=login, mark="")
    assert _classes(cast)["ZX-2101"] == ("六（1）班", False)


def test_the_neighbour_turns_no_school_of_ours(cast: Cast) -> None:
    with pytest.raises(Denied):
        _turn(cast, login="bai", mark="")
    with pytest.raises(Missing):
        _turn(cast, TurnChoices(destinations={cast.places["BX-2101"].id: "外地"}))


def test_a_turn_that_dies_half_way_leaves_the_school_as_it_was(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    leaver = cast.add_child("ZX-2101", "毕业生")
    cast.open_case(leaver)
    told, before = len(events(cast)), _classes(cast)

    def dies(*_args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(turns, "_record", dies)
    with pytest.raises(RuntimeError):
        _turn(cast, TurnChoices(new_classes=3))
    assert _classes(cast) == before
    assert _of(cast, Child, leaver).status == "on_file"
    assert _teachers(cast, "ZX-2101") == ["shi"]
    assert len(events(cast)) == told


def test_of_two_turns_at_once_one_is_made(cast: Cast) -> None:
    cast.add_child("ZX-2101", "毕业生")
    mark, ready, found = _plan(cast).mark, threading.Barrier(2), []

    def runs(login: str) -> None:
        ready.wait()
        try:
            found.append(str(_turn(cast, TurnChoices(new_classes=1), login, mark=mark).graduated))
        except Refusal as refusal:
            found.append(refusal.code)

    threads: Mapping[str, threading.Thread] = {
        login: threading.Thread(target=runs, args=(login,)) for login in ("qin", "chen")
    }
    for thread in threads.values():
        thread.start()
    for thread in threads.values():
        thread.join()
    assert sorted(found) == ["1", "already_turned"]


def _move(cast: Cast, child_id: int, place: str, login: str = "qin", reason: str = "家长要求", rev: int = 1) -> Child:
    with cast.acting(login, Permission.CHILD_MOVE, SUMMER) as tx:
        return move_child(tx, child_id, rev, cast.places[place].id, reason)


def test_one_child_moves_to_another_class_with_all_its_rows(cast: Cast) -> None:
    child_id = cast.add_child("ZX-2302")
    number = cast.open_case(child_id)
    assert _move(cast, child_id, "ZX-2301").rev == 2
    with cast.database.session(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        assert (case.class_code, session.get_one(Child, child_id).class_code) == ("ZX-2301", "ZX-2301")
    who, action, changes = events(cast)[-1]
    assert (who, action, changes) == ("秦素芬", "child.moved", {"class_code": ("ZX-2302", "ZX-2301")})
    with pytest.raises(Stale):
        _move(cast, child_id, "ZX-2302")


@pytest.mark.parametrize(
    ("place", "reason", "code"),
    [("ZX-2302", "家长要求", "same_class"), ("SQ-2101", "家长要求", "other_school"), ("ZX", "家长要求", "other_school"),
     ("ZX-2301", " ", "reason_missing")],
)  # fmt: skip
def test_a_move_that_makes_no_sense_is_refused(cast: Cast, place: str, reason: str, code: str) -> None:
    child_id = cast.add_child("ZX-2302")
    with pytest.raises(Refusal) as refused:
        _move(cast, child_id, place, "chen", reason)
    assert refused.value.code == code
    assert _of(cast, Child, child_id).class_code == "ZX-2302"


@pytest.mark.parametrize("login", ["zhou", "tan", "bai", "aud"])
def test_others_move_no_child(cast: Cast, login: str) -> None:
    child_id = cast.add_child("ZX-2302")
    with pytest.raises(Missing):
        _move(cast, child_id, "ZX-2301", login)
    assert _of(cast, Child, child_id).class_code == "ZX-2302"


def test_a_child_that_left_and_a_closed_class_are_no_ends_of_a_move(cast: Cast) -> None:
    gone = cast.add_child("ZX-2302", "离校生", status="left")
    with pytest.raises(Refusal) as refused:
        _move(cast, gone, "ZX-2301", rev=_of(cast, Child, gone).rev)
    assert refused.value.code == "not_on_file"
    _turn(cast)
    child_id = cast.add_child("ZX-2302")
    with pytest.raises(Refusal) as refused:
        _move(cast, child_id, "ZX-2101")
    assert refused.value.code == "class_closed"
