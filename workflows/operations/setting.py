"""Sets the switches of the installation: whether the three officers are separate accounts."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from models.setting import Setting
from models.staff import Appointment, Staff
from workflows.audit import Change, Happening
from workflows.policy import Permission, Policy, standard_policy
from workflows.refusal import Refusal, Stale
from workflows.text import text
from workflows.transaction import Transaction

OFFICERS_KEY = "officers.separate"
OFFICERS_NEEDED = frozenset({"system_officer", "security_officer"})


def policy_in_force(session: Session) -> Policy:
    """Return the matrix in force, with the officers separate or not as the installation has it."""
    setting = session.get(Setting, OFFICERS_KEY)
    return standard_policy(setting is None or setting.value == "true")


def switch_officers(tx: Transaction, separate: bool, *, was_separate: bool) -> None:
    """Make the three officers separate accounts, or let the office do their work in a small school.

    Raises Stale when it was switched meanwhile, Refusal `officers_missing` when nobody could switch it back, and
    `mixed_roles` while somebody holds an officer's post beside another one.
    """
    tx.require(Permission.SETTING_MANAGE)
    setting = tx.session.get(Setting, OFFICERS_KEY, with_for_update=True)
    stands = setting is None or setting.value == "true"
    if stands != was_separate:
        raise Stale("changed_meanwhile", text("别人刚刚改过这个开关，请核对后再改"))
    if separate == stands:
        return
    if separate:
        _check_ready(tx)
    if setting is None:
        setting = Setting(key=OFFICERS_KEY, value="")
        tx.session.add(setting)
    setting.value = "true" if separate else "false"
    change = Change(OFFICERS_KEY, "P0", "true" if stands else "false", setting.value)
    tx.session.flush()
    tx.tell(Happening("setting.changed", "setting", changes=(change,), facts={"key": OFFICERS_KEY}))


def _check_ready(tx: Transaction) -> None:
    held: dict[int, set[str]] = {}
    for staff_id, role in tx.session.execute(
        select(Appointment.staff_id, Appointment.role)
        .join(Staff, Staff.id == Appointment.staff_id)
        .where(Staff.is_active, holds(tx.today))
    ):
        held.setdefault(staff_id, set()).add(role)
    if missing := OFFICERS_NEEDED - {role for roles in held.values() for role in roles}:
        raise Refusal("officers_missing", text("还缺 {count} 类管理员，不能分设", count=len(missing)))
    if any(len(roles) > 1 and is_officer(tx.policy, roles) for roles in held.values()):
        raise Refusal("mixed_roles", text("有人同时担任管理员和其他岗位，请先解除"))


def is_officer(policy: Policy, roles: set[str]) -> bool:
    """Tell whether an officer's role is among some roles."""
    return bool(policy.officers & roles)


def holds(day: date) -> ColumnElement[bool]:
    """Return the condition of appointments held on a day or later."""
    return or_(Appointment.until_on.is_(None), Appointment.until_on >= day)
