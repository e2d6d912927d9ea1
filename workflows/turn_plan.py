"""What a school's step into a school year will meet: its classes now and next, their children, teachers, obstacles."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from models.case import Case
from models.child import Child
from models.place import Place
from models.staff import Appointment, Staff
from models.turn import SchoolTurn
from workflows.audit import canonical
from workflows.class_title import class_title, first_grade, has_grade, has_left
from workflows.engine.published import workflow_version
from workflows.operations.lapse import LAPSE
from workflows.text import Text, text

TEACHER = "class_teacher"
MOST_NEW_CLASSES = 30
LONGEST_DESTINATION = 100


@dataclass(frozen=True)
class ClassLine:
    """One class of the school: what it is called in the year that ends and in the next, and who belongs to it."""

    place: Place
    title: str
    next_title: str
    leaves: bool  # past the school's last grade: its children leave
    stays_out: bool  # not yet in the school's first grade: made for a later year
    children: int
    teachers: tuple[Appointment, ...] = ()

    @property
    def goes_on(self) -> bool:
        """Tell whether the class goes on into the next year."""
        return not self.leaves and not self.stays_out


@dataclass(frozen=True)
class TurnPlan:
    """All that the page of a turn shows; `mark` tells whether something changed since it was read."""

    school: Place
    first_year: int
    classes: tuple[ClassLine, ...]
    done: SchoolTurn | None
    names: Mapping[int, str]  # of the class teachers, by account
    obstacles: tuple[Case, ...]
    mark: str

    def line(self, place_id: int) -> ClassLine | None:
        """Return the line of a class."""
        return next((line for line in self.classes if line.place.id == place_id), None)

    @property
    def entry_cohort(self) -> int:
        """The cohort of the classes that enter the school in this year."""
        return self.first_year - first_grade(self.school.stage) + 1


@dataclass(frozen=True)
class TurnChoices:
    """What the office chose: places by their identifiers, people by their accounts, new classes by their number."""

    new_classes: int = 0
    destinations: Mapping[int, str] = field(default_factory=dict)
    merges: Mapping[int, int] = field(default_factory=dict)
    teachers: Mapping[int, int] = field(default_factory=dict)
    new_teachers: Mapping[int, int] = field(default_factory=dict)


def plan_turn(session: Session, school: Place, first_year: int, today: date) -> TurnPlan:
    """Return what a school's turn into a school year will meet, inside the session's scope."""
    found = session.scalars(
        select(Place).where(Place.parent_id == school.id, Place.kind == "class", Place.is_closed.is_(False))
    ).all()
    places = sorted(found, key=lambda place: (place.cohort or 0, place.number or 0), reverse=False)
    counts = _children(session, school)
    posts = _posts(session, places, today)
    lines = tuple(_line(school, place, first_year, counts, posts) for place in places)
    done = session.scalars(
        select(SchoolTurn).where(SchoolTurn.school_id == school.id, SchoolTurn.first_year == first_year)
    ).one_or_none()
    ids = {post.staff_id for line in lines for post in line.teachers}
    names = dict(session.execute(select(Staff.id, Staff.name).where(Staff.id.in_(ids))).all())
    return TurnPlan(school, first_year, lines, done, names, _obstacles(session, lines), _mark(lines, first_year))


def _children(session: Session, school: Place) -> dict[str, int]:
    rows = session.execute(
        select(Child.class_code, func.count())
        .where(Child.school_code == school.code, Child.status == "on_file")
        .group_by(Child.class_code)
    )
    return dict(rows.all())


def _posts(session: Session, places: Sequence[Place], today: date) -> dict[int, list[Appointment]]:
    held: dict[int, list[Appointment]] = {}
    rows = session.scalars(
        select(Appointment)
        .where(
            Appointment.place_id.in_([place.id for place in places]),
            Appointment.role == TEACHER,
            Appointment.from_on <= today,
            or_(Appointment.until_on.is_(None), Appointment.until_on >= today),
        )
        .order_by(Appointment.from_on, Appointment.id)
    )
    for post in rows:
        held.setdefault(post.place_id, []).append(post)
    return held


def _line(
    school: Place, place: Place, first_year: int, counts: Mapping[str, int], posts: Mapping[int, list[Appointment]]
) -> ClassLine:
    cohort, number = place.cohort or 0, place.number or 0
    grade = place.grade(first_year)
    leaves = has_left(school.stage, grade)
    return ClassLine(
        place,
        class_title(cohort, number, first_year - 1, school.stage),
        class_title(cohort, number, first_year, school.stage),
        leaves,
        not leaves and not has_grade(school.stage, grade),
        counts.get(place.code, 0),
        tuple(posts.get(place.id, ())),
    )


def _obstacles(session: Session, lines: Sequence[ClassLine]) -> tuple[Case, ...]:
    """Return the open cases of the classes that leave whose definition has no end for what was not completed."""
    codes = [line.place.code for line in lines if line.leaves]
    if not codes:
        return ()
    rows = session.scalars(
        select(Case).where(Case.class_code.in_(codes), Case.closed_at.is_(None)).order_by(Case.class_code, Case.id)
    )
    return tuple(case for case in rows if not _can_lapse(session, case))


def _can_lapse(session: Session, case: Case) -> bool:
    workflow = workflow_version(session, case.definition_id).workflow
    return LAPSE in workflow.transitions and case.state in workflow.sources(LAPSE)


def _mark(lines: Sequence[ClassLine], first_year: int) -> str:
    held = [[line.place.id, line.place.rev, line.children, [p.id for p in line.teachers]] for line in lines]
    return hashlib.sha256(canonical({"year": first_year, "classes": held}).encode()).hexdigest()[:32]


def faults_of(plan: TurnPlan, choices: TurnChoices) -> dict[str, Text]:
    """Return what is wrong with the choices, by the key of the field."""
    faults: dict[str, Text] = {}
    if not 0 <= choices.new_classes <= MOST_NEW_CLASSES:
        faults["new_classes"] = text("应为 {least} 至 {most} 的整数", least=0, most=MOST_NEW_CLASSES)
    for place_id, target_id in choices.merges.items():
        if (fault := _merge_fault(plan, choices, place_id, target_id)) is not None:
            faults[f"merge-{place_id}"] = fault
    for place_id, written in choices.destinations.items():
        if len(written) > LONGEST_DESTINATION:
            count = len(written)
            faults[f"to-{place_id}"] = text("最多 {most} 个字，现有 {count} 个", most=LONGEST_DESTINATION, count=count)
    return faults


def _merge_fault(plan: TurnPlan, choices: TurnChoices, place_id: int, target_id: int) -> Text | None:
    line, target = plan.line(place_id), plan.line(target_id)
    if line is None or target is None or not line.goes_on or not target.goes_on or place_id == target_id:
        return text("不能并入这个班")
    if line.place.cohort != target.place.cohort:
        return text("只能并入同年级的班")
    if target_id in choices.merges:
        return text("{place}自己也要并入别的班", place=target.next_title)
    return None
