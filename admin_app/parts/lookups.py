"""Suggestions for a text box: a few rows of the person's scope, never a table."""

from __future__ import annotations

from typing import Any

from flask import make_response, render_template, request
from flask_admin import expose
from sqlalchemy import select

from admin_app.desk import system_session
from admin_app.parts.declared import Declared
from models.place import Place
from workflows.refusal import Missing
from workflows.text import text

MOST_SUGGESTIONS = 20


class LookupPart(Declared):
    """Suggests places by code or name."""

    @expose("/ajax/lookup/")
    def ajax_lookup(self) -> Any:
        """Suggest a few places by code or name, as options of a text box."""
        if request.args.get("name") != "place":
            raise Missing("not_found", text("没有这样的查找"))
        written = request.args.get("query") or request.args.get("place") or ""
        found = self.suggested(written.strip()[:40])
        return make_response(render_template("parts/options.html", options=found))

    def suggested(self, written: str) -> list[tuple[str, str]]:
        """Return codes and names of places in this person's scope that match what was typed."""
        scope = self.reading("create" if self.allows("create") else "list").info["scope"]
        match = Place.name.contains(written, autoescape=True) | Place.code.startswith(written.upper(), autoescape=True)
        rows = system_session().scalars(
            select(Place)
            .where(scope.row_condition(Place), match, Place.is_closed.is_(False))
            .order_by(Place.code)
            .limit(MOST_SUGGESTIONS)
        )
        return [(place.code, place.name) for place in rows]
