"""Writes a year of dated records into the demonstration's schools, and tells the trail of this term's."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from admin_app.demo.bulk_cases import Clerk
from admin_app.demo.calendar import start_of
from admin_app.demo.records import RecordMaker, Season, class_year
from models.bulk import insert_rows
from models.child import LEVEL_COLUMNS, Child
from models.database import Database, OfficeSession
from models.record import Record
from models.school_year import Term
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
CLASS_TEACHER = "class_teacher"


def leave_records(database: Database, as_of: date, seed: int = SEED) -> None:
    """Write the records of every class whose children are on file, term by term, up to the day before `as_of`."""
    with database.transaction(system_scope("demo")) as session:
        _leave(session, as_of, Random(seed))  # noqa: S311  a demonstration is repeatable, not secret


def _leave(session: OfficeSession, as_of: date, rng: Random) -> None:
    children = session.scalars(select(Child).where(Child.status == "on_file").order_by(Child.name_key, Child.id)).all()
    learn_keys(session, [child.id for child in children])
    maker = RecordMaker(records_in_force(session), vault_of(session), rng)
    teachers = _teachers(session)
    terms = session.scalars(select(Term).where(Term.first_on < as_of).order_by(Term.first_on)).all()
    rows: list[dict[str, Any]] = []
    for term in terms:
        season = Season.of(term.id, term.first_on, term.last_on, as_of)
        if season is None:
            continue
        for code, group in _by_class(children, season.days[-1]).items():
            if code in teachers:
                rows += class_year(maker, group, teachers[code], season)
    rows = sorted((row for row in rows if row["happened_on"] < as_of), key=lambda row: row["made_at"])
    insert_rows(session, Record, rows)
    if terms:
        _tell(session, [row for row in rows if row["term_id"] == terms[-1].id], as_of)


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
