"""Inspection, archive, transfer and commendation: each way through, and what is refused on it."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case, CaseRecord
from models.child import Child
from models.place import Place
from models.scope import system_scope
from tests.cast import Cast
from tests.steps import CIRCULAR, FOUND, NOTICE, PAPERS, RECHECKED, RECTIFIED, SELF_CHECK
from workflows.operations.case import Moved, Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal


def _open(cast: Cast, login: str, workflow: str, kind: str, number: int, answers: dict[str, Any]) -> str:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return open_case_about(tx, workflow, kind, number, Beginning(answers)).number


def _act(cast: Cast, login: str, number: str, step: str, answers: dict[str, Any] | None = None) -> Moved:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        return act_on_case(tx, number, Request(step, answers=answers or {}))


def _child(cast: Cast, child: int) -> Child:
    with cast.database.session(system_scope("tests")) as session:
        return session.get_one(Child, child)


@pytest.fixture
def inspection(cast: Cast) -> str:
    """The number of an inspection of the school ZX."""
    return _open(cast, "feng", "inspection", "place", cast.places["ZX"].id, NOTICE)


def test_an_inspection_goes_from_self_check_over_findings_to_the_circular(cast: Cast, inspection: str) -> None:
    _act(cast, "qin", inspection, "self_check", SELF_CHECK)
    assert _act(cast, "feng", inspection, "find", FOUND).to_state == "rectifying"
    assert _act(cast, "qin", inspection, "rectify", RECTIFIED).to_state == "rechecking"
    assert _act(cast, "feng", inspection, "accept", RECHECKED).to_state == "reported"
    assert _act(cast, "feng", inspection, "circulate", CIRCULAR).to_state == "circulated"


def test_inspectors_write_their_own_findings_and_nothing_else(cast: Cast, inspection: str) -> None:
    file = cast.open_case(cast.add_child("ZX-2302"))
    with pytest.raises(Missing):
        _act(cast, "feng", file, "lapse")
    with pytest.raises(Denied):
        _act(cast, "feng", inspection, "self_check", SELF_CHECK)
    with pytest.raises(Denied):
        _act(cast, "qin", inspection, "go_on", {"reason": "时间紧"})


def test_the_inspected_see_their_inspection_and_others_do_not(cast: Cast, inspection: str) -> None:
    for login, count in (("qin", 1), ("tan", 1), ("bai", 0), ("zhou", 0)):
        with cast.acting(login, Permission.CASE_READ) as tx:
            assert len(tx.session.scalars(select(Case)).all()) == count, login


def test_a_self_check_shows_the_figures_that_the_system_counts(cast: Cast, inspection: str) -> None:
    cast.add_child("ZX-2302")
    _act(cast, "qin", inspection, "self_check", SELF_CHECK | {"children": "999"})
    with cast.database.session(system_scope("tests")) as session:
        kept = session.scalars(select(CaseRecord).where(CaseRecord.form == "inspection_self_check")).one()
        assert kept.data["children"] == 1


def test_a_file_is_sealed_when_nothing_is_open_and_can_be_reopened(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    cast.open_case(child)
    archive = _open(cast, "qin", "archive", "child", child, {"why_archived": "year_end"})
    with pytest.raises(Refusal) as refused:
        _act(cast, "qin", archive, "seal", PAPERS)
    assert refused.value.code == "guard"
    with cast.database.session(system_scope("tests")) as session:
        filed = session.scalars(select(Case.number).where(Case.workflow == "identification")).one()
    _act(cast, "qin", filed, "lapse")
    assert _act(cast, "qin", archive, "seal", PAPERS).to_state == "sealed"
    assert _child(cast, child).status == "archived"
    with pytest.raises(Refusal):
        _open(cast, "qin", "pairing", "child", child, {})
    assert _act(cast, "qin", archive, "reopen", {"reason": "返校"}).to_state == "reopened"
    assert _child(cast, child).status == "on_file"


def test_a_list_with_missing_papers_is_not_accepted(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    archive = _open(cast, "qin", "archive", "child", child, {"why_archived": "year_end"})
    with pytest.raises(Refusal) as refused:
        _act(cast, "qin", archive, "seal", {"papers": ["base"], "shelf": "三号柜"})
    assert "papers" in refused.value.faults


def test_a_transfer_moves_the_child_when_the_other_school_accepts(cast: Cast) -> None:
    child = cast.add_child("SQ-2101")
    old = cast.open_case(child, "chen")
    to = {"to_school": str(cast.places["ZX"].id), "moves_on": "2026-11-23", "why_moved": "随祖父母搬迁"}
    number = _open(cast, "chen", "transfer", "child", child, to)
    taken = {"to_class": str(cast.places["ZX-2101"].id)}
    with pytest.raises((Denied, Missing)):
        _act(cast, "bai", number, "accept", taken)
    assert _act(cast, "qin", number, "accept", taken).to_state == "accepted"
    moved = _child(cast, child)
    assert (moved.school_code, moved.class_code, moved.made_at_school) == ("ZX", "ZX-2101", "SQ")
    with cast.acting("qin", Permission.CASE_READ) as tx:
        assert set(tx.session.scalars(select(Case.number))) == {old, number}
        assert set(tx.session.scalars(select(Case.made_at_school))) == {"SQ"}
    with cast.acting("shi", Permission.CHILD_READ) as tx:
        assert tx.session.get(Child, child) is not None
    told = cast.events("case.moved")[-1]
    assert told["changes"][0]["field"] == "class_code"
    assert told["place"]["school"] == "SQ"


def test_a_class_of_another_school_is_not_offered(cast: Cast) -> None:
    child = cast.add_child("SQ-2101")
    to = {"to_school": str(cast.places["ZX"].id), "moves_on": "2026-11-23", "why_moved": "搬迁"}
    number = _open(cast, "chen", "transfer", "child", child, to)
    with pytest.raises(Refusal) as refused:
        _act(cast, "qin", number, "accept", {"to_class": str(cast.places["BX-2101"].id)})
    assert str(refused.value.faults["to_class"]) == "不在可选的名单里，请重新选择"
    assert _child(cast, child).school_code == "SQ"


def test_a_transfer_to_the_childs_own_school_is_not_offered(cast: Cast) -> None:
    child = cast.add_child("SQ-2101")
    to = {"to_school": str(cast.places["SQ"].id), "moves_on": "2026-11-23", "why_moved": "搬迁"}
    with pytest.raises(Refusal) as refused:
        _open(cast, "chen", "transfer", "child", child, to)
    assert str(refused.value.faults["to_school"]) == "不在可选的名单里，请重新选择"


def test_a_commendation_needs_more_than_half_of_the_class_and_the_principal(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")
    number = _open(cast, "zhou", "commendation", "child", child, {"award": "progress", "merit": "数学进步明显"})
    vote = {"voted_on": "2026-11-20", "votes_cast": "40", "votes_for": "20"}
    with pytest.raises(Refusal) as refused:
        _act(cast, "zhou", number, "vote", vote)
    assert refused.value.code == "guard"
    _act(cast, "zhou", number, "vote", vote | {"votes_for": "21"})
    _act(cast, "tan", number, "approve", {"opinion": "同意"})
    _act(cast, "qin", number, "publish", {"published_from": "2026-11-20", "published_until": "2026-11-27"})
    given = {"awarded_on": "2026-11-20", "prize": "奖状"}
    assert _act(cast, "zhou", number, "award", given).to_state == "awarded"


def test_a_place_out_of_scope_is_not_inspected(cast: Cast) -> None:
    with cast.database.session(system_scope("tests")) as session:
        city = session.scalars(select(Place.id).where(Place.code == "QZ")).one()
    with pytest.raises(Missing):
        _open(cast, "feng", "inspection", "place", city, NOTICE)
