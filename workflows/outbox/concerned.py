"""Whom a message concerns: those asked next, the opener, those who got copies, those who keep an eye on the case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import NamedTuple

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from models.case import Case, CaseMove, CaseParticipant
from models.outbox import OutboxMessage
from models.place import Place
from models.scope import EVERY_CIRCLE, LEVELS
from models.staff import Appointment, Staff
from models.task import CaseCopy, CaseTask, CaseWatch
from workflows.actor import PAIRED, Actor
from workflows.clock import local_day
from workflows.engine.allowed import RELATED
from workflows.engine.published import workflow_version
from workflows.engine.vocabulary import Assignee
from workflows.outbox.topics import ASKED, COPIED, OPENER, WATCHERS, topic_of
from workflows.policy import Permission, Policy
from workflows.todo import asked

MOST_TOLD = 200
OFFICE = "office"


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
    return Concerned(None, place.level_codes, tuple(_holders(session, OFFICE, [Appointment.place_id == place.id], day)))


def _of_case(session: Session, case: Case, message: OutboxMessage) -> Iterable[int]:
    tells, day = topic_of(message.topic).tells, local_day(message.made_at)
    found: list[int] = []
    if ASKED in tells and case.closed_at is None:
        found += _asked_next(session, case, day)
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


def _asked_next(session: Session, case: Case, day: date) -> list[int]:
    """Return who sits on the open seats; where a state has none, whom its definition names for the next step."""
    seats = session.scalars(select(CaseTask).where(CaseTask.case_id == case.id, CaseTask.status == "open")).all()
    found: list[int] = []
    for seat in seats:
        if seat.staff_id is not None:
            found.append(seat.staff_id)
        elif seat.role is not None:
            found += _holders(session, seat.role, [Appointment.place_id == seat.place_id], day)
    if seats:
        return found
    workflow = workflow_version(session, case.definition_id).workflow
    return [person for one in asked(workflow, case.state) for person in _meant(session, case, one, day)]


def _meant(session: Session, case: Case, one: Assignee, day: date) -> list[int]:
    if one.person is not None:
        return list(session.scalars(select(Staff.id).where(Staff.login == one.person)))
    if one.place in RELATED:
        return _parts(session, case, str(one.role), day)
    if one.role is None or one.role in PAIRED:
        return []
    # A post reaches the case when its place is one of those the case lies in.
    over: list[ColumnElement[bool]] = [Place.code.in_(sorted({case.level_codes[level] for level in LEVELS}))]
    if one.place in LEVELS:
        over.append(Place.kind == one.place)
    return _holders(session, one.role, over, day)


def _parts(session: Session, case: Case, relation: str, day: date) -> list[int]:
    running = (CaseParticipant.relation == relation, CaseParticipant.until_at.is_(None))
    found: list[int] = []
    for part in session.scalars(select(CaseParticipant).where(CaseParticipant.case_id == case.id, *running)):
        if part.staff_id is not None:
            found.append(part.staff_id)
        elif part.role is not None:
            found += _holders(session, part.role, [Appointment.place_id == part.place_id], day)
    return found


def _holders(session: Session, role: str, where: list[ColumnElement[bool]], day: date) -> list[int]:
    held = or_(Appointment.until_on.is_(None), Appointment.until_on >= day)
    wanted = (
        select(Appointment.staff_id)
        .join(Place, Place.id == Appointment.place_id)
        .where(Appointment.role == role, Appointment.from_on <= day, held, *where)
    )
    return list(session.scalars(wanted.order_by(Appointment.id).limit(MOST_TOLD)))
