"""Moving cases: one transition is one transaction with its form, guard, trail and message."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm.attributes import set_committed_value

from models.bulk import update_row
from models.case import Case, CaseMove
from workflows import audit
from workflows.engine.allowed import PastMove, guard_refusal, is_same_person, post_named
from workflows.engine.case_facts import case_facts, facts_with
from workflows.engine.definition import Transition
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.operations.case_answers import Answered, Asked, count, judge, keep_record, told_changes
from workflows.operations.case_standing import end_parts, settle
from workflows.operations.case_trail import add_move, tell_move
from workflows.operations.clocks import turn_clocks
from workflows.operations.effects import carry_out
from workflows.operations.field_values import keep_answers
from workflows.operations.repeated import answer_before, remember_answer
from workflows.operations.sent_files import Uploads, digests, numbered
from workflows.operations.unfinished_file import NOTHING_KEPT, Kept, take_unfinished
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.subjects import Subject, subject_of
from workflows.text import text
from workflows.transaction import Transaction

_BY_NUMBER = select(Case).where(Case.number == bindparam("number")).execution_options(prepared=True)


@dataclass(frozen=True)
class Moved:
    """What a transition did: the case's number, the states it went between, and its new revision."""

    case: str
    from_state: str
    to_state: str
    rev: int


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

    Raises Missing, Denied, Refusal (with faults by field for its form) and Stale when somebody was faster.
    """
    if (before := answer_before(tx, request.key, request.digest(number))) is not None:
        return Moved(**before)
    case = _load(tx, number)
    version = workflow_version(tx.session, case.definition_id)
    transition = _permitted(tx, case, version, request)
    subject = subject_of(tx.session, case)
    if subject is None:
        raise Missing("no_subject", text("没有这件事项"))
    facts = subject.facts() | case_facts(tx.session, case, version, now=tx.now)
    sent = (*take_unfinished(tx, request.kept), *numbered(request.files))
    asked = Asked(transition.form, transition.require, request.answers or {}, case, sent)
    answered = judge(tx, asked, subject, facts)
    changes = subject.write(tx.session, answered.bound) if answered.bound else ()
    before = case.facts
    if answered.form is not None and answered.verdict is not None:
        # Known to what follows, written by the guarded update: a flush of its own would count as somebody else's.
        known = facts_with(tx.session, case, answered.form.form, answered.verdict.stored())
        set_committed_value(case, "facts", known)
    _pass_guard(tx, case, version, request.transition, subject, answered)
    to_state = version.fire(case.state, request.transition, request.target)
    clocks = turn_clocks(tx, case, version, subject, request.transition, to_state)
    moved = _advance(tx, case, version, to_state, clocks.due_at)
    move = add_move(tx, case, request.transition, moved.from_state, to_state, answered.reason)
    clocks.keep(tx, case.id, move.id)
    keep_record(tx, case, move, answered, sent)
    keep_answers(tx, case, version, before)
    if version.workflow.states[to_state].kind == "end":
        end_parts(tx, case, version)
    else:
        settle(tx, case, version, subject, answered)
    changes += carry_out(tx, transition.effects, case, version, subject) + told_changes(tx, case, answered, before)
    tell_move(tx, case, move, moved.rev, changes, answered.advised)
    remember_answer(tx, request.key, request.digest(number), asdict(moved))
    return moved


def _load(tx: Transaction, number: str) -> Case:
    case = tx.session.scalars(_BY_NUMBER, {"number": number}).one_or_none()
    if case is None or not _may_read(tx, case):
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    return case


def _may_read(tx: Transaction, case: Case) -> bool:
    """Tell whether the case exists for the person: those who open cases do not see all that lie in their area."""
    codes = case.level_codes
    return tx.actor.system is not None or tx.policy.post_for(tx.actor, Permission.CASE_READ, codes) is not None


def _permitted(tx: Transaction, case: Case, version: WorkflowVersion, request: Request) -> Transition:
    codes = case.level_codes
    tx.require(Permission.CASE_ACT, codes)
    transition = version.workflow.transitions.get(request.transition)
    is_stale = request.rev is not None and request.rev != case.rev
    if transition is None or case.state not in version.workflow.sources(request.transition):
        raise _faster() if is_stale else Refusal("not_from_here", text("当前环节不能这样办理"))
    post = post_named(
        tx.actor.posts_over(case.related_codes),
        version.workflow.who_may(request.transition, case.state),
        tx.actor.login,
    )
    if post is None and tx.actor.system is None:
        raise Denied("not_your_part", text("这一步由其他岗位办理"))
    tx.post = post or tx.post
    if is_stale:  # told only to those whose part it is: the answer shows what stands there now
        raise _faster()
    if transition.not_same_person_as and is_same_person(transition, tx.actor, past_moves(tx, case.id)):
        raise Denied("same_person", text("不能由办理前一步的同一人办理"))
    return transition


def _faster() -> Stale:
    return Stale("someone_was_faster", text("这件事项刚被别人办理过，请看最新情况"))


def past_moves(tx: Transaction, case_id: int) -> list[PastMove]:
    """Return the moves of a case in their order."""
    rows = tx.session.execute(
        select(CaseMove.transition, CaseMove.to_state, CaseMove.actor_id)
        .where(CaseMove.case_id == case_id)
        .order_by(CaseMove.id)
    )
    return [PastMove(*row) for row in rows]


def _pass_guard(
    tx: Transaction, case: Case, version: WorkflowVersion, transition: str, subject: Subject, answered: Answered
) -> None:
    guard = version.guards.get(transition)
    if guard is None:
        return
    facts = subject.facts() | case_facts(tx.session, case, version, now=tx.now) | count(tx, guard.names, subject, case)
    facts |= {f"form.{key}": value for key, value in answered.values.items()}
    refusal = guard_refusal(version, transition, facts, tx.now)
    if refusal is not None:
        raise Refusal("guard", refusal)


def _advance(tx: Transaction, case: Case, version: WorkflowVersion, to_state: str, due_at: datetime | None) -> Moved:
    """Move the row only if it is still at the revision that was read."""
    ends = version.workflow.states[to_state].kind == "end"
    values: dict[str, Any] = {"state": to_state, "state_since": tx.now, "due_at": due_at, "facts": case.facts}
    if ends:
        values |= {"closed_at": tx.now, "open_slot": None}
    tx.session.flush()
    if not update_row(tx.session, case, values):
        raise _faster()
    return Moved(case.number, case.state, to_state, case.rev + 1)
