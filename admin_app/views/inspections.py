"""Inspections: the list of the person's places, the places to inspect, and draws by lot from seal to notices."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import perform
from admin_app.forms.definition_form import read_answers
from admin_app.pages.draw import draw_page, find_draw
from admin_app.pages.draw_notice import may_notify, notice_form, notice_page
from admin_app.pages.draws import ask_page, chosen_place, draws_page, read_wanted
from admin_app.pages.inspection_places import places_page
from admin_app.pages.inspections import inspections_page
from admin_app.wording import say
from workflows.operations.draw import make_draw, open_drawn, prepare_draw
from workflows.policy import Permission as P
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

bp = Blueprint("inspections", __name__, url_prefix="/inspections")


@bp.get("/")
def index() -> str:
    """List inspections, newest first, by filters and keyset."""
    return render_template("office/list.html", screen=inspections_page(request.args))


@bp.get("/places")
def places() -> str:
    """List the places to inspect."""
    return render_template("office/list.html", screen=places_page(request.args))


@bp.get("/draws/")
def draws() -> str:
    """List the draws, newest first."""
    return render_template("office/list.html", screen=draws_page(request.args))


@bp.get("/draws/new")
def ask() -> str:
    """Show what can be drawn from below a place."""
    return render_template("draws/ask.html", **ask_page(chosen_place(request.args)))


@bp.post("/draws/new")
def prepare() -> Response | tuple[str, int]:
    """Seal the seed and keep the list; the same request does it once."""
    chosen = chosen_place(request.form)
    key = request.form.get("request_key", "")[:80] or uuid.uuid4().hex
    try:
        draw = perform(prepare_draw, P.INSPECTION_DRAW, chosen.place.id, read_wanted(request.form), key)
    except Refusal as refusal:
        if isinstance(refusal, Denied | Missing):
            raise
        return render_template("draws/ask.html", **ask_page(chosen_place(request.form), request.form, refusal)), 422
    return redirect(url_for("inspections.draw", draw=draw.number))


@bp.get("/draws/<draw>")
def draw(draw: str) -> str:
    """Show one draw; on demand with everything held against everything."""
    return render_template("draws/draw.html", **draw_page(find_draw(draw), "again" in request.args))


@bp.post("/draws/<draw>")
def make(draw: str) -> Response | tuple[str, int]:
    """Open the seed and draw, once."""
    find_draw(draw)
    word = request.form.get("word", "")
    try:
        perform(make_draw, P.INSPECTION_DRAW, draw, word)
    except Refusal as refusal:
        if isinstance(refusal, Denied | Missing):
            raise
        page = draw_page(find_draw(draw), False, refusal.message, word)
        return render_template("draws/draw.html", **page), 422
    flash(_("已抽取，种子已公布。"), "ok")
    return redirect(url_for("inspections.draw", draw=draw))


@bp.get("/draws/<draw>/notice")
def notice(draw: str) -> str | Response:
    """Show the notice that goes to all drawn places."""
    found = find_draw(draw)
    if not may_notify(found):
        raise Denied("not_permitted", text("你的岗位不能办理这一项"))
    if not found.is_drawn:
        return redirect(url_for("inspections.draw", draw=draw))
    return render_template("office/form.html", **notice_page(found))


@bp.post("/draws/<draw>/notice")
def begin(draw: str) -> Response | tuple[str, int]:
    """Open an inspection at each drawn place, and say where there is none and why."""
    find_draw(draw)
    try:
        begun = perform(open_drawn, P.INSPECTION_DRAW, draw, read_answers(notice_form().definition, request.form))
    except Refusal as refusal:
        if isinstance(refusal, Denied | Missing) or not find_draw(draw).is_drawn:
            raise
        return render_template("office/form.html", **notice_page(find_draw(draw), request, refusal)), 422
    opened = sum(one.is_new for one in begun)
    flash(_("已发起 %(n)s 件督查。", n=opened) if opened else _("没有新发起的督查。"), "ok" if opened else "info")
    for one in begun:
        if one.refused is not None:
            flash(f"{one.name}{_('：')}{say(one.refused)}", "warn")
    return redirect(url_for("inspections.draw", draw=draw))
