"""The first page after logging in."""

from __future__ import annotations

from flask import Blueprint, render_template

from admin_app.pages.home import home_page

bp = Blueprint("home", __name__)


@bp.get("/")
def index() -> str:
    """Show what waits for the person's posts."""
    return render_template("home/home.html", **home_page())
