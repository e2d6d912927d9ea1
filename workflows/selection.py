"""Orders the children of a class as a selection says, each with the reasons in words; nothing is weighed or hidden."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.attributes import set_committed_value

from models.child import Child, Relative
from models.place import Place
from workflows.clock import local_day
from workflows.engine.check_selection import DAYS
from workflows.engine.known import Known
from workflows.engine.published import GroundVersion, SelectionVersion
from workflows.engine.vocabulary import Label
from workflows.evidence import KINDS, evidence_of_each
from workflows.subjects import ChildSubject

COUNTS = ("evidence.pairings", *KINDS)  # shown beside each child whether or not a condition asks


@dataclass(frozen=True)
class Candidate:
    """A child as the selection sees it: what speaks for and against choosing it, what it lacks, whether proposed."""

    child: Child
    reasons: tuple[Label, ...]
    against: tuple[Label, ...]
    lacks: tuple[Label, ...]
    counts: dict[str, Any]
    is_proposed: bool


def candidates(
    session: Session, records: Session, everything: Session, version: SelectionVersion, place: Place, now: datetime
) -> list[Candidate]:
    """Return the children of a class in the selection's order, the first ones with a reason proposed.

    `session` holds the children, `records` the records that the person may count, `everything` is a session under a
    system scope, of which no more than numbers are told.
    """
    children = _children(session, place)
    today = local_day(now)
    counted = version.selection.counted_for
    since = today - timedelta(days=counted.amount * DAYS[counted.unit])
    names = {*COUNTS, *version.names}
    counts = evidence_of_each(names, records, everything, [child.id for child in children], (since, today))
    found = []
    for child in children:
        facts = ChildSubject(child).facts() | counts[child.id]
        if version.among is None or version.among.holds(facts, now):
            found.append((_place(version, facts, now), _candidate(version, child, facts, counts[child.id], now)))
    found.sort(key=lambda pair: pair[0])  # stable: equals stay in the order of the roll
    return _proposed([candidate for _place_, candidate in found], version.selection.at_most)


def _place(version: SelectionVersion, facts: Known, now: datetime) -> tuple[Any, ...]:
    first = tuple(not ground.when.holds(facts, now) for ground in version.reasons)
    return first, len(_said(version.against, facts, now))


def _candidate(
    version: SelectionVersion, child: Child, facts: Known, counts: dict[str, Any], now: datetime
) -> Candidate:
    for_, against, lacks = (_said(part, facts, now) for part in (version.reasons, version.against, version.lacks))
    return Candidate(child, for_, against, lacks, counts, is_proposed=False)


def _said(grounds: Iterable[GroundVersion], facts: Known, now: datetime) -> tuple[Label, ...]:
    return tuple(one.ground.says for one in grounds if one.when.holds(facts, now))


def _proposed(in_order: Sequence[Candidate], most: int) -> list[Candidate]:
    return [replace(one, is_proposed=place < most and bool(one.reasons)) for place, one in enumerate(in_order)]


def _children(session: Session, place: Place) -> list[Child]:
    """Return the children of a class in the order of the roll, with their relatives, by two queries."""
    roll = select(Child).where(Child.class_code == place.code, Child.status == "on_file")
    children = list(session.scalars(roll.order_by(Child.name_key, Child.id)))
    wanted = select(Relative).where(Relative.child_id.in_([child.id for child in children]))
    of_child: dict[int, list[Relative]] = {}
    for relative in session.scalars(wanted.order_by(Relative.call_order, Relative.id)):
        of_child.setdefault(relative.child_id, []).append(relative)
    for child in children:
        set_committed_value(child, "relatives", of_child.get(child.id, []))
    return children
