"""The session through which a person reads one case: as their own, or as one of the kind that their post reads."""

from __future__ import annotations

from flask import url_for
from sqlalchemy import select

from admin_app.desk import current_actor, current_policy, may, now, opened_session, read_session, system_session
from models.case import Case
from models.database import OfficeSession
from models.draw import PlaceDraw
from workflows.case_view import CaseView, view_case
from workflows.policy import Permission


def case_session(number: str) -> OfficeSession:
    """Return the session for a case's number, whether or not there is such a case; raises Denied for who reads none."""
    own = select(Case.id).where(Case.number == number)
    if may(Permission.CASE_READ) and read_session(Permission.CASE_READ).scalar(own) is not None:
        return read_session(Permission.CASE_READ)
    workflow = system_session("kinds of case").scalar(select(Case.workflow).where(Case.number == number))
    wide = opened_session(workflow) if workflow is not None else None
    if wide is not None and wide.scalar(own) is not None:
        return wide
    return read_session(Permission.CASE_READ)


def seen_case(number: str) -> CaseView:
    """Return a case as the person sees it; raises Missing and Denied."""
    session = case_session(number)
    return view_case(session, system_session("evidence"), current_actor(), current_policy(), number, now())


def reads_case(case: Case) -> bool:
    """Tell whether the person may open a case's page."""
    actor, policy = current_actor(), current_policy()
    if policy.post_for(actor, Permission.CASE_READ, case.related_codes) is not None:
        return True
    return case.circle == "" and policy.scope_opened(actor, case.workflow).covers(case.level_codes)


def draw_link(case: Case) -> dict[str, str] | None:
    """Return the draw by lot that opened a case, as a fact of its page; None for the others."""
    if case.batch_id is None:
        return None
    number = system_session("draws").scalar(select(PlaceDraw.number).where(PlaceDraw.id == case.batch_id))
    return None if number is None else {"text": number, "url": url_for("inspections.draw", draw=number)}
