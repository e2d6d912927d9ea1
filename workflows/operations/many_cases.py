"""Takes one transition in many cases at once, with the verdicts that each would get singly and an event for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from sqlalchemy import select

from models.bulk import insert_rows
from models.case import Case, CaseMove
from models.task import CaseTask
from models.vault import learn_keys
from workflows.actor import Post
from workflows.engine.allowed import PastMove, Standing, guard_refusal, is_same_person, standing
from workflows.engine.case_facts import case_facts
from workflows.engine.definition import ANY_VISITED, Form
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.evidence import PREFIX
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_rows import move_values, standing_of
from workflows.operations.case_sets import locked, put_in_state
from workflows.operations.case_trail import Move, tell_move
from workflows.operations.clocks import turn_alike, turns_alike
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Words
from workflows.subjects import Subject, subjects_of
from workflows.text import text
from workflows.transaction import Transaction

SAID = ("reason", "opinion")  # what may be said with a transition that has no form
# What is answered for one case and not for many alike.
OWN = frozenset({"photo", "file", "rows", "person", "place", "phone", "id_number"})


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


def may_move_many(version: WorkflowVersion, transition: str, form: Form | None) -> Words | None:
    """Return why a transition (with its form in force) cannot be taken in many cases at once, None where it can."""
    step = version.workflow.transitions.get(transition)
    if step is None:
        return text("没有这一步")
    if form is not None and any(f.bind or f.counted or f.type in OWN for f in form.fields):
        return text("这一步要按每件的情况填表，只能逐件办理")
    if form is None and not set(step.require) <= {*SAID}:
        return text("这一步只能逐件办理")
    if step.target == ANY_VISITED:
        return text("这一步只能逐件办理")
    return None


def move_cases(tx: Transaction, case_ids: Sequence[int], transition: str, said: Mapping[str, str]) -> Result:
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
    said: Mapping[str, str],
    result: Result,
) -> None:
    step = version.workflow.transitions.get(transition)
    if step is None or not _is_alike(version, transition):
        _move_singly(tx, cases, transition, said, result)
        return
    seated = _with_seats(tx, cases)
    _move_singly(tx, [case for case in cases if case.id in seated], transition, said, result)
    judge = _Judge(tx, version, transition, said)
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


def _move_singly(
    tx: Transaction, cases: Sequence[Case], transition: str, said: Mapping[str, str], result: Result
) -> None:
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


class _Judge:
    """Gives each case the verdict it would get singly, from facts fetched for all of them together."""

    def __init__(self, tx: Transaction, version: WorkflowVersion, transition: str, said: Mapping[str, str]) -> None:
        self.tx, self.version, self.transition, self.said = tx, version, transition, said
        self.step = version.workflow.transitions[transition]
        self.guard = version.guards.get(transition)
        self._subjects: dict[int, Subject] = {}
        self._before: dict[int, list[PastMove]] = {}

    def fetch(self, cases: Sequence[Case]) -> None:
        """Fetch what the verdicts need: keys, subjects with their relatives, and who took the other step."""
        session, ids = self.tx.session, [case.id for case in cases]
        if self.guard is not None or any(self.said.values()):
            learn_keys(session, [case.key_owner for case in cases])
        if self.guard is not None:
            self._subjects = subjects_of(session, cases, self.guard.names)
        if self.step.not_same_person_as is not None:
            columns = (CaseMove.case_id, CaseMove.transition, CaseMove.to_state, CaseMove.actor_id)
            other = CaseMove.transition == self.step.not_same_person_as
            for row in session.execute(select(*columns).where(CaseMove.case_id.in_(ids), other)):
                self._before.setdefault(row[0], []).append(PastMove(row[1], row[2], row[3]))

    def permit(self, case: Case) -> Post | None:
        """Return the post by which the person moves a case; raises Refusal, Denied or Missing as `act_on_case` does."""
        tx, workflow = self.tx, self.version.workflow
        if tx.actor.system is None and tx.policy.post_for(tx.actor, Permission.CASE_READ, case.level_codes) is None:
            raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
        tx.policy.require(tx.actor, Permission.CASE_ACT, case.level_codes)
        if case.state not in workflow.sources(self.transition):
            raise Refusal("not_from_here", text("当前环节不能这样办理"))
        post = self._post(case)
        require = workflow.requires(self.transition, case.state)
        missing = [key for key in require if not self.said.get(key, "").strip()]
        if missing:
            raise Refusal("form_refused", text("还有内容没有填好"), {key: text("请填写") for key in missing})
        self._pass_guard(case)
        return post

    def _post(self, case: Case) -> Post | None:
        tx, workflow = self.tx, self.version.workflow
        if tx.actor.system is not None:
            return None
        found = standing(tx.actor, workflow, self.transition, case.state, case.related_codes, ())
        if not isinstance(found, Standing):
            raise Denied("not_your_part", found)
        if is_same_person(self.step, tx.actor, found.behalf, self._before.get(case.id, ())):
            raise Denied("same_person", text("不能由办理前一步的同一人办理"))
        return found.post

    def _pass_guard(self, case: Case) -> None:
        if self.guard is None:
            return
        subject = self._subjects.get(case.id)
        if subject is None:
            raise Missing("no_subject", text("没有这件事项"))
        facts = subject.facts() | case_facts(self.tx.session, case, self.version, now=self.tx.now)
        facts |= {f"form.{key}": value for key, value in self.said.items()}
        refusal = guard_refusal(self.version, self.transition, facts, self.tx.now)
        if refusal is not None:
            raise Refusal("guard", refusal)


def _move_alike(
    tx: Transaction,
    version: WorkflowVersion,
    cases: Sequence[Case],
    state: str,
    transition: str,
    said: Mapping[str, str],
) -> None:
    to_state = version.fire(state, transition)
    reason = next((said[key].strip() for key in SAID if said.get(key, "").strip()), None)
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
