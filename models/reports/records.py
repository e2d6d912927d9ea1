"""Counts dated records as evidence, lists a child's latest, and finds the next child without one."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import Session

from models.child import Child
from models.record import Record

ACTIVE = Record.state == "active"


def records_count(session: Session, child_id: int, kinds: Collection[str], since: date, until: date) -> int:
    """Return how many active records of some kinds a child has between two days, both included."""
    counted = select(func.count()).select_from(Record)
    found = counted.where(Record.child_id == child_id, ACTIVE, Record.happened_on.between(since, until))
    return session.scalar(found.where(Record.counts_as.in_(sorted(kinds)))) or 0


def records_by_kind(
    session: Session, children: Collection[int], since: date, until: date
) -> dict[tuple[int, str], int]:
    """Return how many active records of each kind of evidence each child has between two days, both included."""
    rows = session.execute(
        select(Record.child_id, Record.counts_as, func.count())
        .where(Record.child_id.in_(list(children)), ACTIVE, Record.happened_on.between(since, until))
        .group_by(Record.child_id, Record.counts_as)
    )
    return {(child, kind): count for child, kind, count in rows if kind is not None}


def records_by_day(
    session: Session, children: Collection[int], since: date, until: date
) -> dict[tuple[int, str], list[tuple[date, int]]]:
    """Return how many active records of each kind of evidence each child has on each day between two, both included."""
    rows = session.execute(
        select(Record.child_id, Record.counts_as, Record.happened_on, func.count())
        .where(Record.child_id.in_(list(children)), ACTIVE, Record.happened_on.between(since, until))
        .group_by(Record.child_id, Record.counts_as, Record.happened_on)
    )
    found: dict[tuple[int, str], list[tuple[date, int]]] = {}
    for child, kind, day, count in rows:
        if kind is not None:
            found.setdefault((child, kind), []).append((day, count))
    return found


def latest_records(
    session: Session,
    child_id: int,
    *,
    forms: Collection[str] = (),
    before: tuple[date, int] | None = None,
    limit: int = 30,
) -> Sequence[Record]:
    """Return a child's records that stand (not those corrected), newest first, from before a day and number on."""
    found = select(Record).where(Record.child_id == child_id, Record.state != "corrected")
    if forms:
        found = found.where(Record.form.in_(sorted(forms)))
    if before is not None:
        day, number = before
        found = found.where(or_(Record.happened_on < day, and_(Record.happened_on == day, Record.id < number)))
    return session.scalars(found.order_by(Record.happened_on.desc(), Record.id.desc()).limit(limit)).all()


def records_by_form(session: Session, child_id: int) -> dict[str, int]:
    """Return how many records that stand a child has on each form."""
    rows = session.execute(
        select(Record.form, func.count()).where(Record.child_id == child_id, ACTIVE).group_by(Record.form)
    )
    return dict(rows.all())


def last_of(session: Session, child_ids: Collection[int], form: str) -> dict[int, Record]:
    """Return the latest active record of each child on a form."""
    ranked = (
        select(
            Record.id,
            func.row_number()
            .over(partition_by=Record.child_id, order_by=(Record.happened_on.desc(), Record.id.desc()))
            .label("place"),
        )
        .where(Record.child_id.in_(list(child_ids)), Record.form == form, ACTIVE)
        .subquery()
    )
    rows = session.scalars(select(Record).join(ranked, ranked.c.id == Record.id).where(ranked.c.place == 1))
    return {row.child_id: row for row in rows}


@dataclass(frozen=True)
class Round:
    """How far a person is with a form this month: children with a record, children in all, and who is next."""

    done: int
    total: int
    next_child: int | None


def month_round(session: Session, author: int, form: str, day: date, after: int | None = None) -> Round:
    """Return how far a person is with records of a form about the children of the session's scope this month.

    The next child is the first without one in the order of the roll, from the child `after` on and then from the top.
    """
    first = day.replace(day=1)
    last = (first + timedelta(days=31)).replace(day=1) - timedelta(days=1)
    written = _written(author, form, first, last)
    on_file = select(func.count()).select_from(Child).where(Child.status == "on_file")
    total = session.scalar(on_file) or 0
    done = session.scalar(on_file.where(written)) or 0
    return Round(done, total, _next(session, ~written, after))


def _written(author: int, form: str, first: date, last: date) -> ColumnElement[bool]:
    return exists().where(
        Record.child_id == Child.id,
        Record.form == form,
        Record.made_by == author,
        ACTIVE,
        Record.happened_on.between(first, last),
    )


def _next(session: Session, waits: ColumnElement[bool], after: int | None) -> int | None:
    here = session.get(Child, after) if after is not None else None
    waiting: Select[Any] = (
        select(Child.id)
        .where(Child.status == "on_file", waits)
        .order_by(Child.school_code, Child.class_code, Child.name_key, Child.id)
        .limit(1)
    )
    if here is not None:
        key = (here.school_code, here.class_code, here.name_key, here.id)
        columns = (Child.school_code, Child.class_code, Child.name_key, Child.id)
        later = [
            and_(*(a == b for a, b in zip(columns[:n], key[:n], strict=True)), columns[n] > key[n])
            for n in range(len(columns))
        ]
        found: int | None = session.scalar(waiting.where(or_(*later)))
        if found is not None:
            return found
        waiting = waiting.where(Child.id != here.id)
    first: int | None = session.scalar(waiting)
    return first
