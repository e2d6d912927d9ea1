"""Loads a person as actor: their account and the posts they hold on a day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

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
    posts = tuple(Post(number, role, place, Branch(kind, code), name) for number, role, place, kind, code, name in held)
    preferences = {"language": staff.language, "theme": staff.theme, "size": staff.text_size}
    return Actor(staff.id, staff.name, staff.login, posts, preferences=preferences)


def actor_by_login(session: Session, login: str, day: date) -> Actor | None:
    """Return the active person with a login, None when there is none; the session needs a system scope."""
    staff = session.scalars(select(Staff).where(Staff.login == login, Staff.is_active)).one_or_none()
    return None if staff is None else actor_of(session, staff, day)
