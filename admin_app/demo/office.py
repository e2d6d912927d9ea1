"""Sets up the demonstration's places, school years, accounts and posts, as an installation is really begun."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import partial

from sqlalchemy import select

from admin_app.demo.calendar import TermDates, moment, workday
from admin_app.demo.cast import (
    OFFICERS,
    PLACES,
    SCHOOLS,
    STAFF,
    TEACHERS,
    SchoolPlan,
    class_codes,
    leaving_codes,
    sex_of,
    teacher_of,
)
from admin_app.demo.holidays import holidays
from admin_app.demo.names import staff_phone
from admin_app.demo.stage import Stage
from models.place import Place
from models.staff import Staff
from workflows.clock import LOCAL
from workflows.operations.appointment import appoint
from workflows.operations.calendar import set_days
from workflows.operations.definition import publish_standard_pack
from workflows.operations.place import make_place
from workflows.operations.recounting import recount_some
from workflows.operations.school_year import make_school_year, make_term
from workflows.operations.staff import activate_staff, enter_staff
from workflows.operations.turn import turn_school
from workflows.policy import Permission
from workflows.transaction import Transaction
from workflows.turn_plan import TurnChoices, plan_turn
from workflows.values import Cell

OFFICE = "chen"  # of the township, which keeps the calendar
TOLD_ON = (11, 12)  # in November next year's holidays are known
NEXT_SCHOOLS = {"ZX": "柳溪镇初级中学", "SQ": "柳溪镇初级中学", "BX": "白塔镇初级中学"}


def found(stage: Stage, terms: tuple[TermDates, ...]) -> None:
    """Begin the installation in the week before the first term: definitions, places, terms, people and posts."""
    day = workday(terms[0].first_on - timedelta(days=12))
    stage.system(moment(day, stage.rng, 8, 9), _begin, terms)
    stage.load("sys", "sec")
    stage.act("sys", Permission.STAFF_MANAGE, moment(day, stage.rng, 10, 11), _make_accounts)
    stage.act("sec", Permission.STAFF_APPOINT, moment(day, stage.rng, 13, 15), _appoint_all, terms)
    stage.load(*(login for login, *_ in (*OFFICERS, *STAFF)), *(login for login, _ in _teachers()))
    _enter_holidays(stage, terms, day)


def _enter_holidays(stage: Stage, terms: tuple[TermDates, ...], day: date) -> None:
    """Have the office enter the year's holidays on the first day, and each November those of the year to come."""
    year = day.year
    _enter_year(stage, year, datetime.combine(day, time(16), LOCAL).astimezone(UTC))
    while (told_on := workday(date(year, *TOLD_ON))) < stage.as_of and year <= terms[-1].first_year:
        year += 1
        at = datetime.combine(told_on, time(10), LOCAL).astimezone(UTC)
        stage.plan(at, partial(_enter_year, stage, year))


def _enter_year(stage: Stage, year: int, at: datetime) -> None:
    for days in holidays(year):
        stage.act(OFFICE, Permission.TERM_MANAGE, at, set_days, days.first, days.last, days.kind, days.name)
    while recount_some(stage.database, at):
        pass


def _teachers() -> Iterator[tuple[str, str]]:
    for teachers in TEACHERS.values():
        yield from teachers


