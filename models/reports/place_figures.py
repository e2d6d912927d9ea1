"""The figures of one place that its own cases speak of: children on file, how many of them are filed this term."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.child import Child
from models.place import Place
from models.reports.filing import FILED, TAKEN_OFF, WORKFLOW

FIGURES = ("place.children", "place.filed", "place.filing_rate")


def place_figures(session: Session, place: Place) -> dict[str, Any]:
    """Return `place.children`, `place.filed` and `place.filing_rate` (per cent; left out where nothing is to be filed).

    The rate counts the cases of the latest term that has any.
    """
    at_case = getattr(Case, f"{place.kind}_code") == place.code
    at_child = getattr(Child, f"{place.kind}_code") == place.code
    children = session.scalar(select(func.count()).select_from(Child).where(at_child, Child.status == "on_file")) or 0
    term = session.scalar(select(func.max(Case.term_id)).where(at_case, Case.workflow == WORKFLOW))
    rows = session.execute(
        select(Case.state, func.count())
        .where(at_case, Case.workflow == WORKFLOW, Case.term_id == term)
        .group_by(Case.state)
    )
    states: dict[str, int] = dict(rows.all())
    total = sum(count for state, count in states.items() if state != TAKEN_OFF)
    found = {"place.children": children, "place.filed": states.get(FILED, 0)}
    return found | ({"place.filing_rate": round(100 * states.get(FILED, 0) / total)} if total else {})
