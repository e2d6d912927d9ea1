"""Several cases as one person sees them: what they may do with each, from what is fetched for all of them together."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case, CaseMove
from models.vault import learn_keys
from workflows.actor import Actor
from workflows.clock import local_day
from workflows.engine.allowed import Option, PastMove, options
from workflows.engine.case_facts import case_facts
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.evidence import evidence_of_cases
from workflows.policy import Permission, Policy
from workflows.seats import seats_of_each
from workflows.subjects import Subject, subjects_of


@dataclass(frozen=True)
class Choices:
    """A case with its version and subject, and the transitions that leave its state: `case_view.CaseView` in short."""

    case: Case
    version: WorkflowVersion
    subject: Subject
    options: tuple[Option, ...]


def choices_in(
    session: Session, everything: Session, actor: Actor, policy: Policy, cases: Sequence[Case], now: datetime
) -> list[Choices]:
    """Return what a person may do with cases inside the session's scope, by the verdicts that each gets singly.

    The number of queries does not grow with the cases. A case whose subject the person does not see is left out;
    `everything` is a session under a system scope, for conditions that count what the person may not see.
    """
    if not policy.has_anywhere(actor, Permission.CASE_ACT):
        return []
    versions = {number: workflow_version(session, number) for number in {case.definition_id for case in cases}}
    names = {name for case in cases for name in _names(versions[case.definition_id], case.state)}
    learn_keys(session, [case.key_owner for case in cases] if names else [])
    subjects = subjects_of(session, cases, names)
    past = _past_moves(session, [case.id for case in cases])
    seated = [case.id for case in cases if versions[case.definition_id].workflow.may_give_seats(case.state)]
    seats = seats_of_each(session, seated)
    counted = evidence_of_cases(names, session, everything, cases, local_day(now))
    found = []
    for case in cases:
        version, subject = versions[case.definition_id], subjects.get(case.id)
        if subject is None:
            continue
        facts = subject.facts() | case_facts(session, case, version, now=now) | counted.get(case.id, {})
        own = (past.get(case.id, ()), now, seats.get(case.id, ()))
        found.append(
            Choices(case, version, subject, options(version, case.state, actor, case.related_codes, facts, *own))
        )
    return found


def _names(version: WorkflowVersion, state: str) -> Iterable[str]:
    """Yield what the conditions of the transitions that leave a state read."""
    for key in version.workflow.leaving(state):
        guard = version.guards.get(key)
        yield from guard.names if guard is not None else ()


def _past_moves(session: Session, ids: Sequence[int]) -> dict[int, list[PastMove]]:
    wanted = select(CaseMove.case_id, CaseMove.transition, CaseMove.to_state, CaseMove.actor_id)
    found: dict[int, list[PastMove]] = {}
    rows = session.execute(wanted.where(CaseMove.case_id.in_(ids)).order_by(CaseMove.id))
    for number, transition, to_state, actor_id in rows:
        found.setdefault(number, []).append(PastMove(transition, to_state, actor_id))
    return found
