"""The kinds of case that a person may open about a subject, and what stands in an opening form beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.definition import Definition
from models.terms import latest_term
from workflows.actor import Actor
from workflows.clock import clock_facts, local_day
from workflows.engine.allowed import post_named
from workflows.engine.definition import Workflow
from workflows.engine.form import FormValidator
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.evidence import evidence_about
from workflows.policy import Permission, Policy
from workflows.subjects import Subject


def workflows_in_force(session: Session) -> list[WorkflowVersion]:
    """Return the workflows with which new cases begin, by key."""
    rows = session.scalars(
        select(Definition.id)
        .where(Definition.kind == "workflow", Definition.state == "in_force")
        .order_by(Definition.key)
    )
    return [workflow_version(session, row) for row in rows]


def may_open(actor: Actor, policy: Policy, version: WorkflowVersion, subject: Subject) -> bool:
    """Tell whether one of the person's posts over the subject opens such cases; its condition is not asked yet."""
    if policy.post_for(actor, Permission.CASE_ACT, subject.codes) is None:
        return False
    return post_named(actor.posts_over(subject.codes), version.workflow.open.by, actor.login) is not None


def openings(session: Session, actor: Actor, policy: Policy, subject: Subject, day: date) -> list[WorkflowVersion]:
    """Return the workflows of which the person may open a case about a subject on a day.

    None that has one open already, nor one of each term whose case of this term is done.
    """
    about = [v for v in workflows_in_force(session) if v.workflow.subject == subject.kind]
    about = [v for v in about if may_open(actor, policy, v, subject)]
    same = (Case.subject_type == subject.kind, Case.subject_id == subject.id, Case.closed_at.is_(None))
    running = set(session.scalars(select(Case.workflow).where(*same)))
    about = [v for v in about if not (v.workflow.one_open_per_subject and v.workflow.key in running)]
    done = done_this_term(session, [v.workflow for v in about], subject, day)
    return [v for v in about if v.workflow.key not in done]


def done_this_term(session: Session, workflows: Iterable[Workflow], subject: Subject, day: date) -> set[str]:
    """Return which workflows of each term have been gone through with a subject in the term of a day, by one query.

    A case that was called off (an end that is not tagged `ok`) does not stand in the way of another.
    """
    ends = {
        workflow.key: {key for key, state in workflow.states.items() if state.kind == "end" and state.tag == "ok"}
        for workflow in workflows
        if workflow.per == "term"
    }
    term = latest_term(session, day) if ends else None
    if term is None:
        return set()
    same = (Case.subject_type == subject.kind, Case.subject_id == subject.id, Case.term_id == term.id)
    rows = session.execute(select(Case.workflow, Case.state).where(*same, Case.workflow.in_(sorted(ends))))
    return {workflow for workflow, state in rows if state in ends[workflow]}


def opening_answers(
    session: Session, everything: Session, validator: FormValidator, subject: Subject, sees: str, now: datetime
) -> dict[str, Any]:
    """Return what an opening form is filled in with: presets, evidence, the time, bound facts up to a field class.

    `everything` is a session under a system scope, for cases that are counted whoever may see them.
    """
    fields = [f for f in validator.definition.fields if f.protection.value <= sees]
    facts = subject.facts() | evidence_about(
        validator.names, session, everything, subject.child_id, None, local_day(now)
    )
    facts |= clock_facts(now)
    answers: dict[str, Any] = {f.key: list(f.preset) for f in fields if f.preset}
    answers |= {f.key: facts[f.prefill] for f in fields if f.prefill and f.prefill in facts}
    return answers | {f.key: facts[f.bind] for f in fields if f.bind and f.bind in facts}
