"""Counts of children on file by care situation."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.child import Child
from models.scope import Scope
from models.tally import ChildTally

WHOLE_SCHOOLS = {"city", "county", "township", "school", "case"}  # a part in a case alone opens no child's file


def care_situations(session: Session) -> dict[str, int]:
    """Return how many children on file inside the session's scope live in each care situation."""
    scope: Scope = session.info["scope"]
    levels = {branch.level for branch in scope.branches}
    if levels <= WHOLE_SCHOOLS:
        # The tallies of townships are fewer; whoever holds a post at a school sees only the school's part of one.
        level = "school" if "school" in levels else "township"
        counted = select(ChildTally.care_situation, func.sum(ChildTally.amount)).where(
            ChildTally.level == level, scope.row_condition(ChildTally)
        )
        rows = session.execute(counted.group_by(ChildTally.care_situation))
    else:
        rows = session.execute(
            select(Child.care_situation, func.count())
            .where(Child.status == "on_file", Child.care_situation.is_not(None))
            .group_by(Child.care_situation)
        )
    return {situation: count for situation, count in rows if situation is not None and count}
