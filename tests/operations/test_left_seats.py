"""Seats of leavers in confidential cases: a leader of the circle passes them on, nobody else learns of them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from sqlalchemy import select, update

from models.case import Case
from models.outbox import OutboxMessage
from models.scope import system_scope
from models.staff import Appointment, Staff
from models.task import CaseTask
from models.types import new_id
from tests.cast import POLICY, Cast
from tests.deciding import Joint, open_joint, publish
from tests.office import act
from workflows.closed_parts import closed_parts, left_behind, parts_left, told
from workflows.engine.vocabulary import Verb
from workflows.held_parts import parts_of
from workflows.left_seats import seats_left
from workflows.operations.leaving import HandedOver, Handover, hand_over
from workflows.operations.seat_passing import entrust_seat
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale

TODAY = date(2026, 11, 20)
KEY = "individual_plan"  # principals and counsellors read what this circle holds
ANY = "{who: [counsellor@school, principal@school], mode: any}"
ALL = "{who: [counsellor@school, principal@school], mode: all}"
POSTS = "{who: [counsellor@school, principal@school], mode: all, seats: posts}"


def _plan(cast: Cast, tasks: str) -> Joint:
    """Submit a case of the circle to those who decide."""
    publish(cast, tasks, confidential=True, key=KEY)
    joint = open_joint(cast, key=KEY)
    joint.act("zhou", "submit")
    return joint


def _leave(cast: Cast, login: str, from_on: date = TODAY) -> HandedOver:
    staff = cast[login].staff_id or 0
    with cast.acting("sec", Permission.STAFF_APPOINT) as tx:
        person = tx.session.get_one(Staff, staff)
        known = frozenset(part.key for part in parts_of(tx.session, person, TODAY))
        assert {key.partition("-")[0] for key in known} <= {"post"}, "an officer sees nothing of the case"
        rev = person.rev
    chosen = Handover(from_on, "调离本校", known, is_sure=True)
    return act(cast, "sec", Permission.STAFF_APPOINT, hand_over, staff, rev, chosen)


def _end_posts(cast: Cast, login: str) -> None:
    """Let somebody hold no post any more, who keeps the account."""
    with cast.database.transaction(system_scope("tests")) as session:
        yesterday = TODAY - timedelta(days=1)
        own = update(Appointment).where(Appointment.staff_id == cast[login].staff_id)
        session.execute(own.values(until_on=yesterday))


def _appoint(cast: Cast, login: str, role: str, place: str = "ZX") -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        post = Appointment(id=new_id(), staff_id=cast[login].staff_id, role=role, from_on=date(2026, 9, 1))
        post.place_id = cast.places[place].id
        post.place_at(cast.codes(place))
        session.add(post)


def _waiting(cast: Cast, login: str) -> frozenset[int]:
    with cast.acting(login, Permission.CASE_LIST) as tx, tx.directory() as everything:
        return left_behind(tx.session, everything, tx.actor, tx.policy, TODAY).get(KEY, frozenset())


def _case(joint: Joint) -> int:
    with joint.cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Case.id).where(Case.number == joint.number)).one()


def _left(cast: Cast) -> list[tuple[int, str]]:
    """The seats from which nobody can speak, by number and name."""
    with cast.database.session(system_scope("tests")) as session:
        return [(seat.id, seat.name) for seat, _case in seats_left(session, session, POLICY, TODAY)]


def _entrust(cast: Cast, by: str, seat: int, to: str | None) -> str:
    with cast.acting(by, Permission.CASE_ACT) as tx:
        return entrust_seat(tx, seat, cast[to].staff_id if to is not None else None)


def test_a_seat_that_a_leaver_had_claimed_is_passed_on_by_a_leader(cast: Cast) -> None:
    joint = _plan(cast, ANY)
    joint.use("meng", Verb.CLAIM)
    assert _left(cast) == []
    assert _leave(cast, "meng").confidential == 1
    ((seat, name),) = _left(cast)
    assert name == "孟晓岚"
    assert _waiting(cast, "tan") == {_case(joint)}
    for login in ("qin", "chen", "bai", "sec", "zhou"):
        assert _waiting(cast, login) == frozenset()
        with pytest.raises((Denied, Missing)):
            _entrust(cast, login, seat, "tan")
    for wrong in ("bai", "meng", None):  # nobody of the neighbours, not the leaver, nobody is left in the pool
        with pytest.raises(Refusal) as refused:
            _entrust(cast, "tan", seat, wrong)
        assert refused.value.code == "bad_successor"
    assert _entrust(cast, "tan", seat, "qin") == joint.number
    assert (_left(cast), _waiting(cast, "tan")) == ([], frozenset())
    with pytest.raises(Refusal) as refused:
        _entrust(cast, "tan", seat, "tan")
    assert refused.value.code == "still_here"
    assert joint.act("qin", "agree").to_state == "agreed"
    with pytest.raises(Stale):
        _entrust(cast, "tan", seat, "tan")
    passed = cast.events("case.part_passed")[-1]
    assert (passed["circle"], passed["facts"]["successor"]) == (KEY, str(cast["qin"].staff_id))
    assert joint.number not in str(cast.events("staff.left")[0]["facts"])
    with cast.database.session(system_scope("tests")) as session:
        sent = session.scalars(select(OutboxMessage).where(OutboxMessage.topic == "case.part_left")).all()
        assert {one.recipient for one in sent} == {f"staff:{cast['tan'].staff_id}"}


def test_a_claimed_seat_goes_back_to_the_pool_where_somebody_else_is_in_it(cast: Cast) -> None:
    _appoint(cast, "shi", "counsellor")
    joint = _plan(cast, ANY)
    joint.use("meng", Verb.CLAIM)
    _leave(cast, "meng")
    ((seat, _name),) = _left(cast)
    _entrust(cast, "shi", seat, None)
    assert [row.status for row in joint.rows()] == ["open", "open"], "the others wait no longer either"
    assert _left(cast) == []
    assert joint.act("shi", "agree").to_state == "agreed"


def test_a_personal_seat_is_given_to_somebody_who_is_let_in_by_it(cast: Cast) -> None:
    joint = _plan(cast, ALL)
    assert _leave(cast, "meng").confidential == 1
    ((seat, _name),) = _left(cast)
    with pytest.raises(Missing):
        joint.act("qin", "agree")
    _entrust(cast, "tan", seat, "qin")
    assert joint.act("qin", "agree").to_state == "review"
    assert joint.act("tan", "agree").to_state == "agreed"


def test_an_opinion_that_a_leaver_was_asked_for_is_asked_of_somebody_else(cast: Cast) -> None:
    joint = _plan(cast, ALL)
    joint.use("tan", Verb.DELEGATE, "qin")
    _leave(cast, "qin")
    ((seat, name),) = _left(cast)
    assert name == "秦素芬"
    _entrust(cast, "tan", seat, "chen")
    joint.reply("chen")
    assert joint.act("tan", "agree").to_state == "review"
    with cast.database.session(system_scope("tests")) as session:
        case = session.get_one(Case, _case(joint))
        assert parts_left(session, session, case, TODAY) == [], "being let in is nothing to take over"


def test_a_post_that_nobody_holds_any_more_keeps_no_case_from_being_decided(cast: Cast) -> None:
    joint = _plan(cast, POSTS)
    assert _left(cast) == []
    _leave(cast, "meng")
    ((seat, name),) = _left(cast)
    assert (name, _waiting(cast, "tan")) == ("柳溪镇中心小学", {_case(joint)})
    _entrust(cast, "tan", seat, "qin")
    joint.act("qin", "agree")
    assert joint.act("tan", "agree").to_state == "agreed"


@pytest.mark.parametrize("tasks", [ANY, ALL])
def test_who_holds_no_post_there_any_more_has_left_as_well(cast: Cast, tasks: str) -> None:
    joint = _plan(cast, tasks)
    if tasks is ANY:
        joint.use("meng", Verb.CLAIM)
    _end_posts(cast, "meng")
    ((seat, _name),) = _left(cast)
    _entrust(cast, "tan", seat, "qin")
    joint.act("qin", "agree")
    if tasks is ALL:
        joint.act("tan", "agree")
    assert joint.state == "agreed"


def test_until_the_day_has_come_the_seat_stays_with_who_will_leave(cast: Cast) -> None:
    joint = _plan(cast, ALL)
    assert _leave(cast, "meng", TODAY + timedelta(days=10)).confidential == 1
    assert _left(cast) == []
    with cast.database.session(system_scope("tests")) as session:
        later = seats_left(session, session, POLICY, TODAY + timedelta(days=10))
        assert [seat.name for seat, _case in later] == ["孟晓岚"]
    joint.act("meng", "agree")


def test_whoever_hands_over_learns_of_seats_how_many_and_who_sees_to_them(cast: Cast) -> None:
    joint = _plan(cast, ANY)
    joint.use("meng", Verb.CLAIM)
    with cast.database.session(system_scope("tests")) as everything:
        person = everything.get_one(Staff, cast["meng"].staff_id)
        assert told(closed_parts(everything, POLICY, person, TODAY)) == {("覃明远",): 1}


def test_two_posts_at_one_place_are_both_let_in(cast: Cast) -> None:
    publish(cast, "{who: [counsellor@school, office@school], mode: all, seats: posts}", confidential=True)
    joint = open_joint(cast)
    joint.act("zhou", "submit")
    joint.act("meng", "agree")
    assert joint.act("qin", "agree").to_state == "agreed"


def test_two_leaders_who_name_somebody_at_once_do_not_undo_each_other(cast: Cast) -> None:
    _appoint(cast, "shi", "counsellor")
    joint = _plan(cast, ALL)
    _end_posts(cast, "meng")
    ((seat, _name),) = [one for one in _left(cast) if one[1] == "孟晓岚"]
    _entrust(cast, "tan", seat, "qin")
    with pytest.raises(Refusal) as refused:
        _entrust(cast, "shi", seat, "chen")
    assert refused.value.code == "still_here"
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(CaseTask, seat).staff_id == cast["qin"].staff_id
    assert joint.state == "review"
