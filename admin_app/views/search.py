"""Search over everything: names in characters, pinyin or initials, and case numbers."""

from __future__ import annotations

from flask import Blueprint, render_template, request

from admin_app.desk import read_session
from admin_app.pages.search import hits
from workflows.policy import Permission

bp = Blueprint("search", __name__)


@bp.get("/search")
def index() -> str:
    """Answer a search: suggestions while typing, a page otherwise."""
    words = request.args.get("q", "").strip()[:60]
    groups = hits(read_session(Permission.CHILD_LIST), words, 8 if "HX-Request" in request.headers else 50)
    template = "parts/suggestions.html" if "HX-Request" in request.headers else "search/results.html"
    return render_template(template, groups=groups, query=words, all_url=f"/search?q={words}" if words else None)
