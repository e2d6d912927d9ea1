"""What the form shows by which a child moves to another class of the school."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from admin_app.desk import current_actor, current_policy, read_session
from admin_app.pages.place import title_of
from admin_app.shell_year import school_year_shown
from admin_app.wording import say
from models.child import Child
from models.place import Place
from workflows.policy import Permission as P
from workflows.refusal import Missing, Refusal
from workflows.text import text


def child_to_move(child_id: int) -> Child:
    """Return a child on whom the person may decide; raises Missing."""
    child = read_session(P.CHILD_MOVE).get(Child, child_id)
    if child is None:
        raise Missing("not_found", text("没有这条记录"))
    return child


def move_actions(child: Child) -> list[dict[str, Any]]:
    """Return the button on a child's page, for those who may move a child that is on file."""
    if child.status != "on_file" or current_policy().post_for(current_actor(), P.CHILD_MOVE, child.level_codes) is None:
        return []
    return [{"label": _("转班"), "url": url_for("class_move.ask", id=child.id), "icon": "arrows-exchange"}]


def move_page(child: Child, refusal: Refusal | None = None, chosen: str = "", reason: str = "") -> dict[str, Any]:
    """Return the context of `turn/move.html`, with what was typed and what is wrong with it."""
    session, year = read_session(P.CHILD_MOVE), school_year_shown()
    schools = {p.code: p for p in session.scalars(select(Place).where(Place.code == child.school_code))}
    found = session.scalars(
        select(Place)
        .where(Place.kind == "class", Place.school_code == child.school_code, Place.is_closed.is_(False))
        .order_by(Place.cohort.desc(), Place.number)
    ).all()
    here = next((place for place in found if place.code == child.class_code), None)
    faults = {key: say(fault) for key, fault in refusal.faults.items()} if refusal else {}
    return {
        "child": child,
        "here": title_of(here, schools, year) if here is not None else _("没有班级"),
        "classes": [
            {"value": place.id, "label": title_of(place, schools, year), "is_chosen": str(place.id) == chosen}
            for place in found
            if place.code != child.class_code
        ],
        "reason": reason,
        "faults": faults,
        "fault": say(refusal.message) if refusal and not faults else None,
        "cancel_url": url_for("children.details_view", id=child.id),
    }
