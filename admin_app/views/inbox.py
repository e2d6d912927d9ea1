"""The inbox: one page for what waits, and the steps on several cases at once."""

from __future__ import annotations

import uuid

from flask import Blueprint, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import own_place, permit, read_session, record_read
from admin_app.listing.ids import number, row_ids
from admin_app.pages.inbox import inbox_page, read_asked, shown_count, waiting_now
from admin_app.pages.inbox_batch import ASKED_FOR, LONGEST_KEY, MOST_AT_ONCE, check_page, decide
from admin_app.pages.inbox_batch import claim as claim_cases
from admin_app.pages.inbox_rows import CLAIM
from admin_app.pages.inbox_sheet import export_facts, sheet_name, write_inbox
from admin_app.parts.sheet import XLSX
from workflows.audit import Happening
from workflows.opening_view import workflows_in_force
from workflows.policy import Permission
from workflows.refusal import Missing
from workflows.text import text

bp = Blueprint("inbox", __name__, url_prefix="/inbox")


@bp.get("/")
def index() -> str:
    """Show a tab by filters and keyset."""
    return render_template("inbox/inbox.html", screen=inbox_page(request.args))


@bp.get("/count")
def count() -> dict[str, str]:
    """Tell how many cases wait, for the menu."""
    return {"count": shown_count(waiting_now())}


@bp.post("/check")
def check() -> str:
    """Show what of the chosen rows may be done at once, before anything is done."""
    permit(Permission.CASE_ACT)
    page = check_page(row_ids(MOST_AT_ONCE), request.form.get("transition", ""), _key())
    return render_template("inbox/check.html", **page)


@bp.post("/decide")
def take() -> str | tuple[str, int]:
    """Take a step in each of the cases and show what came of each."""
    permit(Permission.CASE_ACT)
    seen, transition = _seen(), request.form.get("transition", "")
    answers = {key: request.form[key].strip() for key in ASKED_FOR if request.form.get(key, "").strip()}
    asked = [key for key in request.form.getlist("asks") if key in ASKED_FOR]
    if any(key not in answers for key in asked):
        page = check_page(list(seen), transition, _key(), _("请填写"))
        return render_template("inbox/check.html", **page), 422
    return render_template("inbox/outcome.html", **decide(seen, transition, answers, _key()))


@bp.post("/claim")
def claim() -> Response:
    """Claim the chosen cases, or the one whose button was pressed."""
    permit(Permission.CASE_ACT)
    only = number(request.form.get("only"))
    claim_cases([only] if only is not None else row_ids(MOST_AT_ONCE), _key())
    return redirect(url_for("inbox.index", tab=CLAIM))


@bp.get("/export")
def export() -> Response:
    """Send a tab as a sheet with the masks of the page; its row count and digest go on record first."""
    session = read_session(Permission.CHILD_EXPORT)
    versions = workflows_in_force(session)
    asked = read_asked(session, request.args, versions)
    file, rows, digest = write_inbox(session, asked, versions)
    record_read(Happening("inbox.exported", "inbox", codes=own_place(), facts=export_facts(asked, rows, digest)))
    return send_file(file, mimetype=XLSX, as_attachment=True, download_name=sheet_name())


def _key() -> str:
    return request.form.get("request_key", "")[:LONGEST_KEY] or uuid.uuid4().hex


def _seen() -> dict[int, int]:
    """Return the cases that the check page showed with the revision of each; raises Missing for none."""
    found: dict[int, int] = {}
    for written in request.form.getlist("seen")[: MOST_AT_ONCE + 1]:
        row, _colon, rev = written.partition(":")
        one, revision = number(row), number(rev)
        if one is None or revision is None:
            raise Missing("not_found", text("没有这条记录"))
        found[one] = revision
    if not 0 < len(found) <= MOST_AT_ONCE:
        raise Missing("not_found", text("没有这条记录"))
    return found
