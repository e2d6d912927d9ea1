"""Who has left a confidential case, and by whom a leader of its circle may let the part be taken over."""

from __future__ import annotations

from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, current_policy, now, system_session
from admin_app.pages.case_cards import relation_word
from admin_app.wording import say
from workflows.case_view import CaseView
from workflows.clock import local_day
from workflows.closed_parts import parts_left, successors
from workflows.policy import Permission


def left_parts(session: Session, view: CaseView) -> list[dict[str, Any]]:
    """Return the parts whose holders have left, with who may take over where the person may say so."""
    case, policy, actor = view.case, current_policy(), current_actor()
    everything = system_session("confidential parts")
    leads = policy.leads_circle(actor, case.circle, case.level_codes)
    acts = policy.post_for(actor, Permission.CASE_ACT, case.level_codes) is not None
    found = []
    for part in parts_left(session, everything, case):
        offered = successors(everything, view.version, part.relation, case.level_codes, local_day(now()), policy)
        people = [(number, say(label)) for number, label in offered.items() if number != str(part.staff_id)]
        found.append(
            {
                "name": part.name,
                "relation": relation_word(view, part.relation),
                "people": people if leads and acts else [],
                "url": url_for("case_parts.entrust", part=part.id),
            }
        )
    return found
