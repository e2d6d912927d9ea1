"""Sets the switches of the installation: whether the three officers are separate accounts."""

from __future__ import annotations

from datetime import date

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from models.place import Place
from models.setting import Setting
from models.staff import Appointment, Staff
from models.vault import learn_keys
from workflows.audit import Change, Happening
from workflows.policy import Permission, Policy, standard_policy
from workflows.refusal import Refusal, Stale
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import as_text

OFFICERS_KEY = "officers.separate"
SHORTEST_REASON, LONGEST_REASON = 2, 200
OFFICERS_NEEDED = frozenset({"system_officer", "security_officer"})


def policy_in_force(session: Session) -> Policy:
    """Return the matrix in force, with the officers separate or not as the installation has it."""
    setting = session.get(Setting, OFFICERS_KEY)
    return standard_policy(setting is None or setting.value == "true")


def switch_officers(tx: Transaction, separate: bool, *, was_separate: bool, reason: str) -> None:
    """Make the three officers separate accounts, or let the office do their work in a small school.

    It holds for the whole installation, so it runs in a scope over all of it. Raises Stale when it was switched
    meanwhile, Refusal `reason_missing`, `officers_missing` when nobody could switch it back, and `mixed_roles` while
    somebody holds an officer's post beside another one.
    """
    tx.require(Permission.SETTING_MANAGE)
    setting = tx.session.get(Setting, OFFICERS_KEY, with_for_update=True)
    stands = setting is None or setting.value == "true"
    if stands != was_separate:
        raise Stale("changed_meanwhile", text("别人刚刚改过这个开关，请核对后再改"))
    if separate == stands:
        return
    why = as_text(reason)
    if len(why) < SHORTEST_REASON:
        raise Refusal("reason_missing", text("请写明理由"), {"reason": text("请写明理由")})
    if separate and (hindrance := hindrance_to_separation(tx.session, tx.policy, tx.today)):
        raise hindrance
    if setting is None:
        setting = Setting(key=OFFICERS_KEY, value="")
        tx.session.add(setting)
    setting.value = "true" if separate else "false"
    tx.session.flush()
    change = Change(OFFICERS_KEY, "P0", "true" if stands else "false", setting.value)
    _tell(tx, change, why[:LONGEST_REASON])


def _tell(tx: Transaction, change: Change, why: str) -> None:
    place = tx.session.get(Place, tx.post.place_id) if tx.post else None
    owner = tx.actor.staff_id
    learn_keys(tx.session, [owner] if owner else [])
    tx.tell(
        Happening(
            "setting.changed",
            "setting",
            codes=place.level_codes if place else None,
            owner=owner,
            changes=(change,),
            reason=why if owner else None,
            facts={"key": OFFICERS_KEY},
        )
    )


def hindrance_to_separation(session: Session, policy: Policy, day: date) -> Refusal | None:
    """Return what stands in the way of separate officers on a day, None when nothing does."""
    held: dict[int, set[str]] = {}
    for staff_id, role in session.execute(
        select(Appointment.staff_id, Appointment.role)
        .join(Staff, Staff.id == Appointment.staff_id)
        .where(Staff.is_active, holds(day))
    ):
        held.setdefault(staff_id, set()).add(role)
    if missing := OFFICERS_NEEDED - {role for roles in held.values() for role in roles}:
        return Refusal("officers_missing", text("还缺 {count} 类管理员，不能分设", count=len(missing)))
    if any(len(roles) > 1 and is_officer(policy, roles) for roles in held.values()):
        return Refusal("mixed_roles", text("有人同时担任管理员和其他岗位，请先解除"))
    return None


def is_officer(policy: Policy, roles: set[str]) -> bool:
    """Tell whether an officer's role is among some roles."""
    return bool(policy.officers & roles)


def holds(day: date) -> ColumnElement[bool]:
    """Return the condition of appointments held on a day or later."""
    return or_(Appointment.until_on.is_(None), Appointment.until_on >= day)
