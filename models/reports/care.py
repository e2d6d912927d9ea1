"""Counts of children on file by care situation."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.child import Child


def care_situations(session: Session) -> dict[str, int]:
    """Return how many children on file inside the session's scope live in each care situation."""
    rows = session.execute(
        select(Child.care_situation, func.count())
        .where(Child.status == "on_file", Child.care_situation.is_not(None))
        .group_by(Child.care_situation)
    )
    return {situation: count for situation, count in rows if situation is not None}
