"""Loads a person as actor: their account and the posts they hold on a day."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.reports.reach import reach_of
from models.scope import Branch
from models.staff import Staff
from workflows.actor import Actor, Post


def actor_of(session: Session, staff: Staff, day: date) -> Actor:
    """Return a person with the posts held on a day; the session needs a system scope."""
    posts = tuple(post for row in reach_of(session, staff.id, day) for post in _posts(row))
    preferences = {"language": staff.language, "theme": staff.theme, "size": staff.text_size}
    return Actor(staff.id, staff.name, staff.login, posts, preferences=preferences, lists=staff.list_choices)


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
