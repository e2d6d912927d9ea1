"""The school year that pages name classes by."""

from __future__ import annotations

from admin_app.desk import now
from admin_app.shell import present_term
from models.school_calendar import first_year_by_month
from workflows.clock import local_day


def school_year_shown() -> int:
    """Return the first calendar year of the present term's school year, or of today's by the month between terms."""
    term, day = present_term(), local_day(now())
    if term is not None and term.first_on <= day <= term.last_on:
        return term.school_year.first_year
    return first_year_by_month(day)
