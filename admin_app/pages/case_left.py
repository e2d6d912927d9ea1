"""Who has left a confidential case, and by whom a leader of its circle may let the part be taken over."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, current_policy, now, system_session
from admin_app.pages.case_cards import relation_word
from admin_app.shell import role_word
from admin_app.wording import say
from models.task import CaseTask
from workflows.case_view import CaseView
from workflows.clock import local_day
from workflows.closed_parts import parts_left, successors
from workflows.left_seats import seats_left
from workflows.operations.seat_passing import takers
from workflows.policy import Permission

POOL = "pool"  # a choice beside the people: whoever else is of the pool


def left_parts(session: Session, view: CaseView) -> list[dict[str, Any]]:
    """Return the parts whose holders have left, with who may take over where the person may say so."""
    case, policy, actor = view.case, current_policy(), current_actor()
    everything = system_session("confidential parts")
    leads = policy.leads_circle(actor, case.circle, case.level_codes)
    acts = policy.post_for(actor, Permission.CASE_ACT, case.level_codes) is not None
    found = []
    day = local_day(now())
    for part in parts_left(session, everything, case, day):
        offered = successors(everything, view.version, part.relation, case.level_codes, day, policy)
        people = [(number, say(label)) for number, label in offered.items() if number != str(part.staff_id)]
        found.append(
            {
                "title": _("%(relation)s %(name)s 已离任", relation=relation_word(view, part.relation), name=part.name),
                "people": people if leads and acts else [],
                "url": url_for("case_parts.entrust", part=part.id),
            }
        )
    if case.circle:
        for seat, _case in seats_left(session, everything, policy, day, CaseTask.case_id == case.id):
            found.append(_seat(seat, *takers(everything, seat, case, policy, day), names=leads and acts))
    return found


def _seat(seat: CaseTask, offered: Mapping[int, str], may_return: bool, *, names: bool) -> dict[str, Any]:
    """Return a seat on which nobody sits who could speak; it may go back to a pool in which somebody else is."""
    if seat.staff_id is not None:
        title = _("%(name)s 已不能办理这一项", name=seat.name)
    else:
        title = _("%(name)s 的%(role)s现在没有人", name=seat.name, role=role_word(seat.role or ""))
    pool = [(POOL, _("退回待领"))] if may_return else []
    people = [(str(number), name) for number, name in offered.items()]
    return {
        "title": title,
        "people": [*pool, *people] if names else [],
        "url": url_for("case_parts.entrust_to", seat=seat.id),
    }
