"""Names of places for lists and filters."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.place import Place
from models.scope import NO_PLACE, Placed

MOST_CHOICES = 200


def names_of(session: Session, rows: Iterable[Placed]) -> dict[str, str]:
    """Return the names of the schools and classes of some rows, by code, with one query."""
    codes = {code for row in rows for code in (row.school_code, row.class_code) if code != NO_PLACE}
    return dict(session.execute(select(Place.code, Place.name).where(Place.code.in_(codes))).all()) if codes else {}


def class_choices(session: Session) -> list[dict[str, Any]]:
    """Return the classes of the session's scope as choices; none where there are too many to choose from."""
    rows = session.execute(
        select(Place.code, Place.name)
        .where(Place.kind == "class", ~Place.is_closed, session.info["scope"].row_condition(Place))
        .order_by(Place.school_code, Place.cohort.desc(), Place.number)
        .limit(MOST_CHOICES + 1)
    ).all()
    return [{"value": code, "label": name} for code, name in rows] if len(rows) <= MOST_CHOICES else []
