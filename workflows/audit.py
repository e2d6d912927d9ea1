"""The audit trail's write path: one event for each subject, in the transaction of the change it tells."""

from __future__ import annotations

import base64
import hmac
import json
from binascii import b2a_base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Table
from sqlalchemy.orm import Session

from models.audit import AuditEvent, AuditPending
from models.bulk import write_values
from models.scope import LEVELS, NO_PLACE
from models.vault import Vault, vault_of

FORMAT = 1
EVENTS: Table = AuditEvent.__table__  # type: ignore[assignment]
PENDING: Table = AuditPending.__table__  # type: ignore[assignment]
NOWHERE = dict.fromkeys(LEVELS, NO_PLACE)
PROTECTED = frozenset({"P2", "P3"})
_CANONICAL = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"))
_LAST_NUMBER = "SELECT coalesce(max(id), 0) FROM audit_event"
_DRAW_NUMBERS = "SELECT nextval('audit_event_number') FROM generate_series(1, %s)"
COLUMNS = (
    "actor_id",
    "actor_name",
    "role",
    "grant_ref",
    "action",
    "subject_type",
    "subject_id",
    "child_id",
    "case_id",
    "outcome",
    "request_id",
)  # of an event, besides its number, moment and place
WRITTEN = (*COLUMNS, *(f"{level}_code" for level in LEVELS), "id", "at", "circle", "body", "mark")


class Change(NamedTuple):
    """One field before and after; values of class P1 to P3 are sealed under the key of the subject's owner."""

    field: str
    field_class: str
    old: str | None
    new: str | None


@dataclass(frozen=True)
class Happening:
    """What an operation tells the trail; the transaction adds who, when and from where.

    `action` is past tense (`case.moved`); `codes` are the level codes at the time; `owner` is the data key that seals
    the values and the reason, needed when there are any; `facts` holds unprotected particulars (a row count, a
    digest, states from and to); `circle` is the case's where it is confidential.
    """

    action: str
    subject_type: str
    subject_id: int | None = None
    codes: Mapping[str, str] | None = None
    child_id: int | None = None
    case_id: int | None = None
    owner: int | None = None
    changes: tuple[Change, ...] = ()
    reason: str | None = None
    facts: Mapping[str, Any] | None = None
    outcome: str = "done"
    claimed_at: datetime | None = None
    role: str | None = None
    grant: str | None = None
    circle: str = ""


def canonical(content: Mapping[str, Any]) -> str:
    """Return the one JSON text of an event: sorted keys, no spaces, UTF-8."""
    return _CANONICAL.encode(content)


def moment(value: datetime) -> str:
    """Return a moment as the trail writes it: UTC with microseconds."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def write(session: Session, happenings: Iterable[Happening], who: Mapping[str, Any], at: datetime) -> list[int]:
    """Add events and their pending rows to the running transaction and return their numbers.

    `who` gives actor_id, actor_name, role, grant_ref, request_id and address.
    """
    rows = list(happenings)
    if not rows:
        return []
    numbers = _next_numbers(session, len(rows))
    vault = vault_of(session)
    events = (_row(vault, number, happening, who, at) for number, happening in zip(numbers, rows, strict=True))
    connection = session.connection()
    write_values(connection, EVENTS, WRITTEN, map(itemgetter(*WRITTEN), events))
    write_values(connection, PENDING, ("event_id",), [(number,) for number in numbers])
    return numbers


def _next_numbers(session: Session, count: int) -> list[int]:
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        return list(connection.exec_driver_sql(_DRAW_NUMBERS, (count,)).scalars())
    # The writer holds SQLite's only write lock, so the next number is its own.
    last: int = connection.exec_driver_sql(_LAST_NUMBER).scalar_one()
    return list(range(last + 1, last + 1 + count))


def _row(vault: Vault, number: int, told: Happening, who: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    columns = {
        "actor_id": who["actor_id"],
        "actor_name": who["actor_name"],
        "role": told.role or who["role"],
        "grant_ref": told.grant or who["grant_ref"],
        "action": told.action,
        "subject_type": told.subject_type,
        "subject_id": told.subject_id,
        "child_id": told.child_id,
        "case_id": told.case_id,
        "outcome": told.outcome,
        "request_id": who["request_id"],
    }
    codes = told.codes or NOWHERE
    places = {f"{level}_code": codes[level] for level in LEVELS}
    body = columns | {
        "format": FORMAT,
        "number": number,
        "at": moment(at),
        "claimed_at": moment(told.claimed_at) if told.claimed_at else None,
        "address": who["address"],
        "place": {level: codes[level] for level in LEVELS},
        "owner": told.owner,
        "changes": [_sealed_change(vault, number, told, change) for change in told.changes],
        "reason": _seal(vault, told.owner, number, "reason", told.reason),
        "facts": dict(told.facts or {}),
    }
    if told.circle:
        body["circle"] = told.circle
    content = canonical(body)
    mark = vault.keystore.mark(content.encode())
    return columns | places | {"id": number, "at": at, "circle": told.circle, "body": content, "mark": mark}


def _sealed_change(vault: Vault, number: int, told: Happening, change: Change) -> dict[str, Any]:
    if change.field_class == "P0":
        old: Any = change.old
        new: Any = change.new
    else:
        old = _seal(vault, told.owner, number, f"{change.field}.old", change.old)
        new = _seal(vault, told.owner, number, f"{change.field}.new", change.new)
    return {"field": change.field, "class": change.field_class, "old": old, "new": new}


def _seal(vault: Vault, owner: int | None, number: int, field: str, value: str | None) -> dict[str, Any] | None:
    if value is None:
        return None
    if owner is None:
        raise ValueError(f"{field} of an audit event needs the owner whose key seals it")
    sealed = vault.seal(owner, f"audit_event:{number}:{field}", value)
    return {"sealed": b2a_base64(sealed, newline=False).decode(), "owner": owner}


def open_value(session: Session, number: int, field: str, value: Any) -> str | None:
    """Return a value of an event in clear text; raises SealBroken after erasure."""
    if not isinstance(value, dict):
        return None if value is None else str(value)
    sealed = base64.b64decode(value["sealed"])
    return vault_of(session).open(value["owner"], f"audit_event:{number}:{field}", sealed)


def body_of(session: Session, event: AuditEvent) -> dict[str, Any]:
    """Return what an event tells; one whose mark does not fit its body tells nothing beyond its columns."""
    if not _has_mark(session, event):
        return {"changes": [], "reason": None, "facts": {}, "address": "", "claimed_at": None, "owner": None}
    body: dict[str, Any] = json.loads(event.body)
    return body


def is_genuine(session: Session, event: AuditEvent) -> bool:
    """Tell whether an event is as it was written: its mark fits its body, its body fits every column."""
    return _has_mark(session, event) and _columns_of(event).items() <= json.loads(event.body).items()


def _has_mark(session: Session, event: AuditEvent) -> bool:
    return hmac.compare_digest(vault_of(session).keystore.mark(event.body.encode()).encode(), event.mark.encode())


def _columns_of(event: AuditEvent) -> dict[str, Any]:
    own = {name: getattr(event, name) for name in COLUMNS}
    if event.circle:
        own["circle"] = event.circle
    return own | {"number": event.id, "at": moment(event.at), "place": event.level_codes}
