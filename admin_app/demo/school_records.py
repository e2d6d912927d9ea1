"""Writes a year of dated records into the demonstration's schools, and tells the trail of this term's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from admin_app.demo.bulk_cases import Clerk
from admin_app.demo.calendar import TermDates, start_of
from admin_app.demo.pairing_play import Help
from admin_app.demo.records import RecordMaker, Row, Season, class_year
from models.bulk import insert_rows
from models.child import LEVEL_COLUMNS, Child
from models.database import Database, OfficeSession
from models.record import Record
from models.scope import LEVELS, system_scope
from models.staff import Appointment, Staff
from models.vault import learn_keys, vault_of
from workflows import audit
from workflows.actor import Actor
from workflows.audit import Happening
from workflows.clock import local_day
from workflows.engine.published import records_in_force
from workflows.transaction import Origin, describe

SEED = 20260903
JUST_BEFORE = timedelta(minutes=1)  # the day itself belongs to whoever looks at the demonstration
CLASS_TEACHER, HELPER = "class_teacher", "helper"


class RecordBook:
    """The records of all schools, written term by term before anything is decided on them, told in the end."""

    def __init__(self, database: Database, as_of: date, seed: int = SEED) -> None:
        self._database, self._as_of = database, as_of
        self._rng = Random(seed)  # noqa: S311  a demonstration is repeatable, not secret
        self._present: list[Row] = []

    def write(self, term_id: int, term: TermDates, helps: Sequence[Help]) -> None:
        """Write a term's records of every class, and of those who helped a child, up to the day of the telling."""
        season = Season.of(term_id, term.first_on, term.last_on, self._as_of)
        if season is None:
            return
        with self._database.transaction(system_scope("demo")) as session:
            self._present = self._of_term(session, season, helps)
            insert_rows(session, Record, self._present)

    def tell(self) -> None:
        """Tell the trail of the last term's records."""
        with self._database.transaction(system_scope("demo")) as session:
            _tell(session, self._present, self._as_of)

    def _of_term(self, session: OfficeSession, season: Season, helps: Sequence[Help]) -> list[Row]:
        on_file = select(Child).where(Child.status == "on_file").order_by(Child.name_key, Child.id)
        children = session.scalars(on_file).all()
        learn_keys(session, [child.id for child in children])
        maker = RecordMaker(records_in_force(session), vault_of(session), self._rng)
        teachers, rows = _teachers(session), []
        by_class = _by_class(children, season.days[-1])
        for code, group in by_class.items():
            if code in teachers:
                rows += class_year(maker, group, teachers[code], season)
        known = {child["id"]: child for group in by_class.values() for child in group}
        people = {
            login: (number, name) for login, number, name in session.execute(select(Staff.login, Staff.id, Staff.name))
        }
        for each in helps:
            if each.child_id in known:
                clerk = Clerk(*people[each.login], HELPER)
                rows += help_of(maker, known[each.child_id], clerk, each, season)
        return sorted((row for row in rows if row["happened_on"] < self._as_of), key=lambda row: row["made_at"])


def help_of(maker: RecordMaker, child: Mapping[str, Any], helper: Clerk, each: Help, season: Season) -> list[Row]:
    """Return what a helper writes down in one term: a talk every other week, a proxy parent's diary besides."""
    days = [day for day in season.days if each.first < day and (each.last is None or day <= each.last)]
    rows = []
    for start in range(0, len(days), 10):
        week = days[start : start + 8]
        if maker.rng.random() < 0.85:
            rows.append(maker.talk(child, helper, maker.rng.choice(week), season.term_id))
        if each.is_proxy and maker.rng.random() < 0.6:
            rows.append(maker.diary(child, helper, maker.rng.choice(week), season.term_id))
        elif maker.rng.random() < 0.2:
            rows.append(maker.call(child, helper, maker.rng.choice(week), season.term_id))
    return rows


def _by_class(children: Sequence[Child], last: date) -> Mapping[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for child in children:
        if local_day(child.made_at) < last:
            codes = {column: getattr(child, column) for column in LEVEL_COLUMNS}
            found[child.class_code].append({"id": child.id, **codes})
    return dict(sorted(found.items()))


def _teachers(session: OfficeSession) -> dict[str, Clerk]:
    posts = session.execute(
        select(Appointment.class_code, Staff.id, Staff.name)
        .join(Staff, Staff.id == Appointment.staff_id)
        .where(Appointment.role == CLASS_TEACHER)
        .order_by(Appointment.id)
    )
    return {code: Clerk(staff_id, name, CLASS_TEACHER) for code, staff_id, name in posts}


def _tell(session: OfficeSession, rows: Sequence[Mapping[str, Any]], as_of: date) -> None:
    """Tell the trail what was taken over on the day, claimed for when it was written."""
    told = [
        Happening(
            "record.written",
            "record",
            row["id"],
            {level: row[f"{level}_code"] for level in LEVELS},
            row["child_id"],
            facts={"form": row["form"], "form_version": row["form_version"], "on": row["happened_on"].isoformat(),
                   "by": row["made_by_name"]},
            claimed_at=row["made_at"],
        )
        for row in rows
    ]  # fmt: skip
    who = describe(Actor.of_system("demo"), None, Origin("demo-records"))
    audit.write(session, told, who, start_of(as_of) - JUST_BEFORE)
