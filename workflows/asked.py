"""Who is meant by a definition's words for people, in one case on one day: a place's holders, a relation, a person."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from itertools import pairwise
from typing import Any

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models.case import Case, CaseParticipant
from models.place import Place
from models.scope import LEVELS, NO_PLACE
from models.staff import Appointment, Staff
from models.task import CaseTask
from workflows.engine.allowed import RELATED
from workflows.engine.definition import Workflow
from workflows.engine.vocabulary import Assignee

FORWARD = "primary"  # the style of the step that takes a case on; sending back or calling off waits for nobody
UP = "up"
_ABOVE = {level: above for above, level in pairwise(LEVELS)}


@dataclass(frozen=True)
class Person:
    """Somebody with an active account."""

    staff_id: int
    name: str
    login: str


@dataclass(frozen=True)
class Meant:
    """Those whom one word means: the holders of a role at a place, or people by name.

    `place_id` and `role` are empty where no place stands behind the word; `people` is empty where nobody holds it.
    """

    asked: Assignee
    people: tuple[Person, ...]
    role: str | None = None
    place_id: int | None = None
    place_name: str = ""
    level: str | None = field(default=None, compare=False)


def asked_in(workflow: Workflow, state: str) -> tuple[Assignee, ...]:
    """Return whom a state asks: those of its tasks, else those who may take the case on from there."""
    tasks = workflow.states[state].tasks
    if tasks is not None:
        return tasks.who
    forward = [key for key in workflow.leaving(state) if workflow.transitions[key].style == FORWARD]
    return tuple(dict.fromkeys(assignee for key in forward for assignee in workflow.transitions[key].by))


def meant(everything: Session, asked: Assignee, case: Case, day: date) -> tuple[Meant, ...]:
    """Return whom a word means in a case on a day, place by place; `everything` is a session under a system scope.

    A role without a place means its holders at every place over the case; `up` the place one level above the school
    (above the place itself where the case is about none). A role that nobody holds at the place it names is answered
    with that place and no people.
    """
    if asked.person is not None:
        people = _people(everything, Staff.login == asked.person)
        return (Meant(asked, people),)
    role = asked.role or ""
    if asked.place in RELATED or (asked.place is None and _is_relation(everything, role, case)):
        return _related(everything, asked, case, day)
    return _at_places(everything, asked, role, _codes(asked.place, case.level_codes), day)


def asked_now(everything: Session, case: Case, workflow: Workflow, day: date) -> tuple[int, ...]:
    """Return by number whose turn it is: who sits on the open seats, else whom the definition asks in this state.

    Nobody where a cadence carries the state: what is owed there are records.
    """
    seats = everything.scalars(select(CaseTask).where(CaseTask.case_id == case.id, CaseTask.status == "open")).all()
    found: list[int] = []
    for seat in seats:
        if seat.staff_id is not None:
            found.append(seat.staff_id)
        else:
            held = holders(everything, seat.role or "", [seat.place_id or 0], day)
            found += [person.staff_id for _place, person in held]
    if not seats and not workflow.states[case.state].cadence:
        for asked in asked_in(workflow, case.state):
            found += [person.staff_id for one in meant(everything, asked, case, day) for person in one.people]
    return tuple(dict.fromkeys(found))


def holders(everything: Session, role: str, places: Collection[int], day: date) -> list[tuple[int, Person]]:
    """Return who holds a role at places (by number) on a day: the place and the person, who has an active account."""
    still = or_(Appointment.until_on.is_(None), Appointment.until_on >= day)
    rows = everything.execute(
        select(Appointment.place_id, Staff.id, Staff.name, Staff.login)
        .join(Staff, Staff.id == Appointment.staff_id)
        .where(Staff.is_active, Appointment.from_on <= day, still)
        .where(Appointment.role == role, Appointment.place_id.in_(places))
        .order_by(Appointment.from_on, Staff.id)
    )
    return list({(place, number): (place, Person(number, name, login)) for place, number, name, login in rows}.values())


def one_up(everything: Session, found: Meant, case: Case, day: date) -> Meant | None:
    """Return who holds a role at the next place above at which anybody does, None up to the top."""
    level = found.level
    while found.role is not None and level in _ABOVE:
        level = _ABOVE[level]
        code = case.level_codes[level]
        if code == NO_PLACE:
            continue
        for above in _at_places(everything, found.asked, found.role, [code], day):
            if above.people:
                return above
    return None


def _codes(place: str | None, codes: Mapping[str, str]) -> list[str]:
    if place in LEVELS:
        return [codes[place]] if codes[place] != NO_PLACE else []
    known = [codes[level] for level in LEVELS if codes[level] != NO_PLACE]
    if place == UP:
        lowest = "school" if codes["school"] != NO_PLACE else LEVELS[len(known) - 1]
        above = [codes[level] for level in LEVELS[: LEVELS.index(lowest)] if codes[level] != NO_PLACE]
        return above[-1:]
    return known


def _at_places(everything: Session, asked: Assignee, role: str, codes: Iterable[str], day: date) -> tuple[Meant, ...]:
    places = everything.scalars(select(Place).where(Place.code.in_(list(codes)))).all()
    numbers = [place.id for place in places]
    held: dict[int, list[Person]] = {}
    for place_id, person in holders(everything, role, numbers, day):
        held.setdefault(place_id, []).append(person)
    named = asked.place is not None
    return tuple(
        Meant(asked, tuple(held.get(place.id, ())), role, place.id, place.name, place.kind)
        for place in sorted(places, key=lambda place: LEVELS.index(place.kind), reverse=True)
        if named or place.id in held
    )


def _people(everything: Session, *where: Any) -> tuple[Person, ...]:
    rows = everything.execute(select(Staff.id, Staff.name, Staff.login).where(Staff.is_active, *where))
    return tuple(Person(*row) for row in rows)


def _parts(case: Case, relation: str, *, of_subject: bool) -> Any:
    whose = CaseParticipant.case_id == case.id
    if of_subject and case.child_id is not None:
        whose = or_(whose, CaseParticipant.child_id == case.child_id)
    return and_(CaseParticipant.relation == relation, CaseParticipant.until_at.is_(None), whose)


def _is_relation(everything: Session, role: str, case: Case) -> bool:
    return everything.scalar(select(CaseParticipant.id).where(_parts(case, role, of_subject=True)).limit(1)) is not None


def _related(everything: Session, asked: Assignee, case: Case, day: date) -> tuple[Meant, ...]:
    parts = everything.scalars(
        select(CaseParticipant)
        .where(_parts(case, asked.role or "", of_subject=asked.place != "case"))
        .order_by(CaseParticipant.id)
    ).all()
    people = _people(everything, Staff.id.in_([part.staff_id for part in parts if part.staff_id is not None]))
    found = [Meant(asked, people)] if people else []
    for part in parts:
        if part.place_id is not None:
            held = tuple(person for _place, person in holders(everything, part.role or "", [part.place_id], day))
            found.append(Meant(asked, held, part.role, part.place_id, part.name))
    return tuple(found) or (Meant(asked, ()),)
