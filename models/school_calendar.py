"""Finds the school year and the term of a day."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.school_year import SchoolYear, Term

SUMMER_MONTH = 7  # the school year that began last summer is over
NEW_YEAR_MONTH = 8  # where the office has entered no dates yet, a school year counts from August


def first_year_by_month(day: date) -> int:
    """Return the first calendar year of the school year of a day, by the month alone."""
    return day.year if day.month >= NEW_YEAR_MONTH else day.year - 1


def year_to_turn_to(session: Session, day: date) -> int:
    """Return the school year into which schools step on a day: the one that runs, in holidays that of the next term.

    Where the next term is not known yet, the summer from July on looks to the year about to begin.
    """
    terms = select(SchoolYear.first_year).join(Term, Term.school_year_id == SchoolYear.id).order_by(Term.first_on)
    found = session.scalar(terms.where(Term.last_on >= day).limit(1))
    if found is not None:
        return found
    return day.year if day.month >= SUMMER_MONTH else day.year - 1


def first_year_on(session: Session, day: date) -> int:
    """Return the first calendar year of the school year of a day: that of the latest term begun, or by the month."""
    latest = (
        select(SchoolYear.first_year)
        .join(Term, Term.school_year_id == SchoolYear.id)
        .where(Term.first_on <= day, Term.last_on >= day)
        .order_by(Term.first_on.desc())
    )
    found = session.scalar(latest.limit(1))
    return first_year_by_month(day) if found is None else found
