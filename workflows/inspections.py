"""What an inspection still asks of the inspected: open findings, the nearest limit, and how far it has passed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from models.case import Case

INSPECTION = "inspection"
RECTIFYING, RECHECKING = "rectifying", "rechecking"


@dataclass(frozen=True)
class Demand:
    """Findings that are not accepted as rectified yet, the nearest of their limits, and the days since it passed."""

    findings: int = 0
    limit: date | None = None
    days_late: int = 0


def demand_of(case: Case, day: date) -> Demand:
    """Return what an inspection asks on a day; the limit runs until the rectification is reported."""
    if case.state not in (RECTIFYING, RECHECKING):
        return Demand()
    findings = case.facts.get("findings")
    rows = findings if isinstance(findings, list) else []
    limit = min(_limits(case, rows), default=None)
    is_late = limit is not None and case.state == RECTIFYING and day > limit
    return Demand(len(rows), limit, (day - limit).days if is_late and limit is not None else 0)


def _limits(case: Case, rows: list[Any]) -> Iterator[date]:
    for written in (case.facts.get("limit_on"), *(row.get("until") for row in rows if isinstance(row, dict))):
        if isinstance(written, str):
            yield date.fromisoformat(written)
