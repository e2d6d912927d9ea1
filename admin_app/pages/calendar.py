"""The year's calendar on the screen: twelve months, the days that differ, what is not known, and the form beside it."""

from __future__ import annotations

from calendar import Calendar
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from flask import url_for
from flask_babel import format_date
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from models.calendar_day import CalendarDay
from models.reports.calendar_days import days_that_differ, term_spans
from workflows.calendar import school_hours, write_hours
from workflows.operations.calendar import FIRST_YEAR, LAST_YEAR, OFF, USUAL, WORKED
from workflows.operations.recounting import progress
from workflows.refusal import Words
from workflows.working_time import SATURDAY, WorkingCalendar

MONDAY_FIRST = Calendar(firstweekday=0)
JANUARY_FIRST_MONDAY = date(2024, 1, 1)
Faults = Mapping[str, Words]


def calendar_page(session: Session, year: int, today: date, typed: Mapping[str, str]) -> dict[str, Any]:
    """Return the context of `calendar/year.html`."""
    days = days_that_differ(session, date(year, 1, 1), date(year, 12, 31))
    known = WorkingCalendar({row.day: row.is_working for row in days}).knows(year)
    counted = progress(session)
    return {
        "year": year,
        "earlier": url_for("calendar.index", year=year - 1) if year > FIRST_YEAR else None,
        "later": url_for("calendar.index", year=year + 1) if year < LAST_YEAR else None,
        "known": known,
        "weekdays": [_weekday(number) for number in range(7)],
        "months": [_month(year, month, days, term_spans(session), today, typed) for month in range(1, 13)],
        "entries": _entries(days),
        "kinds": [(OFF, _("放假")), (WORKED, _("上班（调休）")), (USUAL, _("按平常"))],
        "hours": write_hours(school_hours(session)),
        "counting": None if counted.is_done else _("正在按新校历重新计算时限，已改 %(n)s 项", n=counted.counted),
    }


def typed_for(session: Session, day: date | None) -> dict[str, str]:
    """Return what stands in the form: the day that was clicked, as it is now."""
    if day is None:
        return {"first": "", "last": "", "kind": OFF, "name": ""}
    found = next(iter(days_that_differ(session, day, day)), None)
    kind = (WORKED if found.is_working else OFF) if found else WORKED if day.weekday() >= SATURDAY else OFF
    return {"first": day.isoformat(), "last": "", "kind": kind, "name": found.name if found else ""}


def _weekday(number: int) -> dict[str, str]:
    day = JANUARY_FIRST_MONDAY + timedelta(days=number)
    return {"short": format_date(day, "EEEEE"), "long": format_date(day, "EEEE")}


def _month(
    year: int,
    month: int,
    days: Sequence[CalendarDay],
    terms: Sequence[tuple[date, date]],
    today: date,
    typed: Mapping[str, str],
) -> dict[str, Any]:
    by_day = {row.day: row for row in days}
    weeks = [
        [_cell(day, by_day.get(day), terms, today, typed) if day.month == month else None for day in week]
        for week in MONDAY_FIRST.monthdatescalendar(year, month)
    ]
    return {"label": format_date(date(year, month, 1), "LLLL"), "weeks": weeks}


def _cell(
    day: date,
    row: CalendarDay | None,
    terms: Sequence[tuple[date, date]],
    today: date,
    typed: Mapping[str, str],
) -> dict[str, Any]:
    kind = ("worked" if row.is_working else "off") if row else "weekend" if day.weekday() >= SATURDAY else "plain"
    mark = {"worked": _("班"), "off": _("休")}.get(kind, "")
    words = [format_date(day, "full"), mark, row.name if row else ""]
    return {
        "number": day.day,
        "kind": kind,
        "mark": mark,
        "title": " ".join(word for word in words if word),
        "is_term": any(first <= day <= last for first, last in terms),
        "is_today": day == today,
        "is_chosen": typed.get("first") == day.isoformat(),
        "url": url_for("calendar.index", year=day.year, day=day.isoformat(), _anchor="day"),
    }


def _entries(days: Sequence[CalendarDay]) -> list[dict[str, Any]]:
    """Return runs of days that follow each other and are called the same."""
    runs: list[list[CalendarDay]] = []
    for row in days:
        last = runs[-1][-1] if runs else None
        follows = last is not None and row.day - last.day == timedelta(days=1)
        if last is not None and follows and (last.is_working, last.name) == (row.is_working, row.name):
            runs[-1].append(row)
        else:
            runs.append([row])
    return [
        {
            "days": _span(run[0].day, run[-1].day),
            "count": len(run),
            "name": run[0].name,
            "tag": {"kind": "info", "word": _("上班")} if run[0].is_working else {"kind": "ok", "word": _("放假")},
            "url": url_for("calendar.index", year=run[0].day.year, day=run[0].day.isoformat(), _anchor="day"),
        }
        for run in runs
    ]


def _span(first: date, last: date) -> str:
    return f"{first:%m-%d}" if first == last else f"{first:%m-%d} – {last:%m-%d}"
