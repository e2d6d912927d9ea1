"""Cases are opened and moved: right person, right form, right moment, once."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime

import pytest
from sqlalchemy import select

from models.case import Case, CaseMove, CaseRecord
from models.child import Child
from models.outbox import OutboxMessage
from models.school_year import Term
from models.scope import system_scope
from models.types import new_id
from models.vault import learn_keys
from tests.cast import Cast
from tests.playing import stand
from tests.steps import REFERRED
from workflows.case_view import form_of, view_case
from workflows.evidence import evidence_about
from workflows.opening_view import openings
from workflows.operations.case import Moved, Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.subjects import ChildSubject

ANSWERS = {
    "care_situation": "grandparents",
    "absence_since": "2024-03-05",
    "parents_workplace": "浙江省宁波市",
    "is_boarding": "false",
    "guardian_name": "林长顺",
    "guardian_relation": "grandfather",
    "guardian_phone": "13800002716",
    "father_name": "林志强",
    "father_phone": "13900008340",
    "home_address": "大坝村3组",
    "call_first": "guardian",
    "call_next": "father",
    "five_facts": ["basics", "character", "interests", "health", "contacts"],
    "character": "内向",
    "interests": "画画",
    "health": "良好",
}


@pytest.fixture
def case(cast: Cast) -> str:
    """The number of an open identification case of a child in class ZX-2302."""
    child_id = cast.add_child("ZX-2302")
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        child = ChildSubject(tx.session.get_one(Child, child_id))
        return open_case(tx, "identification", child, cast.term_id).number


def _act(cast: Cast, login: str, number: str, transition: str, **more: object) -> Moved:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return act_on_case(tx, number, Request(transition, **more))  # type: ignore[arg-type]


def _state(cast: Cast, number: str) -> tuple[str, int]:
    with cast.database.session(system_scope("tests")) as session:
        row = session.scalars(select(Case).where(Case.number == number)).one()
        return row.state, row.rev


def test_a_file_goes_from_the_class_teacher_to_the_office_and_is_filed(cast: Cast, case: str) -> None:
    assert case == "MD-2026-0001"
    assert _act(cast, "zhou", case, "complete", answers=ANSWERS, rev=1) == Moved(case, "open", "confirmed", 2)
    assert _act(cast, "qin", case, "file", rev=2) == Moved(case, "confirmed", "filed", 3)
    with cast.database.session(system_scope("tests")) as session:
        row = session.scalars(select(Case)).one()
        assert row.closed_at is not None
        assert row.open_slot is None
        child = session.get_one(Child, row.child_id)
        learn_keys(session, [child.id])
        assert (child.care_situation, child.home_address, child.health) == ("grandparents", "大坝村3组", "良好")
        assert [r.slot for r in child.relatives] == ["guardian", "father"]
        assert child.relatives[1].phone == "13900008340"
        assert [m.transition for m in session.scalars(select(CaseMove).order_by(CaseMove.id))] == [
            "open",
            "complete",
            "file",
        ]
        topics = [m.payload["to"] for m in session.scalars(select(OutboxMessage).order_by(OutboxMessage.id))]
        assert topics == ["confirmed", "filed"]
    told = cast.events("case.moved")
    assert [(e["actor_name"], e["role"], e["facts"]["to"]) for e in told] == [
        ("周敏", "class_teacher", "confirmed"),
        ("秦素芬", "office", "filed"),
    ]
    assert told[0]["grant_ref"].startswith("G-")
    changed = {change["field"] for change in told[0]["changes"]}
    assert {"care_situation", "home_address", "father.name", "father.phone", "health"} <= changed


def test_what_is_protected_lies_sealed_in_records_and_trail(cast: Cast, case: str) -> None:
    _act(cast, "zhou", case, "complete", answers=ANSWERS)
    with cast.database.session(system_scope("tests")) as session:
        record = session.scalars(select(CaseRecord)).one()
        assert set(record.data["home_address"]) == {"sealed"}
        assert record.data["interests"] == "画画"
        everything = str(record.data) + str(cast.events())
    for secret in ("大坝村", "13900008340", "良好", "宁波"):
        assert secret not in everything


def test_the_office_sends_a_file_back_only_with_a_reason(cast: Cast, case: str) -> None:
    _act(cast, "zhou", case, "complete", answers=ANSWERS)
    with pytest.raises(Refusal) as refused:
        _act(cast, "qin", case, "send_back", answers={"reason": "  "})
    assert "reason" in refused.value.faults
    _act(cast, "qin", case, "send_back", answers={"reason": "母亲电话缺"})
    assert _state(cast, case) == ("returned", 3)
    with cast.database.session(system_scope("tests")) as session:
        move = session.scalars(select(CaseMove).order_by(CaseMove.id.desc())).first()
        assert move is not None
        assert move.reason == "母亲电话缺"
    assert "母亲电话缺" not in str(cast.events())
    _act(cast, "zhou", case, "complete", answers=ANSWERS | {"mother_name": "吴春燕", "mother_phone": "13700000915"})
    assert _state(cast, case) == ("confirmed", 4)


def test_a_faulty_form_names_every_field_and_stores_nothing(cast: Cast, case: str) -> None:
    with pytest.raises(Refusal) as refused:
        _act(cast, "zhou", case, "complete", answers=ANSWERS | {"guardian_phone": "1380000", "five_facts": ["basics"]})
    assert set(refused.value.faults) == {"guardian_phone", "five_facts"}
    assert _state(cast, case) == ("open", 1)
    assert [e["action"] for e in cast.events()][-1] == "case.opened"


@pytest.mark.parametrize(
    ("login", "transition", "error", "code"),
    [
        ("qin", "complete", Denied, "not_your_part"),
        ("zhou", "not_left_behind", Denied, "not_your_part"),
        ("zhou", "file", Refusal, "not_from_here"),
        ("zhou", "no_such_thing", Refusal, "not_from_here"),
        ("shi", "complete", Missing, "no_case"),
        ("bai", "complete", Missing, "no_case"),
        ("feng", "complete", Missing, "no_case"),
        ("sys", "complete", Missing, "no_case"),
        ("nobody", "complete", Missing, "no_case"),
    ],
)
def test_others_are_refused(
    cast: Cast, case: str, login: str, transition: str, error: type[Refusal], code: str
) -> None:
    with pytest.raises(error) as refused:
        _act(cast, login, case, transition, answers=ANSWERS)
    assert refused.value.code == code
    assert _state(cast, case) == ("open", 1)


def test_a_stale_revision_is_refused(cast: Cast, case: str) -> None:
    _act(cast, "zhou", case, "complete", answers=ANSWERS, rev=1)
    with pytest.raises(Stale):
        _act(cast, "qin", case, "file", rev=1)


def test_the_same_request_twice_has_one_effect(cast: Cast, case: str) -> None:
    first = _act(cast, "zhou", case, "complete", answers=ANSWERS, key="k1")
    assert _act(cast, "zhou", case, "complete", answers=ANSWERS, key="k1") == first
    assert len(cast.events("case.moved")) == 1
    with pytest.raises(Refusal) as refused:
        _act(cast, "zhou", case, "complete", answers={}, key="k1")
    assert refused.value.code == "key_reused"


def test_only_one_of_two_people_at_once_moves_the_case(cast: Cast, case: str) -> None:
    _act(cast, "zhou", case, "complete", answers=ANSWERS)
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def move(login: str, transition: str, answers: dict[str, object]) -> None:
        together.wait()
        try:
            outcomes.append(_act(cast, login, case, transition, answers=answers, rev=2).to_state)
        except Refusal as refusal:
            outcomes.append(refusal.code)

    people = [
        threading.Thread(target=move, args=("qin", "file", {})),
        threading.Thread(target=move, args=("chen", "send_back", {"reason": "再核对"})),
    ]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert len([o for o in outcomes if o in ("filed", "returned")]) == 1
    assert "someone_was_faster" in outcomes
    assert _state(cast, case)[1] == 3
    assert len(cast.events("case.moved")) == 2


def test_a_second_case_is_refused_while_one_is_open(cast: Cast, case: str) -> None:
    with pytest.raises(Refusal) as refused, cast.acting("qin", Permission.CASE_ACT) as tx:
        open_case(tx, "identification", ChildSubject(tx.session.scalars(select(Child)).one()), cast.term_id)
    assert refused.value.code == "already_open"


def test_what_was_done_this_term_is_not_begun_again(cast: Cast) -> None:
    filed = stand(cast, "identification", "filed")
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        child = ChildSubject(tx.session.get_one(Child, filed.subject_id))
        offered = openings(tx.session, tx.actor, tx.policy, child, tx.today)
        assert "identification" not in [version.workflow.key for version in offered]
        with pytest.raises(Refusal) as refused:
            open_case(tx, "identification", child)
    assert refused.value.code == "done_this_term"


def test_what_was_called_off_this_term_can_be_begun_again(cast: Cast) -> None:
    called_off = stand(cast, "identification", "not_left_behind")
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        child = ChildSubject(tx.session.get_one(Child, called_off.subject_id))
        assert open_case(tx, "identification", child).state == "open"


def test_what_was_done_last_term_is_begun_again_in_the_next(cast: Cast) -> None:
    filed = stand(cast, "identification", "filed")
    with cast.database.transaction(system_scope("tests")) as session:
        autumn = session.get_one(Term, cast.term_id)
        days = (date(2027, 2, 22), date(2027, 7, 9))
        session.add(
            Term(id=new_id(), school_year_id=autumn.school_year_id, number=2, first_on=days[0], last_on=days[1])
        )
    with cast.acting("qin", Permission.CASE_ACT, at=datetime(2027, 3, 1, 2, tzinfo=UTC)) as tx:
        child = ChildSubject(tx.session.get_one(Child, filed.subject_id))
        assert open_case(tx, "identification", child).term_id != cast.term_id


def test_a_transition_that_fails_late_leaves_nothing_behind(
    cast: Cast, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("workflows.transaction.audit.write", broken)
    with pytest.raises(OSError, match="full"):
        _act(cast, "zhou", case, "complete", answers=ANSWERS)
    monkeypatch.undo()
    assert _state(cast, case) == ("open", 1)
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Child)).one().care_situation is None
        assert session.scalars(select(OutboxMessage)).all() == []


def test_what_is_counted_stands_on_the_page_as_the_condition_counts_it(cast: Cast) -> None:
    archive = stand(cast, "archive", "gathering")
    with cast.acting("meng", Permission.CASE_ACT) as tx:  # a plan that the office does not see
        child = ChildSubject(tx.session.get_one(Child, archive.subject_id))
        answers = REFERRED | {"responsible": str(cast["zhou"].staff_id)}
        open_case(tx, "individual_plan", child, begun=Beginning(answers))
    with cast.acting("qin", Permission.CASE_ACT) as tx, tx.directory() as everything:
        view = view_case(tx.session, everything, tx.actor, tx.policy, archive.number, tx.now)
        form = form_of(tx.session, view, "seal")
        assert form is not None
        counted = evidence_about(form.names, tx.session, everything, view.case.child_id, view.case, tx.today)
        assert form.check({}, view.subject.facts() | counted, now=tx.now).computed["open_cases"] == 1
        assert not next(choice for choice in view.options if choice.transition == "seal").is_allowed
