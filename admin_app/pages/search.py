"""The hits of a search, group by group."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.desk import may, read_session
from admin_app.pages.places import names_of
from models.case import Case
from models.search import find_children
from workflows.policy import Permission

MOST_CASES = 8


def hits(session: Session, words: str, limit: int) -> list[dict[str, Any]]:
    """Return groups of hits: children by name, cases by number."""
    if not words:
        return []
    children = find_children(session, words, limit)
    names = names_of(session, children)
    groups = [
        {
            "label": _("儿童"),
            "items": [
                {
                    "label": child.name,
                    "sub": f"{names.get(child.school_code, '')} {names.get(child.class_code, '')}",
                    "url": url_for("children.details_view", id=child.id),
                    "icon": "user",
                }
                for child in children
            ],
        },
        {"label": _("事项"), "items": _cases(words) if may(Permission.CASE_LIST) else []},
    ]
    return [group for group in groups if group["items"]]


def _cases(words: str) -> list[dict[str, Any]]:
    number = words.upper()
    if not number[:1].isascii() or "-" not in number:
        return []
    found = read_session(Permission.CASE_LIST).scalars(
        select(Case).where(Case.number >= number, Case.number < number + "~").order_by(Case.number).limit(MOST_CASES)
    )
    return [
        {"label": case.number, "url": url_for("cases.show", number=case.number), "icon": "clipboard-list"}
        for case in found
    ]
