"""Somebody leaves: what they hold goes to successors or ends, the account is locked, all of it or nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case, CaseParticipant, CaseSlot
from models.child import Child
from models.draft import Draft
from models.scope import system_scope
from models.staff import Appointment, LoginSession, Staff
from models.types import new_id
from models.unfinished_file import UnfinishedFile
from tests.cast import NOW, Cast
from tests.deciding import begin
from tests.office import act, events
from workflows.engine.vocabulary import Verb
from workflows.held_parts import HeldPart, parts_of
from workflows.operations import leaving
from workflows.operations.case_opening import Beginning, open_case
from workflows.operations.leaving import HandedOver, Handover, hand_over
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.subjects import ChildSubject

TODAY = date(2026, 11, 20)


def _parts(cast: Cast, login: str) -> dict[str, HeldPart]:
    with cast.database.session(system_scope("tests")) as session:
        person = session.get_one(Staff, cast[login].staff_id)
        return {part.key: part for part in parts_of(session, person, TODAY)}


def _leave(cast: Cast, login: str, by: str = "sec", **more: Any) -> HandedOver:
    chosen = {"from_on": TODAY, "reason": "调离本校", "seen": frozenset(_parts(cast, login)), **more}
    rev = _person(cast, login).rev
    return act(cast, by, Permission.STAFF_APPOINT, hand_over, cast[login].staff_id, rev, Handover(**chosen))


def _person(cast: Cast, login: str) -> Staff:
    with cast.database.session(system_scope("tests")) as session:
        return session.get_one(Staff, cast[login].staff_id)


def _posts(cast: Cast, login: str) -> list[tuple[str, str, date, date | None]]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.scalars(select(Appointment).where(Appointment.staff_id == cast[login].staff_id))
        return [(post.role, post.place.code, post.from_on, post.until_on) for post in rows]


def _key(cast: Cast, login: str, role: str) -> str:
    return next(key for key, part in _parts(cast, login).items() if part.role == role)


def _id(cast: Cast, login: str) -> int:
    return cast[login].staff_id or 0


def test_what_a_person_holds_is_listed_with_the_children_and_cases_behind_it(cast: Cast) -> None:
    cast.open_case(cast.add_child("ZX-2302"))
    cast.add_child("ZX-2302", "已离校", status="left")
    (part,) = _parts(cast, "zhou").values()
    assert (part.kind, part.role, part.place, part.children, part.waiting) == (
        "post",
        "class_teacher",
        "四（2）班",
        1,
        1,
    )
    assert {p.role: p.children for p in _parts(cast, "shi").values()} == {"class_teacher": 0, "counsellor": 0}


def test_the_successor_takes_the_class_and_the_account_is_locked(cast: Cast) -> None:
    cast.add_child("ZX-2302")
    with cast.database.transaction(system_scope("tests")) as session:
        zhou = _id(cast, "zhou")
        session.add(LoginSession(id=new_id(), token_digest=b"x", staff_id=zhou, began_at=NOW, seen_at=NOW,
                                 address="local", agent=""))  # fmt: skip
        session.add(Draft(id=new_id(), staff_id=zhou, place="/x", content_sealed=b"x", saved_at=NOW))
        session.add(UnfinishedFile(id=new_id(), staff_id=zhou, place="/x", field="f", digest="0", kind="pdf", size=1,
                                   content_sealed=b"x", kept_at=NOW))  # fmt: skip
    key = _key(cast, "zhou", "class_teacher")
    done = _leave(cast, "zhou", successors={key: _id(cast, "meng")})
    assert done == HandedOver(passed=1, ended=0, drafts=1, is_locked=True)
    assert _posts(cast, "zhou") == [("class_teacher", "ZX-2302", date(2026, 9, 1), date(2026, 11, 19))]
    assert ("class_teacher", "ZX-2302", TODAY, None) in _posts(cast, "meng")
    assert not _person(cast, "zhou").is_active
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(LoginSession.ended_at)).all() == [NOW]
        assert session.scalars(select(Draft)).all() == []
        assert session.scalars(select(UnfinishedFile)).all() == []
    told = [(who, action) for who, action, _changes in events(cast)]
    assert told == [("黄志勤", "appointment.made"), ("黄志勤", "appointment.ended"), ("黄志勤", "staff.left")]
    assert events(cast)[-1][2] == {"is_active": ("true", "false")}


def test_from_a_day_to_come_on_the_account_stays_open_until_then(cast: Cast) -> None:
    key = _key(cast, "zhou", "class_teacher")
    day = TODAY + timedelta(days=10)
    done = _leave(cast, "zhou", from_on=day, successors={key: _id(cast, "meng")})
    assert (done.is_locked, done.drafts) == (False, 0)
    assert _person(cast, "zhou").is_active
    assert _posts(cast, "zhou") == [("class_teacher", "ZX-2302", date(2026, 9, 1), date(2026, 11, 29))]
    assert ("class_teacher", "ZX-2302", date(2026, 11, 30), None) in _posts(cast, "meng")


def test_children_are_left_with_nobody_only_when_that_is_said(cast: Cast) -> None:
    cast.add_child("ZX-2302")
    key = _key(cast, "zhou", "class_teacher")
    with pytest.raises(Refusal) as refused:
        _leave(cast, "zhou")
    assert refused.value.code == "children_left"
    assert str(refused.value.faults[key]) == "1 名儿童将没有人负责"
    assert _person(cast, "zhou").is_active
    assert _leave(cast, "zhou", is_sure=True).ended == 1


def test_each_part_has_a_successor_of_its_own(cast: Cast) -> None:
    successors = {
        _key(cast, "shi", "class_teacher"): _id(cast, "zhou"),
        _key(cast, "shi", "counsellor"): _id(cast, "meng"),
    }
    assert _leave(cast, "shi", successors=successors).passed == 2
    assert ("class_teacher", "ZX-2101", TODAY, None) in _posts(cast, "zhou")
    assert ("counsellor", "SQ", TODAY, None) in _posts(cast, "meng")


def _pair(cast: Cast, login: str, number: str) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        part = CaseParticipant(id=new_id(), child_id=case.child_id, case_id=case.id, relation="helper", name="")
        part.works_as, part.staff_id, part.name = "helper", _id(cast, login), cast[login].name
        part.since_at, part.made_at_school = NOW, "ZX"
        part.place_at(case.level_codes)
        session.add(part)


def _helpers(cast: Cast) -> list[tuple[int | None, str, bool]]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.scalars(select(CaseParticipant).order_by(CaseParticipant.id))
        return [(row.staff_id, row.name, row.until_at is None) for row in rows]


def test_the_children_a_person_is_paired_with_pass_on_at_once(cast: Cast) -> None:
    number = cast.open_case(cast.add_child("ZX-2302"))
    _pair(cast, "nobody", number)
    (part,) = _parts(cast, "nobody").values()
    assert (part.kind, part.role, part.children, str(part.title.zh if part.title else "")) == (
        "part", "helper", 1, "摸底排查建档",
    )  # fmt: skip
    with pytest.raises(Refusal) as refused:
        _leave(cast, "nobody")
    assert refused.value.code == "children_left"
    assert _leave(cast, "nobody", successors={part.key: _id(cast, "meng")}).passed == 1
    assert _helpers(cast) == [(_id(cast, "nobody"), "蓝玉华", False), (_id(cast, "meng"), "孟晓岚", True)]
    told = [(action, who) for who, action, _changes in events(cast)][-2:]
    assert told == [("case.part_passed", "黄志勤"), ("staff.left", "黄志勤")]


def _propose(cast: Cast, child_id: int, helper: str) -> str:
    """Propose a pairing by the workflow of the standard pack; returns its number."""
    answers = {"kind": "helper", "helper": str(_id(cast, helper)), "term_goal": "每天完成作业"}
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        subject = ChildSubject(tx.session.get_one(Child, child_id))
        return open_case(tx, "pairing", subject, begun=Beginning(answers)).number


def test_a_pairing_knows_its_new_helper_and_frees_the_old_one(cast: Cast) -> None:
    number = _propose(cast, cast.add_child("ZX-2302"), "meng")
    with cast.database.session(system_scope("tests")) as session:
        before = set(session.scalars(select(CaseSlot.slot)))
    keys = {part.kind: key for key, part in _parts(cast, "meng").items()}
    _leave(cast, "meng", successors={keys["part"]: _id(cast, "shi")}, is_sure=True)
    with cast.database.session(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        assert (str(case.facts["helper"]), case.state, case.rev) == (str(_id(cast, "shi")), "proposed", 2)
        running = session.scalars(select(CaseParticipant).where(CaseParticipant.until_at.is_(None))).all()
        assert [(part.relation, part.staff_id, part.works_as) for part in running] == [
            ("helper", _id(cast, "shi"), "helper")
        ]
        after = set(session.scalars(select(CaseSlot.slot)))
    assert len(before & after) == 1  # of this kind for the child; the one with the helper is another now
    assert len(after) == 2


def test_a_quota_holds_for_the_successor_too_and_nothing_is_handed_over(cast: Cast) -> None:
    for name in ("林小禾", "田浩然", "覃语嫣"):
        _propose(cast, cast.add_child("ZX-2302", name), "shi")
    _propose(cast, cast.add_child("ZX-2302", "谢小满"), "meng")
    keys = {part.kind: key for key, part in _parts(cast, "meng").items()}
    with pytest.raises(Refusal) as refused:
        _leave(cast, "meng", successors={keys["part"]: _id(cast, "shi")}, is_sure=True)
    assert refused.value.code == "quota"
    assert _person(cast, "meng").is_active
    assert len(_posts(cast, "meng")) == 1


def test_a_second_helper_is_enough_and_a_closed_case_needs_nobody(cast: Cast) -> None:
    number = cast.open_case(cast.add_child("ZX-2302"))
    _pair(cast, "nobody", number)
    _pair(cast, "meng", number)
    (part,) = _parts(cast, "nobody").values()
    assert part.children == 0
    assert _leave(cast, "nobody", successors={part.key: _id(cast, "meng")}).passed == 1
    assert [running for _staff, _name, running in _helpers(cast)] == [False, True]
    with cast.database.transaction(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        case.closed_at, case.open_slot, case.rev = NOW, None, case.rev + 1
    assert [part.kind for part in _parts(cast, "meng").values()] == ["post"]


def test_a_successor_who_holds_the_post_already_gets_it_once(cast: Cast) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        post = Appointment(id=new_id(), staff_id=_id(cast, "meng"), role="class_teacher", from_on=TODAY)
        post.place_id = cast.places["ZX-2302"].id
        post.place_at(cast.codes("ZX-2302"))
        session.add(post)
    _leave(cast, "zhou", successors={_key(cast, "zhou", "class_teacher"): _id(cast, "meng")})
    assert [row for row in _posts(cast, "meng") if row[0] == "class_teacher"] == [
        ("class_teacher", "ZX-2302", TODAY, None)
    ]


@pytest.mark.parametrize("successor", ["zhou", "inactive"])
def test_the_successor_is_another_active_person(cast: Cast, successor: str) -> None:
    if successor == "inactive":
        with cast.database.transaction(system_scope("tests")) as session:
            session.get_one(Staff, cast["meng"].staff_id).is_active = False
    chosen = _id(cast, "zhou" if successor == "zhou" else "meng")
    with pytest.raises(Refusal) as refused:
        _leave(cast, "zhou", successors={_key(cast, "zhou", "class_teacher"): chosen})
    assert refused.value.code == "bad_successor"


@pytest.mark.parametrize(
    ("more", "code"),
    [({"reason": " "}, "reason_missing"), ({"from_on": TODAY - timedelta(days=1)}, "bad_date"),
     ({"from_on": TODAY + timedelta(days=181)}, "bad_date"), ({"seen": frozenset()}, "changed_meanwhile")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(cast: Cast, more: dict[str, Any], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        _leave(cast, "zhou", **more)
    assert refused.value.code == code
    assert _person(cast, "zhou").is_active


def test_a_part_of_somebody_else_is_not_handed_over(cast: Cast) -> None:
    with pytest.raises(Missing):
        _leave(cast, "zhou", successors={_key(cast, "shi", "class_teacher"): _id(cast, "meng")})


@pytest.mark.parametrize("by", ["qin", "chen", "tan", "sys", "aud", "feng", "nobody"])
def test_others_hand_nothing_over(cast: Cast, by: str) -> None:
    with pytest.raises((Denied, Missing)):
        _leave(cast, "zhou", by)
    assert _person(cast, "zhou").is_active


def test_nobody_hands_over_their_own_posts_and_the_last_officer_stays(cast: Cast) -> None:
    with pytest.raises(Refusal) as refused:
        _leave(cast, "sec")
    assert refused.value.code == "own_account"
    with pytest.raises(Refusal) as refused:
        _leave(cast, "sys")
    assert refused.value.code == "last_officer"


def test_the_same_page_sent_twice_is_told_so(cast: Cast) -> None:
    seen, rev = frozenset(_parts(cast, "zhou")), _person(cast, "zhou").rev
    chosen = Handover(TODAY, "调离本校", seen)
    act(cast, "sec", Permission.STAFF_APPOINT, hand_over, _id(cast, "zhou"), rev, chosen)
    told = len(events(cast))
    with pytest.raises(Stale):
        act(cast, "sec", Permission.STAFF_APPOINT, hand_over, _id(cast, "zhou"), rev, chosen)
    assert len(events(cast)) == told


def test_a_handover_that_dies_half_way_leaves_everything(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    def dies(*_args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(leaving, "end_sessions", dies)
    with pytest.raises(RuntimeError):
        _leave(cast, "zhou", successors={_key(cast, "zhou", "class_teacher"): _id(cast, "meng")})
    assert _posts(cast, "zhou") == [("class_teacher", "ZX-2302", date(2026, 9, 1), None)]
    assert len(_posts(cast, "meng")) == 1
    assert events(cast) == []


def test_seats_of_a_leaver_go_to_the_successor_or_back_to_the_office(cast: Cast) -> None:
    who = "{who: [principal@school, office@school], mode: all}"
    given, left = begin(cast, who), begin(cast, who)
    seats = [key for key, part in _parts(cast, "tan").items() if part.kind == "seat"]
    assert [_parts(cast, "tan")[key].waiting for key in seats] == [1, 1]
    _leave(cast, "tan", successors={seats[0]: _id(cast, "meng")})
    assert given.seats() == {"孟晓岚": "open", "秦素芬": "open"}
    assert left.seats() == {"柳溪镇中心小学": "open", "秦素芬": "open"}
    assert given.act("meng", "agree").to_state == "review"
    assert given.act("qin", "agree").to_state == "agreed"
    left.act("qin", "agree")
    assert left.act("qin", "agree").to_state == "agreed"
    told = [event["facts"].get("successor") for event in cast.events("case.part_passed")]
    assert told == [str(_id(cast, "meng")), None]


def test_an_opinion_that_a_leaver_was_asked_for_comes_from_the_successor(cast: Cast) -> None:
    joint = begin(cast, "{who: [principal@school, office@school], mode: all}")
    joint.use("tan", Verb.DELEGATE, "meng")
    (seat,) = [key for key, part in _parts(cast, "meng").items() if part.kind == "seat"]
    _leave(cast, "meng", successors={seat: _id(cast, "chen")})
    joint.reply("chen", "可行")
    assert joint.seats()["覃明远"] == "open"
