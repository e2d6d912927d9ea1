"""The list of identification cases: views by state, class filter, search by the child's name, keyset paging."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor
from admin_app.listing.ids import number
from admin_app.pages.case import state_tag
from admin_app.pages.places import class_choices, names_of
from admin_app.shell import present_term
from admin_app.wording import say, say_short
from models.case import Case
from models.child import Child
from models.place import Place
from models.reports.case_list import CasesWanted, list_cases
from models.scope import Branch
from models.search import find_children
from workflows.actor import Actor
from workflows.engine.definition import Workflow
from workflows.engine.published import workflow_in_force

WORKFLOW = "identification"
MINE = "my-turn"  # a key of a state has no hyphen
PAGE = 50


def case_list(session: Session, asked: MultiDict[str, str]) -> dict[str, Any]:
    """Return the screen of the case list for the filters in an address."""
    workflow = workflow_in_force(session, WORKFLOW).workflow
    state = asked.get("state", "")
    mine = states_of(current_actor(), workflow)
    state = state if state in workflow.states or (state == MINE and mine) else ""
    states = mine if state == MINE else (state,) if state else ()
    words, place = asked.get("q", "").strip(), asked.get("class", "")
    inside = _place(session, asked.get("place", ""))
    term = present_term()
    children = tuple(child.id for child in find_children(session, words)) if words else None
    branch = Branch(inside.kind, inside.code) if inside is not None else None
    wanted = CasesWanted(WORKFLOW, term.id if term else None, states, place or None, branch, children)
    before, after = number(asked.get("before")), number(asked.get("after"))
    found = list_cases(session, wanted, before=before, after=after, limit=PAGE + 1)
    has_more = len(found) > PAGE
    rows = (found[1:] if after is not None else found[:PAGE]) if has_more else found
    named = (("state", state), ("q", words), ("class", place), ("place", inside.code if inside is not None else ""))
    kept: dict[str, Any] = {key: value for key, value in named if value}
    classes = class_choices(session)
    return {
        "title": say(workflow.title),
        "subtitle": _("本学期"),
        "views": _views(workflow, state, kept, bool(mine)),
        "search": {"name": "q", "value": words, "placeholder": _("姓名、拼音、首字母")},
        "hidden": [(key, kept[key]) for key in ("state", "place") if key in kept],
        "chips": [_chip(inside, kept)] if inside is not None else [],
        "filters": [
            {
                "key": "class",
                "label": _("班级"),
                "kind": "select",
                "value": place,
                "options": [{"value": "", "label": _("全部")}, *classes],
            }
        ]
        if len(classes) > 1
        else [],
        "columns": _columns(),
        "rows": [
            _row(workflow, case, child, names)
            for names in [names_of(session, [c for c, _ in rows])]
            for case, child in rows
        ],
        "can_select": False,
        "pager": _pager(rows, kept, before, after, has_more),
        "empty": _empty(bool(words or place or state or inside)),
    }


def states_of(actor: Actor, workflow: Workflow) -> tuple[str, ...]:
    """Return the states whose next step one of the actor's roles may take."""
    asked = {state: found.tasks.who for state, found in workflow.states.items() if found.tasks is not None}
    return tuple(state for state, who in asked.items() if actor.roles & {assignee.role for assignee in who})


def _place(session: Session, code: str) -> Place | None:
    """Return the place whose cases are asked for, None for none or one outside the session's scope."""
    inside = session.info["scope"].row_condition(Place)
    return session.scalars(select(Place).where(Place.code == code, inside)).one_or_none() if code else None


def _chip(place: Place, kept: dict[str, Any]) -> dict[str, str]:
    rest = {key: value for key, value in kept.items() if key != "place"}
    return {"label": place.name, "remove_url": url_for("cases.index", **rest)}


def _views(workflow: Workflow, state: str, kept: dict[str, Any], has_own: bool) -> list[dict[str, Any]]:
    rest = {key: value for key, value in kept.items() if key != "state"}
    every = {"label": _("全部"), "url": url_for("cases.index", **rest), "is_current": not state}
    own = {"label": _("轮到我办"), "url": url_for("cases.index", state=MINE, **rest), "is_current": state == MINE}
    return [
        every,
        *([own] if has_own else []),
        *(
            {"label": say(found.label), "url": url_for("cases.index", state=key, **rest), "is_current": key == state}
            for key, found in workflow.states.items()
        ),
    ]


def _columns() -> list[dict[str, Any]]:
    return [
        {"key": "name", "label": _("儿童"), "is_sticky": True},
        {"key": "number", "label": _("编号")},
        {"key": "state", "label": _("环节")},
        {"key": "school", "label": _("学校")},
        {"key": "class", "label": _("班级")},
        {"key": "since", "label": _("进入环节"), "align": "right"},
        {"key": "opened", "label": _("发起"), "align": "right"},
    ]


def _row(workflow: Workflow, case: Case, child: Child, names: dict[str, str]) -> dict[str, Any]:
    url = url_for("cases.show", number=case.number)
    tag = state_tag(workflow, case.state)
    return {
        "id": str(case.id),
        "url": url,
        "cells": [
            {"kind": "link", "value": child.name, "url": url},
            {"kind": "text", "value": case.number},
            {"kind": "tag", "value": tag["word"], "tag_kind": tag["kind"]},
            {"kind": "text", "value": names.get(case.school_code)},
            {"kind": "text", "value": names.get(case.class_code)},
            {"kind": "date", "value": say_short(case.state_since)},
            {"kind": "date", "value": say_short(case.opened_at)},
        ],
    }


def _pager(
    rows: list[tuple[Case, Child]], kept: dict[str, Any], before: int | None, after: int | None, has_more: bool
) -> dict[str, Any] | None:
    if not rows:
        return None
    newer = before is not None or (after is not None and has_more)
    older = after is not None or has_more
    return {
        "first": url_for("cases.index", **kept) if before is not None or after is not None else None,
        "previous": url_for("cases.index", after=rows[0][0].id, **kept) if newer else None,
        "next": url_for("cases.index", before=rows[-1][0].id, **kept) if older else None,
        "size": PAGE,
        "summary": _("本页 %(n)s 件", n=len(rows)),
    }


def _empty(is_narrowed: bool) -> dict[str, Any]:
    if is_narrowed:
        back = {"label": _("看全部"), "url": url_for("cases.index")}
        return {"icon": "search", "title": _("没有符合条件的事项"), "text": _("换个条件试试"), "action": back}
    return {
        "icon": "clipboard-list",
        "title": _("本学期还没有事项"),
        "text": _("导入名册后，每名儿童会有一份待完善的档案"),
        "action": None,
    }
