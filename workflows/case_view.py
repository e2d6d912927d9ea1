"""A case as one person sees it: what it is, what they may do with it, and how it came here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case, CaseMove, CaseRecord
from models.vault import learn_keys
from workflows.actor import Actor
from workflows.audit import Happening
from workflows.clock import clock_facts, local_day
from workflows.engine.allowed import Option, PastMove, options
from workflows.engine.case_facts import case_facts, known_facts
from workflows.engine.decision import Seat
from workflows.engine.definition import SAID_WITH_IT
from workflows.engine.form import FormValidator
from workflows.engine.published import WorkflowVersion, form_in_force, workflow_version
from workflows.engine.record import open_answers
from workflows.evidence import evidence_about
from workflows.policy import Permission, Policy
from workflows.refusal import Missing
from workflows.seats import seats_of
from workflows.subjects import ChildSubject, Subject, subject_of
from workflows.text import text


@dataclass(frozen=True)
class CaseView:
    """A case with its version, subject, moves and the transitions that leave its state."""

    case: Case
    version: WorkflowVersion
    subject: Subject
    moves: Sequence[CaseMove]
    options: Sequence[Option]
    sees: str
    seats: Sequence[Seat] = ()

    @property
    def child(self) -> Any:
        """The child the case is about, None for other subjects."""
        return self.subject.child if isinstance(self.subject, ChildSubject) else None

    def option(self, transition: str) -> Option:
        """Return the option for a transition; raises Missing when it does not leave the present state."""
        option = self.option_or_none(transition)
        if option is None:
            raise Missing("not_from_here", text("当前环节不能这样办理"))
        return option

    def option_or_none(self, transition: str) -> Option | None:
        """Return the option for a transition, None when it does not leave the present state."""
        return next((option for option in self.options if option.transition == transition), None)


def view_case(
    session: Session, everything: Session, actor: Actor, policy: Policy, number: str, now: datetime
) -> CaseView:
    """Return a case inside the session's scope; raises Missing otherwise.

    `everything` is a session under a system scope, for conditions that count what the person may not see.
    """
    case = session.scalars(select(Case).where(Case.number == number)).one_or_none()
    if case is None:
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    version = workflow_version(session, case.definition_id)
    subject = subject_of(session, case)
    if subject is None:
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    moves = session.scalars(select(CaseMove).where(CaseMove.case_id == case.id).order_by(CaseMove.id)).all()
    past = [PastMove(move.transition, move.to_state, move.actor_id) for move in moves]
    facts = subject.facts() | case_facts(session, case, version, now=now)
    asked = {name for key in version.workflow.leaving(case.state) if (g := version.guards.get(key)) for name in g.names}
    facts |= evidence_about(asked, session, everything, case.child_id, case, local_day(now))
    seats = seats_of(session, case.id) if version.workflow.may_give_seats(case.state) else ()
    choices = options(version, case.state, actor, case.related_codes, facts, past, now, seats)
    if not policy.has_anywhere(actor, Permission.CASE_ACT):
        choices = ()
    sees = policy.sees(actor, case.level_codes, case.workflow)
    return CaseView(case, version, subject, moves, choices, sees, seats)


def known_answers(
    session: Session, everything: Session, view: CaseView, validator: FormValidator, now: datetime
) -> dict[str, Any]:
    """Return what a form may be filled in with beforehand: the last record's answers, what the case knows, bound facts.

    Nothing above the person's field class is among them. `everything` is a session under a system scope, so that what
    is counted stands on the page as it will be recorded.
    """
    form = validator.definition
    fields = [f for f in form.fields if f.protection.value <= view.sees]
    child = view.case.child_id
    facts = view.subject.facts() | evidence_about(
        validator.names, session, everything, child, view.case, local_day(now)
    )
    facts |= clock_facts(now)
    case = known_facts(session, view.case, view.version, view.sees)
    facts |= {f"case.{key}": value for key, value in case.items()}
    answers: dict[str, Any] = {f.key: list(f.preset) for f in fields if f.preset}
    answers |= {f.key: case[f.key] for f in fields if f.key in case and f.key not in SAID_WITH_IT}
    answers |= {f.key: facts[f.prefill] for f in fields if f.prefill and f.prefill in facts}
    answers |= {f.key: facts[f.bind] for f in fields if f.bind and f.bind in facts}
    last = session.scalars(
        select(CaseRecord)
        .where(CaseRecord.case_id == view.case.id, CaseRecord.form == form.key)
        .order_by(CaseRecord.id.desc())
        .limit(1)
    ).one_or_none()
    if last is None:
        return answers
    owner = last.child_id or last.case_id
    learn_keys(session, [owner])
    return open_answers(session, form, last.data, owner, last.id, view.sees) | answers


def form_of(session: Session, view: CaseView, transition: str) -> FormValidator | None:
    """Return the form that a transition asks for, None when it asks for none.

    It does not ask whether the transition leaves the present state: what is sent twice must read the same twice.
    """
    definition = view.version.workflow.transitions.get(transition)
    return form_in_force(session, definition.form).validator if definition and definition.form else None


def opened_event(view: CaseView, classes: Sequence[str], **more: Any) -> Happening:
    """Return the event of somebody opening the case's page or paper, with the field classes that it shows."""
    return Happening(
        "case.read",
        "case",
        view.case.id,
        codes=view.case.level_codes,
        child_id=view.case.child_id,
        case_id=view.case.id,
        circle=view.case.circle,
        facts={"number": view.case.number, "classes": list(classes), **more},
    )
