"""Who does what in an inspection: its group finds, the inspected answer, and nobody gets further by guile."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case, CaseParticipant
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.playing import appoint, begin, definition_of, stand, take, trace
from tests.steps import FOUND, NOTICE, OPENINGS, RECHECKED, SELF_CHECK, SHEET, step_of
from workflows.operations.case import Moved, Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal

REASON = {"reason": "时间另定"}


def inspect(cast: Cast, place: str = "ZX", login: str = "feng", **answers: Any) -> str:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        begun = Beginning(NOTICE | answers)
        return open_case_about(tx, "inspection", "place", cast.places[place].id, begun).number


def act(
    cast: Cast, login: str, number: str, step: str, answers: Mapping[str, Any] | None = None, days: int = 0
) -> Moved:
    with cast.acting(login, Permission.CASE_ACT, NOW + timedelta(days=days)) as tx:
        return act_on_case(tx, number, Request(step, answers=answers or {}))


def test_another_inspector_of_the_county_takes_no_step_in_a_groups_inspection(cast: Cast) -> None:
    appoint(cast, "bai", "inspector", "QH")
    number = inspect(cast)
    for source, steps in (("announced", ("go_on", "call_off")), ("checked", ("pass", "find", "call_off"))):
        if source == "checked":
            act(cast, "qin", number, "self_check", SELF_CHECK)
        for step in steps:
            with pytest.raises((Denied, Missing)):
                act(cast, "bai", number, step, SHEET | FOUND | REASON)


def test_a_fellow_inspector_has_the_same_part_and_only_an_inspector_can_be_one(cast: Cast) -> None:
    appoint(cast, "bai", "inspector", "QH")
    fellow = str(cast["bai"].staff_id)
    number = inspect(cast, fellow=fellow)
    act(cast, "qin", number, "self_check", SELF_CHECK)
    assert act(cast, "bai", number, "find", FOUND).to_state == "rectifying"
    with pytest.raises(Refusal) as refused:
        inspect(cast, "SQ", fellow=str(cast["chen"].staff_id))
    assert "fellow" in refused.value.faults


def test_a_part_in_one_inspection_gives_nothing_in_another_of_the_same_place(cast: Cast) -> None:
    appoint(cast, "bai", "inspector", "QH")
    first = inspect(cast)
    act(cast, "feng", first, "call_off", REASON)
    second = inspect(cast, login="bai")
    with pytest.raises((Denied, Missing)):
        act(cast, "feng", second, "go_on", REASON)


def test_who_checks_a_school_for_itself_does_not_inspect_it(cast: Cast) -> None:
    appoint(cast, "feng", "principal", "ZX")
    number = inspect(cast)
    act(cast, "feng", number, "self_check", SELF_CHECK)
    for step, answers in (("pass", SHEET), ("find", FOUND)):
        with pytest.raises(Denied) as refused:
            act(cast, "feng", number, step, answers)
        assert refused.value.code == "same_person"


def test_who_reports_the_rectification_does_not_accept_it(cast: Cast) -> None:
    appoint(cast, "feng", "office", "ZX")
    standing = stand(cast, "inspection", "rectifying")
    take(cast, standing, step_of("inspection", "rectify", "rectifying"), "feng")
    for step, answers in (("accept", RECHECKED), ("not_yet", FOUND)):
        with pytest.raises(Denied) as refused:
            act(cast, "feng", standing.number, step, answers)
        assert refused.value.code == "same_person"


def test_the_inspected_take_none_of_the_groups_steps(cast: Cast) -> None:
    number = inspect(cast)
    for login in ("qin", "tan", "chen"):
        for step in ("go_on", "call_off"):
            with pytest.raises(Denied):
                act(cast, login, number, step, REASON)


def test_an_inspector_writes_nothing_else(shared_cast: Cast) -> None:
    """Every opening and every step out of every first state of every other workflow."""
    for begun, opening in OPENINGS.items():
        if opening.workflow == "inspection":
            continue
        standing = begin(shared_cast, begun)
        before = trace(shared_cast, standing.number)
        definition = definition_of(shared_cast, opening.workflow)
        for step in definition.leaving(definition.start):
            with pytest.raises((Denied, Missing)):
                act(shared_cast, "feng", standing.number, step, REASON)
        assert trace(shared_cast, standing.number) == before


def test_months_later_the_group_still_has_its_inspection(cast: Cast) -> None:
    number = inspect(cast)
    act(cast, "qin", number, "self_check", SELF_CHECK, days=20)
    for at, step, answers, state in (
        (98, "find", FOUND, "rectifying"),
        (200, "not_yet", FOUND, "rectifying"),
        (230, "accept", RECHECKED, "reported"),
    ):
        if step != "find":
            act(cast, "qin", number, "rectify", step_of("inspection", "rectify", "rectifying").answers, days=at - 1)
        assert act(cast, "feng", number, step, answers, days=at).to_state == state
        with cast.acting("feng", Permission.CASE_READ, NOW + timedelta(days=at)) as tx:
            assert tx.session.scalars(select(Case.number)).all() == [number]


def test_a_part_ends_with_the_inspection(cast: Cast) -> None:
    number = inspect(cast)
    act(cast, "feng", number, "call_off", REASON)
    with cast.database.session(system_scope("tests")) as session:
        parts = session.scalars(select(CaseParticipant.until_at)).all()
    assert parts
    assert None not in parts
    with pytest.raises(Refusal):
        act(cast, "feng", number, "go_on", REASON)
