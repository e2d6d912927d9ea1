"""Reading the audit trail: entries by person, child, case, action, place and time, newest first."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from models.audit import AuditEvent
from models.case import Case
from models.child import Child
from models.scope import LEVELS, NO_PLACE
from models.staff import Staff

PAGE = 50
MOST_OF_ONE = 500
MOST_PEOPLE = 200
MOST_CHILDREN = 20
MOST_INITIALS = 4
NUMBER_ENDS = 1_000_000


@dataclass(frozen=True)
class TrailFilter:
    """What an inspector asks for; empty parts do not narrow. Times are aware, `until` is exclusive."""

    actor_ids: tuple[int, ...] | None = None
    child_ids: tuple[int, ...] | None = None
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
        AuditEvent.actor_id.in_(wanted.actor_ids) if wanted.actor_ids is not None else None,
        AuditEvent.child_id.in_(wanted.child_ids) if wanted.child_ids is not None else None,
        AuditEvent.case_id == wanted.case_id if wanted.case_id is not None else None,
        AuditEvent.action.in_(wanted.actions) if wanted.actions else None,
        AuditEvent.outcome == wanted.outcome if wanted.outcome else None,
        AuditEvent.at >= wanted.since if wanted.since else None,
        AuditEvent.at < wanted.until if wanted.until else None,
    ]
    return statement.where(*(condition for condition in conditions if condition is not None))


def last_change(session: Session, subject_type: str, subject_id: int, since: datetime) -> AuditEvent | None:
    """Return the newest entry since a moment that tells a change of one subject; the session reads the trail."""
    own = (AuditEvent.subject_type == subject_type, AuditEvent.subject_id == subject_id)
    told = (AuditEvent.outcome == "done", AuditEvent.body.contains('"changes":[{'))
    newest = select(AuditEvent).where(AuditEvent.at >= since, *own, *told).order_by(AuditEvent.id.desc())
    return session.scalars(newest.limit(1)).one_or_none()


def entry(session: Session, number: int) -> AuditEvent | None:
    """Return one entry of the trail inside the session's scope."""
    return session.scalars(select(AuditEvent).where(AuditEvent.id == number)).one_or_none()


def trail_of_case(session: Session, case_id: int) -> list[AuditEvent]:
    """Return the first 500 entries of a case in their order, begun by the entry that put the child on file."""
    own = select(AuditEvent).where(AuditEvent.case_id == case_id).order_by(AuditEvent.id).limit(MOST_OF_ONE)
    events = list(session.scalars(own))
    children = {event.child_id for event in events if event.child_id is not None}
    if not children:
        return events
    made = select(AuditEvent).where(AuditEvent.child_id.in_(children), AuditEvent.action == "child.made")
    return [*session.scalars(made.order_by(AuditEvent.id).limit(len(children))), *events]


def changes_of_case(
    session: Session, case_id: int, looks: Collection[str], *, before: int | None = None, limit: int = PAGE
) -> list[AuditEvent]:
    """Return what was done with a case, newest first, older than the entry `before`; refusals and `looks` left out."""
    own = (AuditEvent.case_id == case_id, AuditEvent.outcome == "done", AuditEvent.action.not_in(sorted(looks)))
    found = select(AuditEvent).where(*own)
    if before is not None:
        found = found.where(AuditEvent.id < before)
    return list(session.scalars(found.order_by(AuditEvent.id.desc()).limit(limit)))


def looks_at(session: Session, child_id: int, actions: Sequence[str]) -> list[AuditEvent]:
    """Return the last 500 reads of a child, newest first."""
    return trail(session, TrailFilter(child_ids=(child_id,), actions=tuple(actions)), limit=MOST_OF_ONE)


def lists_around(session: Session, codes: Mapping[str, str], actions: Sequence[str]) -> list[AuditEvent]:
    """Return the last 50 lists taken at a place or above it, newest first: those that may have held its children."""
    above = [getattr(AuditEvent, f"{level}_code").in_((codes[level], NO_PLACE)) for level in LEVELS]
    named = AuditEvent.city_code != NO_PLACE
    statement = select(AuditEvent).where(AuditEvent.action.in_(actions), named, *above)
    return list(session.scalars(statement.order_by(AuditEvent.id.desc()).limit(PAGE)))


def people_named(session: Session, words: str) -> tuple[int, ...]:
    """Return up to 200 people whose name, log-in, reading or initials are meant; the session needs a system scope."""
    plain = "".join(words.split()).casefold()
    together = func.replace(Staff.name_key, " ", "")
    meant = [
        Staff.name.contains(words, autoescape=True),
        Staff.login == plain,
        together.startswith(plain, autoescape=True),
    ]
    if plain.isascii() and plain.isalpha() and 1 < len(plain) <= MOST_INITIALS:
        meant.append(Staff.name_key.like("% ".join(plain) + "%"))
    return tuple(session.scalars(select(Staff.id).where(or_(*meant)).order_by(Staff.id).limit(MOST_PEOPLE)))


def children_numbered(session: Session, ending: int) -> tuple[int, ...]:
    """Return up to 20 children of the session's scope whose identifier ends in these six digits."""
    found = select(Child.id).where(Child.id % NUMBER_ENDS == ending).order_by(Child.id).limit(MOST_CHILDREN)
    return tuple(session.scalars(found))


def case_numbered(session: Session, number: str) -> tuple[int, int | None] | None:
    """Return a case of the session's scope and the child it is about, None when there is none of this number."""
    found = session.execute(select(Case.id, Case.child_id).where(Case.number == number)).first()
    return None if found is None else (found[0], found[1])


def names_of_children(session: Session, ids: Collection[int]) -> dict[int, str]:
    """Return the names of some children of the session's scope."""
    rows = session.execute(select(Child.id, Child.name).where(Child.id.in_(ids)))
    return dict(rows.all())


def accounts_of(session: Session, ids: Collection[int]) -> dict[int, Staff]:
    """Return some people by their identifiers; the session needs a system scope."""
    return {person.id: person for person in session.scalars(select(Staff).where(Staff.id.in_(ids)))}
