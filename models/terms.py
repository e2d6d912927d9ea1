"""Finds the term of a day and counts its weeks."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.school_year import Term

_LATEST = (
    select(Term)
    .where(Term.first_on <= bindparam("day"))
    .order_by(Term.first_on.desc())
    .limit(1)
    .execution_options(prepared=True)
)


def latest_term(session: Session, day: date) -> Term | None:
    """Return the term that runs on a day, or the last one before it, None before the first."""
    return session.scalars(_LATEST, {"day": day}).one_or_none()


def weeks(term: Term) -> list[date]:
    """Return the Mondays of a term's weeks; the first week is the one with the first day."""
    monday = term.first_on - timedelta(days=term.first_on.weekday())
    count = (term.last_on - monday).days // 7 + 1
    return [monday + timedelta(weeks=number) for number in range(count)]


def week_number(term: Term, day: date) -> int | None:
    """Return the number of a day's week in a term, from 1; None outside of it."""
    if not term.first_on <= day <= term.last_on:
        return None
    return sum(1 for monday in weeks(term) if monday <= day)
