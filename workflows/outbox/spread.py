"""Spreads what operations told: a line behind the bell of each person concerned, and messages for channels outside."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

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
from workflows.outbox.concerned import Concerned, concerned, may_read
from workflows.outbox.delay import is_due, postpone
from workflows.outbox.letter import TOLD
from workflows.people import actor_of
from workflows.policy import Policy

INBOX = "inbox"
AT_ONCE = 50  # messages in one transaction, which on SQLite keeps others from writing
TOO_OLD = timedelta(days=14)  # what nobody was told in time is news to nobody
LOG = logging.getLogger(__name__)


def spread(database: Database, now: datetime, most: int = 1_000) -> int:
    """Spread what is due and return how many messages; bells and outgoing messages commit together with the mark.

    One that fails is tried again later and holds up nobody.
    """
    done = 0
    while done < most:
        with database.transaction(system_scope("outbox")) as session:
            waiting = session.scalars(_due(now)).all()
            desk = _Desk(session, now)
            for message in waiting:
                _one(desk, message)
        done += len(waiting)
        if len(waiting) < AT_ONCE:
            break
    return done


def _due(now: datetime) -> Any:
    wanted = select(OutboxMessage).where(OutboxMessage.channel == INBOX, is_due(now))
    return wanted.order_by(OutboxMessage.due_at, OutboxMessage.id).limit(AT_ONCE).with_for_update(skip_locked=True)


def _one(desk: _Desk, message: OutboxMessage) -> None:
    try:
        with desk.session.begin_nested():
            desk.tell(message)
    except Exception as fault:
        # Whatever is wrong with this message, those behind it are told all the same.
        LOG.warning("message %s cannot be spread: %s", message.id, type(fault).__name__)
        message.tries += 1
        postpone(message, desk.now, "cannot_spread")
    else:
        message.sent_at = desk.now
    desk.session.flush()


class _Desk:
    """One transaction's spreading, with the people it has met."""

    def __init__(self, session: OfficeSession, now: datetime) -> None:
        self.session = session
        self.now = now
        self.policy: Policy = policy_in_force(session)
        self._people: dict[int, tuple[Staff, Actor] | None] = {}

    def tell(self, message: OutboxMessage) -> None:
        """Write what follows from one message."""
        if message.made_at < self.now - TOO_OLD:
            return
        found = concerned(self.session, message)
        if found is None:
            return
        channels = self._channels(message.topic, found)
        for number in found.staff:
            known = self._person(number)
            if known is None or (found.case is not None and not may_read(self.policy, known[1], found.case)):
                continue
            self._ring(message, known[0], found.case)
            self._write_to(message, known[0], channels)
        for channel, _code in channels:
            # A closed circle is not told to a group, not even that there is something.
            if channel.kind != "mail" and not (found.case is not None and found.case.circle):
                self._pass_on(message, channel, f"channel:{channel.id}")

    def _person(self, number: int) -> tuple[Staff, Actor] | None:
        if number not in self._people:
            staff = self.session.get(Staff, number)
            known = staff is not None and staff.is_active
            actor = actor_of(self.session, staff, local_day(self.now)) if staff is not None and known else None
            self._people[number] = (staff, actor) if staff is not None and actor is not None else None
        return self._people[number]

    def _ring(self, message: OutboxMessage, person: Staff, case: Case | None) -> None:
        same = (Notice.staff_id == person.id, Notice.topic == message.topic, Notice.read_at.is_(None))
        about = Notice.case_id == case.id if case is not None else Notice.case_id.is_(None)
        if case is not None:  # what was not read yet is replaced by what holds now
            self.session.execute(delete(Notice).where(*same, about))
        facts = {key: message.payload[key] for key in TOLD if key in message.payload}
        self.session.add(
            Notice(
                id=new_id(),
                staff_id=person.id,
                topic=message.topic,
                case_id=None if case is None else case.id,
                facts=facts,
                made_at=message.made_at,
            )
        )

    def _write_to(self, message: OutboxMessage, person: Staff, channels: Iterable[tuple[Channel, str]]) -> None:
        if person.told != "at_once" or person.email_sealed is None:
            return
        channel = nearest(person, channels)
        if channel is not None:
            self._pass_on(message, channel, f"staff:{person.id}")

    def _channels(self, topic: str, found: Concerned) -> list[tuple[Channel, str]]:
        return [entry for entry in channels_over(self.session, found.codes) if topic in entry[0].topics]

    def _pass_on(self, message: OutboxMessage, channel: Channel, recipient: str) -> None:
        self.session.add(
            OutboxMessage(
                id=new_id(),
                topic=message.topic,
                channel=channel.kind,
                channel_id=channel.id,
                recipient=recipient,
                payload=message.payload,
                made_at=message.made_at,
                due_at=self.now,
            )
        )


def channels_over(session: Session, codes: Any) -> list[tuple[Channel, str]]:
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
