"""Opening cases and moving them: one transition is one transaction with its form, guard, trail and message."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select, update

from models.case import Case, CaseMove, CaseNumber, CaseRecord, RepeatedRequest
from models.child import Child
from models.types import new_id
from workflows import audit
from workflows.audit import Change, Happening
from workflows.clock import LOCAL
from workflows.engine.allowed import PastMove, guard_refusal, is_same_person, post_named
from workflows.engine.definition import SAID_WITH_IT, Transition
from workflows.engine.form import FormVerdict
from workflows.engine.published import (
    FormVersion,
    WorkflowVersion,
    form_in_force,
    workflow_in_force,
    workflow_version,
)
from workflows.engine.record import seal_answers
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.subjects import Subject, load_subject
from workflows.text import text
from workflows.transaction import Transaction


@dataclass(frozen=True)
class Moved:
    """What a transition did: the case's number, the states it went between, and its new revision."""

    case: str
    from_state: str
    to_state: str
    rev: int


@dataclass(frozen=True)
class Request:
    """What a person asks for: a transition, the revision they saw, answers to its form, a target, a request key."""

    transition: str
    rev: int | None = None
    answers: Mapping[str, object] | None = None
    target: str | None = None
    key: str | None = None

    def digest(self, number: str) -> str:
        """Return the mark by which the same request about a case is told from another one that reuses its key."""
        content = [number, self.transition, self.target, sorted((k, str(v)) for k, v in (self.answers or {}).items())]
        return hashlib.sha256(audit.canonical({"request": content}).encode()).hexdigest()


def draw_numbers(tx: Transaction, prefix: str, count: int = 1) -> list[str]:
    """Draw the next case numbers of a prefix in the present year: `MD-2026-0147`."""
    year = tx.now.astimezone(LOCAL).year
    where = (CaseNumber.prefix == prefix, CaseNumber.year == year)
    last = tx.session.execute(
        update(CaseNumber).where(*where).values(last=CaseNumber.last + count).returning(CaseNumber.last)
    ).scalar()
    if last is None:
        tx.session.add(CaseNumber(prefix=prefix, year=year, last=count))
        tx.session.flush()
        last = count
    return [f"{prefix}-{year}-{number:04d}" for number in range(last - count + 1, last + 1)]


def open_case(tx: Transaction, workflow: str, child: Child, term_id: int | None, reason: str | None = None) -> Case:
    """Open a case about a child; raises Denied without the right post, Refusal while another one is open."""
    tx.require(Permission.CASE_ACT, child.level_codes)
    version = workflow_in_force(tx.session, workflow)
    post = post_named(tx.actor.posts_over(child.level_codes), version.workflow.open.by, tx.actor.login)
    if post is None and tx.actor.system is None:
        raise Denied("not_your_part", text("这类事项由其他岗位发起"))
    tx.post = post or tx.post
    if tx.session.scalar(select(Case.id).where(Case.workflow == workflow, Case.open_slot == str(child.id))):
        raise Refusal("already_open", text("这名儿童已有一件同类事项在办"))
    case = new_case(tx, version, child, term_id, draw_numbers(tx, version.workflow.prefix)[0])
    tx.session.add(case)
    tx.session.flush()
    tx.session.add(_opening_move(tx, case, reason))
    tx.tell(opened(case, reason))
    return case


def new_case(tx: Transaction, version: WorkflowVersion, child: Child, term_id: int | None, number: str) -> Case:
    """Return a case about a child in the workflow's first state, not yet stored."""
    workflow = version.workflow
    case = Case(
        id=new_id(),
        number=number,
        definition_id=version.id,
        workflow=workflow.key,
        version=version.number,
        subject_type="child",
        subject_id=child.id,
        child_id=child.id,
        open_slot=str(child.id) if workflow.one_open_per_subject else None,
        state=workflow.start,
        state_since=tx.now,
        opened_at=tx.now,
        opened_by=tx.actor.staff_id or 0,
        term_id=term_id if workflow.per == "term" else None,
        made_at_school=child.school_code,
        rev=1,
    )
    case.place_at(child.level_codes)
    return case


def _opening_move(tx: Transaction, case: Case, reason: str | None) -> CaseMove:
    return _move_row(tx, case, "open", None, case.state, reason)


