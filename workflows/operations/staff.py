"""Makes, changes, activates and deactivates accounts of the staff."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import exists, select, update

from models.place import Place
from models.search import name_key
from models.staff import Appointment, LoginSession, Staff
from models.types import new_id
from models.vault import vault_of
from workflows.audit import Happening
from workflows.fields import STAFF, put
from workflows.first_password import draw_first_password, hash_password
from workflows.operations.rows import check_rev, fetch, flush_unique
from workflows.operations.setting import holds
from workflows.policy import Permission
from workflows.reading import read
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import Cell

MAKEABLE = {key: STAFF[key] for key in ("name", "login", "sex", "phone", "email")}
CHANGEABLE = {key: STAFF[key] for key in ("name", "sex", "phone", "email")}
_LOGIN = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True)
class FirstPassword:
    """What the slip shows once: whose account, and the password drawn for its first log-in."""

    staff_id: int
    login: str
    name: str
    password: str


def make_staff(tx: Transaction, place_id: int, values: Mapping[str, Cell]) -> FirstPassword:
    """Add an account with a drawn first password.

    It stays inactive until a security officer activates it; where the officers are not separate, whoever may activate
    does so by making it. Raises Refusal `bad_values`, `login_taken`, `place_closed`.
    """
    drawn = draw_first_password()
    person = _enter(tx, place_id, values, hash_password(drawn))
    return FirstPassword(person.id, person.login, person.name, drawn)


def enter_staff(tx: Transaction, place_id: int, values: Mapping[str, Cell]) -> Staff:
    """Add an account without a password: nobody logs in with it until one is drawn. Raises as `make_staff` does."""
    return _enter(tx, place_id, values, None)


def _enter(tx: Transaction, place_id: int, values: Mapping[str, Cell], digest: str | None) -> Staff:
    place = _workplace(tx, place_id)
    tx.require(Permission.STAFF_MANAGE, place.level_codes)
    chosen = read(Staff, MAKEABLE, values, today=tx.today)
    chosen["login"] = str(chosen["login"]).lower()
    if not _LOGIN.fullmatch(chosen["login"]):
        message = text("账号用小写字母、数字、点和横线，2 至 40 位")
        raise Refusal("bad_values", message, {"login": message})
    active = not tx.policy.separate_officers and bool(
        tx.actor.system or tx.policy.post_for(tx.actor, Permission.STAFF_ACTIVATE, place.level_codes)
    )
    person = Staff(id=new_id(), must_change_password=True, made_at=tx.now)
    person.password_hash = digest
    person.place_at(place.level_codes)
    person.name_key = name_key(chosen["name"])
    tx.session.add(vault_of(tx.session).new_key(person.id))
    with tx.session.no_autoflush:
        tx.session.add(person)
        changes = put(person, STAFF, chosen | {"place_id": place.id, "is_active": active})
    flush_unique(tx, "login_taken", text("这个账号已有人在用"), "login", "staff.login", "uq_staff_login")
    tx.tell(Happening("staff.made", "staff", person.id, person.level_codes, owner=person.id, changes=changes))
    return person


def change_staff(
    tx: Transaction, staff_id: int, rev: int, values: Mapping[str, Cell], place_id: int | None = None
) -> Staff:
    """Change a person's name, sex, phone or e-mail address, or the place that employs them."""
    person = _person(tx, staff_id, rev, Permission.STAFF_MANAGE)
    chosen = read(Staff, CHANGEABLE, values, today=tx.today)
    before = person.level_codes
    if place_id is not None and place_id != person.place_id:
        place = _workplace(tx, place_id)
        tx.require(Permission.STAFF_MANAGE, place.level_codes)
        person.place_at(place.level_codes)
        chosen["place_id"] = place.id
    changes = put(person, STAFF, chosen)
    person.name_key = name_key(person.name)
    tx.session.flush()
    if changes:
        tx.tell(Happening("staff.changed", "staff", person.id, before, owner=person.id, changes=changes))
    return person


def activate_staff(tx: Transaction, staff_id: int, rev: int) -> Staff:
    """Let a person log in; nobody does so for their own account."""
    person = _person(tx, staff_id, rev, Permission.STAFF_ACTIVATE)
    _refuse_own(tx, person)
    return _switch(tx, person, True, "staff.activated")


def deactivate_staff(tx: Transaction, staff_id: int, rev: int) -> Staff:
    """Lock a person out and end their sessions; raises Refusal `last_officer` for the only one in that office."""
    person = _person(tx, staff_id, rev, Permission.STAFF_ACTIVATE)
    _refuse_own(tx, person)
    refuse_last_officer(tx, person.id)
    end_sessions(tx, person.id)
    return _switch(tx, person, False, "staff.deactivated")


def reset_password(tx: Transaction, staff_id: int, rev: int) -> FirstPassword:
    """Draw a new first password and end the person's sessions."""
    person = _person(tx, staff_id, rev, Permission.STAFF_MANAGE)
    drawn = draw_first_password()
    person.password_hash = hash_password(drawn)
    person.must_change_password = True
    end_sessions(tx, person.id)
    tx.session.flush()
    tx.tell(Happening("staff.password_reset", "staff", person.id, person.level_codes))
    return FirstPassword(person.id, person.login, person.name, drawn)


def end_sessions(tx: Transaction, staff_id: int) -> None:
    """End every session of a person; it works on their next request."""
    tx.session.execute(
        update(LoginSession)
        .where(LoginSession.staff_id == staff_id, LoginSession.ended_at.is_(None))
        .values(ended_at=tx.now)
    )


def refuse_last_officer(tx: Transaction, staff_id: int, appointment_id: int | None = None) -> None:
    """Refuse to take away the last active system or security officer: nobody could put another one in place."""
    if not tx.policy.separate_officers:
        return
    own = Appointment.staff_id == staff_id
    ending = own if appointment_id is None else own & (Appointment.id == appointment_id)
    roles = ("system_officer", "security_officer")
    held = select(Appointment.role).where(ending, Appointment.role.in_(roles), holds(tx.today))
    for role in tx.session.scalars(held):
        others = (
            select(Appointment.id)
            .join(Staff, Staff.id == Appointment.staff_id)
            .where(Appointment.role == role, Appointment.staff_id != staff_id, Staff.is_active, holds(tx.today))
        )
        if not tx.session.scalar(select(exists(others))):
            raise Refusal("last_officer", text("这是最后一名在岗的该类管理员，请先任命另一人"))


def _person(tx: Transaction, staff_id: int, rev: int, permission: Permission) -> Staff:
    person = fetch(tx, Staff, staff_id)
    tx.require(permission, person.level_codes)
    check_rev(person, rev, STAFF)
    return person


def _workplace(tx: Transaction, place_id: int) -> Place:
    place = fetch(tx, Place, place_id)
    if place.is_closed:
        raise Refusal("place_closed", text("{place}已撤并", place=place.name), {"place_id": text("已撤并")})
    return place


def _refuse_own(tx: Transaction, person: Staff) -> None:
    if person.id == tx.actor.staff_id:
        raise Refusal("own_account", text("不能启用或停用自己的账号"))


def _switch(tx: Transaction, person: Staff, active: bool, action: str) -> Staff:
    changes = put(person, STAFF, {"is_active": active})
    tx.session.flush()
    if changes:
        tx.tell(Happening(action, "staff", person.id, person.level_codes, owner=person.id, changes=changes))
    return person
