"""What each post permits, in words: the matrix of the pack read row by row."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask_babel import gettext as _

from admin_app.desk import system_session
from admin_app.listing.column import words
from admin_app.shell import role_word
from admin_app.wording import say
from workflows.engine.published import workflow_in_force
from workflows.policy import Permission, Policy
from workflows.policy_words import PERMISSION_WORDS, SEES_WORDS


def permits(policy: Policy, role: str) -> str:
    """Return what a role may do, in one line; what it may besides while the officers are not separate is in it."""
    may = [say(PERMISSION_WORDS[permission]) for permission in Permission if policy.allows(role, permission)]
    return str(_("；")).join(may) or str(_("只参与轮到自己的事项"))


def sees(policy: Policy, role: str) -> str:
    """Return how much of a record a role sees, and which cases it reads without taking part in them."""
    titles = [say(workflow_in_force(system_session(), key).workflow.title) for key in policy.roles[role].opens]
    opened = [_("不参与也能打开：%(titles)s", titles=str(_("、")).join(titles))] if titles else []
    return str(_("；")).join([say(SEES_WORDS[policy.roles[role].sees]), *opened])


def roles_card(policy: Policy, held: Iterable[str], url: str) -> dict[str, Any] | None:
    """Return a card that says what each of some roles permits, None for none."""
    roles = [role for role in policy.roles if role in set(held)]
    if not roles:
        return None
    facts = [{"key": role_word(r), "value": {"text": permits(policy, r), "sub": sees(policy, r)}} for r in roles]
    foot = _("岗位的范围是任职的单位和它的下级，参与的事项只到那名儿童；每次查看都记下所凭的授权")
    links = [{"label": _("全部岗位"), "url": url, "icon": "list"}]
    return {"title": _("现在能做什么"), "facts": facts, "shape": "list", "foot": foot, "links": links}


def roles_page(policy: Policy, back_url: str) -> dict[str, Any]:
    """Return the list of all roles for `office/list.html`."""
    labels = (_("岗位"), _("能做什么"), _("看到什么"))
    rows = [
        {"id": role, "cells": [words(role_word(role)), words(permits(policy, role)), words(sees(policy, role))]}
        for role in policy.roles
    ]
    columns = [{"key": str(n), "label": label, "is_wide": n > 0, "is_sticky": n == 0} for n, label in enumerate(labels)]
    return {
        "title": _("岗位权限"),
        "subtitle": _("没有列出的都不能办"),
        "back_url": back_url,
        "columns": columns,
        "rows": rows,
        "can_select": False,
        "pager": None,
        "empty": {"icon": "id", "title": _("还没有岗位")},
    }