def opened(case: Case, reason: str | None = None) -> Happening:
    """Return the event of a case's opening."""
    return Happening(
        "case.opened",
        "case",
        case.id,
        codes=case.level_codes,
        child_id=case.child_id,
        case_id=case.id,
        owner=case.child_id,
        reason=reason,
        facts={"number": case.number, "workflow": case.workflow, "version": case.version, "to": case.state},
    )


def act_on_case(tx: Transaction, number: str, request: Request) -> Moved:
    """Take one transition: actor, form, guard, machine, revision, trail and message, or nothing at all.

    Raises Missing, Denied, Refusal (with faults by field for its form) and Stale when somebody was faster.
    """
    repeated = _repeated(tx, number, request)
    if repeated is not None:
        return repeated
    case = _load(tx, number)
    version = workflow_version(tx.session, case.definition_id)
    transition = _permitted(tx, case, version, request)
    subject = load_subject(tx.session, case.subject_type, case.subject_id)
    if subject is None:
        raise Missing("no_subject", text("没有这件事项"))
    form, verdict = _judge(tx, transition, subject, request)
    bound = _bound(form, verdict)
    changes = subject.write(tx.session, bound) if bound else ()
    _pass_guard(tx, case, version, request.transition, subject, verdict)
    to_state = version.fire(case.state, request.transition, request.target)
    reason = _reason(transition, verdict, request)
    moved = _advance(tx, case, version, to_state)
    move = _move_row(tx, case, request.transition, moved.from_state, to_state, reason)
    tx.session.add(move)
    if form is not None and verdict is not None:
        _keep_record(tx, case, move, form, verdict)
    _tell(tx, case, moved, request.transition, changes, reason)
    _remember(tx, request, moved)
    return moved


def _load(tx: Transaction, number: str) -> Case:
    case = tx.session.scalars(select(Case).where(Case.number == number)).one_or_none()
    if case is None:
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    return case


def _permitted(tx: Transaction, case: Case, version: WorkflowVersion, request: Request) -> Transition:
    codes = case.level_codes
    tx.require(Permission.CASE_ACT, codes)
    transition = version.workflow.transitions.get(request.transition)
    is_stale = request.rev is not None and request.rev != case.rev
    if transition is None or case.state not in version.workflow.sources(request.transition):
        raise _faster() if is_stale else Refusal("not_from_here", text("当前环节不能这样办理"))
    post = post_named(
        tx.actor.posts_over(codes), version.workflow.who_may(request.transition, case.state), tx.actor.login
    )
    if post is None and tx.actor.system is None:
        raise Denied("not_your_part", text("这一步由其他岗位办理"))
    tx.post = post or tx.post
    if is_stale:  # told only to those whose part it is: the answer shows what stands there now
        raise _faster()
    if is_same_person(transition, tx.actor, past_moves(tx, case.id)):
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


def _judge(
    tx: Transaction, transition: Transition, subject: Subject, request: Request
) -> tuple[FormVersion | None, FormVerdict | None]:
    if transition.form is None:
        missing = [key for key in transition.require if not str((request.answers or {}).get(key) or "").strip()]
        if missing:
            raise Refusal("form_refused", text("还有内容没有填好"), {key: text("请填写") for key in missing})
        return None, None
    form = form_in_force(tx.session, transition.form)
    require = [key for key in transition.require if key in {f.key for f in form.form.fields}]
    verdict = form.validator.check(request.answers or {}, subject.facts(), now=tx.now, require=require)
    if not verdict.is_accepted:
        raise Refusal("form_refused", text("还有内容没有填好"), verdict.faults)
    return form, verdict


def _bound(form: FormVersion | None, verdict: FormVerdict | None) -> dict[str, Any]:
    if form is None or verdict is None:
        return {}
    asked = [f for f in form.form.fields if f.bind and f.key in verdict.visible]
    return {str(f.bind): verdict.values.get(f.key) for f in asked}


def _pass_guard(
    tx: Transaction,
    case: Case,
    version: WorkflowVersion,
    transition: str,
    subject: Subject,
    verdict: FormVerdict | None,
) -> None:
    if transition not in version.guards:
        return
    facts = subject.facts() | case_facts(case)
    facts |= {f"form.{key}": value for key, value in (verdict.values if verdict else {}).items()}
    refusal = guard_refusal(version, transition, facts, tx.now)
    if refusal is not None:
        raise Refusal("guard", refusal)


