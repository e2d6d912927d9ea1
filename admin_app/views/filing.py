"""The filing rate by class, school or township, with the children missing behind each figure."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from admin_app.desk import current_actor, read_session
from admin_app.pages.filing import filing_page, missing_page
from workflows.policy import Permission
from workflows.refusal import Missing
from workflows.text import text

bp = Blueprint("filing", __name__, url_prefix="/filing")


@bp.get("/")
def index() -> str:
    """Show the rates of the places one level below the person's own."""
    session = read_session(Permission.REPORT_READ)
    return render_template("filing/rates.html", **filing_page(session, current_actor(), request.args.get("place", "")))


@bp.get("/missing/<level>/<code>")
def missing(level: str, code: str) -> str:
    """List the children whose file is not filed yet behind a place's figure."""
    if level not in ("township", "school", "class"):
        raise Missing("no_level", text("没有这一级"))
    return render_template("office/list.html", screen=missing_page(read_session(Permission.CASE_LIST), level, code))
