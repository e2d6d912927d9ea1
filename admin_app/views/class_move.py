"""One child moves to another class of the school."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import perform
from admin_app.listing.ids import number, rev, row_id
from admin_app.pages.class_move import child_to_move, move_page
from workflows.operations.class_move import move_child
from workflows.policy import Permission as P
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

bp = Blueprint("class_move", __name__, url_prefix="/children/move")


@bp.get("/")
def ask() -> str:
    """Ask which class and why."""
    return render_template("turn/move.html", **move_page(child_to_move(row_id())))


@bp.post("/")
def move() -> Response | tuple[str, int]:
    """Move the child, or show what is wrong beside what was typed."""
    child = child_to_move(row_id())
    chosen, reason = request.form.get("class", ""), request.form.get("reason", "")
    try:
        perform(move_child, P.CHILD_MOVE, child.id, rev(), _class(chosen), reason)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        page = move_page(child_to_move(child.id), refusal, chosen, reason)
        return render_template("turn/move.html", **page), 422
    flash(_("已转班，档案和事项一同转过去。"), "ok")
    return redirect(url_for("children.details_view", id=child.id))


def _class(chosen: str) -> int:
    place_id = number(chosen)
    if place_id is None:
        message = text("请选择转到哪个班")
        raise Refusal("bad_values", message, {"class": message})
    return place_id
