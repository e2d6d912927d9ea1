"""Rules and computed answers where a case moves: whatever was sent, the same verdict, kept like every other answer."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models.case import Case, CaseRecord
from models.exact import UNIT
from models.field_value import FieldValue
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.playing import Standing, stand
from tests.steps import FOUND
from workflows.case_query import cases_where
from workflows.operations.case import Moved, Request, act_on_case
from workflows.policy import Permission
from workflows.refusal import Refusal

ITEM = FOUND["items"][0]
BACK = {"returned_on": "2026-11-20", "returned_how": "family", "returned_help": "补课"}


def act(cast: Cast, who: str, standing: Standing, step: str, answers: dict[str, Any]) -> Moved:
    with cast.acting(who, Permission.CASE_ACT) as tx:
        return act_on_case(tx, standing.number, Request(step, answers=answers))


def case_of(cast: Cast, standing: Standing) -> Case:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(Case).where(Case.number == standing.number)).one()


def test_a_total_is_reckoned_kept_and_asked_for_whatever_was_sent(cast: Cast) -> None:
    standing = stand(cast, "inspection", "checked")
    items = [ITEM | {"weight": "40", "score": "38.5"}, ITEM | {"item": "建档", "weight": "60", "score": "51"}]
    act(cast, "feng", standing, "find", FOUND | {"items": items, "score": "99", "items.score": "7"})
    case = case_of(cast, standing)
    assert case.facts["score"] == "89.5"
    with cast.database.session(system_scope("tests")) as session:
        record = session.scalars(select(CaseRecord).where(CaseRecord.case_id == case.id).order_by(CaseRecord.id.desc()))
        assert record.first().data["score"] == "89.5"  # type: ignore[union-attr]
        kept = select(FieldValue.number).where(FieldValue.case_id == case.id, FieldValue.field == "score")
        assert session.scalars(kept).all() == [89.5 * UNIT]
        for condition, found in (("case.score > 89", [case.id]), ("case.score == 99", [])):
            assert session.scalars(cases_where(session, "inspection", condition, NOW)).all() == found
    assert "case.score" in {change["field"] for change in cast.events("case.moved")[-1]["changes"]}


@pytest.mark.parametrize(
    ("answers", "faults"),
    [
        ({"items": [ITEM | {"score": "16"}]}, {"items-0-score": "得分不能超过分值"}),
        ({"items": [ITEM | {"weight": "60"}] * 2}, {"items": "各项分值合计不能超过 100"}),
        ({"limit_on": "2026-12-01"}, {"findings-0-until": "不能晚于整改总期限"}),
    ],
)
def test_a_broken_rule_moves_nothing(cast: Cast, answers: dict[str, Any], faults: dict[str, str]) -> None:
    standing = stand(cast, "inspection", "checked")
    before = case_of(cast, standing).rev
    with pytest.raises(Refusal) as refused:
        act(cast, "feng", standing, "find", FOUND | answers)
    assert refused.value.code == "form_refused"
    assert {key: str(fault) for key, fault in refused.value.faults.items()} == faults
    assert case_of(cast, standing).rev == before


def test_a_rule_reads_what_the_case_knows(cast: Cast) -> None:
    standing = stand(cast, "keep_in_school", "called")
    since = case_of(cast, standing).facts["absent_since"]
    with pytest.raises(Refusal) as refused:
        act(cast, "zhou", standing, "come_back", BACK | {"returned_on": "2026-09-01"})
    assert {key: str(one) for key, one in refused.value.faults.items()} == {
        "returned_on": "返校日期不能早于未到校的日期"
    }
    assert act(cast, "zhou", standing, "come_back", BACK | {"returned_on": since}).to_state == "returned"
