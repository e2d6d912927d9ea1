"""Spreads what operations told: a line behind the bell of each person concerned, and messages for channels outside."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, tuple_
from sqlalchemy.orm import Session

from models.bulk import insert_rows
from models.case import Case
from models.channel import Channel
from models.database import Database, OfficeSession
from models.notice import Notice
from models.outbox import OutboxMessage
from models.place import Place
from models.scope import LEVELS, system_scope
from models.staff import Staff
from models.types import new_id
from workflows.actor import Actor
from workflows.clock import local_day
from workflows.operations.setting import policy_in_force
from workflows.outbox.concerned import concerned, may_read
from workflows.outbox.delay import LEASE, MOST_TRIES, is_due, postpone
from workflows.outbox.letter import TOLD
from workflows.people import actor_of
from workflows.policy import Policy

INBOX = "inbox"
AT_ONCE = 50
TOO_OLD = timedelta(days=14)  # what nobody was told in time is news to nobody
LOG = logging.getLogger(__name__)
Row = dict[str, Any]


@dataclass
class _Plan:
    """What follows from one message: lines behind bells, messages for channels, or that it cannot be spread."""

    notices: list[Row] = field(default_factory=list)
    onward: list[Row] = field(default_factory=list)
    is_broken: bool = False


def spread(database: Database, now: datetime, most: int = 1_000) -> int:
    """Spread what is due and return how many messages; bells and outgoing messages commit together with the mark.

    Who is concerned is found out while no transaction writes, so that nobody waits for it. A message that fails is
    tried again later and holds up nobody.
    """
    done = 0
    while done < most:
        token, messages = _lease(database, now)
        if messages:
            _carry_out(database, _plans(database, messages, now), token, now)
        done += len(messages)
        if len(messages) < AT_ONCE:
            break
    return done


def _lease(database: Database, now: datetime) -> tuple[str, list[OutboxMessage]]:
    waiting = select(OutboxMessage).where(OutboxMessage.channel == INBOX, is_due(now))
    wanted = waiting.order_by(OutboxMessage.due_at, OutboxMessage.id).limit(AT_ONCE).with_for_update(skip_locked=True)
    token, leased = secrets.token_hex(16), []
    with database.session(system_scope("outbox")) as session:
        if session.scalars(waiting.limit(1)).first() is None:  # a worker that has nothing to do keeps nobody waiting
            return token, []
    with database.transaction(system_scope("outbox")) as session:
        for message in session.scalars(wanted):
            if message.tries >= MOST_TRIES:  # its last worker did not live to tell how the last try ended
                postpone(message, now, message.failure or "never_ended", is_final=True)
                continue
            message.tries += 1
            message.leased_until, message.leased_by = now + LEASE, token
            leased.append(message)
    return token, leased


def _plans(database: Database, messages: Iterable[OutboxMessage], now: datetime) -> dict[int, _Plan]:
    with database.session(system_scope("outbox")) as session:
        desk = _Desk(session, now)
        return {message.id: _plan(desk, message) for message in messages}


def _plan(desk: _Desk, message: OutboxMessage) -> _Plan:
    try:
        with desk.session.begin_nested():
            return desk.plan(message)
    except Exception as fault:
        # Whatever is wrong with this message, those behind it are told all the same.
        LOG.warning("message %s cannot be spread: %s", message.id, type(fault).__name__)
        return _Plan(is_broken=True)


def _carry_out(database: Database, plans: Mapping[int, _Plan], token: str, now: datetime) -> None:
    """Write what follows from the messages that are still this worker's, and mark them."""
    notices: dict[tuple[Any, ...], Row] = {}
    onward: list[Row] = []
    with database.transaction(system_scope("outbox")) as session:
        own = select(OutboxMessage).where(OutboxMessage.id.in_(plans), OutboxMessage.leased_by == token)
        for message in session.scalars(own.order_by(OutboxMessage.id).with_for_update()):
            plan = plans[message.id]
            if plan.is_broken:
                postpone(message, now, "cannot_spread")
                continue
            message.sent_at, message.leased_until, message.leased_by = now, None, None
            for row in plan.notices:
                notices[row["staff_id"], row["topic"], row["case_id"] or row["id"]] = row
            onward += plan.onward
        session.flush()
        _ring(session, list(notices.values()))
        insert_rows(session, OutboxMessage, onward)


