"""Whom a case may be passed on or sent to: the people who handle cases where it stands."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case
from models.place import Place
from models.reports.parts import holders
from models.staff import Appointment, Staff
from workflows.actor import PAIRED
from workflows.policy import Permission, Policy


@dataclass(frozen=True)
class Colleague:
    """Somebody who can be asked, with their name as it is read aloud, and their posts as role and place."""

    staff_id: int
    name: str
    name_key: str
    posts: tuple[tuple[str, str], ...]


def colleagues(everything: Session, case: Case, policy: Policy, day: date) -> dict[int, str]:
    """Return by number and name who handles cases at the place of a case or above it; a system scope is needed."""
    return {staff.id: staff.name for staff, _post in _found(everything, case, policy, day)}


def colleagues_with_posts(everything: Session, case: Case, policy: Policy, day: date) -> list[Colleague]:
    """Return the same people by name with what they do where, to choose from; a system scope is needed."""
    found = _found(everything, case, policy, day)
    numbers = {post.place_id for _staff, post in found}
    places = dict(everything.execute(select(Place.id, Place.name).where(Place.id.in_(numbers))).all())
    posts: dict[int, list[tuple[str, str]]] = {}
    for staff, post in found:
        posts.setdefault(staff.id, []).append((post.role, places[post.place_id]))
    people = {staff.id: staff for staff, _post in found}
    return [Colleague(one.id, one.name, one.name_key, tuple(posts[one.id])) for one in people.values()]


def _found(everything: Session, case: Case, policy: Policy, day: date) -> list[tuple[Staff, Appointment]]:
    roles = [role for role in policy.roles if policy.allows(role, Permission.CASE_ACT) and role not in PAIRED]
    found = holders(everything, roles, case.level_codes, day)
    reading = [(staff, post) for staff, post in found if policy.allows(post.role, Permission.CASE_READ)]
    # Of the school's class teachers only the case's own reach it.
    return [(staff, post) for staff, post in reading if post.covers(case.level_codes)]
