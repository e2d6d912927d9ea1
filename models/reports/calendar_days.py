"""Reads the days that differ from their weekday, and the terms, in the order of the calendar."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.calendar_day import CalendarDay
from models.school_year import Term


def days_that_differ(session: Session, first: date = date.min, last: date = date.max) -> Sequence[CalendarDay]:
    """Return the days off and the weekend days worked between two days."""
    wanted = select(CalendarDay).where(CalendarDay.day >= first, CalendarDay.day <= last)
    return session.scalars(wanted.order_by(CalendarDay.day)).all()


def term_spans(session: Session) -> list[tuple[date, date]]:
    """Return the first and the last day of every term."""
    return [
        (first, last) for first, last in session.execute(select(Term.first_on, Term.last_on).order_by(Term.first_on))
    ]
