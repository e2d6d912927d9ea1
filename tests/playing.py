"""Plays the steps of tests/steps.py with the cast: opens cases, brings them to a state, tells what they left behind."""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import event, func, select

from models.audit import AuditEvent
from models.case import Case, CaseMove, CaseParticipant, CaseSlot
from models.database import Database
from models.outbox import OutboxMessage
from models.place import Place
from models.scope import system_scope
from models.staff import Appointment, Staff
from models.types import new_id
from models.vault import Keystore
from tests.cast import Cast
from tests.steps import OPENINGS, WAYS, Answers, Opening, Step, step_of
from workflows.engine.definition import Workflow
from workflows.engine.published import workflow_in_force
from workflows.operations.case import Moved, Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission


@dataclass(frozen=True)
class Standing:
    """A case that stands in a state: its number, what it is about, how it was begun."""

    number: str
    subject_id: int
    begun: str
    rev: int


class Trace(NamedTuple):
    """What a case has left behind: its state, and how many of each it has."""

    state: str
    rev: int
    moves: int
    events: int
    messages: int
    is_closed: bool
    parts: int
    slots: int


class Undone(Exception):
    """Raised inside a transaction to take it back."""


def meant(cast: Cast, answers: Answers) -> dict[str, Any]:
    """Put the numbers of people and places into answers."""
    return {key: _meant(cast, value) for key, value in answers.items()}


def _meant(cast: Cast, value: Any) -> Any:
    if isinstance(value, str) and value.startswith("@"):
        return str(cast[value[1:]].staff_id)
    if isinstance(value, str) and value.startswith("#"):
        return str(cast.places[value[1:]].id)
    return value


def subject_for(cast: Cast, opening: Opening) -> tuple[str, int]:
    """Return the kind and number of something new that a case can be about: a child in a class, a class of a school."""
    place = cast.places[opening.about]
    if place.kind == "class":
        return "child", cast.add_child(opening.about)
    with cast.database.transaction(system_scope("tests")) as session:
        number = new_id()
        added = Place(id=number, code=f"{place.code}-{number}", kind="class", name="复式班", parent_id=place.id)
        added.cohort, added.number = 2023, number % 1_000_000_000
        added.place_at(place.level_codes | {"class": added.code})
        session.add(added)
    return "place", number


def begin(
    cast: Cast, begun: str, subject: tuple[str, int] | None = None, who: str | None = None, key: str | None = None
) -> Standing:
    """Open a case as the table says, about a subject of its own unless one is given."""
    opening = OPENINGS[begun]
    kind, number = subject or subject_for(cast, opening)
    beginning = Beginning(meant(cast, {**opening.answers, **opening.besides}), key=key)
    with cast.acting(who or opening.who[0], Permission.CASE_ACT) as tx:
        case = open_case_about(tx, opening.workflow, kind, number, beginning)
        return Standing(case.number, number, begun, case.rev)


def stand(cast: Cast, begun: str, state: str) -> Standing:
    """Bring a new case to a state by the way the table names, each step by the first who may."""
    standing = begin(cast, begun)
    at = next(known for known, way in WAYS[begun].items() if not way)
    for transition in WAYS[begun][state]:
        moved = take(cast, standing, step_of(begun, transition, at))
        at, standing = moved.to_state, replace(standing, rev=moved.rev)
    assert at == state
    return standing


def ready(cast: Cast, begun: str, step: Step) -> Standing:
    """Bring a new case to where a step can be taken: to its state, and through what its condition asks for."""
    standing = stand(cast, begun, step.source)
    for transition in step.first:
        moved = take(cast, standing, step_of(begun, transition, step.source))
        standing = replace(standing, rev=moved.rev)
    return standing


def request(cast: Cast, step: Step, **more: Any) -> Request:
    """Return what somebody asks for who takes a step with the answers of the table, or others."""
    answers = more.pop("answers", step.answers)
    return Request(step.transition, answers=meant(cast, answers), **more)


def take(cast: Cast, standing: Standing, step: Step, who: str | None = None, **more: Any) -> Moved:
    """Take a step."""
    with cast.acting(who or step.who[0], Permission.CASE_ACT) as tx:
        return act_on_case(tx, standing.number, request(cast, step, **more))


def rehearse(cast: Cast, standing: Standing, step: Step, who: str | None = None, **more: Any) -> Moved:
    """Take a step, trail and all, and take it back; refusals come as they would."""
    moved = None
    try:
        with cast.acting(who or step.who[0], Permission.CASE_ACT) as tx:
            moved = act_on_case(tx, standing.number, request(cast, step, **more))
            tx.write_trail()
            raise Undone
    except Undone:
        assert moved is not None
        return moved


def appoint(cast: Cast, login: str, role: str, place: str) -> None:
    """Give one of the cast another post from the first of September on."""
    with cast.database.transaction(system_scope("tests")) as session:
        codes = session.get_one(Place, cast.places[place].id).level_codes
        staff = session.scalars(select(Staff).where(Staff.login == login)).one()
        post = Appointment(
            id=new_id(), staff_id=staff.id, role=role, place_id=cast.places[place].id, from_on=date(2026, 9, 1)
        )
        post.place_at(codes)
        session.add(post)


def trace(cast: Cast, number: str) -> Trace:
    """Return what a case has left behind so far."""
    with cast.database.session(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        moves, parts, slots, messages = (
            session.scalar(select(func.count()).select_from(table).where(condition)) or 0
            for table, condition in (
                (CaseMove, CaseMove.case_id == case.id),
                (CaseParticipant, (CaseParticipant.case_id == case.id) & CaseParticipant.until_at.is_(None)),
                (CaseSlot, CaseSlot.case_id == case.id),
                (OutboxMessage, OutboxMessage.recipient == f"case:{number}"),
            )
        )
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        about = select(func.count()).select_from(AuditEvent).where(AuditEvent.case_id == case.id)
        events = session.scalar(about) or 0
    return Trace(case.state, case.rev, moves, events, messages, case.closed_at is not None, parts, slots)


def last_move(cast: Cast, number: str) -> CaseMove:
    """Return the last move of a case."""
    with cast.database.session(system_scope("tests")) as session:
        wanted = select(CaseMove).join(Case, Case.id == CaseMove.case_id).where(Case.number == number)
        return session.scalars(wanted.order_by(CaseMove.id.desc()).limit(1)).one()


def definition_of(cast: Cast, workflow: str) -> Workflow:
    """Return the definition of a workflow that is in force."""
    with cast.database.session(system_scope("tests")) as session:
        return workflow_in_force(session, workflow).workflow


def die_at(statement: int, url: str, keys: str, standing: Standing, step: Step) -> None:
    """Take a step in a process of its own, which is killed as it sends the statement of that number."""
    cast = Cast(Database(url, Keystore.load(Path(keys)), pooled=False), {}, {}, 0)
    sent = 0

    def kills(*_more: Any) -> None:
        nonlocal sent
        sent += 1
        if sent == statement:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(cast.database.engine, "before_cursor_execute", kills)
    take(cast, standing, step)
