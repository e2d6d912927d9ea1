"""The bell: what a person was told, each leading to its case, and marking it as read."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import current_actor, perform_in
from admin_app.listing.ids import number
from admin_app.pages.notices import notices_page, number_seen
from models.scope import system_scope
from workflows.operations.notice import read_all_notices, read_notice
from workflows.refusal import Missing
from workflows.text import text

bp = Blueprint("notices", __name__, url_prefix="/notices")
OWN = system_scope("own notices")


@bp.get("/")
def index() -> str:
    """List what the person was told."""
    return render_template("office/list.html", screen=notices_page())


@bp.get("/<notice>")
def open_it(notice: str) -> Response:
    """Mark a notice as read and lead to its case or job; a case that the person may not see any more is not named."""
    key = number(notice)
    if key is None:
        raise Missing("not_found", text("没有这条消息"))
    about = perform_in(OWN, current_actor(), read_notice, key)
    if about.job_id is not None:
        return redirect(url_for("bulk.show", job=about.job_id))
    case = number_seen(about.case_id)
    return redirect(url_for("notices.index") if case is None else url_for("cases.show", number=case))


@bp.post("/read")
def read() -> Response:
    """Mark everything as read."""
    count = perform_in(OWN, current_actor(), read_all_notices)
    flash(_("%(n)s 条已标为已读。", n=count), "ok")
    return redirect(url_for("notices.index"))
