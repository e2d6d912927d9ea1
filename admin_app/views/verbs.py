"""The verbs of a case, each with a page of its own: passing on, asking others, sending copies, urging, watching."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import perform
from admin_app.forms.kept_draft import draft_of
from admin_app.listing.ids import number as read_number
from admin_app.listing.ids import rev
from admin_app.pages.case_reach import case_session, seen_case
from admin_app.pages.case_verbs import WORDS, given_offers, verb_ask
from workflows.case_view import CaseView
from workflows.engine.vocabulary import Verb
from workflows.operations.draft import drop_draft
from workflows.operations.verbs import Asking, reply, use_verb
from workflows.operations.watch import Watching, end_watch, watch_case
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text
from workflows.verbs_open import REPLY, UNWATCH, Offer

bp = Blueprint("verbs", __name__, url_prefix="/cases/<number>/verb")


@bp.get("/<case_verb>")
def ask(number: str, case_verb: str) -> str:
    """Ask what a verb needs to know; raises Denied where the person may not use it now."""
    view = seen_case(number)
    offer = _offered(view, case_verb, request.args.get("seat"))
    return render_template("cases/ask.html", ask=verb_ask(view, offer, draft=draft_of(request.path)))


@bp.post("/<case_verb>")
def use(number: str, case_verb: str) -> Response | tuple[str, int]:
    """Use a verb and show the case; what was typed is given back when it is refused."""
    try:
        _use(number, _known(case_verb))
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        return render_template("cases/ask.html", ask=_again(number, case_verb, refusal)), 422
    perform(drop_draft, Permission.CASE_READ, request.path)
    flash(_("%(number)s 已%(verb)s", number=number, verb=WORDS[case_verb].label), "ok")
    return redirect(url_for("cases.show", number=number))


def _again(number: str, verb: str, refusal: Refusal) -> dict[str, Any]:
    """Return the page once more; raises the refusal itself where the verb cannot be used any longer."""
    view = seen_case(number)
    try:
        offer = _offered(view, verb, request.form.get("seat"))
    except Denied:
        raise refusal from None
    return verb_ask(view, offer, request.form, refusal)


def _known(verb: str) -> str:
    if verb not in WORDS:
        raise Missing("no_such_verb", text("没有这项操作"))
    return verb


def _offered(view: CaseView, verb: str, seat: str | None) -> Offer:
    """Return what the person may do by a verb, of several seats the one that is named; raises Denied for nothing."""
    _known(verb)
    given = [one for one in given_offers(case_session(view.case.number), view) if one.verb == verb]
    if verb == Verb.REMOVE_SIGNER:
        given = [one for one in given if one.seat is not None and one.seat.id == read_number(seat)]
    if not given:
        raise Denied("not_your_part", text("现在不能这样办理"))
    if given[0].reason is not None:
        raise Denied("not_now", given[0].reason)
    return given[0]


def _use(number: str, verb: str) -> None:
    form = request.form
    key = form.get("request_key", "")[:80] or None
    if verb == UNWATCH:
        perform(end_watch, Permission.CASE_WATCH, number)
        return
    if verb == Verb.WATCH:
        asked = Watching(form.get("note", ""), _day(form.get("due_on")), key)
        perform(watch_case, Permission.CASE_WATCH, number, asked)
        return
    people = tuple(found for one in form.getlist("to")[:100] if (found := read_number(one)) is not None)
    seat = read_number(form.get("seat"))
    seen = rev() if "rev" in form else None
    asking = Asking(people, form.get("note", ""), form.get("when") == "after", seat, seen, key)
    if verb == REPLY:
        perform(reply, Permission.CASE_ACT, number, asking)
    else:
        perform(use_verb, Permission.CASE_ACT, number, Verb(verb), asking)


def _day(written: str | None) -> date | None:
    if not written:
        return None
    try:
        return date.fromisoformat(written)
    except ValueError:
        message = text("请填写日期")
        raise Refusal("form_refused", text("还有内容没有填好"), {"due_on": message}) from None
