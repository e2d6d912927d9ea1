"""What the filing-rate pages show: rates against 100 %, place by place, and the children missing."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.desk import may
from admin_app.pages.case import state_tag
from admin_app.pages.places import names_of
from admin_app.shell import present_term, term_label
from admin_app.wording import say_short
from models.place import Place
from models.reports.filing import Filing, children_missing, filing_by_place, total_of
from workflows.actor import Actor
from workflows.engine.published import workflow_in_force
from workflows.policy import Permission
from workflows.refusal import Missing
from workflows.text import text

COUNTED = ("open", "returned", "confirmed", "filed")
LEVELS_SHOWN = ("township", "school", "class")
MOST_SHOWN = 200
FEWEST_FOR_INSPECTORS = 5  # smaller cells are suppressed for those who see no names (access.md, inspectors)


def percent(filing: Filing) -> str | None:
    """Return a rate as people read it, rounded down, so that 100 % means all."""
    return None if filing.rate is None else f"{int(filing.rate * 1000) / 10:.1f}".removesuffix(".0")


def rate_card(filing: Filing, label: str, url: str | None = None) -> dict[str, Any]:
    """Return the filing rate as a card."""
    is_full = filing.total > 0 and filing.missing == 0
    return {
        "label": label,
        "value": percent(filing),
        "done": filing.filed,
        "total": filing.total,
        "target": 100,
        "state": "none" if not filing.total else ("ok" if is_full else "warn"),
        "state_word": _("达标") if is_full else _("未达标"),
        "note": _("目标 100%"),
        "link_label": _("差 %(n)s 人", n=filing.missing) if filing.missing else None,
        "url": url if filing.missing else None,
    }


def level_below(actor: Actor) -> str:
    """Return the level whose places a person compares: schools for townships and above, classes inside a school."""
    levels = {post.branch.level for post in actor.posts}
    if levels & {"city", "county"}:
        return "township"
    return "school" if "township" in levels else "class"


def filing_page(session: Session, actor: Actor, opened: str) -> dict[str, Any]:
    """Return the context of `filing/rates.html`; `opened` is the code of a place to look into."""
    term = present_term()
    if term is None:
        raise Missing("no_term", text("还没有设置学期，请先在“学年学期”中添加"))
    place = _opened(session, opened)
    level = _next_level(place.kind) if place is not None else level_below(actor)
    found = filing_by_place(session, term.id, level, place)
    total = total_of(found, _("合计"))
    names_shown = may(Permission.CASE_LIST)
    # A sum beside all rows but one gives that one away.
    all_hidden = not names_shown and (is_small(total) or any(is_small(filing) for filing in found))
    return {
        "title": _("建档率"),
        "subtitle": f"{place.name if place else _('全部')} · {term_label(term)}",
        "back_url": url_for("filing.index") if place is not None else None,
        "card": rate_card(total, _("建档率"), _behind_all(actor, place)) if not all_hidden else None,
        "counts": _counts(total, place) if not all_hidden else [],
        "columns": _columns(level),
        "rows": [_row(filing, level, names_shown, not names_shown and is_small(filing)) for filing in found],
        "foot": _row(total, level, names_shown, all_hidden)["cells"] if len(found) > 1 else None,
        "is_hidden": all_hidden,
        "empty": {
            "icon": "chart-bar",
            "title": _("本学期还没有建档事项"),
            "text": _("导入名册后这里显示各班各校的建档率"),
        },
    }


def _counts(total: Filing, place: Place | None) -> list[dict[str, Any]]:
    """Return the figures beside the rate, each with the list behind it where the person sees names."""
    shown = (
        ("open", _("待完善")),
        ("returned", _("退回补正")),
        ("confirmed", _("待归档审核")),
        ("not_left_behind", _("已移出")),
    )
    inside: dict[str, Any] = {"place": place.code} if place is not None else {}
    found = []
    for state, label in shown:
        count = total.states.get(state, 0)
        url = url_for("cases.index", state=state, **inside) if count and may(Permission.CASE_LIST) else None
        found.append({"label": label, "count": count, "url": url})
    return found


def _behind_all(actor: Actor, place: Place | None) -> str | None:
    """Return the list of the children missing in an opened place, or in the one place of the person's posts."""
    branches = {post.branch for post in actor.posts}
    level, code = (place.kind, place.code) if place is not None else ("", "")
    if place is None and len(branches) == 1:
        level, code = (only := branches.pop()).level, only.code
    if level not in LEVELS_SHOWN or not may(Permission.CASE_LIST):
        return None
    return url_for("filing.missing", level=level, code=code)


def _opened(session: Session, code: str) -> Place | None:
    if not code:
        return None
    place = session.scalars(
        select(Place).where(Place.code == code, session.info["scope"].row_condition(Place))
    ).one_or_none()
    if place is None or place.kind == "class":
        raise Missing("no_place", text("没有这个单位，或不在你的范围内"))
    return place


