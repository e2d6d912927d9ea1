"""The dated records that belong to a case: talks, visits and calls written for it, and the links to write more."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select

from admin_app.desk import read_session
from admin_app.pages.case_evidence import may_count
from admin_app.parts.records import timeline_of, write_links
from models.record import Record
from models.vault import learn_keys
from workflows.case_view import CaseView
from workflows.policy import Permission

MOST = 30


def case_record_cards(view: CaseView) -> list[dict[str, Any]]:
    """Return the card of a case's own records, newest first; none where there are none and none can be written."""
    if not may_count(view):
        return []
    session = read_session(Permission.RECORD_LIST)
    own = select(Record).where(Record.case_id == view.case.id, Record.state != "corrected")
    rows = session.scalars(own.order_by(Record.happened_on.desc(), Record.id.desc()).limit(MOST)).all()
    learn_keys(session, [view.case.key_owner])
    entries, _classes = timeline_of(rows)
    links = write_links(view.child, view.case.number) if view.case.closed_at is None else []
    if not rows and not links:
        return []
    card: dict[str, Any] = {"title": _("本事项的记录"), "links": links}
    if view.case.circle:
        card["sub"] = _("只在保密范围内可见")
    nothing = {"icon": "message-2", "title": _("还没有为本事项写过记录")}
    return [card | ({"timeline": entries} if entries else {"empty": nothing})]
