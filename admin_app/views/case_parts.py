"""Parts in confidential cases: a leader lets somebody else take over from who has left."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import perform, permit, read_session
from admin_app.listing.ids import number
from admin_app.wording import say
from models.case import Case, CaseParticipant
from workflows.operations.part_passing import entrust_part
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

bp = Blueprint("case_parts", __name__, url_prefix="/case-parts")


@bp.post("/<part>")
def entrust(part: str) -> Response:
    """Give a part to the chosen person and show the case."""
    permit(Permission.CASE_READ)
    case = _case_of(number(part))
    try:
        perform(entrust_part, Permission.CASE_ACT, number(part) or 0, number(request.form.get("staff")) or 0)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        flash(say(refusal.message), "bad")
    else:
        flash(_("已指定接办人"), "ok")
    return redirect(url_for("cases.show", number=case))


def _case_of(part_id: int | None) -> str:
    session = read_session(Permission.CASE_READ)
    part = session.get(CaseParticipant, part_id) if part_id is not None else None
    case = session.get(Case, part.case_id) if part is not None else None
    if case is None:
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    return case.number
