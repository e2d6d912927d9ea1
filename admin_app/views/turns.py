"""The turn of the school year: the term's wave, and each school's step into the next year."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import perform
from admin_app.listing.ids import number
from admin_app.pages.turn import check_page, choices_page, done_page, find_plan, index_page, read_choices
from admin_app.pages.wave import wave_page, wave_place
from admin_app.wording import say
from workflows.operations.turn import turn_school
from workflows.operations.wave import open_wave
from workflows.policy import Permission as P
from workflows.refusal import Denied, Missing, Refusal
from workflows.turn_plan import TurnChoices, faults_of

bp = Blueprint("turns", __name__, url_prefix="/turns")


@bp.get("/")
def index() -> str:
    """List the schools with what they have done this year."""
    return render_template("turn/index.html", **index_page())


@bp.get("/waves/<place>")
def wave(place: str) -> str:
    """Show what this term's wave would do at a place."""
    return render_template("turn/wave.html", **wave_page(place))


@bp.post("/waves/<place>")
def open_it(place: str) -> Response:
    """Open the wave, once or again, and say what it did."""
    term_id = number(request.form.get("term")) or 0
    try:
        done = perform(open_wave, P.WAVE_OPEN, wave_place(place).id, term_id)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        flash(say(refusal.message), "bad")
        return redirect(url_for("turns.wave", place=place))
    flash(_("已新建 %(opened)s 份档案，%(lapsed)s 份按未完成结束。", opened=done.opened, lapsed=done.lapsed), "ok")
    if done.stuck:
        numbers = str(_("、")).join(done.stuck[:20])
        flash(_("%(n)s 份用的是旧流程，请先办结：%(numbers)s", n=len(done.stuck), numbers=numbers), "warn")
    return redirect(url_for("turns.wave", place=place))


@bp.get("/schools/<school>")
def school(school: str) -> str:
    """Show a school's classes now and next with what can be chosen, or how its turn ended."""
    plan = find_plan(school)
    if plan.done is not None:
        return render_template("turn/done.html", **done_page(plan))
    return render_template("turn/school.html", **choices_page(plan, TurnChoices()))


@bp.post("/schools/<school>/check")
def check(school: str) -> Response | str | tuple[str, int]:
    """Show what the choices come to, or what is wrong with them; nothing is written."""
    plan = find_plan(school)
    if plan.done is not None:
        return redirect(url_for("turns.school", school=school))
    choices = read_choices(plan, request.form)
    faults = faults_of(plan, choices)
    if faults or plan.obstacles or request.form.get("back"):
        page = render_template(
            "turn/school.html", **choices_page(plan, choices, faults, request.form.get("new_classes"))
        )
        return page if request.form.get("back") else (page, 422)
    return render_template("turn/check.html", **check_page(plan, choices))


@bp.post("/schools/<school>")
def turn(school: str) -> Response:
    """Make the turn; what stands against it by now is said on the page of the choices."""
    plan = find_plan(school)
    choices = read_choices(plan, request.form)
    mark = request.form.get("mark", "")
    try:
        perform(turn_school, P.TURN_MANAGE, plan.school.id, plan.first_year, choices, mark)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        flash(say(refusal.message), "bad")
    return redirect(url_for("turns.school", school=school))
