"""Plain answers stand in columns from the moment they are given, follow the case, and go with it."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models.case import Case, CaseMove, CaseParticipant, CaseRecord, CaseSlot
from models.child import Child
from models.clock import CaseClock
from models.field_value import FieldValue
from models.scope import Branch, Scope, system_scope
from models.staff import Staff
from tests.casework import act, opened
from tests.cast import Cast
from workflows.engine.published import workflow_in_force
from workflows.operations.field_values import fill_in
from workflows.operations.part_passing import pass_part
from workflows.operations.place_move import move_place

PROPOSED = {"kind": "helper", "helper": "@meng", "term_goal": "每天完成作业"}
ACCEPTED = {"times_a_month": "2"}
NOTICE = {"group_name": "县督查一组", "visit_on": "2026-11-27"}
SIGNED = {"duties": ["talk_monthly"], "signed_on": "2026-11-20", "signed_for_child": "guardian", "copies": "是"}


def _kept(session: Session, number: str) -> dict[str, Any]:
    rows = session.execute(
        select(FieldValue)
        .join(Case, Case.id == FieldValue.case_id)
        .where(Case.number == number)
        .order_by(FieldValue.field, FieldValue.position)
    ).scalars()
    typed = ("text", "number", "day", "moment", "yes_no")
    return {
        f"{row.field}.{row.position}": next((getattr(row, c) for c in typed if getattr(row, c) is not None), None)
        for row in rows
    }


def _pairing(cast: Cast) -> str:
    number = opened(cast, "pairing", cast.add_child("ZX-2302"), "zhou", PROPOSED)
    act(cast, "meng", number, "accept", ACCEPTED)
    act(cast, "zhou", number, "sign", SIGNED)
    return number


def test_answers_stand_in_columns_of_their_type(cast: Cast) -> None:
    number = _pairing(cast)
    with cast.database.session(system_scope("tests")) as session:
        kept = _kept(session, number)
        protected = workflow_in_force(session, "pairing").fields.keys() - workflow_in_force(session, "pairing").kept
    assert kept["kind.0"] == "helper"
    assert kept["helper.0"] == str(cast["meng"].staff_id)
    assert kept["times_a_month.0"] == 2_000_000
    assert kept["duties.1"] == "talk_monthly"
    assert kept["signed_on.0"] == date(2026, 11, 20)
    assert protected
    assert not {name.split(".")[0] for name in kept} & protected


def test_an_answer_given_anew_stands_for_the_former_one(cast: Cast) -> None:
    number = _pairing(cast)
    checked = {"study": "better", "life": "same", "mood": "better", "rating": "good", "decision": "keep"}
    act(cast, "qin", number, "check", checked)
    act(cast, "qin", number, "check", checked | {"rating": "poor"})
    with cast.database.session(system_scope("tests")) as session:
        kept = _kept(session, number)
    assert kept["rating.0"] == "poor"
    assert kept["kind.0"] == "helper"


def test_the_successor_of_a_part_stands_in_the_column(cast: Cast) -> None:
    number = _pairing(cast)
    with cast.system() as tx:
        case = tx.session.scalars(select(Case).where(Case.number == number)).one()
        part = next(part for part in case.participants if part.relation == "helper" and part.until_at is None)
        pass_part(tx, part.id, tx.session.get_one(Staff, cast["tan"].staff_id))
    with cast.database.session(system_scope("tests")) as session:
        assert _kept(session, number)["helper.0"] == str(cast["tan"].staff_id)


def test_columns_follow_a_child_that_moves(cast: Cast) -> None:
    number = _pairing(cast)
    with cast.database.transaction(system_scope("tests")) as session:
        child = session.scalars(select(Child).join(Case, Case.child_id == Child.id).where(Case.number == number)).one()
        child.class_code = "ZX-2301"
    with cast.database.session(system_scope("tests")) as session:
        assert set(session.scalars(select(FieldValue.class_code))) == {"ZX-2301"}


def test_columns_of_a_places_case_follow_the_place(cast: Cast) -> None:
    number = opened(cast, "inspection", cast.places["SQ"].id, "feng", NOTICE, kind="place")
    with cast.system() as tx:
        move_place(tx, cast.places["SQ"].id, 1, cast.places["BT"].id, "区划调整")
    with cast.database.session(system_scope("tests")) as session:
        assert _kept(session, number)["visit_on.0"] == date(2026, 11, 27)
        assert set(session.scalars(select(FieldValue.township_code))) == {"BT"}


def test_columns_go_with_their_case(cast: Cast) -> None:
    number = _pairing(cast)
    with cast.database.transaction(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        session.execute(delete(CaseSlot).where(CaseSlot.case_id == case.id))
        session.execute(delete(CaseParticipant).where(CaseParticipant.case_id == case.id))
        session.execute(delete(CaseRecord).where(CaseRecord.case_id == case.id))
        for model in (CaseClock, CaseMove):
            session.execute(delete(model).where(model.case_id == case.id))
        session.execute(delete(Case).where(Case.id == case.id))
        assert session.scalar(select(func.count()).select_from(FieldValue)) == 0


@pytest.mark.parametrize("cast", ["postgresql"], indirect=True)  # only PostgreSQL has walls
def test_the_wall_shows_them_only_to_those_who_see_the_case(cast: Cast) -> None:
    _pairing(cast)
    for code, sees in (("LX", True), ("BT", False)):
        with cast.database.session(Scope.of([Branch("township", code)])) as session:
            assert bool(session.scalar(select(func.count()).select_from(FieldValue))) is sees, code


def test_cases_from_before_are_filled_in_once_and_alike(cast: Cast) -> None:
    numbers = [_pairing(cast), opened(cast, "inspection", cast.places["SQ"].id, "feng", NOTICE, kind="place")]
    with cast.database.session(system_scope("tests")) as session:
        before = [_kept(session, number) for number in numbers]
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(FieldValue))
        assert fill_in(session) == sum(map(len, before))
        assert [_kept(session, number) for number in numbers] == before
        assert fill_in(session) == 0
