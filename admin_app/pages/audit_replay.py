"""A case on the audit desk: every entry in order, from the import to the filing, each with its differences."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.listing.ids import number as number_of
from admin_app.pages.audit_entry import (
    Opened,
    action_tag,
    actor_role,
    actor_word,
    amount,
    classes_word,
    entry_card,
    read_event,
    reason_of,
)
from admin_app.pages.audit_names import Entry, Names, read_entries, subject_word
from admin_app.wording import say_moment
from models.database import OfficeSession
from models.reports.audit_trail import trail_of_case
from workflows.audit import is_genuine
from workflows.audit_words import READS
from workflows.refusal import Missing
from workflows.text import text


def replay(session: OfficeSession, written: str) -> Opened:
    """Return the context of `audit/replay.html`: a case from the import on, step by step, each with its differences."""
    number = number_of(written)
    events = trail_of_case(session, number) if number is not None else []
    if not events:
        raise Missing("no_case", text("没有这件事项，或不在你的督查范围内"))
    entries, names = read_entries(session, events)
    last = entries[-1]
    page = {
        "number": next((e.facts["number"] for e in entries if e.facts.get("number")), ""),
        "subject": subject_word(names, last),
        "where": names.where(last.event),
        "steps": _steps(names, entries),
        "back_url": url_for("audit.index", whom=last.event.child_id),
        "child_url": url_for("audit.child", child=last.event.child_id) if last.event.child_id is not None else None,
    }
    return page, read_event(entries)


def _steps(names: Names, entries: Sequence[Entry]) -> list[dict[str, Any]]:
    """Return the steps in order; reads that follow each other stand together as one."""
    steps: list[dict[str, Any]] = []
    earlier: Entry | None = None
    for e in entries:
        if e.event.action in READS and steps and steps[-1]["readers"]:
            steps[-1]["readers"].append(_reader(e))
            steps[-1]["is_broken"] |= not is_genuine(names.session, e.event)
        else:
            steps.append(_step(names, e, earlier))
        earlier = e
    return steps


def _step(names: Names, e: Entry, earlier: Entry | None) -> dict[str, Any]:
    card = entry_card(names, e)
    is_read = e.event.action in READS
    return {
        "tag": card["tag"] if not is_read else action_tag("case.read"),
        "title": names.transition(e) or card["tag"]["word"],
        "when": say_moment(e.event.at),
        "pause": _pause(e.event.at - earlier.event.at) if earlier else "",
        "who": actor_word(e),
        "role": actor_role(e),
        "states": amount(names, e) if e.facts.get("to") else "",
        "reason": reason_of(names, e),
        "diff": card["diff"],
        "is_refused": card["is_refused"],
        "is_broken": not card["is_genuine"],
        "url": url_for("audit.entry", entry=e.event.id),
        "readers": [_reader(e)] if is_read else [],
    }


def _reader(e: Entry) -> dict[str, str]:
    return {
        "who": actor_word(e),
        "role": actor_role(e),
        "when": say_moment(e.event.at),
        "what": classes_word(e.facts.get("classes", [])),
        "url": url_for("audit.entry", entry=e.event.id),
    }


def _pause(passed: timedelta) -> str:
    if passed < timedelta(hours=1):
        return ""
    hours = passed // timedelta(hours=1)
    words = _("隔 %(n)s 天", n=hours // 24) if hours >= 24 else _("隔 %(n)s 小时", n=hours)
    return str(words)
