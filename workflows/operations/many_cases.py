"""Takes one transition in many cases at once, with the verdicts that each would get singly and an event for each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import select

from models.bulk import insert_rows
from models.case import Case, CaseMove
from models.task import CaseTask
from workflows.actor import Post
from workflows.engine.definition import ANY_VISITED
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.evidence import PREFIX
from workflows.many_steps import SAID
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_rows import move_values, standing_of
from workflows.operations.case_sets import locked, put_in_state
from workflows.operations.case_trail import Move, tell_move
from workflows.operations.clocks import turn_alike, turns_alike
from workflows.policy import Permission
from workflows.refusal import Refusal, Words
from workflows.text import text
from workflows.transaction import Transaction
from workflows.verdicts import Asker, Judge, Said


class Refused(NamedTuple):
    """A case that was not moved, and why."""

    case_id: int
    number: str
    code: str
    message: Words


@dataclass
class Result:
    """What became of some cases: how many moved, and which did not."""

    moved: int = 0
    refused: list[Refused] = field(default_factory=list)


def move_cases(tx: Transaction, case_ids: Sequence[int], transition: str, said: Said) -> Result:
    """Take a transition in the cases with these numbers (`id`), in one transaction, with the same answers for all.

    What a case would be refused singly it is refused here, with the same words, and the others move. Cases that the
    person does not see are refused as missing. Raises Stale when one of them was closed meanwhile all the same.
    """
    result = Result()
    tx.require(Permission.CASE_ACT)
    cases = locked(tx.session, select(Case).where(Case.id.in_(case_ids)).order_by(Case.id))
    missing = set(case_ids) - {case.id for case in cases}
    gone = text("没有这件事项，或不在你的范围内")
    result.refused += [Refused(number, "", "no_case", gone) for number in sorted(missing)]
    by_version: dict[int, list[Case]] = {}
    for case in cases:
        by_version.setdefault(case.definition_id, []).append(case)
    for definition_id, part in by_version.items():
        version = workflow_version(tx.session, definition_id)
        _move_version(tx, version, part, transition, said, result)
    return result


def _move_version(
    tx: Transaction,
    version: WorkflowVersion,
    cases: Sequence[Case],
    transition: str,
    said: Said,
    result: Result,
) -> None:
    step = version.workflow.transitions.get(transition)
    if step is None or not _is_alike(version, transition):
        _move_singly(tx, cases, transition, said, result)
        return
    seated = _with_seats(tx, cases)
    _move_singly(tx, [case for case in cases if case.id in seated], transition, said, result)
    judge = Judge(Asker(tx.session, tx.actor, tx.policy, tx.now), version, transition, said)
    judge.fetch([case for case in cases if case.id not in seated])
    allowed: dict[tuple[str, Post | None], list[Case]] = {}
    for case in cases:
        if case.id in seated:
            continue
        try:
            post = judge.permit(case)
        except Refusal as refusal:
            result.refused.append(Refused(case.id, case.number, refusal.code, refusal.message))
            continue
        allowed.setdefault((case.state, post), []).append(case)
    for (state, post), part in allowed.items():
        tx.post = post or tx.post
        _move_alike(tx, version, part, state, transition, said)
        result.moved += len(part)


def _is_alike(version: WorkflowVersion, transition: str) -> bool:
    """Tell whether a transition writes the same for every case, so that many are written together."""
    workflow = version.workflow
    step, guard = workflow.transitions[transition], version.guards.get(transition)
    if step.form is not None or step.target == ANY_VISITED or step.effects or step.decided is not None:
        return False
    tasks = workflow.states[step.target].tasks
    counts = guard is not None and any(name.startswith(PREFIX) for name in guard.names)
    asks = tasks is not None and tasks.takes_seats
    return not counts and not asks and turns_alike(version, step.target) and not workflow.unique


def _with_seats(tx: Transaction, cases: Sequence[Case]) -> set[int]:
    ids = [case.id for case in cases]
    return set(tx.session.scalars(select(CaseTask.case_id).where(CaseTask.case_id.in_(ids)).distinct()))


def _move_singly(tx: Transaction, cases: Sequence[Case], transition: str, said: Said, result: Result) -> None:
    for case in cases:
        told, sent = len(tx.happenings), len(tx.messages)
        number, case_id = case.number, case.id
        try:
            with tx.session.begin_nested():
                act_on_case(tx, number, Request(transition, answers=dict(said)))
        except Refusal as refusal:
            del tx.happenings[told:], tx.messages[sent:]
            result.refused.append(Refused(case_id, number, refusal.code, refusal.message))
        else:
            result.moved += 1


def _move_alike(
    tx: Transaction,
    version: WorkflowVersion,
    cases: Sequence[Case],
    state: str,
    transition: str,
    said: Said,
) -> None:
    to_state = version.fire(state, transition)
    reason = next((word for key in SAID if (word := str(said.get(key, "")).strip())), None)
    moves: list[dict[str, Any]] = [
        move_values(tx, standing_of(case), transition, state, to_state, reason) for case in cases
    ]
    ends = version.workflow.states[to_state].kind == "end"
    insert_rows(tx.session, CaseMove, moves)
    due_at = turn_alike(tx, version, to_state, moves)
    put_in_state(tx, cases, to_state, due_at, ends=ends)
    for case, row in zip(cases, moves, strict=True):
        move = Move(row["id"], case.key_owner, transition, state, to_state, reason)
        tell_move(tx, case, move, case.rev + 1, (), is_one_of_many=True)
        if tx.post is not None:  # of several posts that the chunk needed, each event cites its own
            tx.happenings[-1] = replace(tx.happenings[-1], role=tx.post.role, grant=tx.post.grant)
