"""What the page of a term's wave shows: how many children need a case, and what is still open from before."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import aliased

from admin_app.desk import may, now, read_session
from admin_app.shell import present_term, term_label
from models.child import Child
from models.place import Place
from models.school_year import Term
from workflows.class_title import has_left
from workflows.clock import local_day
from workflows.operations.wave import count_wave
from workflows.policy import Permission as P
from workflows.refusal import Missing, Refusal
from workflows.text import text


def wave_place(code: str) -> Place:
    """Return the place of a wave by its code; raises Missing outside the person's scope and for classes."""
    session = read_session(P.WAVE_OPEN)
    inside = session.info["scope"].row_condition(Place)
    place = session.scalars(select(Place).where(Place.code == code, Place.kind != "class", inside)).one_or_none()
    if place is None:
        raise Missing("no_place", text("没有这个单位，或不在你的范围内"))
    return place


def wave_term() -> Term:
    """Return the term of a wave opened now; raises Refusal `no_term`."""
    term = present_term()
    if term is None:
        raise Refusal("no_term", text("还没有设置学期，请先在“学年学期”中添加"))
    return term


def wave_page(code: str) -> dict[str, Any]:
    """Return the context of `turn/wave.html`."""
    place, term = wave_place(code), wave_term()
    counts = count_wave(read_session(P.WAVE_OPEN), place, term)
    return {
        "place": place.name,
        "code": place.code,
        "term": term_label(term),
        "term_id": term.id,
        "figures": [
            (_("在册儿童"), counts.children),
            (_("本学期已有档案"), counts.present),
            (_("将新建"), counts.to_open),
            (_("以前学期未办结"), counts.former),
        ],
        "to_open": counts.to_open,
        "former": counts.former,
        "children": counts.children,
        "is_over": term.last_on < local_day(now()),
        "unturned": _unturned(place, term),
        "links": [
            {"label": _("建档率"), "url": url_for("filing.index"), "icon": "chart-bar"},
            {"label": _("摸底排查"), "url": url_for("cases.index"), "icon": "clipboard-list"},
        ]
        if may(P.REPORT_READ) and may(P.CASE_LIST)
        else [],
    }


def _unturned(place: Place, term: Term) -> list[dict[str, Any]]:
    """Return the schools that have not turned into the term's year: graduates on file there would get files too."""
    session, year, school = read_session(P.WAVE_OPEN), term.school_year.first_year, aliased(Place)
    rows = session.execute(
        select(school.code, school.name, school.stage, Place.cohort, func.count())
        .join(school, school.id == Place.parent_id)
        .join(Child, Child.class_code == Place.code)
        .where(getattr(Place, f"{place.kind}_code") == place.code, Place.kind == "class", ~Place.is_closed)
        .where(Child.status == "on_file", Place.cohort < year)
        .group_by(school.code, school.name, school.stage, Place.cohort)
        .order_by(school.code)
    )
    left: dict[str, dict[str, Any]] = {}
    for code, name, stage, cohort, children in rows:
        if cohort is not None and has_left(stage, year - cohort + 1):
            url = url_for("turns.school", school=code) if may(P.TURN_MANAGE) else None
            one = left.setdefault(code, {"name": name, "children": 0, "url": url})
            one["children"] += children
    return list(left.values())
