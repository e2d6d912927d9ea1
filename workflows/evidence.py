"""Counts what stands on file about a child, for conditions and forms that ask for it by name (`evidence.talks`)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.case import Case
from models.reports.helping import PAIRING, filed_children, pairings, proxy_parents
from models.reports.records import records_by_day, records_by_kind, records_count
from workflows.clock import local_day

PREFIX = "evidence."
KINDS = {
    "evidence.talks": ("talk",),
    "evidence.home_visits": ("home_visit",),
    "evidence.calls": ("call", "video"),
    "evidence.letters": ("letter",),
    "evidence.diaries": ("diary",),
}
_OF_CHILD = frozenset({"evidence.proxy_parents", "evidence.is_filed"})  # the same whichever case asks


@dataclass(frozen=True)
class Period:
    """What is counted: a child's records from one local day to another, and the case that does not count itself."""

    child_id: int
    since: date
    until: date
    besides: int = 0


def evidence(names: Iterable[str], records: Session, everything: Session, period: Period) -> dict[str, Any]:
    """Return the counts among `names`; records as `records` sees them, cases as `everything` does.

    Open cases are counted whoever may see them, so that nothing confidential is left behind; no more than their number
    is told.
    """
    found: dict[str, Any] = {}
    for name in set(names):
        if name in KINDS:
            found[name] = records_count(records, period.child_id, KINDS[name], period.since, period.until)
        elif name == "evidence.open_cases":
            found[name] = _open_cases(everything, period)
        elif name == "evidence.pairings":
            found[name] = _open_cases(everything, period, PAIRING)
        elif name == "evidence.proxy_parents":
            found[name] = proxy_parents(everything, [period.child_id]).get(period.child_id, 0)
        elif name == "evidence.is_filed":
            found[name] = period.child_id in filed_children(everything, [period.child_id])
    return found


def evidence_about(
    names: Iterable[str], records: Session, everything: Session, child_id: int | None, case: Case | None, today: date
) -> dict[str, Any]:
    """Return the evidence among some names, counted since a case entered its state, or of the day without one."""
    wanted = [name for name in names if name.startswith(PREFIX)]
    if not wanted or child_id is None:
        return {}
    since = local_day(case.state_since) if case is not None else today
    return evidence(wanted, records, everything, Period(child_id, since, today, case.id if case is not None else 0))


def evidence_of_each(
    names: Iterable[str], records: Session, everything: Session, children: Collection[int], period: tuple[date, date]
) -> dict[int, dict[str, Any]]:
    """Return the same counts for each of several children, with a few queries for all; `period` is its two days.

    `evidence.open_cases` is not among them: it would tell of confidential cases.
    """
    wanted, found = set(names), {child: dict[str, Any]() for child in children}
    if kinds := wanted & set(KINDS):
        counts = records_by_kind(records, children, *period)
        for child, told in found.items():
            told |= {name: sum(counts.get((child, kind), 0) for kind in KINDS[name]) for name in kinds}
    of_each = {"evidence.pairings": pairings, "evidence.proxy_parents": proxy_parents}
    for name in wanted & set(of_each):
        counted = of_each[name](everything, children)
        for child, told in found.items():
            told[name] = counted.get(child, 0)
    if "evidence.is_filed" in wanted:
        filed = filed_children(everything, children)
        for child, told in found.items():
            told["evidence.is_filed"] = child in filed
    return found


def evidence_of_cases(
    names: Iterable[str], records: Session, everything: Session, cases: Collection[Case], today: date
) -> dict[int, dict[str, Any]]:
    """Return by case the evidence among some names as `evidence_about` does for one, with a few queries for all."""
    wanted, about = {name for name in names if name.startswith(PREFIX)}, [c for c in cases if c.child_id is not None]
    if not wanted or not about:
        return {}
    children = [case.child_id for case in about if case.child_id is not None]
    found: dict[int, dict[str, Any]] = {case.id: {} for case in about}
    if kinds := wanted & set(KINDS):
        since = {case.id: local_day(case.state_since) for case in about}
        days = records_by_day(records, children, min(since.values()), today)
        for case in about:
            found[case.id] |= {name: _since(days, case.child_id, name, since[case.id]) for name in kinds}
    for name, workflow in (("evidence.open_cases", None), ("evidence.pairings", PAIRING)):
        if name in wanted:
            others = _open_cases_of_each(everything, children, workflow)
            for case in about:
                own = case.closed_at is None and workflow in (None, case.workflow)
                found[case.id][name] = others.get(case.child_id, 0) - own
    each = evidence_of_each(wanted & _OF_CHILD, records, everything, children, (today, today))
    for case in about:
        found[case.id] |= each[case.child_id or 0]
    return found


def _since(days: Mapping[tuple[int, str], Any], child_id: int | None, name: str, since: date) -> int:
    told = (entry for kind in KINDS[name] for entry in days.get((child_id or 0, kind), ()))
    return sum(count for day, count in told if day >= since)


def _open_cases_of_each(session: Session, children: Collection[int], workflow: str | None) -> dict[int | None, int]:
    found = select(Case.child_id, func.count()).where(Case.child_id.in_(children), Case.closed_at.is_(None))
    found = found if workflow is None else found.where(Case.workflow == workflow)
    return dict(session.execute(found.group_by(Case.child_id)).all())


def _open_cases(session: Session, period: Period, workflow: str | None = None) -> int:
    others = [Case.child_id == period.child_id, Case.closed_at.is_(None), Case.id != period.besides]
    if workflow is not None:
        others.append(Case.workflow == workflow)
    return session.scalar(select(func.count()).select_from(Case).where(*others)) or 0
