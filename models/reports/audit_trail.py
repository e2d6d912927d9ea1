"""Reading the audit trail: entries by person, child, case, action, place and time, newest first."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from models.audit import AuditEvent

PAGE = 50


@dataclass(frozen=True)
class TrailFilter:
    """What an inspector asks for; empty parts do not narrow. Times are aware, `until` is exclusive."""

    actor_id: int | None = None
    actor_ids: tuple[int, ...] | None = None
    child_id: int | None = None
    case_id: int | None = None
    actions: tuple[str, ...] = ()
    outcome: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def trail(session: Session, wanted: TrailFilter, *, before: int | None = None, limit: int = PAGE) -> list[AuditEvent]:
    """Return up to `limit` entries older than the entry `before`, newest first; the session reads the trail."""
    statement = _narrowed(select(AuditEvent), wanted)
    if before is not None:
        statement = statement.where(AuditEvent.id < before)
    return list(session.scalars(statement.order_by(AuditEvent.id.desc()).limit(limit)))


def trail_after(session: Session, wanted: TrailFilter, after: int, limit: int = PAGE) -> list[AuditEvent]:
    """Return the entries that follow the entry `after`, newest first: the page before."""
    statement = _narrowed(select(AuditEvent), wanted).where(AuditEvent.id > after)
    return list(session.scalars(statement.order_by(AuditEvent.id).limit(limit)))[::-1]


def _narrowed(statement: Select[Any], wanted: TrailFilter) -> Select[Any]:
    conditions = [
        AuditEvent.actor_id == wanted.actor_id if wanted.actor_id is not None else None,
        AuditEvent.actor_id.in_(wanted.actor_ids) if wanted.actor_ids is not None else None,
        AuditEvent.child_id == wanted.child_id if wanted.child_id is not None else None,
        AuditEvent.case_id == wanted.case_id if wanted.case_id is not None else None,
        AuditEvent.action.in_(wanted.actions) if wanted.actions else None,
        AuditEvent.outcome == wanted.outcome if wanted.outcome else None,
        AuditEvent.at >= wanted.since if wanted.since else None,
        AuditEvent.at < wanted.until if wanted.until else None,
    ]
    return statement.where(*(condition for condition in conditions if condition is not None))


def entry(session: Session, number: int) -> AuditEvent | None:
    """Return one entry of the trail inside the session's scope."""
    return session.scalars(select(AuditEvent).where(AuditEvent.id == number)).one_or_none()


MOST_OF_ONE = 500
READS = ("child.read", "child.revealed", "case.read")


def trail_of_case(session: Session, case_id: int) -> list[AuditEvent]:
    """Return the entries of a case in the order in which they happened, the first 500."""
    statement = select(AuditEvent).where(AuditEvent.case_id == case_id).order_by(AuditEvent.id).limit(MOST_OF_ONE)
    return list(session.scalars(statement))


@dataclass(frozen=True)
class Looker:
    """A person who looked at a child: how often, when last, which field classes, by which grant."""

    name: str
    role: str
    times: int
    last_at: datetime
    classes: frozenset[str]
    grant: str | None


def readers_of(session: Session, child_id: int) -> list[Looker]:
    """Return who looked at a child, the latest first, out of the last 500 looks."""
    looks = session.scalars(
        select(AuditEvent)
        .where(AuditEvent.child_id == child_id, AuditEvent.action.in_(READS))
        .order_by(AuditEvent.id.desc())
        .limit(MOST_OF_ONE)
    )
    people: dict[int | None, list[AuditEvent]] = {}
    for look in looks:
        people.setdefault(look.actor_id, []).append(look)
    return [
        Looker(
            events[0].actor_name,
            events[0].role,
            len(events),
            events[0].at,
            frozenset(c for event in events for c in json.loads(event.body)["facts"].get("classes", ())),
            events[0].grant_ref,
        )
        for events in people.values()
    ]
