"""What a person holds that somebody else must take over: one list of parts, whatever kind of row stands behind each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import exists, func, or_, select
from sqlalchemy.orm import Session

from models.case import Case, CaseParticipant
from models.child import Child
from models.place import Place
from models.staff import Appointment, Staff
from models.task import CaseTask
from workflows.clock import local_day
from workflows.engine.decision import PENDING
from workflows.engine.published import workflow_version
from workflows.engine.vocabulary import Label
from workflows.turn_plan import TEACHER


@dataclass(frozen=True)
class HeldPart:
    """One part that a person holds: a post, or a part in an open case, such as a child they are paired with.

    `children` would be left with nobody when nobody follows; `waiting` counts open cases that wait for this part.
    """

    key: str
    kind: str  # post, part or seat
    role: str
    place_id: int
    place: str
    since: date
    until: date | None = None
    children: int = 0
    waiting: int = 0
    title: Label | None = None  # of a part: the workflow of its case


Source = Callable[[Session, Staff, date], list[HeldPart]]


def parts_of(session: Session, person: Staff, day: date) -> list[HeldPart]:
    """Return what a person holds on a day or later, inside the session's scope."""
    return [part for source in SOURCES for part in source(session, person, day)]


def posts_held(session: Session, person: Staff, day: date) -> Sequence[tuple[Appointment, Place]]:
    """Return the posts that a person holds on a day or later, with their places."""
    rows = session.execute(
        select(Appointment, Place)
        .join(Place, Place.id == Appointment.place_id)
        .where(Appointment.staff_id == person.id, or_(Appointment.until_on.is_(None), Appointment.until_on >= day))
        .order_by(Appointment.from_on, Appointment.id)
    )
    return [(post, place) for post, place in rows]


def _posts(session: Session, person: Staff, day: date) -> list[HeldPart]:
    return [
        HeldPart(
            f"post-{post.id}",
            "post",
            post.role,
            place.id,
            place.name,
            post.from_on,
            post.until_on,
            _left_alone(session, post, place, day),
            _waiting(session, post.role, place),
        )
        for post, place in posts_held(session, person, day)
    ]


def _left_alone(session: Session, post: Appointment, place: Place, day: date) -> int:
    """Count the children of a class whose only class teacher this is."""
    if post.role != TEACHER or place.kind != "class":
        return 0
    others = exists().where(
        Appointment.place_id == place.id,
        Appointment.role == TEACHER,
        Appointment.staff_id != post.staff_id,
        or_(Appointment.until_on.is_(None), Appointment.until_on >= day),
    )
    if session.scalar(select(others)):
        return 0
    here = select(func.count()).select_from(Child).where(Child.class_code == place.code, Child.status == "on_file")
    return session.scalar(here) or 0


def _waiting(session: Session, role: str, place: Place) -> int:
    """Count the open cases of a place whose present state asks this role for something."""
    column: Any = getattr(Case, f"{place.kind}_code")
    rows = session.execute(
        select(Case.definition_id, Case.state, func.count())
        .where(column == place.code, Case.closed_at.is_(None))
        .group_by(Case.definition_id, Case.state)
    )
    return sum(count for definition, state, count in rows if _asks(session, definition, state, role))


def _asks(session: Session, definition_id: int, state: str, role: str) -> bool:
    tasks = workflow_version(session, definition_id).workflow.states[state].tasks
    return tasks is not None and any(str(who).split("@")[0] == role for who in tasks.who)


def _parts(session: Session, person: Staff, day: date) -> list[HeldPart]:
    """List what a person does in open cases; confidential ones of others are outside the session's scope."""
    rows = session.execute(
        select(CaseParticipant, Case)
        .join(Case, Case.id == CaseParticipant.case_id)
        .where(CaseParticipant.staff_id == person.id, CaseParticipant.until_at.is_(None), Case.closed_at.is_(None))
        .order_by(CaseParticipant.id)
    )
    return [
        HeldPart(
            f"part-{part.id}",
            "part",
            part.works_as or part.relation,
            0,
            "",
            local_day(part.since_at),
            children=int(part.child_id is not None and not _others_there(session, part)),
            title=workflow_version(session, case.definition_id).workflow.title,
        )
        for part, case in rows
    ]


def _others_there(session: Session, part: CaseParticipant) -> bool:
    others = exists().where(
        CaseParticipant.case_id == part.case_id,
        CaseParticipant.relation == part.relation,
        CaseParticipant.id != part.id,
        CaseParticipant.until_at.is_(None),
    )
    return bool(session.scalar(select(others)))


def _seats(session: Session, person: Staff, day: date) -> list[HeldPart]:
    """List where a person has yet to speak in open cases; confidential ones are outside the session's scope."""
    rows = session.execute(
        select(CaseTask, Case)
        .join(Case, Case.id == CaseTask.case_id)
        .where(CaseTask.staff_id == person.id, CaseTask.status.in_(PENDING), Case.closed_at.is_(None))
        .order_by(CaseTask.id)
    )
    return [
        HeldPart(
            f"seat-{seat.id}",
            "seat",
            seat.asked.split("@")[0],
            0,
            "",
            local_day(seat.made_at),
            waiting=1,
            title=workflow_version(session, case.definition_id).workflow.title,
        )
        for seat, case in rows
    ]


SOURCES: tuple[Source, ...] = (_posts, _parts, _seats)


def left_alone(parts: Sequence[HeldPart], successors: Mapping[str, int]) -> list[HeldPart]:
    """Return the parts without a successor whose children would be left with nobody."""
    return [part for part in parts if part.children and part.key not in successors]
