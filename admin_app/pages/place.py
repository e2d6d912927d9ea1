"""What the page of a place shows: its facts, and the places below it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask_babel import gettext as _

from admin_app.listing.column import tag, words
from admin_app.wording import say
from models.place import Place
from workflows.class_title import class_title
from workflows.fields import CODE_LISTS
from workflows.text import text


def title_of(place: Place, schools: Mapping[str, Place], year: int) -> str:
    """Return a place's name; that of a class by its grade in a school year."""
    if place.kind != "class" or place.cohort is None or place.number is None:
        return place.name
    school = schools.get(place.school_code)
    return class_title(place.cohort, place.number, year, school.stage if school else None)


def place_page(
    place: Place,
    parent: Place | None,
    below: Sequence[Place],
    year: int,
    add_url: str | None,
    url_of: Callable[[Place], str | None],
) -> dict[str, Any]:
    """Return the page of a place for `office/detail.html`."""
    schools = {found.code: found for found in (place, parent) if found is not None and found.kind == "school"}
    kind = say(CODE_LISTS["place_kind"][place.kind])
    facts = [
        {"key": _("代码"), "value": place.code},
        {"key": _("上级"), "value": {"text": parent.name, "url": url_of(parent)} if parent else None},
    ]
    if place.stage:
        facts.append({"key": _("学段"), "value": say(CODE_LISTS["stage"].get(place.stage, place.stage))})
    if place.phone:
        facts.append({"key": _("公布电话"), "value": place.phone})
    return {
        "title": title_of(place, schools, year),
        "subtitle": kind,
        "initial": place.name[:1],
        "tags": [{"kind": "neutral", "word": _("已撤并"), "icon": "ban"}] if place.is_closed else [],
        "facts": facts,
        "cards": [_below(place, below, schools, year, add_url, url_of)] if place.kind != "class" else [],
    }


def _below(
    place: Place,
    below: Sequence[Place],
    schools: Mapping[str, Place],
    year: int,
    add_url: str | None,
    url_of: Callable[[Place], str | None],
) -> dict[str, Any]:
    title = _("班级") if place.kind == "school" else _("下属单位")
    columns = [
        {"key": "name", "label": _("名称")},
        {"key": "kind", "label": _("层级")},
        {"key": "code", "label": _("代码")},
        {"key": "state", "label": _("状态")},
    ]
    rows = [
        {
            "id": child.id,
            "url": url_of(child),
            "cells": [
                words(title_of(child, schools, year)),
                words(CODE_LISTS["place_kind"][child.kind]),
                words(child.code),
                tag("neutral", text("已撤并"), "ban") if child.is_closed else tag("ok", text("在用")),
            ],
        }
        for child in below
    ]
    links = [{"label": _("新建"), "url": add_url, "icon": "plus"}] if add_url else []
    if not rows:
        return {"title": title, "links": links, "empty": {"icon": "sitemap", "title": _("还没有下属单位")}}
    return {"title": title, "sub": str(len(rows)), "links": links, "table": {"columns": columns, "rows": rows}}
