"""Counts open cases and parts across every place, and lists who holds which role where; for system scopes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from itertools import pairwise

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from models.case import Case, CaseParticipant
from models.place import Place
from models.scope import LEVELS, NO_PLACE
from models.staff import Appointment, Staff

MOST_OFFERED = 600


def open_parts(session: Session, workflow: str, relation: str, staff_id: int, besides: int) -> int:
    """Count a person's running parts under a relation in a workflow's cases, besides one case."""
    return (
        session.scalar(
            select(func.count())
            .select_from(CaseParticipant)
            .join(Case, Case.id == CaseParticipant.case_id)
            .where(
                CaseParticipant.staff_id == staff_id,
                CaseParticipant.until_at.is_(None),
                CaseParticipant.relation == relation,
                CaseParticipant.case_id != besides,
                Case.workflow == workflow,
                Case.closed_at.is_(None),
            )
        )
        or 0
    )


def open_cases(session: Session, workflow: str, level: str, code: str, besides: int) -> int:
    """Count a workflow's open cases at a place, besides one."""
    at_place = getattr(Case, f"{level}_code") == code
    return (
        session.scalar(
            select(func.count())
            .select_from(Case)
            .where(at_place, Case.workflow == workflow, Case.closed_at.is_(None), Case.id != besides)
        )
        or 0
    )


def holders(
    session: Session, roles: Collection[str], codes: Mapping[str, str], day: date
) -> list[tuple[Staff, Appointment]]:
    """Return who holds one of the roles on a day inside the school of a row, or at the places above it, by name."""
    inside = Appointment.school_code == codes["school"]
    if codes["school"] == NO_PLACE:
        inside = Appointment.township_code == codes["township"]
    above = [
        and_(getattr(Appointment, f"{level}_code") == codes[level], getattr(Appointment, f"{below}_code") == NO_PLACE)
        for level, below in pairwise(LEVELS[:4])
        if codes[level] != NO_PLACE
    ]
    rows = session.execute(
        select(Staff, Appointment)
        .join(Appointment, Appointment.staff_id == Staff.id)
        .where(
            Staff.is_active,
            Appointment.role.in_(sorted(roles)),
            Appointment.from_on <= day,
            or_(Appointment.until_on.is_(None), Appointment.until_on >= day),
            or_(inside, *above),
        )
        .order_by(Staff.name_key, Staff.id)
        .limit(MOST_OFFERED)
    )
    return [(staff, post) for staff, post in rows]


def places_of(
    session: Session, kinds: Collection[str], codes: Mapping[str, str], around: int | None = None
) -> list[Place]:
    """Return the open places of some kinds within a place, else in the row's county (classes: in its school)."""
    level = "school" if set(kinds) == {"class"} else ("county" if codes["county"] != NO_PLACE else "city")
    inside = getattr(Place, f"{level}_code") == codes[level] if around is None else Place.parent_id == around
    wanted = select(Place).where(Place.kind.in_(sorted(kinds)), ~Place.is_closed, inside)
    return list(session.scalars(wanted.order_by(Place.code).limit(MOST_OFFERED)))
