"""Focus children: the classes with their counts, and the guided choice in one class."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import perform
from admin_app.pages.focus import SELECTION, class_named, class_page, index_page, only_class, outside, read_choices
from admin_app.pages.focus import selection as rules_in_force
from admin_app.wording import say
from workflows.operations.selection import choose
from workflows.policy import Permission as P
from workflows.refusal import Denied, Missing, Refusal, Stale

bp = Blueprint("focus", __name__, url_prefix="/focus")


@bp.get("/")
def index() -> str | Response:
    """List places with their counts; a class teacher comes to their class at once."""
    code = only_class()
    if code is not None:
        return redirect(url_for("focus.show", class_code=code))
    return render_template("office/list.html", screen=index_page(request.args.get("place", "")))


@bp.get("/<class_code>")
def show(class_code: str) -> str:
    """Show a class's children in the order of the rules, with the reasons in words."""
    takes = request.args.get("take") == "proposed"
    return render_template("focus/class.html", **class_page(class_named(class_code), takes_proposals=takes))


@bp.post("/<class_code>")
def save(class_code: str) -> Response | tuple[str, int]:
    """Keep who was chosen and why; what was typed is given back when it is refused."""
    place, choices = class_named(class_code), read_choices(request.form)
    key = request.form.get("request_key", "")[:80] or None
    try:
        done = perform(choose, P.CHILD_EDIT, SELECTION, place.id, choices, key=key)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        place = class_named(class_code)
        page = class_page(place, typed=choices, faults=refusal.faults, notice=refusal.message)
        return render_template("focus/class.html", **page), 409 if isinstance(refusal, Stale) else 422
    flash(_("已保存：新选 %(a)s 名，取消 %(b)s 名，现有 %(n)s 名。", a=done.added, b=done.dropped, n=done.now), "ok")
    rules = rules_in_force().selection
    if word := outside(done.now, len(choices), rules.at_least, rules.at_most):
        title = say(rules.title)
        advised = _("建议每班 %(a)s–%(b)s 名", a=rules.at_least, b=rules.at_most)
        flash(f"{title}{word}{_('，')}{advised}", "warn")
    return redirect(url_for("focus.show", class_code=class_code))
