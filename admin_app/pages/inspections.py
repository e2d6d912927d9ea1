"""The inspections of the person's places: where each stands, its score, open findings, and limits that have passed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, current_policy, may, now, read_session
from admin_app.listing.column import words
from admin_app.listing.ids import number
from admin_app.listing.places import PlacePath
from admin_app.pages.case import state_tag
from admin_app.pages.case_reach import reads_case
from admin_app.pages.place import title_of
from admin_app.shell_year import school_year_shown
from admin_app.wording import say, say_short
from models.case import Case
from models.place import Place
from models.reports.case_list import CasesWanted, list_cases
from models.scope import Branch
from workflows.clock import local_day
from workflows.engine.allowed import post_named
from workflows.engine.case_facts import known_facts
from workflows.engine.published import WorkflowVersion, workflow_in_force, workflow_version
from workflows.inspections import INSPECTION, RECTIFYING, demand_of
from workflows.policy import Permission as P

PAGE = 50
MOST_LATE = 500  # inspections that wait for rectification at once, among which the late ones are looked for
RUNNING, LATE = "running", "late"


def inspections_page(asked: MultiDict[str, str]) -> dict[str, Any]:
    """Return the screen of the list for the filters in an address."""
    session = read_session(P.INSPECTION_LIST)
    version = workflow_in_force(session, INSPECTION)
    view, path = _view(asked.get("state", ""), version), PlacePath.read(session.info["scope"], asked, "school")
    before, after = number(asked.get("before")), number(asked.get("after"))
    found = _found(session, version, view, path, before, after)
    has_more = len(found) > PAGE and view != LATE
    cases = (found[1:] if after is not None else found[:PAGE]) if has_more else found
    places = _places(session, cases)
    path.learn(session, (place.school_code for place in places.values()), school_year_shown())
    kept = {"state": view} if view else {}
    kept |= path.chosen
    return {
        "title": _("督查"),
        "subtitle": say(version.workflow.title) if say(version.workflow.title) != _("督查") else "",
        "actions": list_actions(version),
        "views": _views(version, view, path.chosen),
        "hidden": [("state", view)] if view else [],
        "filters": path.controls(),
        "chips": [_chip(key, name, kept) for key, name in path.chips()],
        "columns": _columns(),
        "rows": [_row(session, case, places, path) for case in cases],
        "can_select": False,
        "pager": None if view == LATE else _pager(cases, kept, before, after, has_more),
        "empty": _empty(bool(kept), version),
    }


def may_inspect(version: WorkflowVersion) -> bool:
    """Tell whether one of the person's posts opens inspections somewhere."""
    actor = current_actor()
    held = [post for post in actor.posts if post.reaches and post.relation is None]
    return may(P.CASE_ACT) and post_named(held, version.workflow.open.by, actor.login) is not None


def list_actions(version: WorkflowVersion) -> list[dict[str, Any]]:
    """Return what the person may begin, and the way to the draws."""
    found: list[dict[str, Any]] = [{"label": _("抽取记录"), "url": url_for("inspections.draws"), "icon": "history"}]
    if may(P.INSPECTION_DRAW):
        found.append({"label": _("随机抽取"), "url": url_for("inspections.ask"), "icon": "dice-5"})
    if may_inspect(version):
        found.append({"label": _("发起督查"), "url": url_for("inspections.places"), "icon": "plus", "is_primary": True})
    return found


def _view(state: str, version: WorkflowVersion) -> str:
    return state if state in (RUNNING, LATE) or state in version.workflow.states else ""


def _open_states(version: WorkflowVersion) -> tuple[str, ...]:
    return tuple(key for key, state in version.workflow.states.items() if state.kind != "end")


def _found(
    session: Session, version: WorkflowVersion, view: str, path: PlacePath, before: int | None, after: int | None
) -> list[Case]:
    lowest = next(reversed(path.chosen.items()), None)
    states = {"": (), RUNNING: _open_states(version), LATE: (RECTIFYING,)}.get(view, (view,))
    wanted = CasesWanted(INSPECTION, states=states, place=Branch(*lowest) if lowest else None)
    if view == LATE:
        rows = list_cases(session, wanted, limit=MOST_LATE)
        return [case for case, _child in rows if demand_of(case, local_day(now())).days_late]
    rows = list_cases(session, wanted, before=before, after=after, limit=PAGE + 1)
    return [case for case, _child in rows]


