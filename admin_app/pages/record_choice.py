"""Choosing whom a record is about: my children, those without one this month first; a tick list for a meeting."""

from __future__ import annotations

from typing import Any

from flask import request, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from admin_app.desk import current_actor, now, read_session
from admin_app.forms.kept_draft import draft_of
from admin_app.pages.places import class_choices, names_of
from admin_app.pages.record_words import day_line, verb_of
from admin_app.wording import say
from models.child import Child
from models.reports.records import last_of, month_round
from models.search import find_children
from workflows.clock import local_day
from workflows.engine.published import FormVersion
from workflows.fields import CODE_LISTS
from workflows.operations.record import MOST_CHILDREN
from workflows.policy import Permission
from workflows.record_forms import head_of

MOST = 60


def choice_page(version: FormVersion) -> dict[str, Any]:
    """Return the context of `records/choose.html`."""
    session = read_session(Permission.RECORD_WRITE)
    words, place = request.args.get("q", "").strip()[:40], request.args.get("class", "")
    classes = class_choices(session)
    form = version.form.key
    rows = [child for child in _found(words, place) if child.status == "on_file"]
    names, last = names_of(session, rows), last_of(session, [child.id for child in rows], form)
    day, author = local_day(now()), current_actor().staff_id
    entries = []
    for child in rows:
        record = last.get(child.id)
        is_done = record is not None and record.happened_on >= day.replace(day=1) and record.made_by == author
        entries.append(
            {
                "name": child.name,
                "url": url_for("entry.write_child", form=form, child=child.id),
                "sub": names.get(child.class_code, ""),
                "risk": {"level": child.risk, "word": say(CODE_LISTS["risk"][child.risk])},
                "is_done": is_done,
                "last": _("上次 %(day)s", day=day_line(record.happened_on)) if record else _("还没有记过"),
            }
        )
    waiting = sorted(entries, key=lambda entry: entry["is_done"])
    round_ = month_round(session, author or 0, form, day)
    return {
        "screen": {
            "title": verb_of(version.form),
            "icon": head_of(version.form).icon,
            "round": {"done": round_.done, "total": round_.total},
            "words": words,
            "class": place,
            "classes": classes if len(classes) > 1 else [],
            "waiting": [entry for entry in waiting if not entry["is_done"]],
            "done": [entry for entry in waiting if entry["is_done"]],
            "is_cut": len(rows) >= MOST,
            "back_url": url_for("home.index"),
        }
    }


def _found(words: str, place: str, most: int = MOST) -> list[Child]:
    session = read_session(Permission.RECORD_WRITE)
    if words:
        return find_children(session, words, most)
    roll = select(Child).where(Child.status == "on_file")
    if place:
        roll = roll.where(Child.class_code == place)
    order = (Child.school_code, Child.class_code, Child.name_key, Child.id)
    return list(session.scalars(roll.order_by(*order).limit(most)))


def tick_list() -> dict[str, Any]:
    """Return the children of one class to tick for a meeting, with those ticked before."""
    session = read_session(Permission.RECORD_WRITE)
    classes = class_choices(session)
    asked = request.values.get("class", "")
    codes = [one["value"] for one in classes]
    place = asked if asked in codes else (codes[0] if codes else "")
    rows = _found("", place, MOST_CHILDREN)
    kept = draft_of(request.path)
    before = request.form.getlist("child") if request.method == "POST" else (kept[1].get("child", []) if kept else [])
    return {
        "classes": classes if len(classes) > 1 else [],
        "class": place,
        "children": [{"id": c.id, "name": c.name, "is_ticked": str(c.id) in before} for c in rows],
        "ticked": len([c for c in rows if str(c.id) in before]),
    }
