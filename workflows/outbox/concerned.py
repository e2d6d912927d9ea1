"""Whom a message concerns: those asked next, the opener, those who got copies, those who keep an eye on the case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case, CaseMove
from models.outbox import OutboxMessage
from models.place import Place
from models.scope import EVERY_CIRCLE
from models.staff import Staff
from models.task import CaseCopy, CaseWatch
from workflows.actor import OFFICE, Actor
from workflows.asked import asked_now, holders
from workflows.clock import local_day
from workflows.engine.published import workflow_version
from workflows.outbox.topics import ASKED, COPIED, OPENER, WATCHERS, topic_of
from workflows.policy import Permission, Policy

MOST_TOLD = 200


class Concerned(NamedTuple):
    """The case, where there is one, the codes of the place it happened at, and the people by identifier."""

    case: Case | None
    codes: Mapping[str, str]
    staff: tuple[int, ...]


def concerned(session: Session, message: OutboxMessage) -> Concerned | None:
    """Return whom a message concerns, None when what it is about is gone; the session needs a system scope.

    A payload that names `staff` (identifiers) goes to exactly these.
    """
    kind, _colon, key = message.recipient.partition(":")
    if kind == "place":
        return _of_place(session, key, local_day(message.made_at))
    case = case_named(session, key if kind == "case" else str(message.payload.get("case", "")))
    if kind == "staff":
        person = session.get(Staff, int(key))
        return None if person is None else Concerned(case, (case or person).level_codes, (person.id,))
    if case is None:
        return None
    named = message.payload.get("staff")
    found = tuple(map(int, named)) if isinstance(named, list) else _of_case(session, case, message)
    return Concerned(case, case.level_codes, tuple(dict.fromkeys(found))[:MOST_TOLD])


def case_named(session: Session, number: str) -> Case | None:
    """Return the case of a number."""
    return session.scalars(select(Case).where(Case.number == number)).one_or_none() if number else None


def may_read(policy: Policy, actor: Actor, case: Case) -> bool:
    """Tell whether a case exists for a person."""
    scope = policy.scope(actor, Permission.CASE_READ)
    opens = not case.circle or case.circle in scope.circles or EVERY_CIRCLE in scope.circles or case.id in scope.parts
    return scope.covers(case.level_codes) and opens


def _of_place(session: Session, code: str, day: date) -> Concerned | None:
    place = session.scalars(select(Place).where(Place.code == code)).one_or_none()
    if place is None:
        return None
    held = holders(session, OFFICE, [place.id], day)
    return Concerned(None, place.level_codes, tuple(person.staff_id for _place, person in held)[:MOST_TOLD])


def _of_case(session: Session, case: Case, message: OutboxMessage) -> Iterable[int]:
    tells, day = topic_of(message.topic).tells, local_day(message.made_at)
    found: list[int] = []
    if ASKED in tells and case.closed_at is None:
        workflow = workflow_version(session, case.definition_id).workflow
        found += asked_now(session, case, workflow, day)
    if OPENER in tells:
        found.append(case.opened_by)
    if COPIED in tells:
        new = (CaseCopy.case_id == case.id, CaseCopy.made_at == message.made_at)
        found += session.scalars(select(CaseCopy.staff_id).where(*new))
    if WATCHERS in tells:
        watching = (CaseWatch.case_id == case.id, CaseWatch.ended_at.is_(None))
        found += session.scalars(select(CaseWatch.made_by).where(*watching))
    # Nobody is told what they did themselves.
    own = select(CaseMove.actor_id).where(CaseMove.case_id == case.id, CaseMove.at == message.made_at)
    acted = set(session.scalars(own))
    return [person for person in found if person not in acted]
