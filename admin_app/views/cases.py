"""Cases: the list of a workflow's cases, one case's page, and its transitions."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import current_actor, now, perform, read_session, record_read, system_session
from admin_app.forms.kept_draft import draft_of
from admin_app.forms.kept_files import files_kept, keep_sent_files, waiting_here, with_files
from admin_app.forms.sent_files import files_of
from admin_app.forms.signature import given_back, signature_of
from admin_app.listing.ids import number as number_of
from admin_app.listing.ids import rev
from admin_app.pages.case_ask import step_ask
from admin_app.pages.case_filter import filter_page
from admin_app.pages.case_form import advised_form, case_form, chosen_answers, refused_form
from admin_app.pages.case_list import INBOX, case_list
from admin_app.pages.case_page import case_page
from admin_app.pages.case_reach import case_session, seen_case
from admin_app.printing.case_paper import paper_links
from admin_app.wording import say
from workflows.advice import advice_in_case
from workflows.case_files import SIGNATURE
from workflows.case_view import CaseView, form_of, opened_event
from workflows.engine.allowed import Option
from workflows.engine.definition import SAID_WITH_IT
from workflows.engine.expression import ExpressionFault
from workflows.engine.form import FormValidator
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_step import Moved
from workflows.operations.copies import has_unread_copy, read_copies
from workflows.operations.draft import drop_draft
from workflows.operations.sent_files import Uploads
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

bp = Blueprint("cases", __name__, url_prefix="/cases")


@bp.get("/")
def index() -> Any:
    """List the cases of the present term, newest state first, by filters, a condition and keyset."""
    if (tab := INBOX.get(request.args.get("state", ""))) is not None:
        return redirect(url_for("inbox.index", tab=tab), 301)
    session = read_session(Permission.CASE_LIST)
    try:
        return render_template("office/list.html", screen=case_list(session, request.args))
    except ExpressionFault:
        return render_template("cases/filter.html", screen=filter_page(session, request.args).screen), 422


@bp.get("/filter")
def choose() -> Any:
    """Put a condition together, then lead to the list that it narrows."""
    page = filter_page(read_session(Permission.CASE_LIST), request.args)
    if page.address is not None:
        return redirect(page.address)
    return render_template("cases/filter.html", screen=page.screen), 422 if page.is_refused else 200


@bp.get("/<number>")
def show(number: str) -> str:
    """Show one case; opening it is on record."""
    view = seen_case(number)
    session = case_session(number)
    said = advice_in_case(session, system_session(), view, now())
    page = case_page(
        session,
        view,
        request.args.get("tab", "detail"),
        [say(one) for one in said],
        number_of(request.args.get("before")),
    )
    page["screen"]["papers"] = paper_links(session, view.version.workflow, number)
    record_read(opened_event(view, page.pop("classes")))
    if has_unread_copy(session, view.case.id, current_actor().staff_id):
        perform(read_copies, Permission.CASE_READ, view.case.id)
    return render_template("cases/case.html", **page)


@bp.get("/<number>/<transition>")
def act(number: str, transition: str) -> str:
    """Show what a transition asks: its form, filled in with what is known and the person's draft, or a few words."""
    view = seen_case(number)
    option = view.option(transition)
    if not option.is_allowed:
        raise Denied(option.code or "refused", option.reason or text("当前不能这样办理"))
    session = read_session(Permission.CASE_READ)
    validator = form_of(session, view, transition)
    if validator is None:
        return render_template("cases/ask.html", ask=step_ask(view, option, draft=draft_of(request.path)))
    record_read(opened_event(view, ["P2", "P3"]))
    page = case_form(session, view, option, validator, draft_of(request.path))
    return render_template("office/form.html", **with_files(page, waiting_here()))


@bp.post("/<number>/<transition>")
def take(number: str, transition: str) -> Response | str | tuple[str, int]:
    """Take a transition, once what its form advises was read; what was typed is given back when it is refused."""
    view = seen_case(number)
    session = read_session(Permission.CASE_READ)
    option = view.option_or_none(transition)
    validator = form_of(session, view, transition)
    files = files_of(validator.definition) if validator else {SIGNATURE: signature_of(request)}
    if (advised := advised_form(session, view, option, validator, request)) is not None:
        return _again(advised, files, validator)
    answers = chosen_answers(session, view, validator, request) if validator else _said()
    seen = rev() if "rev" in request.form else None
    target = request.form.get("target") or None
    asked = Request(transition, seen, answers, target=target, key=_key(), files=files, kept=files_kept())
    try:
        moved = perform(act_on_case, Permission.CASE_ACT, number, asked)
    except Refusal as refusal:
        if option is None or isinstance(refusal, Denied | Missing):
            raise
        return _refused(number, option, validator, files, refusal), 422
    perform(drop_draft, Permission.CASE_ACT, request.path)
    flash(_done(view, moved), "ok")
    return redirect(url_for("cases.show", number=number))


def _said() -> dict[str, object]:
    """Return what was said beside a step without a form."""
    return {key: request.form[key] for key in SAID_WITH_IT if key in request.form}


def _done(view: CaseView, moved: Moved) -> str:
    """Say what a step did; where others have yet to speak, that it was noted."""
    if moved.from_state == moved.to_state:
        return str(_("%(number)s 已记下你的意见，等其他人办理", number=moved.case))
    state = say(view.version.workflow.states[moved.to_state].label)
    return str(_("%(number)s 已办理：%(state)s", number=moved.case, state=state))


def _refused(number: str, option: Option, validator: FormValidator | None, files: Uploads, refusal: Refusal) -> str:
    """Show what was asked once more; raises the refusal where a step without a form cannot be taken any longer."""
    view = seen_case(number)
    if validator is not None:
        session = read_session(Permission.CASE_READ)
        return _again(refused_form(session, view, option, validator, request, refusal), files, validator)
    found = view.option_or_none(option.transition)
    typed = {key: value for key, value in request.form.items() if key in {"target", *SAID_WITH_IT}}
    if found is None or not found.is_allowed or not typed:
        raise refusal
    drawn = given_back(list(files.get(SIGNATURE, ())))
    return render_template("cases/ask.html", ask=step_ask(view, found, typed, refusal, drawn))


def _again(page: dict[str, Any], files: Uploads, validator: FormValidator | None) -> str:
    """Show a form once more, with the files that were sent."""
    kept = keep_sent_files(Permission.CASE_ACT, files, validator.definition if validator else None)
    return render_template("office/form.html", **with_files(page, kept))


def _key() -> str:
    return request.form.get("request_key", "")[:80] or uuid.uuid4().hex
