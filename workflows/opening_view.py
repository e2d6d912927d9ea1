"""The kinds of case that a person may open about a subject, and what stands in an opening form beforehand."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.definition import Definition
from workflows.actor import Actor
from workflows.clock import local_day
from workflows.engine.allowed import post_named
from workflows.engine.form import FormValidator
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.evidence import Period, evidence
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


def openings(session: Session, actor: Actor, policy: Policy, subject: Subject) -> list[WorkflowVersion]:
    """Return the workflows of which the person may open a case about a subject now; none that has one open already."""
    about = [v for v in workflows_in_force(session) if v.workflow.subject == subject.kind]
    about = [v for v in about if may_open(actor, policy, v, subject)]
    same = (Case.subject_type == subject.kind, Case.subject_id == subject.id, Case.closed_at.is_(None))
    running = set(session.scalars(select(Case.workflow).where(*same)))
    return [v for v in about if not (v.workflow.one_open_per_subject and v.workflow.key in running)]


def opening_answers(
    session: Session, validator: FormValidator, subject: Subject, sees: str, now: datetime
) -> dict[str, Any]:
    """Return what an opening form is filled in with: presets, evidence of the day, bound facts up to a field class."""
    fields = [f for f in validator.definition.fields if f.protection.value <= sees]
    facts = subject.facts() | _counted(session, (f.prefill or "" for f in fields), subject, now)
    answers: dict[str, Any] = {f.key: list(f.preset) for f in fields if f.preset}
    answers |= {f.key: facts[f.prefill] for f in fields if f.prefill and f.prefill in facts}
    return answers | {f.key: facts[f.bind] for f in fields if f.bind and f.bind in facts}


def _counted(session: Session, names: Iterable[str], subject: Subject, now: datetime) -> dict[str, Any]:
    if subject.child_id is None:
        return {}
    day = local_day(now)
    return evidence(names, session, session, Period(subject.child_id, day, day))
