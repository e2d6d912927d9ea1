"""A deputy acts for somebody absent: in their workflows, on their days, with their name beside the deputy's."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from models.case import CaseMove
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.deciding import Joint, begin
from workflows.operations.deputy import Absence, end_deputy, name_deputy
from workflows.people import actor_by_login
from workflows.policy import Permission
from workflows.refusal import Denied, Refusal

TODAY = date(2026, 11, 20)
ALL = "{who: [principal@school, office@school], mode: all}"


def _depute(cast: Cast, login: str, deputy: str, first: date = TODAY, last: date = TODAY, *workflows: str) -> int:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        person, other = cast[login].staff_id, cast[deputy].staff_id
        assert person is not None
        assert other is not None
        return name_deputy(tx, person, Absence(other, first, last, workflows)).id


def _refused(joint: Joint, login: str, transition: str = "agree") -> str:
    with pytest.raises(Refusal) as refusal:
        joint.act(login, transition)
    return refusal.value.code


def test_a_deputy_speaks_for_the_absent_and_the_trail_says_for_whom(cast: Cast) -> None:
    joint = begin(cast, ALL)
    assert _refused(joint, "meng") == "not_your_part"
    number = _depute(cast, "tan", "meng")
    joint.act("meng", "agree")
    assert joint.seats()["覃明远"] == "done"
    spoken = cast.events("case.spoken")[-1]
    assert (spoken["actor_name"], spoken["grant_ref"], spoken["facts"]["for"]) == ("孟晓岚", f"D-{number}", "覃明远")
    assert joint.act("qin", "agree").to_state == "agreed"


def test_a_deputy_who_sits_there_too_speaks_for_each_seat_once(cast: Cast) -> None:
    joint = begin(cast, ALL)
    _depute(cast, "tan", "qin")
    assert joint.act("qin", "agree").to_state == "review"
    assert joint.act("qin", "agree").to_state == "agreed"
    assert joint.seats() == {"覃明远": "done", "秦素芬": "done"}


@pytest.mark.parametrize(
    ("first", "last"),
    [(TODAY + timedelta(days=1), TODAY + timedelta(days=3)), (TODAY - timedelta(days=3), TODAY)],
)
def test_a_deputy_acts_on_the_days_of_the_absence_only(cast: Cast, first: date, last: date) -> None:
    _depute(cast, "tan", "meng", first, last)
    for day in (first, last):
        assert _deputed(cast, day) == {"tan"}
    for day in (first - timedelta(days=1), last + timedelta(days=1)):
        assert _deputed(cast, day) == set()


def _deputed(cast: Cast, day: date) -> set[str]:
    with cast.database.session(system_scope("tests")) as session:
        actor = actor_by_login(session, "meng", day)
    assert actor is not None
    return {post.behalf.login for post in actor.deputed if post.behalf is not None}


def test_a_deputy_acts_in_the_workflows_named_only(cast: Cast) -> None:
    joint = begin(cast, ALL)
    _depute(cast, "tan", "meng", TODAY, TODAY, "pairing")
    assert _refused(joint, "meng") == "not_your_part"


def test_a_deputy_who_was_taken_back_acts_no_more(cast: Cast) -> None:
    joint = begin(cast, ALL)
    number = _depute(cast, "tan", "meng")
    with cast.acting("tan", Permission.CASE_ACT) as tx:
        end_deputy(tx, number)
    assert _refused(joint, "meng") == "not_your_part"


def test_a_deputy_of_a_deputy_does_not_act(cast: Cast) -> None:
    joint = begin(cast, ALL)
    _depute(cast, "tan", "meng")
    _depute(cast, "meng", "zhou")
    assert _refused(joint, "zhou") == "not_your_part"


def test_a_deputy_has_nothing_of_the_other_rights_of_the_absent(cast: Cast) -> None:
    _depute(cast, "qin", "meng")
    with cast.database.session(system_scope("tests")) as session:
        actor = actor_by_login(session, "meng", TODAY)
    assert actor is not None
    from_cast = {Permission.ROSTER_IMPORT, Permission.CHILD_EDIT, Permission.STAFF_READ, Permission.PLACE_MANAGE}
    for permission in from_cast:
        with pytest.raises(Denied), cast.acting("meng", permission) as tx:
            tx.require(permission)


def test_nobody_names_a_deputy_for_somebody_else_without_managing_them(cast: Cast) -> None:
    with pytest.raises(Denied), cast.acting("zhou", Permission.CASE_ACT) as tx:
        name_deputy(tx, cast["tan"].staff_id or 0, Absence(cast["meng"].staff_id or 0, TODAY, TODAY))
    with cast.acting("sys", Permission.STAFF_MANAGE) as tx:
        name_deputy(tx, cast["tan"].staff_id or 0, Absence(cast["meng"].staff_id or 0, TODAY, TODAY))


@pytest.mark.parametrize(
    ("deputy", "first", "last", "fault"),
    [
        ("tan", TODAY, TODAY, "deputy"),  # oneself
        ("bai", TODAY, TODAY, "deputy"),  # another township's
        ("nobody", TODAY, TODAY, "deputy"),  # without a post
        ("meng", TODAY, TODAY - timedelta(days=1), "last_on"),
        ("meng", TODAY - timedelta(days=9), TODAY - timedelta(days=2), "last_on"),
        ("meng", TODAY, TODAY + timedelta(days=400), "last_on"),
    ],
)
def test_days_and_people_that_do_not_do_are_refused(
    cast: Cast, deputy: str, first: date, last: date, fault: str
) -> None:
    with pytest.raises(Refusal) as refusal:
        _depute(cast, "tan", deputy, first, last)
    assert list(refusal.value.faults) == [fault]


def test_two_deputies_for_the_same_days_and_work_are_refused(cast: Cast) -> None:
    _depute(cast, "tan", "meng", TODAY, TODAY, "pairing")
    _depute(cast, "tan", "qin", TODAY, TODAY, "individual_plan")
    with pytest.raises(Refusal):
        _depute(cast, "tan", "zhou", TODAY - timedelta(days=2), TODAY)


def test_a_step_of_a_deputy_shows_for_whom(cast: Cast) -> None:
    joint = begin(cast, "{who: [principal@school], mode: any}")
    _depute(cast, "tan", "meng")
    joint.act("meng", "refuse")
    with cast.database.session(system_scope("tests")) as session:
        moves = session.scalars(select(CaseMove.actor_name).order_by(CaseMove.id)).all()
    assert moves[-1] == "孟晓岚（代覃明远）"
    assert cast.events("case.moved")[-1]["facts"]["for"] == "覃明远"


def test_the_rule_of_two_people_holds_for_deputies(cast: Cast) -> None:
    assert NOW.date() == TODAY
    joint = begin(cast, "{who: [principal@school], mode: any}")
    _depute(cast, "tan", "zhou")
    assert _refused(joint, "zhou") == "same_person"
