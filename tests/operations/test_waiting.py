"""What waits for a person: the steps their posts and parts may take next, and not what only runs on."""

from __future__ import annotations

import pytest

from models.child import Child
from models.scope import system_scope
from tests.cast import Cast
from tests.steps import PROPOSED
from workflows.engine.published import workflow_in_force
from workflows.operations.case_opening import Beginning, open_case
from workflows.policy import Permission
from workflows.subjects import ChildSubject
from workflows.todo import Waiting, waiting

EVERYWHERE = system_scope("tests")


def _waiting(cast: Cast, login: str, workflow: str = "pairing") -> list[Waiting]:
    with cast.acting(login, Permission.CASE_LIST) as tx, cast.database.session(EVERYWHERE) as session:
        return waiting(tx.actor, workflow_in_force(session, workflow).workflow)


def _propose(cast: Cast) -> int:
    child = cast.add_child("ZX-2302")
    with cast.acting("zhou", Permission.CASE_ACT) as tx:
        answers = PROPOSED | {"helper": str(cast["meng"].staff_id)}
        return open_case(tx, "pairing", ChildSubject(tx.session.get_one(Child, child)), begun=Beginning(answers)).id


@pytest.mark.parametrize("login", ["zhou", "qin"])
def test_a_step_waits_for_the_role_that_takes_it_and_a_running_pairing_for_nobody(cast: Cast, login: str) -> None:
    states = {state for found in _waiting(cast, login) for state in found.states}
    assert "accepted" in states
    assert "active" not in states


def test_a_proposal_waits_for_the_helper_alone_in_the_cases_of_theirs(cast: Cast) -> None:
    case_id = _propose(cast)
    assert _waiting(cast, "meng") == [Waiting("pairing", ("proposed",), frozenset({case_id}), frozenset())]


def test_nothing_waits_for_whoever_may_take_no_step(cast: Cast) -> None:
    assert _waiting(cast, "feng") == []
