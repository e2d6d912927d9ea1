"""The inspector's desk: the trail by filters, with one entry beside the list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor
from admin_app.listing.ids import number as number_of
from admin_app.pages.audit_entry import (
    Opened,
    action_tag,
    actor_role,
    actor_word,
    amount,
    entry_card,
    entry_links,
    read_event,
    reason_of,
)
from admin_app.pages.audit_filter import EXPORTS, Asked, filter_bar, meant_by, read_asked
from admin_app.pages.audit_names import Entry, Names, read_entries, subject_word
from admin_app.wording import say_short
from models.audit import AuditEvent
from models.database import OfficeSession
from models.reports.audit_trail import PAGE, TrailFilter, entry, trail, trail_after
from workflows.audit import is_genuine
from workflows.clock import LOCAL
from workflows.refusal import Missing
from workflows.text import text


def desk(session: OfficeSession, written: MultiDict[str, str], number: str | None = None) -> Opened:
    """Return the context of `audit/desk.html`: filters, a page of entries, and one of them opened."""
    asked = read_asked(written)
    meant = meant_by(asked)
    before, after = number_of(written.get("before")), number_of(written.get("after"))
    events, has_more = _page(session, meant.condition, before, after)
    beside = _beside(session, events, number)
    entries, names = read_entries(session, [*events, *beside])
    listed = entries[: len(events)]
    opened = next((e for e in entries if number is not None and e.event.id == number_of(number)), None)
    place = {key: str(value) for key, value in (("before", before), ("after", after)) if value is not None}
    who = next((actor_word(e) for e in entries if e.event.actor_id == asked.who), "")
    page = {
        "bar": filter_bar(asked, who, names.child(asked.whom) if asked.whom is not None else ""),
        "note": meant.note,
        "rows": [_row(names, e, asked, place, opened) for e in listed],
        "quick": _quick(asked),
        "pager": _pager(events, asked, before, after, has_more),
        "entry": _beside_the_list(names, opened, listed, asked, place) if opened else None,
        "place": current_actor().posts[0].place_name if current_actor().posts else "",
        "back_url": asked.url() if opened else None,
        "export_url": url_for("audit.export", **asked.parts),
    }
    return page, read_event([opened]) if opened else None


def _page(
    session: OfficeSession, condition: TrailFilter, before: int | None, after: int | None
) -> tuple[list[AuditEvent], bool]:
    if after is not None:
        found = trail_after(session, condition, after, PAGE + 1)
        return found[-PAGE:], len(found) > PAGE
    found = trail(session, condition, before=before, limit=PAGE + 1)
    return found[:PAGE], len(found) > PAGE


def _beside(session: OfficeSession, events: Sequence[AuditEvent], number: str | None) -> list[AuditEvent]:
    """Return the opened entry where the page of the list does not hold it; raises Missing outside the scope."""
    if number is None or any(str(event.id) == number for event in events):
        return []
    found = number_of(number)
    event = entry(session, found) if found is not None else None
    if event is None:
        raise Missing("no_entry", text("没有这一条，或不在你的督查范围内"))
    return [event]


def _row(names: Names, e: Entry, asked: Asked, place: dict[str, Any], opened: Entry | None) -> dict[str, Any]:
    event, child, actor = e.event, e.event.child_id, e.event.actor_id
    number = e.facts.get("number")
    return {
        "number": event.id,
        "url": _entry_url(event.id, asked, place),
        "is_open": opened is e,
        "time": event.at.astimezone(LOCAL).strftime("%H:%M:%S"),
        "day": say_short(event.at),
        "moment": event.at.isoformat(),
        "who": actor_word(e),
        "role": actor_role(e),
        "who_url": asked.url(who=actor) if actor is not None and asked.who is None else None,
        "tag": action_tag(event.action),
        "subject": f"{subject_word(names, e)} · {number}" if number else subject_word(names, e),
        "where": names.where(event),
        "subject_url": asked.url(whom=child) if child is not None and asked.whom is None else None,
        "reason": reason_of(names, e),
        "amount": amount(names, e),
        "is_secret": any(change["class"] == "P3" for change in e.body["changes"]) or "P3" in e.facts.get("classes", ()),
        "is_broken": not is_genuine(names.session, event),
    }


def _entry_url(number: int, asked: Asked, place: dict[str, Any]) -> str:
    # The fragment brings the row back into sight, so that the list stays where it was.
    return url_for("audit.entry", entry=number, _anchor=f"e-{number}", **asked.parts, **place)


def _quick(asked: Asked) -> list[dict[str, Any]]:
    return [
        {"label": _("只看被拒"), "url": asked.url(refused="" if asked.refused else "1"), "is_on": bool(asked.refused)},
        {
            "label": _("只看导出"),
            "url": asked.url(action="" if asked.action == EXPORTS else EXPORTS),
            "is_on": asked.action == EXPORTS,
        },
    ]


def _pager(
    events: Sequence[AuditEvent], asked: Asked, before: int | None, after: int | None, has_more: bool
) -> dict[str, Any] | None:
    if not events:
        return None
    newer = before is not None or (after is not None and has_more)
    older = after is not None or has_more
    return {
        "first": url_for("audit.index", **asked.parts) if before is not None or after is not None else None,
        "previous": url_for("audit.index", after=events[0].id, **asked.parts) if newer else None,
        "next": url_for("audit.index", before=events[-1].id, **asked.parts) if older else None,
        "size": PAGE,
        "summary": _("本页 %(n)s 条", n=len(events)),
    }


def _beside_the_list(
    names: Names, opened: Entry, listed: Sequence[Entry], asked: Asked, place: dict[str, Any]
) -> dict[str, Any]:
    numbers = [e.event.id for e in listed]
    here = numbers.index(opened.event.id) if opened.event.id in numbers else None
    newer = numbers[here - 1] if here else None
    older = numbers[here + 1] if here is not None and here + 1 < len(numbers) else None
    return entry_card(names, opened) | {
        "links": entry_links(opened, asked),
        "newer_url": _entry_url(newer, asked, place) if newer is not None else None,
        "older_url": _entry_url(older, asked, place) if older is not None else None,
    }
