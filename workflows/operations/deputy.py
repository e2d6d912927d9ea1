"""Names deputies for the time of an absence, and takes them back."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from models.delegation import Delegation
from models.staff import Appointment, Staff
from models.types import new_id
from workflows.audit import Happening
from workflows.opening_view import workflows_in_force
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text
from workflows.transaction import Transaction

LONGEST = timedelta(days=366)


@dataclass(frozen=True)
class Absence:
    """Who acts from one day to another, and in which workflows; none named means in all."""

    deputy_id: int
    first_on: date
    last_on: date
    workflows: Sequence[str] = ()


def name_deputy(tx: Transaction, staff_id: int, absence: Absence) -> Delegation:
    """Let a colleague act for a person who is away: for oneself, or for another whose account one manages.

    Raises Denied for anybody else, Refusal with faults by field for days, deputy or workflows that do not do.
    """
    person = _person(tx, staff_id)
    _check_days(tx, absence)
    _check_deputy(tx, person, absence)
    known = {workflow.workflow.key for workflow in workflows_in_force(tx.session)}
    if not set(absence.workflows) <= known:
        message = text("没有这类事项")
        raise Refusal("form_refused", message, {"workflows": message})
    _refuse_second(tx, person, absence)
    row = Delegation(
        id=new_id(),
        staff_id=person.id,
        deputy_id=absence.deputy_id,
        first_on=absence.first_on,
        last_on=absence.last_on,
        workflows=sorted(absence.workflows),
        made_at=tx.now,
        made_by=tx.actor.staff_id,
    )
    tx.session.add(row)
    tx.session.flush()
    _tell(tx, "deputy.named", person, row)
    tx.send("deputy.named", "inbox", f"staff:{row.deputy_id}", {"staff": str(person.id)})
    return row


def end_deputy(tx: Transaction, number: int) -> None:
    """Take a deputy back before the time; one that is taken back already stays so."""
    row = tx.session.scalars(select(Delegation).where(Delegation.id == number)).one_or_none()
    if row is None:
        raise Missing("not_found", text("没有这条记录"))
    person = _person(tx, row.staff_id)
    if row.ended_at is None:
        row.ended_at = tx.now
        _tell(tx, "deputy.ended", person, row)


def _person(tx: Transaction, staff_id: int) -> Staff:
    with tx.directory() as everything:
        person = everything.get(Staff, staff_id)
    if person is None:
        raise Missing("not_found", text("没有这条记录"))
    if person.id != tx.actor.staff_id:
        if tx.policy.post_for(tx.actor, Permission.STAFF_MANAGE, person.level_codes) is None:
            raise Denied("not_permitted", text("只能给自己指定代理人"))
        tx.require(Permission.STAFF_MANAGE, person.level_codes)
    return person


def _check_days(tx: Transaction, absence: Absence) -> None:
    faults = {}
    if absence.last_on < max(absence.first_on, tx.today):
        faults["last_on"] = text("结束日期不能早于开始日期，也不能早于今天")
    elif absence.last_on - absence.first_on > LONGEST:
        faults["last_on"] = text("最长一年")
    if faults:
        raise Refusal("form_refused", text("还有内容没有填好"), faults)


def _check_deputy(tx: Transaction, person: Staff, absence: Absence) -> None:
    with tx.directory() as everything:
        offered = deputies_for(everything, person, tx.today)
    if absence.deputy_id not in {one.id for one in offered}:
        message = text("请从名单里选代理人")
        raise Refusal("form_refused", message, {"deputy": message})


def deputies_for(everything: Session, person: Staff, day: date) -> list[Staff]:
    """Return the active colleagues with a post at the person's school (or place), by name; a system scope is needed."""
    level = next(level for level in ("school", "township", "county", "city") if person.level_codes[level] != "-")
    still = or_(Appointment.until_on.is_(None), Appointment.until_on >= day)
    here = getattr(Appointment, f"{level}_code") == person.level_codes[level]
    rows = everything.scalars(
        select(Staff)
        .join(Appointment, Appointment.staff_id == Staff.id)
        .where(Staff.is_active, Staff.id != person.id, Appointment.from_on <= day, still, here)
        .order_by(Staff.name_key, Staff.id)
    )
    return list(dict.fromkeys(rows))


def _refuse_second(tx: Transaction, person: Staff, absence: Absence) -> None:
    rows = tx.session.scalars(
        select(Delegation).where(
            Delegation.staff_id == person.id,
            Delegation.ended_at.is_(None),
            Delegation.first_on <= absence.last_on,
            Delegation.last_on >= absence.first_on,
        )
    )
    for row in rows:
        if not row.workflows or not absence.workflows or set(row.workflows) & set(absence.workflows):
            message = text("这段时间已经指定了代理人，请先收回")
            raise Refusal("form_refused", message, {"first_on": message})


def _tell(tx: Transaction, action: str, person: Staff, row: Delegation) -> None:
    facts = {
        "staff": str(person.id),
        "deputy": str(row.deputy_id),
        "first_on": row.first_on.isoformat(),
        "last_on": row.last_on.isoformat(),
        "workflows": list(row.workflows),
    }
    tx.tell(Happening(action, "delegation", row.id, codes=person.level_codes, facts=facts))
