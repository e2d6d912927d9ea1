"""When a message is due, and when it is tried again: later each time, never all at once, and not for ever."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_

from models.outbox import OutboxMessage

FIRST_DELAY, LONGEST_DELAY = timedelta(seconds=30), timedelta(hours=6)
MOST_TRIES = 9  # spread over some twenty hours
LEASE = timedelta(minutes=5)  # longer than sending what one lease holds may take
_FARTHEST = LONGEST_DELAY * 1.3


def is_due(now: datetime) -> ColumnElement[bool]:
    """Return the condition of messages that wait, are due, and that no worker holds.

    A moment farther ahead than any delay or lease reaches was written before the clock was set back: it counts as now.
    """
    return and_(
        OutboxMessage.sent_at.is_(None),
        OutboxMessage.given_up_at.is_(None),
        or_(OutboxMessage.due_at <= now, OutboxMessage.due_at > now + _FARTHEST),
        or_(
            OutboxMessage.leased_until.is_(None),
            OutboxMessage.leased_until <= now,
            OutboxMessage.leased_until > now + LEASE,
        ),
    )


def delay_after(tries: int) -> timedelta:
    """Return how long to wait after so many tries: four times as long each time, a fifth more or less by chance."""
    plain = min(FIRST_DELAY * int(4 ** min(tries - 1, 10)), LONGEST_DELAY)
    return plain * (0.8 + secrets.randbelow(401) / 1000)


def postpone(message: OutboxMessage, now: datetime, failure: str, *, is_final: bool = False) -> None:
    """Note a failure and set the next try, or give the message up after the last one."""
    message.failure = failure[:200]
    message.leased_until = message.leased_by = None
    if is_final or message.tries >= MOST_TRIES:
        message.given_up_at = now
    else:
        message.due_at = now + delay_after(message.tries)
