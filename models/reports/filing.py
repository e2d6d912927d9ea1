"""The filing rate: children whose identification case of a term is filed, out of those who have one, by place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.child import Child
from models.place import Place

WORKFLOW = "identification"
FILED = "filed"
TAKEN_OFF = "not_left_behind"  # outside the denominator: the child is not left behind, or was entered by mistake


@dataclass
class Filing:
    """One place's count by state; the rate is `filed` out of `total`, None where there is nothing to file."""

    code: str
    name: str
    states: dict[str, int] = field(default_factory=dict)
    order: tuple[str, int, int] = ("", 0, 0)  # among its like: of a class its school, grade and number

    @property
    def filed(self) -> int:
        """Cases filed."""
        return self.states.get(FILED, 0)

    @property
    def total(self) -> int:
        """Cases that count: all but those taken off."""
        return sum(count for state, count in self.states.items() if state != TAKEN_OFF)

    @property
    def missing(self) -> int:
        """Children whose file is not filed yet."""
        return self.total - self.filed

    @property
    def rate(self) -> float | None:
        """Filed out of total, 0 to 1; None where nothing is to be filed (not applicable is not zero)."""
        return self.filed / self.total if self.total else None


def filing_by_place(session: Session, term_id: int, level: str) -> list[Filing]:
    """Return the filing of every place at a level (`township`, `school` or `class`) inside the session's scope.

    Classes come by grade, the lowest first; other places by code.
    """
    code = getattr(Case, f"{level}_code")
    rows = session.execute(
        select(code, Case.state, func.count())
        .where(Case.workflow == WORKFLOW, Case.term_id == term_id)
        .group_by(code, Case.state)
    )
    found: dict[str, Filing] = {}
    for place, state, count in rows:
        filing = found.setdefault(place, Filing(place, place))
        filing.states[state] = count
    _name(session, found.values())
    return sorted(found.values(), key=lambda filing: (filing.order, filing.code))


def _name(session: Session, filings: Iterable[Filing]) -> None:
    by_code = {filing.code: filing for filing in filings}
    codes = list(by_code)
    for start in range(0, len(codes), 500):
        wanted = select(Place.code, Place.name, Place.kind, Place.school_code, Place.cohort, Place.number)
        for code, name, kind, school, cohort, number in session.execute(
            wanted.where(Place.code.in_(codes[start : start + 500]))
        ):
            by_code[code].name = name
            if kind == "class":
                by_code[code].order = (school, -(cohort or 0), number or 0)


def total_of(filings: Iterable[Filing], name: str) -> Filing:
    """Add up filings under one name."""
    total = Filing("", name)
    for filing in filings:
        for state, count in filing.states.items():
            total.states[state] = total.states.get(state, 0) + count
    return total


def children_missing(
    session: Session, term_id: int, level: str, code: str, limit: int = 200
) -> list[tuple[Case, Child]]:
    """Return the cases behind a place's missing figure with their children, by grade, class and name, up to `limit`."""
    rows = session.execute(
        select(Case, Child)
        .join(Child, Case.child_id == Child.id)
        .outerjoin(Place, Place.code == Case.class_code)
        .where(
            Case.workflow == WORKFLOW,
            Case.term_id == term_id,
            Case.state.not_in((FILED, TAKEN_OFF)),
            getattr(Case, f"{level}_code") == code,
        )
        .order_by(Case.school_code, Place.cohort.desc(), Place.number, Case.class_code, Child.name_key, Child.id)
        .limit(limit)
    )
    return [(case, child) for case, child in rows]
