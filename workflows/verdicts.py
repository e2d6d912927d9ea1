"""Gives many cases the verdict that each would get singly, from facts fetched for all of them together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case, CaseMove
from models.vault import learn_keys
from workflows.actor import Actor, Post
from workflows.clock import local_day
from workflows.engine.allowed import PastMove, Standing, guard_refusal, is_same_person, standing
from workflows.engine.case_facts import case_facts
from workflows.engine.decision import Seat
from workflows.engine.published import WorkflowVersion
from workflows.evidence import evidence_of_cases
from workflows.policy import Permission, Policy
from workflows.refusal import Denied, Missing, Refusal
from workflows.seats import seats_of_each
from workflows.subjects import Subject, subjects_of
from workflows.text import text

Said = Mapping[str, str | list[str]]
"""What is answered once for many cases, as typed; several ticks as a list."""


@dataclass(frozen=True)
class Asker:
    """Who asks for verdicts, when, and the session that sees what they may see."""

    session: Session
    actor: Actor
    policy: Policy
    now: datetime


class Judge:
    """Gives each case the verdict it would get singly on one transition with the same answers for all.

    `values` are the typed answers to the transition's form. Seats and evidence are looked at where they were fetched.
    """

    def __init__(
        self,
        asker: Asker,
        version: WorkflowVersion,
        transition: str,
        said: Said,
        values: Mapping[str, Any] | None = None,
    ) -> None:
        self.asker, self.version, self.transition, self.said = asker, version, transition, said
        self.step = version.workflow.transitions[transition]
        self.guard = version.guards.get(transition)
        self._answers = {f"form.{key}": value for key, value in (said if values is None else values).items()}
        self._subjects: dict[int, Subject] = {}
        self._before: dict[int, list[PastMove]] = {}
        self._seats: Mapping[int, tuple[Seat, ...]] = {}
        self._counted: Mapping[int, Mapping[str, Any]] = {}

    def fetch(self, cases: Sequence[Case]) -> None:
        """Fetch what the verdicts need: keys, subjects with their relatives, and who took the other step."""
        session, ids = self.asker.session, [case.id for case in cases]
        if self.guard is not None or any(self.said.values()):
            learn_keys(session, [case.key_owner for case in cases])
        if self.guard is not None:
            self._subjects = subjects_of(session, cases, self.guard.names)
        if self.step.not_same_person_as is not None:
            columns = (CaseMove.case_id, CaseMove.transition, CaseMove.to_state, CaseMove.actor_id)
            other = CaseMove.transition == self.step.not_same_person_as
            for row in session.execute(select(*columns).where(CaseMove.case_id.in_(ids), other)):
                self._before.setdefault(row[0], []).append(PastMove(row[1], row[2], row[3]))

    def fetch_seats(self, cases: Sequence[Case]) -> None:
        """Fetch who sits on the seats of those cases whose state may have given some."""
        seated = [case.id for case in cases if self.version.workflow.may_give_seats(case.state)]
        self._seats = seats_of_each(self.asker.session, seated)

    def fetch_evidence(self, everything: Session, cases: Sequence[Case]) -> None:
        """Fetch what the condition counts; `everything` is a session under a system scope."""
        names = self.guard.names if self.guard is not None else ()
        session, today = self.asker.session, local_day(self.asker.now)
        self._counted = evidence_of_cases(names, session, everything, cases, today)

    def permit(self, case: Case) -> Post | None:
        """Return the post by which the person moves a case; raises Refusal, Denied or Missing as `act_on_case` does."""
        actor, policy, workflow = self.asker.actor, self.asker.policy, self.version.workflow
        if actor.system is None and policy.post_for(actor, Permission.CASE_READ, case.level_codes) is None:
            raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
        policy.require(actor, Permission.CASE_ACT, case.level_codes)
        if case.state not in workflow.sources(self.transition):
            raise Refusal("not_from_here", text("当前环节不能这样办理"))
        post = self._post(case)
        require = workflow.requires(self.transition, case.state) if self.step.form is None else ()
        missing = [key for key in require if not str(self.said.get(key, "")).strip()]
        if missing:
            is_signed = "signature" in missing
            why = text("这一步要在每件上签名，只能逐件办理") if is_signed else text("还有内容没有填好")
            raise Refusal("form_refused", why, {key: text("请填写") for key in missing})
        self._pass_guard(case)
        return post

    def _post(self, case: Case) -> Post | None:
        actor, workflow = self.asker.actor, self.version.workflow
        if actor.system is not None:
            return None
        seats = self._seats.get(case.id, ())
        found = standing(actor, workflow, self.transition, case.state, case.related_codes, seats)
        if not isinstance(found, Standing):
            raise Denied("not_your_part", found)
        if is_same_person(self.step, actor, found.behalf, self._before.get(case.id, ())):
            raise Denied("same_person", text("不能由办理前一步的同一人办理"))
        return found.post

    def _pass_guard(self, case: Case) -> None:
        if self.guard is None:
            return
        session, now = self.asker.session, self.asker.now
        subject = self._subjects.get(case.id)
        if subject is None:
            raise Missing("no_subject", text("没有这件事项"))
        facts = subject.facts() | case_facts(session, case, self.version, now=now)
        facts = facts | self._counted.get(case.id, {}) | self._answers
        refusal = guard_refusal(self.version, self.transition, facts, now)
        if refusal is not None:
            raise Refusal("guard", refusal)
