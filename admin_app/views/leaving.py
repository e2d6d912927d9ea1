"""Somebody on the staff leaves: one page for all they hold."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import perform
from admin_app.listing.ids import rev, row_id
from admin_app.pages.leaving import Typed, leaving_page, person_leaving, read_typed
from workflows.operations.leaving import Handover, hand_over
from workflows.policy import Permission as P
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

bp = Blueprint("leaving", __name__, url_prefix="/staff/leave")


@bp.get("/")
def ask() -> str:
    """Show what the person holds and ask who follows."""
    return render_template("staff/leave.html", **leaving_page(person_leaving(row_id())))


@bp.post("/")
def leave() -> Response | tuple[str, int]:
    """Hand everything over, or show what is wrong beside what was chosen."""
    person, typed = person_leaving(row_id()), read_typed(request.form)
    try:
        done = perform(hand_over, P.STAFF_APPOINT, person.id, rev(), _handover(typed))
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        page = leaving_page(person_leaving(person.id), typed, refusal)
        return render_template("staff/leave.html", **page), 422
    flash(_("已交接 %(passed)s 项，结束 %(ended)s 项。", passed=done.passed, ended=done.ended), "ok")
    if not done.is_locked:
        flash(_("账号到交接日起没有岗位；到那天请再停用账号。"), "warn")
    return redirect(url_for("staff.details_view", id=person.id))


def _handover(typed: Typed) -> Handover:
    try:
        from_on = date.fromisoformat(typed.from_on)
    except ValueError:
        message = text("请填写交接日期")
        raise Refusal("bad_date", message, {"from_on": message}) from None
    seen = frozenset(request.form.getlist("seen"))
    return Handover(from_on, typed.reason, seen, typed.successors(seen), typed.is_sure)