def _places(session: Session, cases: Sequence[Case]) -> dict[int, Place]:
    ids = {case.subject_id for case in cases}
    return {place.id: place for place in session.scalars(select(Place).where(Place.id.in_(ids)))} if ids else {}


def _views(version: WorkflowVersion, view: str, chosen: Mapping[str, Any]) -> list[dict[str, Any]]:
    named = (("", _("全部")), (RUNNING, _("在办")), (LATE, _("逾期未整改")))
    states = ((key, say(state.label)) for key, state in version.workflow.states.items())
    return [
        {
            "label": label,
            "url": url_for("inspections.index", state=key or None, **chosen),
            "is_current": key == view,
        }
        for key, label in (*named, *states)
    ]


def _chip(key: str, name: str, kept: Mapping[str, Any]) -> dict[str, str]:
    rest: dict[str, Any] = {one: value for one, value in kept.items() if one != key}
    return {"label": name, "remove_url": url_for("inspections.index", **rest)}


def _columns() -> list[dict[str, Any]]:
    return [
        {"key": "place", "label": _("单位"), "is_sticky": True},
        {"key": "state", "label": _("环节")},
        {"key": "group", "label": _("检查组")},
        {"key": "visit", "label": _("现场检查")},
        {"key": "score", "label": _("总分"), "align": "right"},
        {"key": "findings", "label": _("未整改"), "align": "right"},
        {"key": "limit", "label": _("整改期限")},
        {"key": "number", "label": _("编号")},
        {"key": "opened", "label": _("发起"), "align": "right"},
    ]


def _row(session: Session, case: Case, places: Mapping[int, Place], path: PlacePath) -> dict[str, Any]:
    actor, policy = current_actor(), current_policy()
    version = workflow_version(session, case.definition_id)
    known = known_facts(session, case, version, policy.sees(actor, case.related_codes, case.workflow))
    demand, tag = demand_of(case, local_day(now())), state_tag(version.workflow, case.state)
    url = url_for("cases.show", number=case.number) if reads_case(case) else None
    place = places.get(case.subject_id)
    name, above = place_words(place, path.names) if place is not None else (case.number, "")
    return {
        "id": str(case.id),
        "url": url,
        "cells": [
            {"kind": "link" if url else "text", "value": name, "url": url, "sub": above},
            {"kind": "tag", "value": tag["word"], "tag_kind": tag["kind"]},
            words(known.get("group_name")),
            words(known.get("visit_on")),
            words(known.get("score")),
            words(demand.findings or None),
            _limit(demand.limit, demand.days_late),
            {"kind": "text", "value": case.number},
            {"kind": "date", "value": say_short(case.opened_at)},
        ],
    }


def place_words(place: Place, schools: Mapping[str, Place]) -> tuple[str, str]:
    """Return a place's name and, of a class, its school's."""
    school = schools.get(place.school_code)
    return title_of(place, schools, school_year_shown()), school.name if school and place.kind == "class" else ""


def _limit(limit: date | None, days_late: int) -> dict[str, Any]:
    if limit is None:
        return {"kind": "empty"}
    if not days_late:
        return words(limit)
    late = _("逾期 %(n)s 天", n=days_late)
    return {"kind": "tag", "tag_kind": "bad", "icon": "clock-exclamation", "value": late, "sub": limit.isoformat()}


def _pager(
    cases: Sequence[Case], kept: Mapping[str, Any], before: int | None, after: int | None, has_more: bool
) -> dict[str, Any] | None:
    if not cases:
        return None
    newer = before is not None or (after is not None and has_more)
    older = after is not None or has_more
    return {
        "first": url_for("inspections.index", **kept) if before is not None or after is not None else None,
        "previous": url_for("inspections.index", after=cases[0].id, **kept) if newer else None,
        "next": url_for("inspections.index", before=cases[-1].id, **kept) if older else None,
        "size": PAGE,
        "summary": _("本页 %(n)s 件", n=len(cases)),
    }


def _empty(is_narrowed: bool, version: WorkflowVersion) -> dict[str, Any]:
    if is_narrowed:
        back = {"label": _("看全部"), "url": url_for("inspections.index")}
        return {"icon": "search", "title": _("没有符合条件的督查"), "text": _("换个条件试试"), "action": back}
    if may_inspect(version):
        text = _("可以直接发起，也可以先随机抽取单位")
    else:
        text = _("督查组来检查时，通知和要办的事会列在这里")
    return {"icon": "clipboard-check", "title": _("还没有督查"), "text": text, "action": None}
