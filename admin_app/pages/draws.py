"""The list of draws by lot, and what can be drawn from below a place."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, current_policy, may, read_session
from admin_app.listing.ids import number
from admin_app.listing.places import PlacePath
from admin_app.pages.draw import wanted_words
from admin_app.shell_year import school_year_shown
from admin_app.wording import say, say_moment
from models.case import Case
from models.draw import PlaceDraw
from models.place import Place
from workflows.draw import groups_below
from workflows.policy import Permission as P
from workflows.refusal import Missing, Refusal
from workflows.text import text

PAGE = 50


@dataclass(frozen=True)
class Chosen:
    """The place to draw below, and the path by which it was chosen."""

    place: Place
    path: PlacePath


def draws_page(asked: MultiDict[str, str]) -> dict[str, Any]:
    """Return the screen of the list of draws, newest first."""
    session = read_session(P.INSPECTION_LIST)
    before = number(asked.get("before"))
    wanted = select(PlaceDraw).where(*([PlaceDraw.id < before] if before is not None else []))
    found = session.scalars(wanted.order_by(PlaceDraw.id.desc()).limit(PAGE + 1)).all()
    rows = found[:PAGE]
    older = url_for("inspections.draws", before=rows[-1].id) if len(found) > PAGE else None
    first = url_for("inspections.draws") if before is not None else None
    opened = _opened(session, rows)
    return {
        "title": _("抽取记录"),
        "subtitle": _("抽过的和备好未抽的都在"),
        "back_url": url_for("inspections.index"),
        "actions": _begin_action(),
        "columns": [
            {"key": "number", "label": _("编号"), "is_sticky": True},
            {"key": "place", "label": _("从哪里抽")},
            {"key": "wanted", "label": _("抽什么")},
            {"key": "state", "label": _("状态")},
            {"key": "opened", "label": _("已发起"), "align": "right"},
            {"key": "who", "label": _("经办")},
            {"key": "when", "label": _("备好")},
        ],
        "rows": [_line(draw, opened.get(draw.id, 0)) for draw in rows],
        "can_select": False,
        "pager": {"first": first, "next": older, "size": PAGE, "summary": _("本页 %(n)s 次", n=len(rows))}
        if first or older
        else None,
        "empty": {"icon": "dice-5", "title": _("还没有抽取过"), "text": _("抽取由督查员发起")},
    }


def _begin_action() -> list[dict[str, Any]]:
    if not may(P.INSPECTION_DRAW):
        return []
    return [{"label": _("随机抽取"), "url": url_for("inspections.ask"), "icon": "dice-5", "is_primary": True}]


def _opened(session: Session, draws: Sequence[PlaceDraw]) -> dict[int, int]:
    counted = select(Case.batch_id, func.count()).where(Case.batch_id.in_([draw.id for draw in draws]))
    rows = session.execute(counted.group_by(Case.batch_id)).all() if draws else []
    return {batch: many for batch, many in rows if batch is not None}


def _line(draw: PlaceDraw, opened: int) -> dict[str, Any]:
    url = url_for("inspections.draw", draw=draw.number)
    word, kind = (_("已抽"), "ok") if draw.is_drawn else (_("备好未抽"), "warn")
    return {
        "id": str(draw.id),
        "url": url,
        "cells": [
            {"kind": "link", "value": draw.number, "url": url},
            {"kind": "text", "value": draw.place_name},
            {"kind": "text", "value": wanted_words(draw)},
            {"kind": "tag", "value": word, "tag_kind": kind},
            {"kind": "number", "value": opened},
            {"kind": "text", "value": draw.made_by_name},
            {"kind": "text", "value": say_moment(draw.made_at)},
        ],
    }


def chosen_place(asked: Mapping[str, str]) -> Chosen:
    """Return the place that an address names level by level, or else that of the person's post.

    Raises Denied for who does not draw, Missing for a place out of reach.
    """
    session = read_session(P.INSPECTION_DRAW)
    path = PlacePath.read(session.info["scope"], asked, "school")
    inside = session.info["scope"].row_condition(Place)
    code = next(reversed(path.chosen.values()), None) or _own_code()
    place = session.scalars(select(Place).where(Place.code == code, inside, ~Place.is_closed)).one_or_none()
    if place is None:
        raise Missing("no_place", text("没有这个单位，或不在你的范围内"))
    path.learn(session, (), school_year_shown())
    return Chosen(place, path)


def _own_code() -> str:
    post = current_policy().require(current_actor(), P.INSPECTION_DRAW)
    return post.branch.code if post is not None else ""


def ask_page(
    chosen: Chosen, typed: Mapping[str, str] | None = None, refusal: Refusal | None = None, key: str | None = None
) -> dict[str, Any]:
    """Return the context of `draws/ask.html`: what can be drawn from below a place, and what was typed."""
    groups = groups_below(read_session(P.INSPECTION_DRAW), chosen.place)
    faults = {group: say(fault) for group, fault in refusal.faults.items()} if refusal is not None else {}
    return {
        "place": chosen.place.name,
        "code": chosen.place.code,
        "filters": chosen.path.controls(),
        "chips": [
            {"label": words, "remove_url": url_for("inspections.ask", **_without(chosen.path.chosen, level))}
            for level, words in chosen.path.chips()
        ],
        "chosen": list(chosen.path.chosen.items()),
        "groups": [
            {
                "key": group.key,
                "label": say(group.label),
                "size": group.size,
                "typed": (typed or {}).get(f"many-{group.key}", "")[:6],
                "fault": faults.get(group.key),
            }
            for group in groups
        ],
        "fault": say(refusal.message) if refusal is not None else None,
        "request_key": key or uuid.uuid4().hex,
    }


def _without(chosen: Mapping[str, str], level: str) -> dict[str, Any]:
    return {key: code for key, code in chosen.items() if key != level}


def read_wanted(form: Mapping[str, str]) -> dict[str, int]:
    """Read how many of each group are wanted; what is no number is as wrong as a negative one."""
    wanted: dict[str, int] = {}
    for name, written in form.items():
        if name.startswith("many-") and (many := written.strip()):
            is_count = many.isascii() and many.isdigit() and len(many) <= 4
            wanted[name.removeprefix("many-")[:40]] = int(many) if is_count else -1
    return wanted
