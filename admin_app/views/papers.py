"""Papers to print and sign."""

from __future__ import annotations

from flask import Blueprint, render_template

from admin_app.desk import current_actor, current_policy, now, read_session, record_read
from admin_app.pages.paper import pledge_page
from workflows.case_view import opened_event, view_case
from workflows.policy import Permission

bp = Blueprint("papers", __name__, url_prefix="/papers")


@bp.get("/pledge/<number>")
def pledge(number: str) -> str:
    """Show both copies of a pairing's pledge, to be printed and signed; opening it is on record."""
    session = read_session(Permission.CASE_READ)
    view = view_case(session, current_actor(), current_policy(), number, now())
    page = pledge_page(session, view)
    record_read(opened_event(view, ["P0", "P1"]))
    return render_template("papers/pledge.html", **page)
