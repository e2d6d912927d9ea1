"""The places that an inspector may inspect: what the last inspection found, and the way to open one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, current_policy, read_session
from admin_app.listing.column import words
from admin_app.listing.places import PlacePath
from admin_app.pages.case import state_tag
from admin_app.pages.case_reach import reads_case
from admin_app.pages.inspections import may_inspect, place_words
from admin_app.shell_year import school_year_shown
from admin_app.wording import say
from models.case import Case
from models.database import OfficeSession
from models.place import Place
from models.scope import LEVELS
from workflows.clock import local_day
from workflows.engine.published import WorkflowVersion, workflow_in_force, workflow_version
from workflows.fields import CODE_LISTS
from workflows.inspections import INSPECTION
from workflows.opening_view import may_open
from workflows.policy import Permission as P
from workflows.refusal import Denied
from workflows.subjects import PlaceSubject
from workflows.text import text

MOST = 100


def places_page(asked: MultiDict[str, str]) -> dict[str, Any]:
    """Return the screen of the places to inspect; raises Denied for who opens no inspections."""
    session = read_session(P.CASE_ACT)
    version = workflow_in_force(session, INSPECTION)
    if not may_inspect(version):
        raise Denied("not_your_part", text("这类事项由其他岗位发起"))
    path = PlacePath.read(session.info["scope"], asked, "school")
    kind = asked.get("kind", "") if asked.get("kind", "") in CODE_LISTS["place_kind"] else "school"
    typed = asked.get("q", "").strip()[:40]
    rows = _places(session, path, kind, typed)
    shown = rows[:MOST]
    path.learn(session, (place.school_code for place in shown), school_year_shown())
    last = _last(session, shown)
    kept = {**path.chosen, **({"kind": kind} if kind != "school" else {}), **({"q": typed} if typed else {})}
    return {
        "title": _("发起督查"),
        "subtitle": _("选一个单位"),
        "back_url": url_for("inspections.index"),
        "search": {"name": "q", "value": typed, "placeholder": _("名称、代码")},
        "filters": [_kinds(kind), *path.controls()],
        "chips": [_chip(key, name, kept) for key, name in path.chips()],
        "columns": _columns(),
        "rows": [_row(session, version, place, last.get(place.id), path) for place in shown],
        "can_select": False,
        "note": _("只列前 %(n)s 个，请用上面的条件缩小范围", n=MOST) if len(rows) > MOST else "",
        "empty": {"icon": "search", "title": _("没有符合条件的单位"), "text": _("换个条件试试")},
    }


def _places(session: OfficeSession, path: PlacePath, kind: str, typed: str) -> Sequence[Place]:
    wanted = select(Place).where(session.info["scope"].row_condition(Place), Place.kind == kind, ~Place.is_closed)
    wanted = wanted.where(*path.conditions(Place))
    if typed:
        found = Place.name.contains(typed, autoescape=True) | Place.code.startswith(typed.upper(), autoescape=True)
        wanted = wanted.where(found)
    order = [getattr(Place, f"{level}_code") for level in LEVELS[:4]]
    return session.scalars(wanted.order_by(*order, Place.cohort.desc(), Place.number, Place.id).limit(MOST + 1)).all()


def _last(session: Session, places: Sequence[Place]) -> dict[int, Case]:
    """Return the newest inspection of each place."""
    ids = [place.id for place in places]
    wanted = select(Case).where(Case.workflow == INSPECTION, Case.subject_type == "place", Case.subject_id.in_(ids))
    return {case.subject_id: case for case in session.scalars(wanted.order_by(Case.id))}


def _kinds(kind: str) -> dict[str, Any]:
    options = [(key, say(CODE_LISTS["place_kind"][key])) for key in ("school", "class", "township", "county")]
    return {"key": "kind", "label": _("层级"), "kind": "select", "options": options, "value": kind}


def _chip(key: str, name: str, kept: Mapping[str, Any]) -> dict[str, str]:
    rest: dict[str, Any] = {one: value for one, value in kept.items() if one != key}
    return {"label": name, "remove_url": url_for("inspections.places", **rest)}


def _columns() -> list[dict[str, Any]]:
    return [
        {"key": "place", "label": _("单位"), "is_sticky": True},
        {"key": "code", "label": _("代码")},
        {"key": "stage", "label": _("学段")},
        {"key": "last", "label": _("上次督查")},
        {"key": "state", "label": _("环节")},
        {"key": "open", "label": _("办理")},
    ]


def _row(
    session: Session, version: WorkflowVersion, place: Place, last: Case | None, path: PlacePath
) -> dict[str, Any]:
    name, above = place_words(place, path.names)
    tag = state_tag(workflow_version(session, last.definition_id).workflow, last.state) if last is not None else None
    state = {"kind": "tag", "value": tag["word"], "tag_kind": tag["kind"]} if tag is not None else {"kind": "empty"}
    return {
        "id": str(place.id),
        "url": None,
        "cells": [
            {"kind": "text", "value": name, "sub": above},
            words(place.code),
            words(CODE_LISTS["stage"].get(place.stage or "")),
            words(local_day(last.opened_at) if last is not None else None),
            state,
            _way(version, place, last),
        ],
    }


def _way(version: WorkflowVersion, place: Place, last: Case | None) -> dict[str, Any]:
    """Return the way to open an inspection, or to the one that is open."""
    actor, policy = current_actor(), current_policy()
    if last is not None and last.closed_at is None and version.workflow.one_open_per_subject:
        if not reads_case(last):
            return words(_("由其他督查组办理"))
        return {"kind": "link", "value": _("打开"), "url": url_for("cases.show", number=last.number)}
    if not may_open(actor, policy, version, PlaceSubject(place, read_session(P.CASE_ACT))):
        return {"kind": "empty"}
    url = url_for("case_opening.ask", workflow=INSPECTION, kind="place", number=place.id)
    return {"kind": "link", "value": _("发起"), "url": url, "icon": "plus"}
