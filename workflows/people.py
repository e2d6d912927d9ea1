"""Loads a person as actor: their account and the posts they hold on a day."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.delegation import Delegation
from models.reports.reach import ABSENT, reach_of
from models.scope import Branch
from models.staff import Staff
from workflows.actor import Actor, Behalf, Post


def actor_of(session: Session, staff: Staff, day: date) -> Actor:
    """Return a person with the posts held on a day; the session needs a system scope."""
    rows = reach_of(session, staff.id, day)
    posts = tuple(post for row in rows if row.level != ABSENT for post in _posts(row))
    deputed = tuple(post for row in rows if row.level == ABSENT for post in _deputed(session, row.number, day))
    preferences = {"language": staff.language, "theme": staff.theme, "size": staff.text_size}
    lists = staff.list_choices
    return Actor(staff.id, staff.name, staff.login, posts, deputed=deputed, preferences=preferences, lists=lists)


def _deputed(session: Session, number: int, day: date) -> Iterator[Post]:
    """Yield what an absent person holds themselves, as their deputy holds it."""
    delegation = session.get_one(Delegation, number)
    absent = session.get_one(Staff, delegation.staff_id)
    if not absent.is_active:
        return
    behalf = Behalf(number, absent.id, absent.name, absent.login, frozenset(delegation.workflows))
    for row in reach_of(session, absent.id, day):
        if row.level != ABSENT:
            yield from (replace(post, behalf=behalf) for post in _posts(row))


def _posts(row: Any) -> Iterator[Post]:
    """Yield a post, or what a part in an open case reaches: the case, and the child where the part gives a role."""
    if row.relation is None:
        yield Post(row.number, row.role, row.place_id, Branch(row.level, row.code), row.place)
        return
    yield Post(row.number, row.role or "", 0, Branch("case", str(row.case_id)), "", row.relation)
    if row.child_id is not None and row.role is not None:
        yield Post(row.number, row.role, 0, Branch("child", str(row.child_id)), "", row.relation)


def actor_by_login(session: Session, login: str, day: date) -> Actor | None:
    """Return the active person with a login, None when there is none; the session needs a system scope."""
    staff = session.scalars(select(Staff).where(Staff.login == login, Staff.is_active)).one_or_none()
    return None if staff is None else actor_of(session, staff, day)
