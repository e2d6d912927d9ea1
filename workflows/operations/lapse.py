"""Ends open cases that were not completed in their time, by the transition that their own definition has for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from models.bulk import insert_rows
from models.case import Case, CaseMove
from models.scope import LEVELS
from models.types import new_id
from workflows.audit import Happening
from workflows.engine.allowed import post_named
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.operations.case_sets import put_in_state
from workflows.operations.clocks import stop_clocks
from workflows.transaction import Transaction

LAPSE = "lapse"


def lapse_target(tx: Transaction, case: Case) -> str | None:
    """Return the state in which a case ends as not completed, None where its definition or the person's post has none.

    A case goes by the version that it began with; a version from before the transition has no such end.
    """
    version = workflow_version(tx.session, case.definition_id)
    transition = version.workflow.transitions.get(LAPSE)
    if transition is None or case.state not in version.workflow.sources(LAPSE) or LAPSE in version.guards:
        return None
    may = version.workflow.who_may(LAPSE, case.state)
    if tx.actor.system is None and post_named(tx.actor.posts_over(case.level_codes), may, tx.actor.login) is None:
        return None
    return version.fire(case.state, LAPSE)


def divide(tx: Transaction, cases: Iterable[Case]) -> tuple[list[tuple[Case, str]], list[Case]]:
    """Divide open cases into those that can lapse, with the state they end in, and those that cannot."""
    known: dict[tuple[Any, ...], str | None] = {}
    ending: list[tuple[Case, str]] = []
    stuck: list[Case] = []
    for case in cases:
        # Thousands of cases of few versions, states and schools: the question is asked once for each kind.
        key = (case.definition_id, case.state, case.school_code, case.class_code)
        if key not in known:
            known[key] = lapse_target(tx, case)
        target = known[key]
        if target is None:
            stuck.append(case)
        else:
            ending.append((case, target))
    return ending, stuck


def lapse_cases(tx: Transaction, ending: Sequence[tuple[Case, str]], reason: str) -> None:
    """End cases as not completed, a few statements for all of them, with a move and an event each.

    The rows are locked by the caller; raises Stale when one of them was moved all the same.
    """
    stop_clocks(tx, [case.id for case, _target in ending])
    for target in sorted({target for _case, target in ending}):
        put_in_state(tx, [case for case, to in ending if to == target], target, None, ends=True)
    insert_rows(tx.session, CaseMove, [_move(tx, case, target) for case, target in ending])
    versions = {case.definition_id: workflow_version(tx.session, case.definition_id) for case, _target in ending}
    for case, target in ending:
        tx.tell(_told(case, target, versions[case.definition_id], reason))


def _move(tx: Transaction, case: Case, target: str) -> dict[str, Any]:
    return {
        "id": new_id(),
        "child_id": case.child_id,
        "case_id": case.id,
        "transition": LAPSE,
        "from_state": case.state,
        "to_state": target,
        "actor_id": tx.actor.staff_id or 0,
        "actor_name": tx.actor.name,
        "actor_role": tx.post.role if tx.post else (tx.actor.system or ""),
        "at": tx.now,
        "made_at_school": case.school_code,
        "circle": case.circle,
    } | _codes(case)


def _codes(case: Case) -> dict[str, str]:
    return {f"{level}_code": getattr(case, f"{level}_code") for level in LEVELS}


def _told(case: Case, target: str, version: WorkflowVersion, cause: str) -> Happening:
    facts: Mapping[str, Any] = {
        "number": case.number,
        "workflow": case.workflow,
        "version": version.number,
        "transition": LAPSE,
        "from": case.state,
        "to": target,
        "rev": case.rev + 1,
        "cause": cause,
    }
    return Happening(
        "case.moved", "case", case.id, codes=case.level_codes, child_id=case.child_id, case_id=case.id, facts=facts,
        circle=case.circle,
    )  # fmt: skip
