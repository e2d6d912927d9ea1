"""Opening a case about a child or a place: the form with what is known, and what was typed given back when refused."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin_app.desk import current_actor, current_policy, perform, read_session
from admin_app.forms.kept_draft import draft_of
from admin_app.forms.kept_files import files_kept, keep_sent_files, waiting_here, with_files
from admin_app.forms.sent_files import files_of
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
from workflows.operations.sent_files import Uploads
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
    page = opening_form(session, opening, draft_of(request.path))
    return render_template("office/form.html", **with_files(page, waiting_here()))


@bp.post("/<workflow>/<kind>/<int(max=9223372036854775807):number>")
def begin(workflow: str, kind: str, number: int) -> Response | str | tuple[str, int]:
    """Open the case, once what its form advises was read; the same request opens one."""
    session, opening = _opening(workflow, kind, number)
    files = files_of(opening.validator.definition) if opening.validator is not None else {}
    if (advised := advised_opening(session, opening, request)) is not None:
        return _again(advised, files, opening)
    answers = typed_answers(opening, request.form)
    key = request.form.get("request_key", "")[:80] or uuid.uuid4().hex
    begun = Beginning(answers, request.form.get("reason") or None, key, files=files, kept=files_kept())
    try:
        case = perform(open_case_about, Permission.CASE_ACT, workflow, kind, number, begun)
    except Refusal as refusal:
        if isinstance(refusal, Denied | Missing):
            raise
        session, opening = _opening(workflow, kind, number)
        return _again(refused_opening(session, opening, request, refusal), files, opening), 422
    perform(drop_draft, Permission.CASE_ACT, request.path)
    title = say(opening.version.workflow.title)
    flash(_("%(number)s 已发起：%(title)s", number=case.number, title=title), "ok")
    return redirect(url_for("cases.show", number=case.number))


def _again(page: dict[str, Any], files: Uploads, opening: Opening) -> str:
    """Show the form once more, with the files that were sent."""
    kept = keep_sent_files(Permission.CASE_ACT, files, opening.validator.definition if opening.validator else None)
    return render_template("office/form.html", **with_files(page, kept))
