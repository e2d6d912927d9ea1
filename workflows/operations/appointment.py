"""Appoints people to posts from one day to another, and keeps the three officers apart from everybody else."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from sqlalchemy import or_, select

from models.place import Place
from models.staff import Appointment, Staff
from models.types import new_id
from workflows.audit import Happening
from workflows.fields import APPOINTMENT, put
from workflows.operations.rows import check_rev, fetch
from workflows.operations.staff import refuse_last_officer
from workflows.policy import Permission
from workflows.reading import read
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import Cell

CHANGEABLE = {key: APPOINTMENT[key] for key in ("from_on", "until_on", "purpose")}
AUDITOR = "audit_officer"


def appoint(tx: Transaction, staff_id: int, role: str, place_id: int, values: Mapping[str, Cell]) -> Appointment:
    """Give a person a post at a place; whoever does so approves it, and nobody approves their own.

    Raises Refusal `unknown_role`, `place_closed`, `own_post`, `same_post`, `officers_apart`, `bad_values`.
    """
    person, place = fetch(tx, Staff, staff_id), fetch(tx, Place, place_id)
    tx.require(Permission.STAFF_APPOINT, person.level_codes)
    tx.require(Permission.STAFF_APPOINT, place.level_codes)
    _check_post(tx, person, role, place)
    chosen = _read(tx, {"from_on": tx.today, "until_on": None, "purpose": ""} | dict(values))
    post = Appointment(id=new_id(), staff_id=person.id, approved_by=tx.actor.staff_id)
    post.place_at(place.level_codes)
    changes = put(post, APPOINTMENT, chosen | {"role": role, "place_id": place.id})
    _check_others(tx, post)
    tx.session.add(post)
    tx.session.flush()
    tx.tell(_told("appointment.made", post, changes))
    return post


def change_appointment(tx: Transaction, appointment_id: int, rev: int, values: Mapping[str, Cell]) -> Appointment:
    """Change the days or the purpose of a post; role and place stay, another post is another appointment."""
    post = _post(tx, appointment_id, rev)
    changes = put(post, APPOINTMENT, _read(tx, values, post))
    with tx.session.no_autoflush:
        _check_others(tx, post)
        if not post.holds_on(tx.today):
            refuse_last_officer(tx, post.staff_id, post.id)
    post.approved_by = tx.actor.staff_id
    tx.session.flush()
    if changes:
        tx.tell(_told("appointment.changed", post, changes))
    return post


def end_appointment(tx: Transaction, appointment_id: int, rev: int) -> Appointment:
    """End a post at once, so that it gives nothing from the next request on: its last day was yesterday.

    A post that began today or later is moved to that day as well; the trail keeps what stood there.
    """
    post = _post(tx, appointment_id, rev)
    refuse_last_officer(tx, post.staff_id, post.id)
    if post.until_on is not None and post.until_on < tx.today:
        raise Refusal("already_ended", text("这个任职已经结束"))
    yesterday = tx.today - timedelta(days=1)
    changes = put(post, APPOINTMENT, {"from_on": min(post.from_on, yesterday), "until_on": yesterday})
    tx.session.flush()
    tx.tell(_told("appointment.ended", post, changes))
    return post


def _post(tx: Transaction, appointment_id: int, rev: int) -> Appointment:
    post = fetch(tx, Appointment, appointment_id)
    tx.require(Permission.STAFF_APPOINT, post.level_codes)
    check_rev(post, rev, APPOINTMENT)
    return post


def _check_post(tx: Transaction, person: Staff, role: str, place: Place) -> None:
    if role not in tx.policy.roles:
        raise Refusal("unknown_role", text("没有这个岗位"), {"role": text("没有这个岗位")})
    if place.is_closed:
        raise Refusal("place_closed", text("{place}已撤并", place=place.name), {"place_id": text("已撤并")})
    if tx.policy.separate_officers and person.id == tx.actor.staff_id:
        raise Refusal("own_post", text("不能任命自己，请由另一名管理员办理"))


def _read(tx: Transaction, values: Mapping[str, Cell], post: Appointment | None = None) -> dict[str, Any]:
    chosen = read(Appointment, CHANGEABLE, values, today=tx.today)
    from_on: date = chosen.get("from_on") or (post.from_on if post else tx.today)
    until_on: date | None = chosen.get("until_on", post.until_on if post else None)
    if until_on is not None and until_on < from_on:
        raise Refusal("bad_values", text("止不能早于起"), {"until_on": text("不能早于起")})
    return chosen


def _check_others(tx: Transaction, post: Appointment) -> None:
    """Compare with the person's posts that overlap: no post twice, officers hold nothing beside (`access.md`)."""
    overlap = select(Appointment).where(
        Appointment.staff_id == post.staff_id,
        Appointment.id != post.id,
        or_(Appointment.until_on.is_(None), Appointment.until_on >= post.from_on),
    )
    if post.until_on is not None:
        overlap = overlap.where(Appointment.from_on <= post.until_on)
    officers = tx.policy.officers
    for other in tx.session.scalars(overlap):
        if (other.role, other.place_id) == (post.role, post.place_id):
            raise Refusal("same_post", text("这段时间已有同一任职"), {"from_on": text("与已有任职重叠")})
        roles = {other.role, post.role}
        if AUDITOR in roles and len(roles & officers) > 1:
            raise Refusal("officers_apart", text("审计管理员不能兼任另两类管理员"), {"role": text("不能兼任")})
        if tx.policy.separate_officers and len(roles) > 1 and roles & officers:
            raise Refusal("officers_apart", text("管理员不能兼任其他岗位"), {"role": text("不能兼任")})


def _told(action: str, post: Appointment, changes: Any) -> Happening:
    facts = {"staff": str(post.staff_id), "role": post.role}
    return Happening(action, "appointment", post.id, post.level_codes, changes=changes, facts=facts)
