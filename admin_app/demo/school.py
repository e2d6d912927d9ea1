"""Fills an empty database with one believable school and its neighbours, and plays a year of their work."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random

from sqlalchemy import select

from admin_app.demo import names
from admin_app.demo.archive_play import Archive
from admin_app.demo.calendar import TermDates, moment, running, start_of, terms_around, workday
from admin_app.demo.casework import Casework
from admin_app.demo.cast import SCHOOLS, SchoolPlan, class_codes, leaving_codes, teacher_of
from admin_app.demo.disk import unhurried_disk
from admin_app.demo.families import SITUATIONS, Register
from admin_app.demo.filing import Pupil, Wave, open_class, take_register
from admin_app.demo.office import begin_year, found
from admin_app.demo.pairing_play import ChildInClass
from admin_app.demo.school_records import RecordBook
from admin_app.demo.stage import Stage
from admin_app.demo.story import SchoolDays
from admin_app.demo.traces import leave_traces
from models.child import Child
from models.database import Database
from models.school_year import SchoolYear, Term
from models.scope import system_scope
from workflows.policy import Permission
from workflows.roster.row import RosterRow

SEED = 20260901
TRANSFERS = {1: 3, 2: 2, 3: 3}  # children who join the larger school with the second, third and fourth term
FIRST_GRADE = 0.16  # of the children on file
LEAVERS = (("grandparents", 5), ("one_parent", 5), ("relatives", 1))
WAVE = timedelta(days=24)  # most files are done within these days of a term


@dataclass
class Roll:
    """One school's children: rows to come in by each term's register, and those on file by class."""

    plan: SchoolPlan
    arrivals: dict[int, list[RosterRow]]

    def classes_before(self, place: int, terms: tuple[TermDates, ...]) -> list[str]:
        """Return the codes of the classes that have children on file when a term begins."""
        found = {
            f"{self.plan.code}-{(terms[earlier].first_year - (row.grade or 0) + 1) % 100:02d}{row.class_number:02d}"
            for earlier, rows in self.arrivals.items()
            if earlier < place
            for row in rows
        }
        return sorted(found)


def fill_school(database: Database, as_of: date, seed: int = SEED) -> None:
    """Fill an empty, migrated database with the demonstration as of a day: people, children, and a year of history."""
    with unhurried_disk(database):
        _fill(Stage(database, as_of, Random(seed)))  # noqa: S311  a demonstration is repeatable, not secret


def _fill(stage: Stage) -> None:
    terms = terms_around(stage.as_of)
    present = running(terms, stage.as_of)
    found(stage, terms)
    rolls = [_roll(stage.rng, plan, terms, present) for plan in SCHOOLS]
    year = _Year(stage, terms, present, rolls)
    for place in range(present + 1):
        year.play_term(place)
    year.book.tell()


def _roll(rng: Random, plan: SchoolPlan, terms: tuple[TermDates, ...], present: int) -> Roll:
    """Invent a school's children and say with which term's register each comes in."""
    first_year = terms[-1].first_year
    register = Register(rng, plan.area, _township(plan), plan.villages, plan.code)
    situations = names.shares(plan.children, SITUATIONS)
    rng.shuffle(situations)
    first_grade = round(plan.children * FIRST_GRADE)
    transfers = {place: many for place, many in TRANSFERS.items() if place <= present and plan.classes > 1}
    base = plan.children - first_grade - sum(transfers.values())
    year = terms[0].first_year
    leaving = [
        register.row(6, number, year, names.weighted(rng, LEAVERS), order)
        for order, (_, number) in enumerate(_spread(rng, plan.leavers, range(6, 7), plan.classes), 4 + base)
    ]
    arrivals: dict[int, list[RosterRow]] = {}
    for place, many in {0: base, **transfers}.items():
        year = terms[place].first_year
        grades = _spread(rng, many, range(2, 7), plan.classes)
        arrivals[place] = [
            register.row(grade - (first_year - year), number, year, situations.pop(), order)
            for order, (grade, number) in enumerate(grades, 4)
        ]
    beginners = _spread(rng, first_grade, range(1, 2), plan.classes)
    arrivals[2] = arrivals.get(2, []) + [
        register.row(grade, number, first_year, situations.pop(), order)
        for order, (grade, number) in enumerate(beginners, 4 + len(arrivals.get(2, [])))
    ]
    arrivals[0] += leaving
    return Roll(plan, arrivals)


def _township(plan: SchoolPlan) -> str:
    return "白塔镇" if plan.code == "BX" else "柳溪镇"


def _spread(rng: Random, many: int, grades: range, classes: int) -> list[tuple[int, int]]:
    """Return a class for each child, every class before any gets one more, in the order of a register."""
    every = [(grade, number) for grade in grades for number in range(1, classes + 1)]
    chosen = every * (many // len(every)) + rng.sample(every, many % len(every))
    return sorted(chosen)


class _Year:
    """The terms as they are played, one after the other, with what goes on from one to the next."""

    def __init__(self, stage: Stage, terms: tuple[TermDates, ...], present: int, rolls: list[Roll]) -> None:
        self.stage, self.terms, self.present, self.rolls = stage, terms, present, rolls
        days = SchoolDays(terms, stage.as_of)
        self.work = Casework(stage, days, present)
        self.archive = Archive(stage, days, self.work.decks, "cen")
        self.book = RecordBook(stage.database, stage.as_of)

    def play_term(self, place: int) -> None:
        """Play one term: registers and files, casework, what is written down, and the trail of daily work."""
        stage, term = self.stage, self.terms[place]
        at = moment(workday(term.first_on + timedelta(days=1)), stage.rng, 8, 9)
        if place == 2:
            self.archive.comes_back(start_of(workday(term.first_on)) + timedelta(hours=7, minutes=30))
            begin_year(stage, term.first_year, term.first_on)
            self.archive.seal_graduates(self._graduates("ZX"), term.first_on + timedelta(days=8))
        for roll in self.rolls:
            pupils, at = _open_cases(stage, self.terms, roll, place, at)
            off = _plan_files(stage, roll.plan, term, pupils, place == self.present)
            apart = self._casework(roll, place, pupils, off)
            traced = [pupil for pupil in pupils if pupil.child_id not in apart]
            leave_traces(stage, roll.plan, traced, term, _last_day(stage, term, place == self.present))
        self.book.write(_term_id(stage, term), term, self.work.helps)
        later = self.terms[place + 1].first_on if place < self.present else None
        stage.play(None if later is None else start_of(later))

    def _casework(self, roll: Roll, place: int, pupils: list[Pupil], off: list[int]) -> set[int]:
        """Plan a school's casework; returns the children who leave its hands before the term is over."""
        leaving = leaving_codes(roll.plan, self.terms[-1].first_year).values()
        apart = set(off)
        if place == 1 and roll.plan.code == "ZX":
            going = next(pupil.child_id for pupil in pupils if pupil.code not in leaving)
            self.archive.goes_home(going, self.terms[1].last_on - timedelta(days=4))
            apart.add(going)
        if place == 1 and roll.plan.code == "SQ":
            apart.add(self._moves(roll.plan, [pupil for pupil in pupils if pupil.code not in leaving]))
        self.work.begin_term(roll.plan.code, place, [pupil for pupil in pupils if pupil.code not in leaving], apart)
        if place == 0:
            self.work.pair_leavers(roll.plan.code, [pupil for pupil in pupils if pupil.code in leaving])
        return apart

    def _moves(self, plan: SchoolPlan, pupils: list[Pupil]) -> int:
        """Let a child of one parent at home move to the larger school in summer; returns the child."""
        wanted = select(Child.id).where(Child.school_code == plan.code, Child.care_situation == "one_parent")
        with self.stage.database.session(system_scope("demo")) as session:
            fit = set(session.scalars(wanted))
        chosen = next(pupil for pupil in pupils if pupil.child_id in fit)
        child = ChildInClass(chosen.child_id, "", chosen.code, chosen.teacher)
        to_class = chosen.code.replace(plan.code, "ZX")
        self.work.places.joins(child, plan.office, "ZX", to_class, self.terms[1].first_on + timedelta(days=110))
        return chosen.child_id

    def _graduates(self, school: str) -> list[int]:
        wanted = select(Child.id).where(Child.school_code == school, Child.status == "left").order_by(Child.id)
        with self.stage.database.session(system_scope("demo")) as session:
            return list(session.scalars(wanted))


