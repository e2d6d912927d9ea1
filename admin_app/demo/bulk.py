"""Fills the schools of a county or a city in bulk: places, staff, children, relatives, cases and their moves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from admin_app.demo import names
from admin_app.demo.bulk_care import FORMS, MOST_OF_ONE, PAIRED, PAIRING, PLAN, PLANNED, CareMaker, Definitions, People
from admin_app.demo.bulk_cases import CaseMaker, Clerk
from admin_app.demo.calendar import moment, start_of, workday
from admin_app.demo.disk import unhurried_disk
from admin_app.demo.families import SITUATIONS, Register
from admin_app.demo.filing import WORKFLOW
from admin_app.demo.loader import Loader
from admin_app.demo.records import RecordMaker, Season, few_records
from admin_app.demo.region import RegionSize, SchoolSeat, seats
from models.case import Case, CaseMove, CaseParticipant, CaseRecord, CaseSlot
from models.child import Child, Relative
from models.database import Database, OfficeSession
from models.field_value import FieldValue
from models.place import Place
from models.record import Record
from models.roster import RosterBatch
from models.scope import LEVELS, NO_PLACE, system_scope
from models.search import name_key
from models.staff import Appointment, Staff
from models.terms import latest_term
from models.types import new_id
from models.vault import DataKey, Vault, vault_of
from workflows import audit
from workflows.actor import Actor
from workflows.audit import Happening
from workflows.class_title import class_title
from workflows.engine.published import form_in_force, records_in_force, workflow_in_force
from workflows.operations.case_opening import draw_numbers
from workflows.operations.field_values import COLUMNS, field_values
from workflows.policy import standard_policy
from workflows.roster.intake import Intake
from workflows.transaction import Origin, Transaction, describe

SEED = 20260902
TOLD_EVERY = 4  # of so many schools one has its first child's events in the trail
RISKS = (("low", 82), ("medium", 14), ("high", 4))
VILLAGES = ("大坝村", "新村", "上寨村", "下寨村", "石板村", "河口村", "桐木村", "岩脚村")


def fill_region(database: Database, as_of: date, size: RegionSize, seed: int = SEED) -> None:
    """Add the places and children of a county or city to a database that holds the demonstration school.

    Schools are made one after the other, so memory does not grow with their number. All is one transaction.
    """
    with unhurried_disk(database, bulk=True), database.transaction(system_scope("demo")) as session:
        _Region(database, session, as_of, Random(seed)).fill(size)  # noqa: S311  a measurement is repeatable, not secret


@dataclass
class _School:
    """One school while its rows are made; its vault is forgotten with it, keys and all."""

    seat: SchoolSeat
    place: Place
    intake: Intake
    cases: CaseMaker
    classes: dict[tuple[int, int], dict[str, str]] = field(default_factory=dict)


class _Region:
    """The region while it is filled, school by school."""

    def __init__(self, database: Database, session: OfficeSession, as_of: date, rng: Random) -> None:
        self.session, self.as_of, self.rng = session, as_of, rng
        self.loader = Loader(session.connection())
        upper = session.scalars(select(Place).where(Place.kind.in_(("city", "county", "township"))))
        self.places = {place.code: place for place in upper}
        term = latest_term(session, as_of)
        if term is None:
            raise LookupError("the demonstration school has no term on this day")
        self.term, self.first_year = term, term.school_year.first_year
        self.version = workflow_in_force(session, WORKFLOW)
        workflows = {key: workflow_in_force(session, key) for key in (PAIRING, PLAN)}
        self.definitions = Definitions(workflows, {key: form_in_force(session, key) for key in FORMS})
        actor, origin = Actor.of_system("demo"), Origin("demo-bulk")
        self.tx = Transaction(session, actor, standard_policy(), start_of(term.first_on), origin, database)
        self.registers: dict[str, Register] = {}
        self.forms = records_in_force(session)
        self.season = Season.of(term.id, term.first_on, term.last_on, as_of - timedelta(days=1))

    def fill(self, size: RegionSize) -> None:
        """Make every school and finish the indexes; a school without children stays a name."""
        for order, seat in enumerate(seats(size, self.rng)):
            school = self._school(seat)
            told = self._children(school)
            if order % TOLD_EVERY == 0:
                self._tell(school, told)
        self.loader.finish()

    def _school(self, seat: SchoolSeat) -> _School:
        county = self._upper(seat.county, "county", seat.county_name, self.places["QZ"])
        township = self._upper(seat.township, "township", seat.township_name, county)
        place = self._place(seat.code, "school", seat.name, township, seat.stage)
        vault = Vault(vault_of(self.session).keystore)
        office = self._clerk(place, vault, "office")
        at = moment(workday(self.term.first_on + timedelta(days=1)), self.rng)
        intake = Intake(vault, seat.code, new_id(), at)
        last_on = min(self.as_of - timedelta(days=1), self.term.last_on)
        teacher = self._clerk(place, vault, "class_teacher")
        until = max(start_of(last_on), at + timedelta(hours=8))
        cases = CaseMaker(self.version, vault, self.rng, self.term.id, at, until, office, teacher)
        school = _School(seat, place, intake, cases)
        self._classes(school)
        self._batch(school, office)
        return school

    def _upper(self, code: str, kind: str, name: str, above: Place) -> Place:
        if code not in self.places:
            self.places[code] = self._place(code, kind, name, above)
        return self.places[code]

    def _place(self, code: str, kind: str, name: str, above: Place, stage: str | None = None, **numbers: int) -> Place:
        place = Place(id=new_id(), code=code, kind=kind, name=name, parent_id=above.id, stage=stage, **numbers)
        place.place_at(above.level_codes | {kind: code})
        row = {key: getattr(place, key) for key in ("id", "code", "kind", "name", "parent_id", "stage")}
        row |= {"cohort": place.cohort, "number": place.number, "is_closed": False, "phone": None, "rev": 1}
        self.loader.write(Place, [row | columns_of(place.level_codes)])
        return place

    def _clerk(self, place: Place, vault: Vault, role: str, order: str = "") -> Clerk:
        is_man = self.rng.random() < 0.4
        name = names.surname(self.rng) + names.one_of(self.rng, names.MEN if is_man else names.WOMEN)
        staff_id, codes = new_id(), columns_of(place.level_codes)
        key = vault.new_key(staff_id)
        self.loader.write(DataKey, [{"id": key.id, "wrapped_by": key.wrapped_by, "wrapped": key.wrapped}])
        looks = {"language": "zh", "theme": "auto", "text_size": "normal"}
        person = {
            "id": staff_id,
            "login": f"{place.code.lower()}.{role[:1]}{order}",
            "name": name,
            "name_key": name_key(name),
            "sex": "male" if is_man else "female",
            "place_id": place.id,
            "must_change_password": True,
            "is_active": True,
            "made_at": start_of(self.term.first_on),
            "rev": 1,
        }
        self.loader.write(Staff, [person | looks | codes])
        post = {"id": new_id(), "staff_id": staff_id, "role": role, "place_id": place.id, "purpose": "", "rev": 1}
        self.loader.write(Appointment, [post | {"from_on": self.term.first_on} | codes])
        return Clerk(staff_id, name, role)

    def _classes(self, school: _School) -> None:
        for grade in school.seat.grades:
            cohort = self.first_year - grade + 1
            for number in range(1, school.seat.classes + 1):
                title = class_title(cohort, number, self.first_year, school.seat.stage)
                code = f"{school.seat.code}-{cohort % 100:02d}{number:02d}"
                place = self._place(code, "class", title, school.place, cohort=cohort, number=number)
                school.classes[grade, number] = place.level_codes

    def _batch(self, school: _School, office: Clerk) -> None:
        many = school.seat.children
        counts = {"rows": many, "accepted": many, "refused": 0, "warnings": 0, "created": many, "updated": 0}
        made = {"made_at": school.intake.made_at, "made_by": office.staff_id, "imported_at": school.intake.made_at}
        row = {
            "id": school.intake.batch_id,
            "file_name": f"{school.seat.code}.xlsx",
            "digest": "demo",
            "school_id": school.place.id,
            "state": "imported",
            "mapping": {},
            "counts": counts,
            "rev": 1,
        }
        self.loader.write(RosterBatch, [row | made | columns_of(school.place.level_codes)])

    def _children(self, school: _School) -> list[Happening]:
        """Write a school's children with all that hangs on them; returns what the first one's trail tells."""
        seat, intake = school.seat, school.intake
        situations = names.shares(seat.children, SITUATIONS)
        self.rng.shuffle(situations)
        register = self._register(seat)
        every = list(school.classes)
        for order, situation in enumerate(situations):
            grade, number = every[order * len(every) // len(situations)]
            row = register.row(grade, number, self.first_year, situation, order + 4)
            intake.add(row, school.classes[grade, number])
        for child in intake.children:
            child["risk"] = names.weighted(self.rng, RISKS)
            child["is_focus"] = child["risk"] == "high"
        self.loader.write(DataKey, intake.keys)
        care = self._care(school)
        self.loader.write(Child, intake.children)
        self.loader.write(Relative, intake.relatives)
        self.loader.write_grams(intake.grams)
        school.cases.make(intake.children, draw_numbers(self.tx, self.version.workflow.prefix, seat.children))
        self.loader.write(Case, school.cases.cases)
        self.loader.write(CaseMove, school.cases.moves)
        for model, rows in (
            (Case, care.cases),
            (CaseMove, care.moves),
            (CaseRecord, care.records),
            (CaseParticipant, care.parts),
            (CaseSlot, care.slots),
            (FieldValue, self._answers(care.cases)),
        ):
            self.loader.write(model, rows)
        self._records(school)
        return [*intake.happenings[:1], *school.cases.told]

    def _answers(self, cases: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Return the plain answers of cases as they stand in columns."""
        workflows = self.definitions.workflows
        rows = (row for case in cases for row in field_values(case, workflows[case["workflow"]].kept, case["facts"]))
        return [dict(zip(COLUMNS, row, strict=True)) for row in rows]

    def _care(self, school: _School) -> CareMaker:
        """Make pairings of some children and plans of a few, before the children's rows are written."""
        children, place, vault, cases = school.intake.children, school.place, school.cases.vault, school.cases
        chosen = self.rng.sample(children, max(1, round(len(children) * PAIRED)))
        planned = [child for child in children if self.rng.random() < PLANNED]
        many = -(-len(chosen) // MOST_OF_ONE)
        helpers = [self._clerk(place, vault, "helper", str(order)) for order in range(1, many + 1)]
        principal = self._clerk(place, vault, "principal")
        people = People(cases.teacher, principal, helpers)
        care = CareMaker(self.definitions, vault, self.rng, cases.opened_at, cases.until, people)
        for order, (child, number) in enumerate(zip(chosen, self._numbers(PAIRING, len(chosen)), strict=True)):
            care.pair(child, number, helpers[order % many])
        for child, number in zip(planned, self._numbers(PLAN, len(planned)), strict=True):
            care.plan(child, number)
        return care

    def _numbers(self, workflow: str, many: int) -> list[str]:
        return draw_numbers(self.tx, self.definitions.workflows[workflow].workflow.prefix, many) if many else []

    def _records(self, school: _School) -> None:
        """Write a few records of every child in the present term."""
        if self.season is None:
            return
        maker = RecordMaker(self.forms, school.cases.vault, self.rng)
        teacher, season = school.cases.teacher, self.season
        self.loader.write(
            Record, [row for child in school.intake.children for row in few_records(maker, child, teacher, season)]
        )

    def _register(self, seat: SchoolSeat) -> Register:
        """Return the register of a township; birthdays are counted within it."""
        if seat.township not in self.registers:
            self.registers = {
                seat.township: Register(self.rng, seat.area, seat.township_name, VILLAGES, f"{seat.township}-")
            }
        return self.registers[seat.township]

    def _tell(self, school: _School, told: list[Happening]) -> None:
        """Write the trail of a school's first child: taken over on the day, claimed for when it happened."""
        if not told:
            return
        vault = vault_of(self.session)
        vault.learn(DataKey(**school.intake.keys[0]))
        who = describe(self.tx.actor, None, self.tx.origin)
        audit.write(self.session, told, who, start_of(self.as_of))


def columns_of(codes: Mapping[str, str]) -> dict[str, str]:
    """Return level codes by the names of their columns."""
    return {f"{level}_code": codes.get(level, NO_PLACE) for level in LEVELS}
