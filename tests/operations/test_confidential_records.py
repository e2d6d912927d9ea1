"""Records of a confidential case stay in its circle, where they are mended; leaders see to the parts of a leaver."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case, CaseParticipant
from models.outbox import OutboxMessage
from models.record import Record
from models.reports.records import records_by_form
from models.scope import system_scope
from models.staff import Staff
from tests.cast import Cast
from tests.office import act
from tests.playing import Standing, begin
from workflows.closed_parts import closed_parts, left_behind, told
from workflows.held_parts import parts_of
from workflows.operations.leaving import HandedOver, Handover, hand_over
from workflows.operations.part_passing import entrust_part
from workflows.operations.record import correct_record, void_record, write_record
from workflows.policy import Permission, standard_policy
from workflows.refusal import Denied, Missing, Refusal, Stale

TALK = {"talked_on": "2026-11-20", "topics": ["life"], "said": "夜里睡不着"}
TODAY = date(2026, 11, 20)


def talk(cast: Cast, login: str, child: int, case: str | None = None, **more: Any) -> int:
    with cast.acting(login, Permission.RECORD_WRITE) as tx:
        return write_record(tx, "talk", [child], TALK | more, case=case).records[0]


def seen(cast: Cast, login: str) -> list[int]:
    with cast.acting(login, Permission.RECORD_READ) as tx:
        return list(tx.session.scalars(select(Record.id).order_by(Record.id)))


def test_a_record_of_a_confidential_case_is_counted_by_those_in_its_circle_only(cast: Cast) -> None:
    plan = begin(cast, "individual_plan")
    plain, closed = talk(cast, "meng", plan.subject_id), talk(cast, "meng", plan.subject_id, plan.number)
    for login in ("meng", "zhou", "tan"):
        assert seen(cast, login) == [plain, closed]
    for login in ("qin", "chen"):
        assert seen(cast, login) == [plain]
        with cast.acting(login, Permission.RECORD_LIST) as tx:
            assert records_by_form(tx.session, plan.subject_id) == {"talk": 1}
    assert seen(cast, "bai") == []
    assert [event.get("circle") for event in cast.events("record.written")] == [None, "individual_plan"]


def test_a_record_is_written_for_an_open_case_of_the_same_child_only(cast: Cast) -> None:
    plan, other = begin(cast, "individual_plan"), cast.add_child("ZX-2302", "别的孩子")
    with pytest.raises(Missing):
        talk(cast, "meng", other, plan.number)
    with pytest.raises(Missing):
        talk(cast, "meng", plan.subject_id, "GB-2026-9999")
    with cast.database.transaction(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == plan.number)).one()
        case.closed_at, case.open_slot = case.opened_at, None
    with pytest.raises(Refusal) as refused:
        talk(cast, "meng", plan.subject_id, plan.number)
    assert refused.value.code == "case_closed"


def test_those_in_the_circle_who_write_records_mend_them_and_the_new_one_stays_inside(cast: Cast) -> None:
    plan = begin(cast, "individual_plan")
    first = talk(cast, "meng", plan.subject_id, plan.number)
    with cast.acting("zhou", Permission.RECORD_READ) as tx:  # responsible in the plan, not the author
        second = correct_record(tx, first, 1, TALK | {"said": "近来睡得好"}, "听错了")
    with cast.database.session(system_scope("tests")) as session:
        row = session.get_one(Record, second)
        assert (row.circle, row.case_id) == ("individual_plan", session.get_one(Record, first).case_id)
    for login in ("tan", "qin"):  # a leader reads and writes none; the office does not see it
        with cast.acting(login, Permission.RECORD_READ) as tx, pytest.raises((Denied, Missing)):
            void_record(tx, second, 1, "重复了")
    with cast.acting("meng", Permission.RECORD_READ) as tx:
        void_record(tx, second, 1, "重复了")
    assert [event.get("circle") for event in cast.events("record.corrected", "record.voided")] == [
        "individual_plan"
    ] * 2


def test_a_record_of_an_open_case_is_mended_like_any_other(cast: Cast) -> None:
    pairing = begin(cast, "pairing with a peer")
    record = talk(cast, "zhou", pairing.subject_id, pairing.number)
    with cast.acting("qin", Permission.RECORD_READ) as tx:
        void_record(tx, record, 1, "重复了")


def _leave(cast: Cast, login: str) -> HandedOver:
    with cast.database.session(system_scope("tests")) as session:
        person = session.get_one(Staff, cast[login].staff_id)
        rev = person.rev
    with cast.acting("sec", Permission.STAFF_APPOINT) as tx:
        known = frozenset(part.key for part in parts_of(tx.session, tx.session.get_one(Staff, person.id), TODAY))
    chosen = Handover(TODAY, "调离本校", known, is_sure=True)
    return act(cast, "sec", Permission.STAFF_APPOINT, hand_over, person.id, rev, chosen)


def _waiting(cast: Cast, login: str) -> dict[str, frozenset[int]]:
    with cast.acting(login, Permission.CASE_LIST) as tx, tx.directory() as everything:
        return left_behind(tx.session, everything, tx.actor, tx.policy, TODAY)


def _part(cast: Cast, plan: Standing, login: str) -> CaseParticipant:
    with cast.database.session(system_scope("tests")) as session:
        own = select(CaseParticipant).join(Case, Case.id == CaseParticipant.case_id).where(Case.number == plan.number)
        return session.scalars(own.where(CaseParticipant.staff_id == cast[login].staff_id)).one()


def test_whoever_hands_over_learns_how_many_confidential_cases_there_are_and_who_sees_to_them(cast: Cast) -> None:
    begin(cast, "individual_plan")
    with cast.database.session(system_scope("tests")) as everything:
        person = everything.get_one(Staff, cast["zhou"].staff_id)
        found = told(closed_parts(everything, standard_policy(), person, TODAY))
    assert found == {("覃明远",): 1}
    with cast.acting("sec", Permission.STAFF_APPOINT) as tx:
        parts = parts_of(tx.session, tx.session.get_one(Staff, cast["zhou"].staff_id), TODAY)
    assert [part.kind for part in parts] == ["post"]


def test_the_leader_finds_the_case_of_a_leaver_and_names_who_takes_over(cast: Cast) -> None:
    plan = begin(cast, "individual_plan")
    assert _waiting(cast, "tan") == {}
    assert _leave(cast, "zhou").confidential == 1
    part = _part(cast, plan, "zhou")
    assert part.until_at is None
    assert _waiting(cast, "tan") == {"individual_plan": frozenset({part.case_id})}
    assert _waiting(cast, "qin") == _waiting(cast, "chen") == {}
    with cast.database.session(system_scope("tests")) as session:
        sent = session.scalars(select(OutboxMessage).where(OutboxMessage.topic == "case.part_left")).all()
        assert [(one.recipient, one.payload) for one in sent] == [
            (f"staff:{cast['tan'].staff_id}", {"case": plan.number})
        ]
    successor = cast["qin"].staff_id or 0
    for login in ("qin", "chen", "sec"):
        with cast.acting(login, Permission.CASE_ACT) as tx, pytest.raises((Denied, Missing)):
            entrust_part(tx, part.id, successor)
    with cast.acting("tan", Permission.CASE_ACT) as tx, pytest.raises(Refusal) as refused:
        entrust_part(tx, part.id, cast["bai"].staff_id or 0)
    assert refused.value.code == "bad_successor"
    with cast.acting("tan", Permission.CASE_ACT) as tx:
        assert entrust_part(tx, part.id, cast["meng"].staff_id or 0) == plan.number
    assert _waiting(cast, "tan") == {}
    with cast.acting("tan", Permission.CASE_ACT) as tx, pytest.raises(Stale):
        entrust_part(tx, part.id, successor)
    event = cast.events("case.part_passed")[-1]
    assert (event["circle"], event["facts"]["successor"]) == ("individual_plan", str(cast["meng"].staff_id))
    facts = next(one for one in cast.events("staff.left"))["facts"]
    assert facts["confidential"] == 1
    assert plan.number not in str(facts)


def test_the_part_of_somebody_who_is_still_there_is_not_given_away(cast: Cast) -> None:
    plan = begin(cast, "individual_plan")
    with cast.acting("tan", Permission.CASE_ACT) as tx, pytest.raises(Refusal) as refused:
        entrust_part(tx, _part(cast, plan, "zhou").id, cast["meng"].staff_id or 0)
    assert refused.value.code == "still_here"
