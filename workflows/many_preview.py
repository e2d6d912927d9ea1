"""Foretells what a transition over many cases would do: how many would move, and which would be refused and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.database import OfficeSession
from workflows.actor import Actor
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.policy import Policy
from workflows.refusal import Refusal, Words
from workflows.text import text
from workflows.verdicts import Asker, Judge, Said

SHOWN = 20  # cases of each reason
Opened = Callable[[], AbstractContextManager[OfficeSession]]


@dataclass
class Reason:
    """Why cases would be refused, how many, and the first of them by number (`id`)."""

    message: Words
    count: int = 0
    cases: list[int] = field(default_factory=list)


@dataclass
class Foretold:
    """How many cases would move, and why the others would not."""

    moving: int = 0
    reasons: dict[str, Reason] = field(default_factory=dict)
    shown: Mapping[str, int] = field(default_factory=dict)

    @property
    def refused(self) -> int:
        """How many cases would be refused."""
        return sum(reason.count for reason in self.reasons.values())

    def refuse(self, case: Case, message: Words) -> None:
        """Count a case as refused."""
        reason = self.reasons.setdefault(str(message), Reason(message))
        reason.count += 1
        if len(reason.cases) < self.shown.get(str(message), SHOWN):
            reason.cases.append(case.id)


@dataclass(frozen=True)
class Plan:
    """A transition, what is said with it for all cases, the typed answers to its form, and who asks when."""

    transition: str
    said: Said
    values: Mapping[str, Any]
    actor: Actor
    policy: Policy
    now: datetime


def foretell(
    opened: Opened,
    everything: Session,
    parts: Iterable[Sequence[int]],
    plan: Plan,
    shown: Mapping[str, int] | None = None,
) -> Foretold:
    """Judge cases (by number, `id`) part by part, each in a session of its own, so that memory does not grow with them.

    Nothing is written. `everything` is a session under a system scope, for conditions that count what the person may
    not see. `shown` is how many cases are named of a reason (by its sentence) where not just the first few.
    """
    told = Foretold(shown=shown or {})
    for part in parts:
        with opened() as session:
            _judge(session, everything, part, plan, told)
    return told


def _judge(session: OfficeSession, everything: Session, ids: Sequence[int], plan: Plan, told: Foretold) -> None:
    cases = session.scalars(select(Case).where(Case.id.in_(ids)).order_by(Case.id.desc())).all()
    by_version: dict[int, list[Case]] = {}
    for case in cases:
        by_version.setdefault(case.definition_id, []).append(case)
    for definition_id, of_version in by_version.items():
        version = workflow_version(session, definition_id)
        if plan.transition not in version.workflow.transitions:
            for case in of_version:
                told.refuse(case, text("当前环节不能这样办理"))
            continue
        _judge_version(session, everything, version, of_version, plan, told)


def _judge_version(
    session: OfficeSession,
    everything: Session,
    version: WorkflowVersion,
    cases: Sequence[Case],
    plan: Plan,
    told: Foretold,
) -> None:
    asker = Asker(session, plan.actor, plan.policy, plan.now)
    judge = Judge(asker, version, plan.transition, plan.said, plan.values)
    leaving = [case for case in cases if case.state in version.workflow.sources(plan.transition)]
    judge.fetch(leaving)  # the others are refused before anything of theirs is read
    judge.fetch_seats(leaving)
    judge.fetch_evidence(everything, leaving)
    for case in cases:
        try:
            judge.permit(case)
        except Refusal as refusal:
            told.refuse(case, refusal.message)
        else:
            told.moving += 1
