"""The working calendar: holidays and days worked for them, year by year, and the hours of school."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin_app.desk import now, perform, permit, read_session
from admin_app.pages.calendar import calendar_page, typed_for
from admin_app.wording import say
from workflows.clock import local_day
from workflows.operations.calendar import FIRST_YEAR, LAST_YEAR, set_days, set_hours
from workflows.policy import Permission
from workflows.refusal import Denied, Refusal

bp = Blueprint("calendar", __name__, url_prefix="/calendar")
FIELDS = ("first", "last", "kind", "name")


@bp.get("/")
def index() -> str:
    """Show a year, with the form for the day that was clicked."""
    session, day = read_session(Permission.TERM_MANAGE), _day(request.args.get("day", ""))
    return _page(day.year if day else _year(request.args.get("year", "")), typed_for(session, day))


@bp.post("/days")
def days() -> Response | tuple[str, int]:
    """Set days off, worked, or as usual."""
    permit(Permission.TERM_MANAGE)
    typed = {field: request.form.get(field, "") for field in FIELDS}
    try:
        count = perform(set_days, Permission.TERM_MANAGE, typed["first"], typed["last"], typed["kind"], typed["name"])
    except Denied:
        raise
    except Refusal as refusal:
        return _page(_year_of(typed), typed, refusal), 422
    flash(_("校历已改 %(n)s 天，时限会按新校历重新计算。", n=count) if count else _("没有改动。"), "ok")
    return redirect(url_for("calendar.index", year=_year_of(typed)))


@bp.post("/hours")
def hours() -> Response | tuple[str, int]:
    """Set the hours of school."""
    permit(Permission.TERM_MANAGE)
    year, written = _year(request.form.get("year", "")), request.form.get("hours", "")
    try:
        perform(set_hours, Permission.TERM_MANAGE, written)
    except Denied:
        raise
    except Refusal as refusal:
        return _page(year, {**typed_for(read_session(Permission.TERM_MANAGE), None), "hours": written}, refusal), 422
    flash(_("上学时间已保存。"), "ok")
    return redirect(url_for("calendar.index", year=year))


def _page(year: int, typed: Mapping[str, str], refusal: Refusal | None = None) -> str:
    page = calendar_page(read_session(Permission.TERM_MANAGE), year, local_day(now()), typed)
    faults = {key: say(fault) for key, fault in refusal.faults.items()} if refusal else {}
    return render_template("calendar/year.html", typed=typed, faults=faults, **page)


def _year_of(typed: Mapping[str, str]) -> int:
    day = _day(typed["first"])
    return day.year if day is not None else _year("")


def _year(written: str) -> int:
    year = int(written) if written.isascii() and written.isdecimal() and len(written) == 4 else 0
    return year if FIRST_YEAR <= year <= LAST_YEAR else local_day(now()).year


def _day(written: str) -> date | None:
    try:
        day = date.fromisoformat(written)
    except ValueError:
        return None
    return day if FIRST_YEAR <= day.year <= LAST_YEAR else None
