"""A child on the audit desk: who looked, how often, when last, at what, by which grant."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for

from admin_app.listing.ids import number as number_of
from admin_app.pages.audit_entry import action_tag, actor_role, actor_word, amount, classes_word
from admin_app.pages.audit_names import Entry, Names, read_entries
from admin_app.wording import say_moment
from models.database import OfficeSession
from models.reports.audit_trail import TrailFilter, lists_around, looks_at, trail
from workflows.audit_words import LISTS_TAKEN, READS
from workflows.refusal import Missing
from workflows.text import text


def lookers(session: OfficeSession, written: str) -> dict[str, Any]:
    """Return the context of `audit/child.html`: who looked at a child, and the lists taken that may have held it."""
    number = number_of(written)
    looks = looks_at(session, number, READS) if number is not None else []
    around = looks or (trail(session, TrailFilter(child_ids=(number,)), limit=1) if number is not None else [])
    if not around or number is None:
        raise Missing("no_child", text("没有这名儿童的条目，或不在你的督查范围内"))
    lists = lists_around(session, around[0].level_codes, LISTS_TAKEN)
    entries, names = read_entries(session, [*(looks or around), *lists])
    seen = entries[: len(looks)]
    return {
        "subject": names.child(number),
        "where": names.where(around[0]),
        "people": _people(seen),
        "lists": [_list_taken(names, e) for e in entries[len(looks or around) :]],
        "looks": len(seen),
        "all_url": url_for("audit.index", whom=number),
    }


def _people(looks: Sequence[Entry]) -> list[dict[str, Any]]:
    people: dict[tuple[int | None, str], list[Entry]] = {}
    for e in looks:
        people.setdefault((e.event.actor_id, e.event.role), []).append(e)
    return [
        {
            "who": actor_word(found[0]),
            "role": actor_role(found[0]),
            "times": len(found),
            "revealed": sum(1 for e in found if e.event.action == "child.revealed"),
            "last": say_moment(found[0].event.at),
            "what": classes_word(sorted({shown for e in found for shown in _classes(e)})),
            "grant": found[0].event.grant_ref or "",
            "url": url_for("audit.entry", entry=found[0].event.id, whom=found[0].event.child_id),
        }
        for found in people.values()
    ]


def _classes(e: Entry) -> list[str]:
    shown: list[str] = e.facts.get("classes", [])
    return [*shown, e.facts["class"]] if e.facts.get("class") else shown


def _list_taken(names: Names, e: Entry) -> dict[str, Any]:
    return {
        "who": actor_word(e),
        "role": actor_role(e),
        "tag": action_tag(e.event.action),
        "rows": amount(names, e),
        "when": say_moment(e.event.at),
        "where": names.where(e.event),
        "url": url_for("audit.entry", entry=e.event.id),
    }
