"""What forms advise with the answers given: shown before sending and on the case's page, kept on the trail."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import CaseRecord
from workflows.candidates import person_facts
from workflows.case_view import CaseView
from workflows.engine.case_facts import known_facts
from workflows.engine.form import Choices, FormValidator
from workflows.engine.known import Known
from workflows.engine.published import form_in_force
from workflows.engine.vocabulary import Label


def advice_on(
    directory: Session,
    validator: FormValidator,
    answers: Mapping[str, Any],
    facts: Mapping[str, Any],
    now: datetime,
    sees: str,
) -> tuple[Label, ...]:
    """Return what a form advises with accepted answers; `directory` is a session under a system scope."""
    persons = person_facts(directory, validator.definition.fields, answers)
    return validator.advice(Known(facts, persons, answers), now, sees)


def advice_before(
    directory: Session,
    validator: FormValidator,
    typed: Mapping[str, object],
    facts: Mapping[str, Any],
    now: datetime,
    sees: str,
    choices: Choices,
) -> tuple[Label, ...]:
    """Return what a form advises before it is sent; nothing while it would be refused anyway."""
    if not validator.definition.advise:
        return ()
    verdict = validator.check(typed, facts, now=now, choices=choices)
    return advice_on(directory, validator, verdict.values, facts, now, sees) if verdict.is_accepted else ()


def advice_in_case(session: Session, directory: Session, view: CaseView, now: datetime) -> tuple[Label, ...]:
    """Return what the forms filled in on an open case advise with what it knows now, each sentence once."""
    if view.case.closed_at is not None:
        return ()
    filled = select(CaseRecord.form).where(CaseRecord.case_id == view.case.id).distinct().order_by(CaseRecord.form)
    validators = [form_in_force(session, key).validator for key in session.scalars(filled)]
    advising = [validator for validator in validators if validator.definition.advise]
    answers = known_facts(session, view.case, view.version, view.sees) if advising else {}
    found = [
        advice
        for validator in advising
        for advice in advice_on(directory, validator, answers, view.subject.facts(), now, view.sees)
    ]
    return tuple(dict.fromkeys(found))


def mark_of(advised: tuple[Label, ...]) -> str:
    """Return the mark by which a form that is sent again tells which advice was read."""
    return sha256("\n".join(advice.zh for advice in advised).encode()).hexdigest()[:16]
