"""Takes what waits for a channel under a lease, as letters ready to send; robots within what a minute allows them."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select, update

from models.case import Case
from models.channel import Channel
from models.database import Database, OfficeSession
from models.outbox import OutboxMessage
from models.scope import system_scope
from models.staff import Staff
from models.vault import learn_keys
from workflows.clock import local_day
from workflows.engine.published import workflow_version
from workflows.operations.setting import policy_in_force
from workflows.outbox.concerned import case_named, may_read
from workflows.outbox.delay import LEASE, MOST_TRIES, is_due, postpone
from workflows.outbox.letter import LONGEST_TITLE, MOST_LINES, CaseWords, Letter, case_letter, plain
from workflows.outbox.outside import Account, Outside
from workflows.people import actor_of
from workflows.text import text

AT_ONCE, IN_A_DIGEST = 10, 200
ROBOTS = frozenset({"wecom", "dingtalk"})
# Both take 20 a minute, DingTalk then hears nothing for ten: ten saved up and ten more come to no more than twenty.
BURST, PER_MINUTE = 10.0, 10.0
LOG = logging.getLogger(__name__)


class Parcel(NamedTuple):
    """A letter and the messages that it carries."""

    letter: Letter
    messages: tuple[int, ...]


class Claim(NamedTuple):
    """What one worker holds for a while: the account to send by, and the parcels."""

    token: str
    account: Account
    parcels: tuple[Parcel, ...]


def claim(database: Database, channel_id: int, now: datetime, outside: Outside) -> Claim | None:
    """Lease what waits for a channel and return it, None when nothing does or the robot has to keep silent."""
    with database.transaction(system_scope("outbox")) as session:
        # Two workers at one robot would count its allowance twice.
        wanted = select(Channel).where(Channel.id == channel_id, Channel.is_on).with_for_update(skip_locked=True)
        channel = session.scalars(wanted).one_or_none()
        if channel is None:
            return None
        allowed = allowed_now(channel, now) if channel.kind in ROBOTS else AT_ONCE
        if allowed < 1:
            return None
        waiting = _waiting(session, channel, now, IN_A_DIGEST if channel.kind in ROBOTS else AT_ONCE)
        token = secrets.token_hex(16)
        parcels = [parcel for message in waiting if (parcel := _taken(session, message, now, token, outside))]
        if len(parcels) > allowed:
            parcels = [_digest(parcels, outside)]
        if channel.kind in ROBOTS:
            # Not by the row's revision: nobody who edits the channel meanwhile is in the way.
            spent = {"allowance": allowed - len(parcels), "allowance_at": now}
            session.execute(update(Channel).where(Channel.id == channel.id).values(spent))
        return Claim(token, account_of(session, channel), tuple(parcels))


def allowed_now(channel: Channel, now: datetime) -> float:
    """Return how many messages a robot may send at a moment."""
    if channel.allowance_at is None:
        return BURST
    minutes = max((now - channel.allowance_at).total_seconds(), 0) / 60
    return min(BURST, channel.allowance + minutes * PER_MINUTE)


def _waiting(session: OfficeSession, channel: Channel, now: datetime, most: int) -> Sequence[OutboxMessage]:
    wanted = select(OutboxMessage).where(OutboxMessage.channel_id == channel.id, is_due(now))
    return session.scalars(
        wanted.order_by(OutboxMessage.due_at, OutboxMessage.id).limit(most).with_for_update(skip_locked=True)
    ).all()


def _taken(
    session: OfficeSession, message: OutboxMessage, now: datetime, token: str, outside: Outside
) -> Parcel | None:
    if message.tries >= MOST_TRIES:  # its last worker did not live to tell how the last try ended
        postpone(message, now, message.failure or "never_ended", is_final=True)
        return None
    message.tries += 1
    try:
        with session.begin_nested():
            letter = letter_of(session, message, now, outside)
    except Exception as fault:
        # Such as an address whose key was destroyed: it must not hold up what waits behind it.
        LOG.warning("message %s cannot be written: %s", message.id, type(fault).__name__)
        postpone(message, now, "cannot_write")
        return None
    if letter is None:
        session.delete(message)
        return None
    message.leased_until, message.leased_by = now + LEASE, token
    return Parcel(letter, (message.id,))


def account_of(session: OfficeSession, channel: Channel) -> Account:
    """Return a channel as its sender needs it, address and secret opened."""
    learn_keys(session, [channel.id])
    return Account(
        channel.id,
        channel.kind,
        channel.host or "",
        channel.port or 0,
        channel.security or "",
        channel.sender or "",
        channel.login or "",
        channel.url or "",
        channel.secret or "",
    )


def letter_of(session: OfficeSession, message: OutboxMessage, now: datetime, outside: Outside) -> Letter | None:
    """Return what a message says, None when it is for nobody any more: access ended, or no address is left."""
    case = case_named(session, str(message.payload.get("case", "")))
    to, language = "", "zh"
    if message.recipient.startswith("staff:"):
        person = session.get(Staff, int(message.recipient.removeprefix("staff:")))
        if person is None or not person.is_active or person.email_sealed is None:
            return None
        actor = actor_of(session, person, local_day(now))
        if case is not None and not may_read(policy_in_force(session), actor, case):
            return None
        learn_keys(session, [person.id])
        to, language = person.email or "", person.language
    return case_letter(
        str(message.id),
        message.topic,
        None if case is None else _told_of(session, case),
        message.payload,
        message.made_at,
        outside.say,
        link=_link(outside, message, case),
        to=to,
        language=language,
    )


def _told_of(session: OfficeSession, case: Case) -> CaseWords:
    if case.circle:
        return CaseWords(case.number, None, None)
    workflow = workflow_version(session, case.definition_id).workflow
    state = workflow.states.get(case.state)
    return CaseWords(case.number, workflow.title, None if state is None else state.label)


def _link(outside: Outside, message: OutboxMessage, case: Case | None) -> str:
    if not outside.site:
        return ""
    return f"{outside.site}/cases/{case.number}" if case is not None else f"{outside.site}/"


def _digest(parcels: Sequence[Parcel], outside: Outside) -> Parcel:
    """Put what a robot may not say one by one into one letter."""
    first, titles = parcels[0].letter, [parcel.letter.title for parcel in parcels]
    shown: list[Any] = titles[: MOST_LINES - 1]
    rest = len(titles) - len(shown)
    lines = [*shown, *([outside.say(text("另有 {n} 条", n=rest), "zh")] if rest else [])]
    letter = Letter(
        key=first.key,
        topic="digest",
        title=plain(outside.say(text("{n} 条消息", n=len(parcels)), "zh"), LONGEST_TITLE),
        lines=tuple(lines),
        made_at=first.made_at,
        link=f"{outside.site}/" if outside.site else "",
    )
    return Parcel(letter, tuple(number for parcel in parcels for number in parcel.messages))