def _begin(tx: Transaction, terms: tuple[TermDates, ...]) -> None:
    publish_standard_pack(tx)
    ids: dict[str | None, int | None] = {None: None}
    for code, kind, name, above, stage in PLACES:
        ids[code] = make_place(tx, ids[above], {"code": code, "kind": kind, "name": name, "stage": stage}).id
    years = {year: make_school_year(tx, str(year)).id for year in sorted({term.first_year for term in terms})}
    for term in terms:
        values: dict[str, Cell] = {"number": str(term.number), "first_on": term.first_on, "last_on": term.last_on}
        make_term(tx, years[term.first_year], values, is_sure=True)
    for plan in SCHOOLS:
        for grade, number in class_codes(plan, terms[0].first_year):
            cohort = terms[0].first_year - grade + 1
            make_place(tx, ids[plan.code], {"kind": "class", "cohort": str(cohort), "number": str(number)})
    for login, name, role, place in OFFICERS:
        place_id = ids[place]
        assert place_id is not None
        staff_id = enter_staff(tx, place_id, {"login": login, "name": name, "sex": sex_of(login)}).id
        activate_staff(tx, staff_id, 1)
        appoint(tx, staff_id, role, place_id, {"from_on": terms[0].first_on - timedelta(days=30)})


def _make_accounts(tx: Transaction) -> None:
    places = _places(tx)
    homes = [(login, name, place) for login, name, _, place in STAFF]
    homes += [(login, name, school) for school, teachers in TEACHERS.items() for login, name in teachers]
    for order, (login, name, place) in enumerate(homes):
        known: dict[str, Cell] = {"login": login, "name": name, "sex": sex_of(login), "phone": staff_phone(order)}
        enter_staff(tx, places[place], known)


def _places(tx: Transaction) -> dict[str, int]:
    return dict(tx.session.execute(select(Place.code, Place.id)).all())


def _appoint_all(tx: Transaction, terms: tuple[TermDates, ...]) -> None:
    waiting = select(Staff.login, Staff.id).where(Staff.is_active.is_(False))
    people = dict(tx.session.execute(waiting).all())
    places = _places(tx)
    for staff_id in people.values():
        activate_staff(tx, staff_id, 1)
    first_on = terms[0].first_on - timedelta(days=10)
    for login, role, place in ((login, role, place) for login, _, role, place in STAFF):
        appoint(tx, people[login], role, places[place], {"from_on": first_on})
    for plan in SCHOOLS:
        for (grade, number), code in class_codes(plan, terms[-1].first_year).items():
            if grade > 1:  # this year's first grades are not there yet
                login, _ = teacher_of(plan, grade, number)
                appoint(tx, people[login], "class_teacher", places[code], {"from_on": first_on})
        for number, code in leaving_codes(plan, terms[-1].first_year).items():
            login, _ = teacher_of(plan, 1, number)
            appoint(tx, people[login], "class_teacher", places[code], {"from_on": first_on})


def begin_year(stage: Stage, first_year: int, first_on: date) -> None:
    """Begin a new school year: the sixth grades leave, others go up, first grades are made and get their teachers."""
    at = moment(workday(first_on), stage.rng, 8, 9)
    for plan in SCHOOLS:
        stage.act(plan.office, Permission.TURN_MANAGE, at, _turn, plan, first_year)
        at += timedelta(minutes=12)
    stage.act("sec", Permission.STAFF_APPOINT, at, _appoint_first_grade, first_year, first_on)
    stage.load(*(teacher_of(plan, 1, number)[0] for plan in SCHOOLS for number in range(1, plan.classes + 1)))


def _turn(tx: Transaction, plan: SchoolPlan, first_year: int) -> None:
    school = tx.session.scalars(select(Place).where(Place.code == plan.code)).one()
    found = plan_turn(tx.session, school, first_year, tx.today)
    destinations = {line.place.id: NEXT_SCHOOLS[plan.code] for line in found.classes if line.leaves}
    turn_school(tx, school.id, first_year, TurnChoices(plan.classes, destinations), found.mark)


def _appoint_first_grade(tx: Transaction, first_year: int, first_on: date) -> None:
    people, places = dict(tx.session.execute(select(Staff.login, Staff.id)).all()), _places(tx)
    for plan in SCHOOLS:
        codes = class_codes(plan, first_year)
        for number in range(1, plan.classes + 1):
            login, _ = teacher_of(plan, 1, number)
            appoint(tx, people[login], "class_teacher", places[codes[(1, number)]], {"from_on": first_on})
