"""Moving cases: one transition is one transaction with its form, guard, trail and message."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field

from sqlalchemy import bindparam, select

from models.case import Case, CaseMove
from workflows import audit
from workflows.case_files import SIGNATURE
from workflows.engine.allowed import PastMove, Standing, guard_refusal, is_same_person, standing, visited
from workflows.engine.case_facts import case_facts
from workflows.engine.decision import Seat
from workflows.engine.definition import ANY_VISITED, Transition
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.operations.case_answers import Asked, count, judge
from workflows.operations.case_step import Moved, Step
from workflows.operations.repeated import answer_before, remember_answer
from workflows.operations.seats import lock, speak
from workflows.operations.sent_files import Uploads, digests, numbered
from workflows.operations.signature import keep_signature
from workflows.operations.unfinished_file import NOTHING_KEPT, Kept, take_unfinished
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, faster
from workflows.seats import seats_of
from workflows.subjects import subject_of
from workflows.text import text
from workflows.transaction import Transaction

_BY_NUMBER = select(Case).where(Case.number == bindparam("number")).execution_options(prepared=True)


@dataclass(frozen=True)
class Request:
    """What a person asks for: a transition, the revision seen, answers and files for its form, a target, a key."""

    transition: str
    rev: int | None = None
    answers: Mapping[str, object] | None = None
    target: str | None = None
    key: str | None = None
    files: Uploads = field(default_factory=dict)
    kept: Kept = NOTHING_KEPT

    def digest(self, number: str) -> str:
        """Return the mark by which the same request about a case is told from another one that reuses its key."""
        typed = sorted((k, str(v)) for k, v in (self.answers or {}).items())
        content = [number, self.transition, self.target, typed, *digests(self.files, self.kept.numbers)]
        return hashlib.sha256(audit.canonical({"request": content}).encode()).hexdigest()


def act_on_case(tx: Transaction, number: str, request: Request) -> Moved:
    """Take one transition: actor, form, guard, machine, revision, trail and message, or nothing at all.

    Where several people decide, it is the person's voice, and the case moves when the decision falls. Raises Missing,
    Denied, Refusal (with faults by field for its form) and Stale when somebody was faster.
    """
    mark = request.digest(number)
    if (before := answer_before(tx, request.key, mark)) is not None:
        return Moved(**before)
    case = load_case(tx, number)
    version = workflow_version(tx.session, case.definition_id)
    seats = seats_of(tx.session, case.id) if version.workflow.may_give_seats(case.state) else ()
    stand = _permitted(tx, case, version, request, seats)
    transition = version.workflow.transitions[request.transition]
    subject = subject_of(tx.session, case)
    if subject is None:
        raise Missing("no_subject", text("没有这件事项"))
    if stand.seat is not None:
        lock(tx, case)
    facts = subject.facts() | case_facts(tx.session, case, version, now=tx.now)
    require = version.workflow.requires(request.transition, case.state)
    sent = (*take_unfinished(tx, request.kept), *numbered(request.files))
    asked = Asked(transition.form, require, request.answers or {}, case, sent)
    answered = judge(tx, asked, subject, facts)
    step = Step(tx, case, version, subject, answered)
    step.write_facts()
    _pass_guard(step, request.transition)
    signed = keep_signature(tx, case, sent) if SIGNATURE in require and transition.form is None else None
    taken: str | None = request.transition
    if stand.seat is not None:
        taken = speak(tx, case, version.workflow, stand, request.transition, answered, signed)
    moved = step.take(taken, request.target, asked.files) if taken is not None else step.stay()
    remember_answer(tx, request.key, mark, asdict(moved))
    return moved


def load_case(tx: Transaction, number: str) -> Case:
    """Return a case that the person may read; raises Missing otherwise."""
    case = tx.session.scalars(_BY_NUMBER, {"number": number}).one_or_none()
    if case is None or not _may_read(tx, case):
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    return case


def _may_read(tx: Transaction, case: Case) -> bool:
    """Tell whether the case exists for the person: those who open cases do not see all that lie in their area."""
    codes = case.level_codes
    return tx.actor.system is not None or tx.policy.post_for(tx.actor, Permission.CASE_READ, codes) is not None


def _permitted(
    tx: Transaction, case: Case, version: WorkflowVersion, request: Request, seats: Sequence[Seat]
) -> Standing:
    codes = case.level_codes
    tx.require(Permission.CASE_ACT, codes)
    transition = version.workflow.transitions.get(request.transition)
    is_stale = request.rev is not None and request.rev != case.rev
    if transition is None or case.state not in version.workflow.sources(request.transition):
        raise faster() if is_stale else Refusal("not_from_here", text("当前环节不能这样办理"))
    if tx.actor.system is not None:
        return Standing(None)
    found = standing(tx.actor, version.workflow, request.transition, case.state, case.related_codes, seats)
    if not isinstance(found, Standing):
        raise Denied("not_your_part", found)
    tx.post = found.post or tx.post
    if is_stale:  # told only to those whose part it is: the answer shows what stands there now
        raise faster()
    if transition.not_same_person_as and is_same_person(transition, tx.actor, found.behalf, past_moves(tx, case.id)):
        raise Denied("same_person", text("不能由办理前一步的同一人办理"))
    _check_target(tx, case, transition, request.target)
    return found


def _check_target(tx: Transaction, case: Case, transition: Transition, target: str | None) -> None:
    """Refuse a target where there is none to choose, and a state through which the case never came."""
    offered = visited(past_moves(tx, case.id), case.state) if transition.target == ANY_VISITED else ()
    if target not in (offered or (None,)):
        message = text("请选择退回到哪一环节")
        raise Refusal("form_refused", text("还有内容没有填好"), {"target": message})


def past_moves(tx: Transaction, case_id: int) -> list[PastMove]:
    """Return the moves of a case in their order."""
    rows = tx.session.execute(
        select(CaseMove.transition, CaseMove.to_state, CaseMove.actor_id)
        .where(CaseMove.case_id == case_id)
        .order_by(CaseMove.id)
    )
    return [PastMove(*row) for row in rows]


def _pass_guard(step: Step, transition: str) -> None:
    guard = step.version.guards.get(transition)
    if guard is None:
        return
    tx, case = step.tx, step.case
    facts = step.subject.facts() | case_facts(tx.session, case, step.version, now=tx.now)
    facts |= count(tx, guard.names, step.subject, case)
    facts |= {f"form.{key}": value for key, value in step.answered.values.items()}
    refusal = guard_refusal(step.version, transition, facts, tx.now)
    if refusal is not None:
        raise Refusal("guard", refusal)
