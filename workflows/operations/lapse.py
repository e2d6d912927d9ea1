"""Ends open cases that were not completed in their time, by the transition that their own definition has for it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from models.bulk import insert_rows
from models.case import Case, CaseMove, CaseParticipant, CaseSlot
from models.scope import LEVELS
from models.task import CaseTask
from models.types import new_id
from workflows.audit import Happening
from workflows.engine.allowed import post_named
from workflows.engine.decision import PENDING
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.operations.clocks import stop_clocks
from workflows.refusal import faster
from workflows.transaction import Transaction

LAPSE = "lapse"
CHUNK = 500


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
    for target in sorted({target for _case, target in ending}):
        _close(tx, [case for case, to in ending if to == target], target)
    insert_rows(tx.session, CaseMove, [_move(tx, case, target) for case, target in ending])
    versions = {case.definition_id: workflow_version(tx.session, case.definition_id) for case, _target in ending}
    for case, target in ending:
        tx.tell(_told(case, target, versions[case.definition_id], reason))


def _close(tx: Transaction, cases: Sequence[Case], target: str) -> None:
    values = {"state": target, "state_since": tx.now, "closed_at": tx.now, "open_slot": None, "due_at": None,
              "rev": Case.rev + 1}  # fmt: skip
    stop_clocks(tx, [case.id for case in cases])
    for start in range(0, len(cases), CHUNK):
        ids = [case.id for case in cases[start : start + CHUNK]]
        result = tx.session.execute(
            update(Case)
            .where(Case.id.in_(ids), Case.closed_at.is_(None))
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        if result.rowcount != len(ids):  # type: ignore[attr-defined]
            raise faster()
        tx.session.execute(
            update(CaseTask)
            .where(CaseTask.case_id.in_(ids), CaseTask.status.in_(PENDING))
            .values(status="over", done_at=tx.now)
            .execution_options(synchronize_session=False)
        )
        tx.session.execute(delete(CaseSlot).where(CaseSlot.case_id.in_(ids)))
        tx.session.execute(
            update(CaseParticipant)
            .where(CaseParticipant.case_id.in_(ids), CaseParticipant.until_at.is_(None))
            .values(until_at=tx.now)
            .execution_options(synchronize_session=False)
        )


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


def locked(session: Session, statement: Any) -> list[Case]:
    """Return cases, locked until the end of the transaction."""
    return list(session.scalars(statement.with_for_update(of=Case)))
