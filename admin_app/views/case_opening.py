"""Opening a case about a child or a place: the form with what is known, and what was typed given back when refused."""

from __future__ import annotations

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin_app.desk import current_actor, current_policy, perform, read_session
from admin_app.forms.sent_files import files_of
from admin_app.pages.case_form import draft_of
from admin_app.pages.case_opening import (
    Opening,
    advised_opening,
    opening_form,
    opening_of,
    refused_opening,
    typed_answers,
)
from admin_app.wording import say
from workflows.opening_view import may_open
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.operations.draft import drop_draft
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.subjects import load_subject
from workflows.text import text

bp = Blueprint("case_opening", __name__, url_prefix="/open")


def _opening(workflow: str, kind: str, number: int) -> tuple[Session, Opening]:
    session = read_session(Permission.CASE_READ if kind == "child" else Permission.CASE_ACT)
    subject = load_subject(session, kind, number) if kind in ("child", "place") else None
    if subject is None:
        raise Missing("no_subject", text("没有要发起的对象，或不在你的范围内"))
    opening = opening_of(session, workflow, subject)
    if not may_open(current_actor(), current_policy(), opening.version, subject):
        raise Denied("not_your_part", text("这类事项由其他岗位发起"))
    return session, opening


@bp.get("/<workflow>/<kind>/<int(max=9223372036854775807):number>")
def ask(workflow: str, kind: str, number: int) -> str:
    """Show the form that opens a case."""
    session, opening = _opening(workflow, kind, number)
    return render_template("office/form.html", **opening_form(session, opening, draft_of(request.path)))


@bp.post("/<workflow>/<kind>/<int(max=9223372036854775807):number>")
def begin(workflow: str, kind: str, number: int) -> Response | str | tuple[str, int]:
    """Open the case, once what its form advises was read; the same request opens one."""
    session, opening = _opening(workflow, kind, number)
    if (advised := advised_opening(session, opening, request)) is not None:
        return render_template("office/form.html", **advised)
    answers = typed_answers(opening, request.form)
    key = request.form.get("request_key", "")[:80] or uuid.uuid4().hex
    files = files_of(opening.validator.definition) if opening.validator is not None else {}
    begun = Beginning(answers, request.form.get("reason") or None, key, files=files)
    try:
        case = perform(open_case_about, Permission.CASE_ACT, workflow, kind, number, begun)
    except Refusal as refusal:
        if isinstance(refusal, Denied | Missing):
            raise
        session, opening = _opening(workflow, kind, number)
        return render_template("office/form.html", **refused_opening(session, opening, request, refusal)), 422
    perform(drop_draft, Permission.CASE_ACT, request.path)
    title = say(opening.version.workflow.title)
    flash(_("%(number)s 已发起：%(title)s", number=case.number, title=title), "ok")
    return redirect(url_for("cases.show", number=case.number))
