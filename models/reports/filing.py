"""The filing rate: children whose identification case of a term is filed, out of those who have one, by place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.child import Child
from models.place import Place
from models.scope import Scope
from models.tally import CaseTally

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


def filing_by_place(session: Session, term_id: int, level: str, under: Place | None = None) -> list[Filing]:
    """Return the filing of every place at a level (`township`, `school` or `class`) inside the session's scope.

    `under` narrows it to the places of one. Classes come by grade, the lowest first; other places by code.
    """
    if level == "class" or not _is_tallied(session):
        counted = _counted(Case, func.count(), term_id, level, under)
    else:
        scope: Scope = session.info["scope"]
        counted = _counted(CaseTally, func.sum(CaseTally.amount), term_id, level, under)
        counted = counted.where(CaseTally.level == level, scope.row_condition(CaseTally))
    found: dict[str, Filing] = {}
    for place, state, count in session.execute(counted):
        if count:
            found.setdefault(place, Filing(place, place)).states[state] = count
    _name(session, found.values())
    return sorted(found.values(), key=lambda filing: (filing.order, filing.code))


def _is_tallied(session: Session) -> bool:
    """Tell whether tallies answer for the session's scope: they know schools and townships, not single classes."""
    scope: Scope = session.info["scope"]
    return all(branch.level != "class" for branch in scope.branches)


def _counted(cls: type[Case | CaseTally], count: Any, term_id: int, level: str, under: Place | None) -> Select[Any]:
    code = getattr(cls, f"{level}_code")
    counted = select(code, cls.state, count).where(cls.workflow == WORKFLOW, cls.term_id == term_id)
    if under is not None:
        counted = counted.where(getattr(cls, f"{under.kind}_code") == under.code)
    return counted.group_by(code, cls.state)


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
