"""The inspector's desk: the trail by filters, one entry, a case step by step, and who looked at a child."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, current_policy, system_session
from admin_app.listing.ids import number as number_of
from admin_app.pages.audit_entry import (
    Reader,
    child_number,
    classes_word,
    entry_card,
    learn_owners,
    place_word,
    reason_of,
    states_word,
    subject_word,
    who_word,
)
from admin_app.wording import say, say_moment, say_short
from models.audit import AuditEvent
from models.case import Case
from models.database import OfficeSession
from models.place import Place
from models.reports.audit_trail import PAGE, TrailFilter, readers_of, trail, trail_after, trail_of_case
from models.scope import NO_PLACE
from models.staff import Staff
from workflows.audit_words import GROUPS, WORDS, action_word
from workflows.clock import LOCAL
from workflows.refusal import Missing
from workflows.text import text

MOST_PEOPLE = 100
NOBODY = -1


@dataclass(frozen=True)
class Asked:
    """The filters of an address as they were written."""

    person: str = ""
    who: int | None = None
    child: int | None = None
    case: str = ""
    action: str = ""
    refused: str = ""
    since: date | None = None
    until: date | None = None

    def address(self) -> dict[str, Any]:
        """Return the filters as parts of an address, empty ones left out."""
        parts = {
            "person": self.person,
            "who": self.who,
            "child": self.child,
            "case": self.case,
            "action": self.action,
            "refused": self.refused,
            "on_from": self.since,
            "on_to": self.until,
        }
        return {key: str(value) for key, value in parts.items() if value not in (None, "")}


def read_asked(written: MultiDict[str, str]) -> Asked:
    """Read the filters of an address; whatever cannot be one is left out."""
    action = written.get("action", "")
    return Asked(
        person=written.get("person", "").strip()[:60],
        who=number_of(written.get("who")),
        child=number_of(written.get("child")),
        case=written.get("case", "").strip().upper()[:40],
        action=action if action in WORDS else "",
        refused="1" if written.get("refused") == "1" else "",
        since=_day(written.get("on_from")),
        until=_day(written.get("on_to")),
    )


def _day(written: str | None) -> date | None:
    try:
        return date.fromisoformat(written) if written else None
    except ValueError:
        return None


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), LOCAL) if day and day.year > 1 else None


def wanted(asked: Asked) -> TrailFilter:
    """Return the condition on the trail; a person or case that nobody knows selects nothing."""
    return TrailFilter(
        actor_id=asked.who,
        actor_ids=_people(asked.person) if asked.person else None,
        child_id=asked.child,
        case_id=_case_id(asked.case) if asked.case else None,
        actions=(asked.action,) if asked.action else (),
        outcome="refused" if asked.refused else None,
        since=_midnight(asked.since),
        until=_midnight(asked.until + timedelta(days=1)) if asked.until and asked.until < date.max else None,
    )


def _people(words: str) -> tuple[int, ...]:
    found = system_session("audit").scalars(
        select(Staff.id)
        .where(or_(Staff.login == words.casefold(), Staff.name.contains(words, autoescape=True)))
        .limit(MOST_PEOPLE)
    )
    return tuple(found) or (NOBODY,)


def _case_id(number: str) -> int:
    return system_session("audit").scalar(select(Case.id).where(Case.number == number)) or NOBODY


def reader_over(session: OfficeSession, events: Sequence[AuditEvent]) -> Reader:
    """Return what is needed to show some entries: the lowest class that the person sees over all of them, places."""
    actor, policy = current_actor(), current_policy()
    sees = min((policy.sees(actor, event.level_codes) for event in events), default="P0")
    codes = {code for event in events for code in event.level_codes.values() if code != NO_PLACE}
    names = system_session().execute(select(Place.code, Place.name).where(Place.code.in_(codes))).all()
    return Reader(session, sees, dict(names))


def desk(session: OfficeSession, written: MultiDict[str, str], number: int | None = None) -> dict[str, Any]:
    """Return the context of `audit/desk.html`: filters, a page of entries, and one of them opened."""
    asked = read_asked(written)
    condition = wanted(asked)
    before, after = number_of(written.get("before")), number_of(written.get("after"))
    if after is not None:
        found = trail_after(session, condition, after, PAGE + 1)
        has_more, events = len(found) > PAGE, found[-PAGE:]
    else:
        found = trail(session, condition, before=before, limit=PAGE + 1)
        has_more, events = len(found) > PAGE, found[:PAGE]
    opened = _opened(session, number) if number is not None else None
    reader = reader_over(session, [*events, *([opened] if opened else [])])
    bodies = {event.id: json.loads(event.body) for event in events}
    learn_owners(session, list(bodies.values()))
    return {
        "bar": _bar(asked),
        "columns": _columns(),
        "rows": [_row(reader, event, bodies[event.id], asked, event.id == number) for event in events],
        "pager": _pager(events, asked, before, after, has_more),
        "entry": entry_card(reader, opened) if opened else None,
        "back_url": url_for("audit.index", **asked.address()) if opened else None,
        "export_url": url_for("audit.export", **asked.address()),
        "refused_url": url_for("audit.index", refused="1"),
    }


def _opened(session: Session, number: int) -> AuditEvent:
    event = session.scalars(select(AuditEvent).where(AuditEvent.id == number)).one_or_none()
    if event is None:
        raise Missing("no_entry", text("没有这一条，或不在你的督查范围内"))
    return event


def _bar(asked: Asked) -> dict[str, Any]:
    actions = [
        ("", _("全部")),
        *((a, f"{say(group)} · {say(w.word)}") for group, words in GROUPS.items() for a, w in words.items()),
    ]
    filters = [
        {"key": "case", "label": _("事项"), "kind": "text", "value": asked.case},
        {"key": "action", "label": _("动作"), "kind": "select", "value": asked.action, "options": actions},
        {"key": "on", "label": _("时间"), "kind": "range", "value": (asked.since, asked.until)},
        {
            "key": "refused",
            "label": _("结果"),
            "kind": "select",
            "value": asked.refused,
            "options": [("", _("全部")), ("1", _("只看被拒"))],
        },
    ]
    chips = []
    kept = asked.address()
    for key, label in (("who", _("一名人员")), ("child", f"{_('儿童')} {child_number(asked.child or 0)}")):
        if key in kept:
            rest = {name: value for name, value in kept.items() if name != key}
            chips.append({"label": label, "remove_url": url_for("audit.index", **rest)})
    return {
        "action": url_for("audit.index"),
        "search": {"name": "person", "value": asked.person, "placeholder": _("人员姓名、账号")},
        "filters": filters,
        "shown": 4,
        "chips": chips,
        "clear_url": url_for("audit.index"),
        "hidden": [(key, kept[key]) for key in ("who", "child") if key in kept],
    }


def _columns() -> list[dict[str, Any]]:
    labels = (_("时间"), _("人员"), _("动作"), _("对象"), _("理由"), _("值"))
    return [{"key": str(n), "label": label, "is_sticky": n == 0} for n, label in enumerate(labels)]


def _row(reader: Reader, event: AuditEvent, body: Mapping[str, Any], asked: Asked, is_open: bool) -> dict[str, Any]:
    url = url_for("audit.entry", number=event.id, **asked.address())
    word = action_word(event.action)
    tag = {"kind": "tag", "value": say(word.word), "tag_kind": word.kind, "icon": word.icon}
    moment = event.at.astimezone(LOCAL)
    return {
        "id": str(event.id),
        "url": url,
        "is_selected": is_open,
        "cells": [
            {"kind": "link", "value": moment.strftime("%H:%M:%S"), "sub": say_short(event.at), "url": url},
            {"kind": "text", "value": event.actor_name or "—", "sub": who_word(event.role)},
            tag,
            {"kind": "text", "value": subject_word(event, body), "sub": place_word(event, reader.places)},
            {"kind": "text", "value": reason_of(reader, event, body)},
            {"kind": "text", "value": _amount(body)},
        ],
    }


def _amount(body: Mapping[str, Any]) -> str | None:
    facts = body["facts"]
    if body["changes"]:
        return str(_("%(n)s 个字段", n=len(body["changes"])))
    if facts.get("rows") is not None:
        return str(_("%(n)s 行", n=facts["rows"]))
    return classes_word(facts.get("classes", ())) or states_word(facts, with_origin=False)


def _pager(
    events: Sequence[AuditEvent], asked: Asked, before: int | None, after: int | None, has_more: bool
) -> dict[str, Any] | None:
    if not events:
        return None
    kept = asked.address()
    newer = before is not None or (after is not None and has_more)
    return {
        "first": url_for("audit.index", **kept) if before is not None or after is not None else None,
        "previous": url_for("audit.index", after=events[0].id, **kept) if newer else None,
        "next": url_for("audit.index", before=events[-1].id, **kept) if after is not None or has_more else None,
        "size": PAGE,
        "summary": _("本页 %(n)s 条", n=len(events)),
    }


def replay(session: OfficeSession, number: str) -> dict[str, Any]:
    """Return every entry of a case in order, each with its differences."""
    events = trail_of_case(session, _case_id(number.upper()))
    if not events:
        raise Missing("no_case", text("没有这件事项，或不在你的督查范围内"))
    reader = reader_over(session, events)
    steps = [entry_card(reader, event) | {"when": say_moment(event.at), "who": event.actor_name} for event in events]
    return {"number": number.upper(), "steps": steps, "place": place_word(events[0], reader.places)}


def lookers(session: OfficeSession, child_id: int) -> dict[str, Any]:
    """Return who looked at a child: people, how often, when last, which classes, by which grant."""
    found = readers_of(session, child_id)
    columns = [
        {"key": str(n), "label": label}
        for n, label in enumerate((_("人员"), _("次数"), _("最近"), _("看了什么"), _("授权")))
    ]
    rows = [
        {
            "id": str(n),
            "url": None,
            "cells": [
                {"kind": "text", "value": who.name, "sub": who_word(who.role)},
                {"kind": "number", "value": who.times},
                {"kind": "date", "value": say_moment(who.last_at)},
                {"kind": "text", "value": classes_word(who.classes)},
                {"kind": "text", "value": who.grant},
            ],
        }
        for n, who in enumerate(found)
    ]
    return {
        "title": _("谁看过这名儿童"),
        "subtitle": child_number(child_id),
        "columns": columns,
        "rows": rows,
        "can_select": False,
        "pager": None,
        "empty": {"icon": "eye-off", "title": _("没有人看过"), "text": _("脱敏名单不计"), "action": None},
    }
