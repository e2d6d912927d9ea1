"""Writes each morning, once, what waits and what is overdue: for each person who wants it, and for groups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, String, cast, exists, literal, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session

from models.case import Case
from models.channel import Channel
from models.database import Database
from models.outbox import OutboxMessage
from models.place import Place
from models.scope import system_scope
from models.staff import Staff
from models.types import new_id
from workflows.calendar import calendar_in_force
from workflows.clock import LOCAL, local_day
from workflows.operations.setting import policy_in_force
from workflows.outbox.counts import MOST_COUNTED, Counts, counts_of
from workflows.outbox.spread import channels_over, nearest
from workflows.people import actor_of

FIRST, LAST = time(7, 30), time(20)  # in the schools; whoever was down in the morning catches up, but not at night
TOPIC = "digest"
AT_ONCE = 50  # people in one round


def make_digests(database: Database, now: datetime) -> int:
    """Write today's digests into the outbox and return how many; each is made once, however many workers make them.

    Only on working days between half past seven and eight in the evening. Where nothing waits nothing is sent.
    """
    day = local_day(now)
    if not FIRST <= now.astimezone(LOCAL).time() < LAST:
        return 0
    with database.session(system_scope("outbox")) as session:
        if not calendar_in_force(session).is_working(day):
            return 0
    made = 0
    while wanted := _people(database, day):
        made += sum(_for_person(database, number, now) for number in wanted)
    for number in _groups(database, day):
        made += _for_group(database, number, now)
    return made


def _key(day: date, kind: str, number: object = "") -> str:
    return f"digest:{day.isoformat()}:{kind}:{number}"


def _unmade(day: date, kind: str, column: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    key = literal(_key(day, kind)) + cast(column, String(20))
    return ~exists(select(OutboxMessage.id).where(OutboxMessage.once == key))


def _people(database: Database, day: date) -> list[int]:
    wants = (Staff.is_active, Staff.told == "daily", Staff.email_sealed.is_not(None), _unmade(day, "staff", Staff.id))
    with database.session(system_scope("outbox")) as session:
        return list(session.scalars(select(Staff.id).where(*wants).order_by(Staff.id).limit(AT_ONCE)))


def _groups(database: Database, day: date) -> list[int]:
    found = select(Channel).where(Channel.is_on, Channel.kind != "mail", _unmade(day, "channel", Channel.id))
    with database.session(system_scope("outbox")) as session:
        return [channel.id for channel in session.scalars(found) if TOPIC in channel.topics]


def _for_person(database: Database, number: int, now: datetime) -> bool:
    with database.session(system_scope("outbox")) as session:
        person = session.get_one(Staff, number)
        actor, policy = actor_of(session, person, local_day(now)), policy_in_force(session)
        writing = [entry for entry in channels_over(session, person.level_codes) if TOPIC in entry[0].topics]
        channel = nearest(person, writing)
    counts = Counts(0, 0) if channel is None else counts_of(database, actor, policy, now)
    return _write(database, "staff", number, channel, counts, now)


def _for_group(database: Database, number: int, now: datetime) -> bool:
    with database.session(system_scope("outbox")) as session:
        channel = session.get_one(Channel, number)
        place = session.get_one(Place, channel.place_id)
        # A closed circle is not told to a group, not even that there is something.
        there = (getattr(Case, f"{place.kind}_code") == place.code, Case.circle == "", Case.closed_at.is_(None))
        counts = Counts(_count(session, *there, Case.due_at.is_not(None)), _count(session, *there, Case.overdue(now)))
    return _write(database, "channel", number, channel, counts, now)


def _count(session: Session, *conditions: ColumnElement[bool]) -> int:
    return len(session.scalars(select(Case.id).where(*conditions).limit(MOST_COUNTED)).all())


def _write(database: Database, kind: str, number: int, channel: Channel | None, counts: Counts, now: datetime) -> bool:
    """Write a digest unless it is there; one that has nothing to tell is kept as sent, so that nobody counts anew."""
    has_news = channel is not None and any(counts)
    row = {
        "id": new_id(),
        "topic": TOPIC,
        "channel": channel.kind if channel is not None else "mail",
        "channel_id": channel.id if channel is not None and has_news else None,
        "recipient": f"{kind}:{number}",
        "payload": counts.told(),
        "made_at": now,
        "due_at": now,
        "tries": 0,
        "once": _key(local_day(now), kind, number),
        "sent_at": None if has_news else now,
    }
    return _put(database, row) and has_news


def _put(database: Database, row: Mapping[str, Any]) -> bool:
    make: Any = (sqlite if database.is_sqlite else postgresql).insert
    with database.transaction(system_scope("outbox")) as session:
        written = make(OutboxMessage).values(row).on_conflict_do_nothing(index_elements=["once"])
        return session.scalar(written.returning(OutboxMessage.id)) is not None
