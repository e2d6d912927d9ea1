"""Deputies: naming who acts for an absent person, and taking that back; for oneself, or for those one manages."""

from __future__ import annotations

from datetime import date

from flask import Blueprint, flash, redirect, render_template, request
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import current_actor, perform, perform_in, permit, read_session, system_session
from admin_app.listing.ids import number
from admin_app.pages.deputies import back_url, ending_page, naming_page
from models.delegation import Delegation
from models.scope import system_scope
from models.staff import Staff
from workflows.operations.deputy import Absence, end_deputy, name_deputy
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

bp = Blueprint("deputies", __name__, url_prefix="/deputies")
OWN = system_scope("own account")


@bp.get("/<person>/new")
def ask(person: str) -> str:
    """Ask who acts for a person, on which days and in which workflows."""
    return render_template("cases/ask.html", ask=naming_page(_person(number(person))))


@bp.post("/<person>/new")
def name(person: str) -> Response | tuple[str, int]:
    """Name a deputy; what was typed is given back when it is refused."""
    absent = _person(number(person))
    try:
        absence = _absence()
        if absent.id == current_actor().staff_id:
            perform_in(OWN, current_actor(), name_deputy, absent.id, absence)
        else:
            perform(name_deputy, Permission.STAFF_MANAGE, absent.id, absence)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        page = naming_page(_person(number(person)), request.form, refusal)
        return render_template("cases/ask.html", ask=page), 422
    flash(_("已指定代理人"), "ok")
    return redirect(back_url(absent.id))


@bp.get("/<delegation>/end")
def ask_end(delegation: str) -> str:
    """Ask once more before a deputy is taken back."""
    row = _delegation(delegation)
    return render_template("cases/ask.html", ask=ending_page(row, _person(row.staff_id)))


@bp.post("/<delegation>/end")
def end(delegation: str) -> Response:
    """Take a deputy back."""
    row = _delegation(delegation)
    absent = _person(row.staff_id).id
    if absent == current_actor().staff_id:
        perform_in(OWN, current_actor(), end_deputy, row.id)
    else:
        perform(end_deputy, Permission.STAFF_MANAGE, row.id)
    flash(_("已收回代理"), "ok")
    return redirect(back_url(absent))


def _person(staff_id: int | None) -> Staff:
    """Return the person themselves or one whose account they manage; raises Denied and Missing for others."""
    own = current_actor().staff_id
    if staff_id is not None and staff_id == own:
        return system_session("deputies").get_one(Staff, own)
    permit(Permission.STAFF_MANAGE)
    found = read_session(Permission.STAFF_MANAGE).get(Staff, staff_id) if staff_id is not None else None
    if found is None:
        raise Missing("not_found", text("没有这条记录"))
    return found


def _delegation(written: str) -> Delegation:
    found = number(written)
    row = system_session("deputies").get(Delegation, found) if found is not None else None
    if row is None:
        _person(None)
    assert row is not None
    return row


def _absence() -> Absence:
    form, days, faults = request.form, {}, {}
    for key in ("first_on", "last_on"):
        try:
            days[key] = date.fromisoformat(form.get(key, ""))
        except ValueError:
            faults[key] = text("请填写日期")
    if faults:
        raise Refusal("form_refused", text("还有内容没有填好"), faults)
    return Absence(number(form.get("deputy")) or 0, days["first_on"], days["last_on"], form.getlist("workflows"))