def _next_level(kind: str) -> str:
    return {"city": "township", "county": "township", "township": "school"}.get(kind, "class")


def _columns(level: str) -> list[dict[str, Any]]:
    first = {"township": _("乡镇"), "school": _("学校"), "class": _("班级")}[level]
    rest = (_("应建"), _("待完善"), _("退回"), _("待审核"), _("已建档"), _("建档率"), _("差"))
    return [
        {"key": "name", "label": first, "is_sticky": True},
        *({"key": str(n), "label": label, "align": "right", "kind": "number"} for n, label in enumerate(rest)),
    ]


def is_small(filing: Filing) -> bool:
    """Tell whether a figure about so few children stands in a row that single children could be told from it."""
    figures = (filing.total, filing.missing, *filing.states.values())
    return any(0 < figure < FEWEST_FOR_INSPECTORS for figure in figures)


def _row(filing: Filing, level: str, names_shown: bool, is_hidden: bool) -> dict[str, Any]:
    inside = url_for("filing.index", place=filing.code) if filing.code and level != "class" else None
    behind = url_for("filing.missing", level=level, code=filing.code) if filing.code and names_shown else None
    name = {"kind": "link" if inside else "text", "value": filing.name, "url": inside, "is_strong": not filing.code}
    figures = [_hidden() for _ in range(7)] if is_hidden else _figures(filing, behind, names_shown)
    return {"id": filing.code, "url": inside or behind, "cells": [name, *figures]}


def _hidden() -> dict[str, Any]:
    return {"kind": "empty", "value": _("隐去")}


def _figures(filing: Filing, behind: str | None, names_shown: bool) -> list[dict[str, Any]]:
    rate = percent(filing)
    states = state_cells(filing) if filing.code and names_shown else [number(n) for n in _in_states(filing)]
    missing = (
        linked(filing.missing, behind) if filing.missing and behind else {"kind": "number", "value": filing.missing}
    )
    return [
        {"kind": "number", "value": filing.total},
        *states,
        {"kind": "text", "value": f"{rate}%" if rate is not None else _("不适用")},
        missing,
    ]


def _in_states(filing: Filing) -> list[int]:
    return [filing.states.get(state, 0) for state in COUNTED]


def state_cells(filing: Filing) -> list[dict[str, Any]]:
    """Return a place's figures by state, each with the list of its cases behind it."""
    return [
        linked(count, url_for("cases.index", state=state, place=filing.code)) if count else number(count)
        for state, count in zip(COUNTED, _in_states(filing), strict=True)
    ]


def number(value: int) -> dict[str, Any]:
    """Return a figure."""
    return {"kind": "number", "value": value}


def linked(value: int, url: str) -> dict[str, Any]:
    """Return a figure that opens the rows behind it."""
    return {"kind": "link", "value": value, "url": url}


def missing_page(session: Session, level: str, code: str) -> dict[str, Any]:
    """Return the list of the children missing behind a place's figure."""
    term = present_term()
    inside = session.info["scope"].row_condition(Place)
    place = session.scalars(select(Place).where(Place.code == code, Place.kind == level, inside)).one_or_none()
    if term is None or place is None:
        raise Missing("no_place", text("没有这个单位，或不在你的范围内"))
    found = children_missing(session, term.id, level, code, MOST_SHOWN + 1)
    workflow = workflow_in_force(session, "identification").workflow
    shown = found[:MOST_SHOWN]
    names = names_of(session, [case for case, _child in shown])
    more = _("只列前 %(n)s 人，请打开下级单位查看其余", n=MOST_SHOWN) if len(found) > MOST_SHOWN else None
    rows = []
    for case, child in shown:
        url, tag = url_for("cases.show", number=case.number), state_tag(workflow, case.state)
        rows.append(
            {
                "id": str(case.id),
                "url": url,
                "cells": [
                    {"kind": "link", "value": child.name, "url": url},
                    {"kind": "text", "value": names.get(case.school_code)},
                    {"kind": "text", "value": names.get(case.class_code)},
                    {"kind": "tag", "value": tag["word"], "tag_kind": tag["kind"]},
                    {"kind": "date", "value": say_short(case.state_since)},
                ],
            }
        )
    labels = (_("儿童"), _("学校"), _("班级"), _("环节"), _("进入环节"))
    columns = [{"key": str(n), "label": label, "is_sticky": n == 0} for n, label in enumerate(labels)]
    count = _("%(n)s 人", n=len(shown))
    return {
        "title": _("未建档儿童"),
        "subtitle": f"{place.name} · {term_label(term)} · {count}",
        "actions": [{"label": _("建档率"), "url": url_for("filing.index"), "icon": "arrow-left"}],
        "back_url": url_for("filing.index"),
        "columns": columns,
        "rows": rows,
        "can_select": False,
        "note": more,
        "pager": None,
        "empty": {"icon": "circle-check", "title": _("全部已建档"), "text": "", "action": None},
    }
