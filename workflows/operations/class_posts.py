"""Posts at a class when it closes or gets another class teacher."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import or_, select

from models.place import Place
from models.staff import Appointment
from workflows.audit import Happening
from workflows.fields import APPOINTMENT, put
from workflows.operations.appointment import appoint, end_appointment
from workflows.transaction import Transaction
from workflows.turn_plan import TEACHER


def end_posts_at(tx: Transaction, place: Place) -> int:
    """End every post at a class that closes, and return how many.

    It takes access away and gives none, so it belongs to the closing and needs no permission to appoint.
    """
    yesterday = tx.today - timedelta(days=1)
    posts = _held(tx, place)
    for post in posts:
        changes = put(post, APPOINTMENT, {"from_on": min(post.from_on, yesterday), "until_on": yesterday})
        facts = {"staff": str(post.staff_id), "role": post.role, "cause": "class_closed"}
        tx.tell(Happening("appointment.ended", "appointment", post.id, post.level_codes, changes=changes, facts=facts))
    return len(posts)


def give_class(tx: Transaction, place: Place, staff_id: int) -> bool:
    """Make a person the only class teacher of a class from today on; tells whether that changed anything.

    Raises as `appoint` and `end_appointment` do; both ask for the permission to appoint.
    """
    held = _held(tx, place, TEACHER)
    others = [post for post in held if post.staff_id != staff_id]
    for post in others:
        end_appointment(tx, post.id, post.rev)
    if len(others) < len(held):
        return bool(others)
    appoint(tx, staff_id, TEACHER, place.id, {})
    return True


def _held(tx: Transaction, place: Place, role: str | None = None) -> list[Appointment]:
    wanted = select(Appointment).where(
        Appointment.place_id == place.id, or_(Appointment.until_on.is_(None), Appointment.until_on >= tx.today)
    )
    if role is not None:
        wanted = wanted.where(Appointment.role == role)
    return list(tx.session.scalars(wanted.order_by(Appointment.id).with_for_update(of=Appointment)))
