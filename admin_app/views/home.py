"""The first page after logging in."""

from __future__ import annotations

from flask import Blueprint, render_template

from admin_app.pages.home import home_page
from admin_app.parts.records import quick_entries

bp = Blueprint("home", __name__)


@bp.get("/")
def index() -> str:
    """Show what waits for the person's posts."""
    return render_template("home/home.html", quick=quick_entries(), **home_page())