def case_facts(case: Case) -> dict[str, Any]:
    """Return what conditions may ask about the case itself."""
    return {"case.state": case.state, "case.state_since": case.state_since, "case.opened_at": case.opened_at}


def _reason(transition: Transition, verdict: FormVerdict | None, request: Request) -> str | None:
    given: Mapping[str, Any] = verdict.values if verdict is not None else (request.answers or {})
    said = [str(given[key]) for key in sorted(SAID_WITH_IT) if key in given and key != "signature" and given[key]]
    return said[0] if said else None


def _advance(tx: Transaction, case: Case, version: WorkflowVersion, to_state: str) -> Moved:
    """Move the row only if it is still at the revision that was read."""
    ends = version.workflow.states[to_state].kind == "end"
    values: dict[str, Any] = {"state": to_state, "state_since": tx.now, "rev": Case.rev + 1}
    if ends:
        values |= {"closed_at": tx.now, "open_slot": None}
    result = tx.session.execute(
        update(Case)
        .where(Case.id == case.id, Case.rev == case.rev)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if result.rowcount != 1:  # type: ignore[attr-defined]
        raise _faster()
    return Moved(case.number, case.state, to_state, case.rev + 1)


def _move_row(
    tx: Transaction, case: Case, transition: str, from_state: str | None, to_state: str, reason: str | None
) -> CaseMove:
    move = CaseMove(
        id=new_id(),
        child_id=case.child_id,
        case_id=case.id,
        transition=transition,
        from_state=from_state,
        to_state=to_state,
        actor_id=tx.actor.staff_id or 0,
        actor_name=tx.actor.name,
        actor_role=tx.post.role if tx.post else (tx.actor.system or ""),
        at=tx.now,
        made_at_school=case.school_code,
    )
    move.place_at(case.level_codes)
    tx.session.add(move)
    move.reason = reason
    return move


def _keep_record(tx: Transaction, case: Case, move: CaseMove, form: FormVersion, verdict: FormVerdict) -> None:
    record = CaseRecord(
        id=new_id(),
        child_id=case.child_id,
        case_id=case.id,
        move_id=move.id,
        form=form.form.key,
        form_version=form.number,
        data={},
        made_at=tx.now,
        made_by=tx.actor.staff_id or 0,
        made_at_school=case.school_code,
    )
    record.data = seal_answers(tx.session, form.form, verdict.stored(), move.key_owner, record.id)
    record.place_at(case.level_codes)
    tx.session.flush()
    tx.session.add(record)


def _tell(
    tx: Transaction, case: Case, moved: Moved, transition: str, changes: tuple[Change, ...], reason: str | None
) -> None:
    tx.tell(
        Happening(
            "case.moved",
            "case",
            case.id,
            codes=case.level_codes,
            child_id=case.child_id,
            case_id=case.id,
            owner=case.child_id,
            changes=changes,
            reason=reason,
            facts={
                "number": case.number,
                "workflow": case.workflow,
                "version": case.version,
                "transition": transition,
                "from": moved.from_state,
                "to": moved.to_state,
                "rev": moved.rev,
            },
        )
    )
    payload = {"case": case.number, "transition": transition, "from": moved.from_state, "to": moved.to_state}
    tx.send("case.moved", "inbox", f"case:{case.number}", payload)


def _repeated(tx: Transaction, number: str, request: Request) -> Moved | None:
    if request.key is None or tx.actor.staff_id is None:
        return None
    kept = tx.session.get(RepeatedRequest, (request.key, tx.actor.staff_id))
    if kept is None:
        return None
    if kept.digest != request.digest(number):
        raise Refusal("key_reused", text("这个请求编号已用于另一件事"))
    return Moved(**kept.answer)


def _remember(tx: Transaction, request: Request, moved: Moved) -> None:
    if request.key is not None and tx.actor.staff_id is not None:
        tx.session.add(
            RepeatedRequest(
                key=request.key,
                staff_id=tx.actor.staff_id,
                digest=request.digest(moved.case),
                answer={
                    "case": moved.case,
                    "from_state": moved.from_state,
                    "to_state": moved.to_state,
                    "rev": moved.rev,
                },
                at=tx.now,
            )
        )