def _ring(session: Session, rows: Sequence[Row]) -> None:
    """Put lines behind bells; one about the same case that was not read yet is replaced by what holds now."""
    about = [(row["staff_id"], row["topic"], row["case_id"]) for row in rows if row["case_id"] is not None]
    if about:
        same = tuple_(Notice.staff_id, Notice.topic, Notice.case_id).in_(about)
        people = Notice.staff_id.in_({person for person, _topic, _case in about})
        replaced = delete(Notice).where(people, Notice.read_at.is_(None), same)
        session.execute(replaced.execution_options(synchronize_session=False))
    insert_rows(session, Notice, rows)


class _Desk:
    """Finds out what follows from messages, and remembers the people it has met."""

    def __init__(self, session: OfficeSession, now: datetime) -> None:
        self.session = session
        self.now = now
        self.policy: Policy = policy_in_force(session)
        self._people: dict[int, tuple[Staff, Actor] | None] = {}

    def plan(self, message: OutboxMessage) -> _Plan:
        """Return what follows from one message."""
        made = _Plan()
        if message.made_at < self.now - TOO_OLD:
            return made
        found = concerned(self.session, message)
        if found is None:
            return made
        channels = [one for one in channels_over(self.session, found.codes) if message.topic in one[0].topics]
        for number in found.staff:
            known = self._person(number)
            if known is None or (found.case is not None and not may_read(self.policy, known[1], found.case)):
                continue
            made.notices.append(_notice(message, known[0], found.case))
            channel = _mailing(known[0], channels)
            if channel is not None:
                made.onward.append(self._onward(message, channel, f"staff:{number}"))
        for channel, _code in channels:
            # A closed circle is not told to a group, not even that there is something.
            if channel.kind != "mail" and not (found.case is not None and found.case.circle):
                made.onward.append(self._onward(message, channel, f"channel:{channel.id}"))
        return made

    def _person(self, number: int) -> tuple[Staff, Actor] | None:
        if number not in self._people:
            staff = self.session.get(Staff, number)
            is_there = staff is not None and staff.is_active
            actor = actor_of(self.session, staff, local_day(self.now)) if staff is not None and is_there else None
            self._people[number] = (staff, actor) if staff is not None and actor is not None else None
        return self._people[number]

    def _onward(self, message: OutboxMessage, channel: Channel, recipient: str) -> Row:
        return {
            "id": new_id(),
            "topic": message.topic,
            "channel": channel.kind,
            "channel_id": channel.id,
            "recipient": recipient,
            "payload": message.payload,
            "made_at": message.made_at,
            "due_at": self.now,
            "tries": 0,
        }


def _notice(message: OutboxMessage, person: Staff, case: Case | None) -> Row:
    return {
        "id": new_id(),
        "staff_id": person.id,
        "topic": message.topic,
        "case_id": None if case is None else case.id,
        "facts": {key: message.payload[key] for key in TOLD if key in message.payload},
        "made_at": message.made_at,
    }


def _mailing(person: Staff, channels: Iterable[tuple[Channel, str]]) -> Channel | None:
    """Return the mail server for a person who wants to be told at once, None for others."""
    if person.told != "at_once" or person.email_sealed is None:
        return None
    return nearest(person, channels)


def channels_over(session: Session, codes: Mapping[str, str]) -> list[tuple[Channel, str]]:
    """Return the channels in use of the places that a row lies in, the nearest first, with their places' codes."""
    around = {codes[level] for level in LEVELS}
    wanted = select(Channel, Place.code, Place.kind).join(Place, Place.id == Channel.place_id)
    rows = session.execute(wanted.where(Channel.is_on, Place.code.in_(sorted(around)))).all()
    rows = sorted(rows, key=lambda row: (-LEVELS.index(row.kind), row.Channel.id))
    return [(row.Channel, row.code) for row in rows]


def nearest(person: Staff, channels: Iterable[tuple[Channel, str]]) -> Channel | None:
    """Return the mail server by which a person is written to: that of their own place, or of the next one above."""
    around = set(person.level_codes.values())
    return next((channel for channel, code in channels if channel.kind == "mail" and code in around), None)
