"""What the screen of the three officers shows: what is kept apart, who holds which post, and the switch."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from admin_app.listing.column import tag, words
from admin_app.pages.staff import state_cell
from admin_app.shell import role_word
from admin_app.wording import say, say_day
from models.place import Place
from models.staff import Appointment, Staff
from workflows.operations.setting import hindrance_to_separation
from workflows.policy import Permission, Policy
from workflows.policy_words import PERMISSION_WORDS
from workflows.text import text


def officers_page(session: Session, policy: Policy, day: date) -> dict[str, Any]:
    """Return the screen for `office/detail.html`; the session is one over the whole installation."""
    separate = policy.separate_officers
    hindrance = None if separate else hindrance_to_separation(session, policy, day)
    label = _("改为不分设") if separate else _("恢复分设")
    switch = {"label": label, "url": url_for("officers.switch", to="off" if separate else "on"),
              "icon": "lock-open" if separate else "shield-lock", "kind": "bad" if separate else "plain"}  # fmt: skip
    return {
        "title": _("三员分设"),
        "subtitle": _("整个系统共用一个开关"),
        "tags": [_state(separate)],
        "cards": [_duties(policy), _holders(session, policy, day), _limits()],
        "foot_actions": [] if hindrance else [switch],
        "refused": [{"label": label, "icon": "shield-lock", "reason": say(hindrance.message)}] if hindrance else [],
    }


def _state(separate: bool) -> dict[str, str]:
    if separate:
        return {"kind": "ok", "word": _("已分设"), "icon": "shield-check"}
    return {"kind": "warn", "word": _("未分设"), "icon": "alert-triangle"}


def _duties(policy: Policy) -> dict[str, Any]:
    labels = (_("事项"), _("分设时由谁办"), _("不分设时由谁办"))
    moved = [p for p in Permission if any(p in rules.officers_off for rules in policy.roles.values())]
    of_officers = [p for p in (*moved, Permission.AUDIT_READ) if _roles(policy, p, officers=True)]
    rows = [
        {
            "id": permission.value,
            "cells": [
                words(say(PERMISSION_WORDS[permission])),
                words(_joined(_roles(policy, permission))),
                words(_joined(_roles(policy, permission) + _added(policy, permission))),
            ],
        }
        for permission in of_officers
    ]
    columns = [{"key": str(n), "label": label, "is_wide": True} for n, label in enumerate(labels)]
    return {"title": _("分开的是什么"), "table": {"columns": columns, "rows": rows}}


def _roles(policy: Policy, permission: Permission, officers: bool = False) -> list[str]:
    return [
        role_word(role)
        for role, rules in policy.roles.items()
        if permission in rules.may and (not officers or role in policy.officers)
    ]


def _added(policy: Policy, permission: Permission) -> list[str]:
    return [role_word(role) for role, rules in policy.roles.items() if permission in rules.officers_off]


def _joined(names: list[str]) -> str:
    return str(_("、")).join(names)


def _holders(session: Session, policy: Policy, day: date) -> dict[str, Any]:
    held = session.execute(
        select(Appointment, Staff, Place.name)
        .join(Staff, Staff.id == Appointment.staff_id)
        .join(Place, Place.id == Appointment.place_id)
        .where(
            Appointment.role.in_(policy.officers),
            Appointment.from_on <= day,
            or_(Appointment.until_on.is_(None), Appointment.until_on >= day),
        )
        .order_by(Appointment.role, Staff.name_key, Appointment.id)
    ).all()
    labels = (_("岗位"), _("姓名"), _("单位"), _("起"), _("止"), _("状态"))
    rows = [
        {
            "id": post.id,
            "cells": [
                words(role_word(post.role)),
                words(person.name),
                words(place),
                words(say_day(post.from_on)),
                words(say_day(post.until_on) or _("未定")),
                state_cell(person),
            ],
        }
        for post, person, place in held
    ]
    vacant = [role for role in policy.roles if role in policy.officers and role not in {p.role for p, *_rest in held}]
    rows += [
        {"id": role, "cells": [words(role_word(role)), *[words(None)] * 4, tag("warn", text("无人担任"), "user-off")]}
        for role in vacant
    ]
    columns = [{"key": str(n), "label": label} for n, label in enumerate(labels)]
    return {"title": _("谁在担任"), "table": {"columns": columns, "rows": rows}}


def _limits() -> dict[str, Any]:
    pairs = (
        (_("业务数据"), _("三类管理员都看不到儿童档案和事项")),
        (_("新账号"), _("系统管理员开户，安全管理员启用并任命，两人办完才能登录办事")),
        (_("审计"), _("审计管理员任何时候都不能兼另两类")),
        (_("兼任"), _("分设时，管理员不能兼任其他岗位，也不能任命自己")),
        (_("留痕"), _("切换须填理由，记入审计日志，审计台可查")),
    )
    return {"title": _("规则"), "facts": [{"key": key, "value": value} for key, value in pairs], "shape": "list"}


def switch_page(separate: bool, reason: str = "", error: str = "") -> dict[str, Any]:
    """Return the question before the officers are made separate, or not, for `office/delete.html`."""
    if separate:
        lines = [
            _("办公室不再能开户、启用账号、任命岗位和改这个开关"),
            _("改由系统管理员和安全管理员办理，下一次点击即生效"),
        ]
    else:
        lines = [
            _("办公室可以自己开户、启用账号、任命岗位，也能改这个开关"),
            _("少了一道互相制约，适合人手少的学校；每一页的菜单下都标明未分设"),
            _("三类管理员的岗位保留，随时可以恢复分设"),
        ]
    return {
        "title": _("恢复分设") if separate else _("改为不分设"),
        "subject": _("三员分设"),
        "consequences": lines,
        "reason_required": True,
        "reason": reason,
        "error": error,
        "action": url_for("officers.switch", to="on" if separate else "off"),
        "cancel_url": url_for("officers.index"),
        "verb": _("恢复分设") if separate else _("改为不分设"),
        "icon": "shield-lock" if separate else "lock-open",
    }
