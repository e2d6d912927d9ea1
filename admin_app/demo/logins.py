"""Draws passwords for the people who show the demonstration, anew each time, and keeps none of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from admin_app.demo.cast import SHOWN
from models.database import Database
from models.scope import system_scope
from models.staff import Appointment, Staff
from workflows.actor import Actor
from workflows.operations.staff import reset_password
from workflows.policy import standard_policy
from workflows.transaction import Origin, Transaction, transaction


@dataclass(frozen=True)
class DemoLogin:
    """What somebody needs to log in as one of the people, and which post that person holds where."""

    login: str
    password: str
    role: str
    name: str
    place: str


def draw_logins(database: Database, at: datetime) -> list[DemoLogin]:
    """Draw a password for one person of every role; sessions that these people still have are ended."""
    actor, scope = Actor.of_system("demo"), system_scope("demo")
    origin = Origin("demo-logins")
    with transaction(database, actor, standard_policy(), scope, origin=origin, clock=lambda: at) as tx:
        return [_draw(tx, login) for login in SHOWN]


def _draw(tx: Transaction, login: str) -> DemoLogin:
    person = tx.session.scalars(select(Staff).where(Staff.login == login)).one()
    drawn = reset_password(tx, person.id, person.rev)
    # Whoever shows the product need not invent a password of their own first; it serves on loopback only.
    person.must_change_password = False
    posts = select(Appointment).where(Appointment.staff_id == person.id).order_by(Appointment.from_on)
    post = tx.session.scalars(posts).first()
    assert post is not None
    return DemoLogin(login, drawn.password, post.role, person.name, post.place.name)
