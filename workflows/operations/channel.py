"""Sets up, changes, tries and removes the channels by which messages go outside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import CursorResult, delete, update
from sqlalchemy.orm import Session

from models.channel import KINDS, Channel
from models.outbox import OutboxMessage
from models.place import Place
from models.types import new_id
from models.vault import DataKey, vault_of
from workflows.audit import Change, Happening
from workflows.fields import CHANNEL, put
from workflows.operations.channel_values import HIDDEN, read_channel
from workflows.operations.rows import check_rev, fetch
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal
from workflows.text import text
from workflows.transaction import Transaction


def make_channel(
    tx: Transaction, place_id: int, kind: str, written: Mapping[str, str], topics: Sequence[str]
) -> Channel:
    """Add a channel of a place, in use at once; it tells what happens there and below. Raises Refusal `bad_values`."""
    if kind not in KINDS:
        raise Missing("no_kind", text("没有这种渠道"))
    place = fetch(tx, Place, place_id)
    tx.require(Permission.CHANNEL_MANAGE, place.level_codes)
    if place.is_closed:
        raise Refusal("place_closed", text("{place}已撤并", place=place.name), {"place": text("已撤并")})
    values = read_channel(kind, written, topics, is_new=True)
    channel = Channel(id=new_id(), kind=kind, place_id=place.id, made_at=tx.now, is_on=True)
    channel.place_at(place.level_codes)
    tx.session.add(vault_of(tx.session).new_key(channel.id))
    with tx.session.no_autoflush:
        tx.session.add(channel)
        changes = _put(channel, values)
    tx.session.flush()
    _tell(tx, channel, "channel.made", (Change("kind", "P0", None, kind), *changes), values)
    return channel


def change_channel(
    tx: Transaction, channel_id: int, rev: int, written: Mapping[str, str], topics: Sequence[str]
) -> Channel:
    """Change a channel; a hidden value left empty stays. Raises Refusal `bad_values`, Stale."""
    channel = _channel(tx, channel_id, rev)
    values = read_channel(channel.kind, written, topics, is_new=False)
    changes = _put(channel, values)
    tx.session.flush()
    if changes or HIDDEN & values.keys():
        _tell(tx, channel, "channel.changed", changes, values)
    return channel


def switch_channel(tx: Transaction, channel_id: int, rev: int, on: bool) -> Channel:
    """Let a channel carry messages, or hold them back; what waits meanwhile is sent when it is on again."""
    channel = _channel(tx, channel_id, rev)
    changes = put(channel, CHANNEL, {"is_on": on})
    tx.session.flush()
    if changes:
        _tell(tx, channel, "channel.changed", changes)
    return channel


def remove_channel(tx: Transaction, channel_id: int, rev: int) -> None:
    """Remove a channel with its key and with what waits for it."""
    channel = _channel(tx, channel_id, rev)
    _tell(tx, channel, "channel.removed", (Change("name", "P0", channel.name, None),))
    tx.session.execute(delete(OutboxMessage).where(OutboxMessage.channel_id == channel.id))
    tx.session.delete(channel)
    tx.session.flush()
    tx.session.execute(delete(DataKey).where(DataKey.id == channel_id))


def note_trial(tx: Transaction, channel_id: int, failure: str | None) -> None:
    """Keep how a test message ended: nothing for one that arrived, else its code."""
    channel = fetch(tx, Channel, channel_id)
    tx.require(Permission.CHANNEL_MANAGE, channel.level_codes)
    # Not by the row's revision: nobody who edits the channel meanwhile is in the way.
    noted = {"tried_at": tx.now, "tried": failure}
    tx.session.execute(update(Channel).where(Channel.id == channel.id).values(noted))
    outcome = "done" if failure is None else "refused"
    facts = {"name": channel.name, **({} if failure is None else {"code": failure})}
    tx.tell(Happening("channel.tried", "channel", channel.id, channel.level_codes, facts=facts, outcome=outcome))


def send_again(tx: Transaction, channel_id: int) -> int:
    """Let a channel try again what was given up; returns how many messages."""
    channel = fetch(tx, Channel, channel_id)
    tx.require(Permission.CHANNEL_MANAGE, channel.level_codes)
    count = _revive(tx.session, channel, {"given_up_at": None, "tries": 0, "due_at": tx.now})
    if count:
        facts = {"name": channel.name, "count": count}
        tx.tell(Happening("channel.resent", "channel", channel.id, channel.level_codes, facts=facts))
    return count


def _revive(session: Session, channel: Channel, values: Mapping[str, Any]) -> int:
    given_up = (OutboxMessage.channel_id == channel.id, OutboxMessage.given_up_at.is_not(None))
    done = session.execute(update(OutboxMessage).where(*given_up).values(values))
    assert isinstance(done, CursorResult)
    return done.rowcount


def _channel(tx: Transaction, channel_id: int, rev: int) -> Channel:
    channel = fetch(tx, Channel, channel_id)
    tx.require(Permission.CHANNEL_MANAGE, channel.level_codes)
    check_rev(channel, rev, {})
    return channel


def _put(channel: Channel, values: Mapping[str, Any]) -> tuple[Change, ...]:
    """Set what is stored and return what changed, without what is hidden."""
    before, after = list(channel.topics or []), values["topics"]
    shown = {key: value for key, value in values.items() if key not in HIDDEN and key != "topics"}
    changes = put(channel, CHANNEL, shown)
    if before != after or channel.topics is None:
        channel.topics = after
        changes += (Change("topics", "P0", ", ".join(before) or None, ", ".join(after) or None),)
    for key in HIDDEN & values.keys():
        setattr(channel, key, values[key])
    return changes


def _tell(
    tx: Transaction, channel: Channel, action: str, changes: tuple[Change, ...], values: Mapping[str, Any] | None = None
) -> None:
    renewed = [key for key in sorted(HIDDEN) if (values or {}).get(key)]
    facts = {"name": channel.name, **({"renewed": ", ".join(renewed)} if renewed else {})}
    tx.tell(Happening(action, "channel", channel.id, channel.level_codes, changes=changes, facts=facts))
