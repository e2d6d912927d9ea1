"""Parts in confidential cases: a leader lets somebody else take over from who has left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from admin_app.desk import perform, permit, read_session
from admin_app.listing.ids import number
from admin_app.pages.case_left import POOL
from admin_app.wording import say
from models.case import Case, CaseParticipant
from models.task import CaseTask
from workflows.operations.part_passing import entrust_part
from workflows.operations.seat_passing import entrust_seat
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text
from workflows.transaction import Transaction

bp = Blueprint("case_parts", __name__, url_prefix="/case-parts")


@bp.post("/<part>")
def entrust(part: str) -> Response:
    """Give a part to the chosen person and show the case."""
    permit(Permission.CASE_READ)
    case = _case_of(CaseParticipant, number(part))
    return _entrusted(case, entrust_part, number(part) or 0, number(request.form.get("staff")) or 0)


@bp.post("/seats/<seat>")
def entrust_to(seat: str) -> Response:
    """Give a seat to the chosen person, or back to its pool, and show the case."""
    permit(Permission.CASE_READ)
    case, chosen = _case_of(CaseTask, number(seat)), request.form.get("staff", "")
    return _entrusted(case, entrust_seat, number(seat) or 0, None if chosen == POOL else number(chosen) or 0)


def _entrusted(case: str, give: Callable[[Transaction, int, Any], str], what: int, whom: int | None) -> Response:
    try:
        perform(give, Permission.CASE_ACT, what, whom)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        flash(say(refusal.message), "bad")
    else:
        flash(_("已指定接办人"), "ok")
    return redirect(url_for("cases.show", number=case))


def _case_of(kind: type[CaseParticipant] | type[CaseTask], row: int | None) -> str:
    wanted = select(Case.number).join(kind, kind.case_id == Case.id).where(kind.id == row)
    case = read_session(Permission.CASE_READ).scalar(wanted)
    if case is None:
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    return case