def _open_cases(
    stage: Stage, terms: tuple[TermDates, ...], roll: Roll, place: int, at: datetime
) -> tuple[list[Pupil], datetime]:
    """Open the term's case of every child from a moment on; returns the children and when all was done.

    Newcomers come in by the office's register, for the others their class teachers open it.
    """
    plan = roll.plan
    first_year = terms[-1].first_year
    teachers = {code: teacher_of(plan, *key)[0] for key, code in class_codes(plan, first_year).items()}
    left = {code: teacher_of(plan, 1, number)[0] for number, code in leaving_codes(plan, first_year).items()}
    if place < 2:
        teachers |= left
    cases: dict[int, tuple[str, str]] = {}
    if place > 0:
        term_id = _term_id(stage, terms[place])
        for code in (code for code in roll.classes_before(place, terms) if code in teachers):
            at += timedelta(seconds=200 + int(stage.rng.random() * 300))
            cases |= stage.act(teachers[code], Permission.CASE_ACT, at, open_class, code, term_id)
    if rows := roll.arrivals.get(place):
        at += timedelta(minutes=9)
        cases |= stage.act(plan.office, Permission.ROSTER_IMPORT, at, take_register, plan, rows)
    return [Pupil(child_id, teachers[code], number, code) for child_id, (code, number) in sorted(cases.items())], at


def _term_id(stage: Stage, term: TermDates) -> int:
    with stage.database.session(system_scope("demo")) as session:
        found_term = select(Term.id).join(SchoolYear, SchoolYear.id == Term.school_year_id)
        return session.scalars(
            found_term.where(SchoolYear.first_year == term.first_year, Term.number == term.number)
        ).one()


def _last_day(stage: Stage, term: TermDates, is_present: bool) -> date:
    return stage.as_of - timedelta(days=1) if is_present else term.last_on


def _plan_files(stage: Stage, plan: SchoolPlan, term: TermDates, pupils: list[Pupil], is_present: bool) -> list[int]:
    """Plan how far each file comes in a term; returns the children who are taken off the list."""
    first = workday(term.first_on + timedelta(days=1)) + timedelta(days=1)  # cases are opened the day before
    last = min(_last_day(stage, term, is_present), first + WAVE)
    wave = Wave(stage, plan, first, last)
    if not is_present:
        wave.file(pupils)
        return []
    rest = list(pupils)
    stage.rng.shuffle(rest)
    parts = []
    for many in (plan.open, plan.confirmed, plan.returned, plan.taken_off):
        parts.append(rest[:many])
        rest = rest[many:]
    recent = _last_day(stage, term, is_present)
    late = Wave(stage, plan, max(first, recent - timedelta(days=8)), recent)
    late.confirm(parts[1])
    late.send_back(parts[2])
    wave.take_off(parts[3])
    wave.file(rest)
    return [pupil.child_id for pupil in parts[3]]
