"""Sends what is due: the worker calls it again and again, as many workers as there are."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from secrets import SystemRandom
from time import monotonic

from sqlalchemy import delete, select, update

from models.channel import Channel
from models.database import Database
from models.notice import Notice
from models.outbox import OutboxMessage
from models.scope import system_scope
from workflows.outbox.claim import Claim, Parcel, claim
from workflows.outbox.delay import is_due, postpone
from workflows.outbox.mail import send_mail
from workflows.outbox.outside import Outside, Send, Undelivered
from workflows.outbox.robots import send_dingtalk, send_wecom
from workflows.outbox.spread import spread
from workflows.outbox.webhook import send_webhook

SENDERS: Mapping[str, Send] = {
    "mail": send_mail,
    "webhook": send_webhook,
    "wecom": send_wecom,
    "dingtalk": send_dingtalk,
}
MOST_ROUNDS, MOST_FAILURES = 20, 3  # for one channel in one call; a dead server must not keep the others waiting
LONGEST = 30.0  # seconds that one call sends for: time limits are looked at between the calls
SWEPT_AT_ONCE = 500
FAILURES_KEPT = timedelta(days=90)
LOG = logging.getLogger(__name__)


def send_due(database: Database, now: datetime, outside: Outside | None = None) -> int:
    """Spread what operations told, send what is due outside, and return how many messages were dealt with.

    A message may arrive twice, with the same key, when a worker dies between sending and noting it; never not at all.
    """
    world, watch = outside or Outside(), _Watch(now)
    done = spread(database, now)
    waiting = _waiting_channels(database, now)
    SystemRandom().shuffle(waiting)  # of several dead servers none is always the first to be waited for
    for channel_id in waiting:
        if watch.is_over():
            break
        try:
            done += _drain(database, channel_id, watch, world)
        except Exception as fault:
            # Such as a channel whose key was destroyed: the others go on.
            LOG.warning("channel %s cannot be used: %s", channel_id, type(fault).__name__)
    sweep(database, now, world.kept)
    return done


def _waiting_channels(database: Database, now: datetime) -> list[int]:
    with database.session(system_scope("outbox")) as session:
        wanted = select(OutboxMessage.channel_id).join(Channel, Channel.id == OutboxMessage.channel_id)
        return [number for number in session.scalars(wanted.where(is_due(now), Channel.is_on).distinct()) if number]


class _Watch:
    """Tells the time of a call that began at a given moment, and when it has lasted long enough."""

    def __init__(self, began_at: datetime) -> None:
        self._began_at = began_at
        self._began = monotonic()

    def now(self) -> datetime:
        """Return the moment, in whole seconds since the call began."""
        return self._began_at + timedelta(seconds=int(monotonic() - self._began))

    def is_over(self) -> bool:
        """Tell whether others should have their turn."""
        return monotonic() - self._began > LONGEST


def _drain(database: Database, channel_id: int, watch: _Watch, outside: Outside) -> int:
    sent = failed = 0
    for _round in range(MOST_ROUNDS):
        held = claim(database, channel_id, watch.now(), outside)
        if held is None or not held.parcels:
            break
        for number, parcel in enumerate(held.parcels):
            if failed >= MOST_FAILURES or watch.is_over():
                _let_go(database, held, held.parcels[number:])
                return sent
            fault = attempt(held, parcel, watch.now(), outside)
            sent += _note(database, held, parcel, watch.now(), fault)
            failed += fault is not None
    return sent


def attempt(held: Claim, parcel: Parcel, now: datetime, outside: Outside) -> Undelivered | None:
    """Send one letter, no transaction open, and return what was in the way, None when it arrived."""
    try:
        SENDERS[held.account.kind](held.account, parcel.letter, outside, now.timestamp())
    except Undelivered as fault:
        return fault
    except Exception as fault:
        # A letter that no sender can cope with must not stop those behind it. Only the kind of the fault is told:
        # its words may hold an address or a secret.
        LOG.warning("channel %s cannot send: %s", held.account.id, type(fault).__name__)
        return Undelivered("cannot_send")
    return None


def _note(database: Database, held: Claim, parcel: Parcel, now: datetime, fault: Undelivered | None) -> int:
    """Mark the messages of a letter, unless the lease ran out and another worker has them by now."""
    with database.transaction(system_scope("outbox")) as session:
        own = select(OutboxMessage).where(OutboxMessage.id.in_(parcel.messages), OutboxMessage.leased_by == held.token)
        messages = session.scalars(own.with_for_update()).all()
        for message in messages:
            if fault is None:
                message.sent_at, message.failure = now, None
                message.leased_until = message.leased_by = None
            else:
                postpone(message, now, fault.code, is_final=fault.is_final)
        return len(messages) if fault is None else 0


def _let_go(database: Database, held: Claim, parcels: tuple[Parcel, ...]) -> None:
    """Give back what was not tried, so that it waits for nobody's lease."""
    numbers = [number for parcel in parcels for number in parcel.messages]
    with database.transaction(system_scope("outbox")) as session:
        session.execute(
            update(OutboxMessage)
            .where(OutboxMessage.id.in_(numbers), OutboxMessage.leased_by == held.token)
            .values(leased_until=None, leased_by=None, tries=OutboxMessage.tries - 1)
        )


def sweep(database: Database, now: datetime, kept: timedelta) -> int:
    """Drop sent messages, old failures and notices that have been kept long enough; returns how many."""
    sent = (OutboxMessage.sent_at < now - kept) | (OutboxMessage.given_up_at < now - FAILURES_KEPT)
    with database.session(system_scope("outbox")) as session:
        messages = session.scalars(select(OutboxMessage.id).where(sent).limit(SWEPT_AT_ONCE)).all()
        seen = Notice.read_at.is_not(None) | (Notice.made_at < now - FAILURES_KEPT)
        old = select(Notice.id).where(Notice.made_at < now - kept, seen)
        notices = session.scalars(old.limit(SWEPT_AT_ONCE)).all()
    if messages or notices:
        with database.transaction(system_scope("outbox")) as session:
            session.execute(delete(OutboxMessage).where(OutboxMessage.id.in_(messages)))
            session.execute(delete(Notice).where(Notice.id.in_(notices)))
    return len(messages) + len(notices)
