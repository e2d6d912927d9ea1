"""Loads a person as actor: their account and the posts they hold on a day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session

from models.case import CaseParticipant
from models.place import Place
from models.scope import Branch
from models.staff import Appointment, Staff
from workflows.actor import Actor, Post


def actor_of(session: Session, staff: Staff, day: date) -> Actor:
    """Return a person with the posts held on a day; the session needs a system scope."""
    held = session.execute(
        select(Appointment.id, Appointment.role, Place.id, Place.kind, Place.code, Place.name)
        .join(Place, Place.id == Appointment.place_id)
        .where(
            Appointment.staff_id == staff.id,
            Appointment.from_on <= day,
            or_(Appointment.until_on.is_(None), Appointment.until_on >= day),
        )
        .order_by(Appointment.from_on, Appointment.id)
    )
    posts = [Post(number, role, place, Branch(kind, code), name) for number, role, place, kind, code, name in held]
    posts += _parts(session, staff, posts)
    preferences = {"language": staff.language, "theme": staff.theme, "size": staff.text_size}
    return Actor(staff.id, staff.name, staff.login, tuple(posts), preferences=preferences, lists=staff.list_choices)


def _parts(session: Session, staff: Staff, held: Sequence[Post]) -> Iterator[Post]:
    """Yield what the person reaches by taking part in open cases, themselves or as holder of a role at a place."""
    by_role = or_(
        false(),
        *(and_(CaseParticipant.place_id == post.place_id, CaseParticipant.role == post.role) for post in held),
    )
    rows = session.execute(
        select(
            CaseParticipant.id,
            CaseParticipant.relation,
            CaseParticipant.works_as,
            CaseParticipant.case_id,
            CaseParticipant.child_id,
        ).where(CaseParticipant.until_at.is_(None), or_(CaseParticipant.staff_id == staff.id, by_role))
    )
    for number, relation, works_as, case, child in rows:
        yield Post(number, works_as or "", 0, Branch("case", str(case)), "", relation)
        if child is not None and works_as is not None:
            yield Post(number, works_as, 0, Branch("child", str(child)), "", relation)


def actor_by_login(session: Session, login: str, day: date) -> Actor | None:
    """Return the active person with a login, None when there is none; the session needs a system scope."""
    staff = session.scalars(select(Staff).where(Staff.login == login, Staff.is_active)).one_or_none()
    return None if staff is None else actor_of(session, staff, day)
