"""The list of cases of a workflow, and of those of any workflow that a person takes part in; keyset paging."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, may, now
from admin_app.listing.ids import number
from admin_app.pages.case import state_tag
from admin_app.pages.case_clocks import due_tag
from admin_app.pages.case_filter import condition_asked, condition_chip
from admin_app.pages.case_views import drop_view_action, save_view_url, saved_views
from admin_app.pages.case_words import key_facts, names_on
from admin_app.pages.places import class_choices, names_of
from admin_app.shell import present_term
from admin_app.wording import say, say_short
from models.case import Case
from models.child import Child
from models.place import Place
from models.reports.case_list import CasesWanted, count_up_to, list_cases
from models.scope import Branch
from models.search import find_children
from workflows.case_query import CaseCondition
from workflows.engine.definition import Workflow
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.many_steps import takes_any
from workflows.opening_view import workflows_in_force
from workflows.policy import Permission

WORKFLOW = "identification"
PART = "i-take-part"  # a key of a state has no hyphen
INBOX = {"my-turn": "todo", "opened-by-me": "opened"}  # what stood here once is in the inbox
PAGE = 50
MOST_FACTS = 2
MOST_COUNTED = 1_000  # of all that a filter selects


@dataclass(frozen=True)
class _Asked:
    """What an address asks of the list, in values that exist."""

    version: WorkflowVersion
    is_named: bool  # the workflow, by the address
    state: str
    words: str
    class_code: str
    inside: Place | None
    condition: CaseCondition | None

    @property
    def workflow(self) -> Workflow:
        """The workflow whose cases are listed."""
        return self.version.workflow

    @property
    def is_own(self) -> bool:
        """Whether the list is of the person's own cases, whatever their workflow."""
        return self.state == PART

    @property
    def is_narrowed(self) -> bool:
        """Whether anything narrows the list but its tab."""
        return bool(self.words or self.class_code or self.inside or self.condition)

    def kept(self) -> dict[str, Any]:
        """Return what the list's addresses keep."""
        named = (
            ("workflow", self.workflow.key if self.is_named else ""),
            ("state", self.state),
            ("q", self.words),
            ("class", self.class_code),
            ("place", self.inside.code if self.inside is not None else ""),
            ("where", self.condition.expression.written if self.condition is not None else ""),
            ("of", self.workflow.key if self.condition is not None else ""),
        )
        return {key: value for key, value in named if value}


class Selected(NamedTuple):
    """What an address of the list selects: the workflow, the cases, what the address keeps, and that in words."""

    version: WorkflowVersion
    wanted: CasesWanted
    kept: dict[str, Any]
    named: list[str]


def case_list(session: Session, address: MultiDict[str, str]) -> dict[str, Any]:
    """Return the screen of the case list for the filters in an address; raises ExpressionFault for its condition."""
    versions = {version.workflow.key: version for version in workflows_in_force(session)}
    asked = _read(session, address, versions)
    workflow, own, kept = asked.workflow, asked.is_own, asked.kept()
    before, after = number(address.get("before")), number(address.get("after"))
    found = list_cases(session, _wanted(session, asked), before=before, after=after, limit=PAGE + 1)
    has_more = len(found) > PAGE
    bulk = _bulk(session, asked, len(found), is_whole=not has_more and before is None and after is None)
    rows = (found[1:] if after is not None else found[:PAGE]) if has_more else found
    standing = kept | {"workflow": workflow.key}
    views = _views(workflow, asked.state, kept)
    return {
        "title": _("我参与的") if own else say(workflow.title),
        "subtitle": _("本学期") if workflow.per == "term" and not own else "",
        "actions": [*drop_view_action(standing), *_jobs_action(), _filter_action(workflow, kept)],
        "views": [*views[:2], *_ledgers(asked, kept), *views[2:], *saved_views(standing)],
        "save_view_url": save_view_url(asked.version, standing),
        "search": {"name": "q", "value": asked.words, "placeholder": _("姓名、拼音、首字母")},
        "hidden": [(key, kept[key]) for key in ("state", "place", "where", "of") if key in kept],
        "chips": [
            *([_chip(asked.inside, kept)] if asked.inside is not None else []),
            *([condition_chip(asked.condition, kept)] if asked.condition is not None else []),
        ],
        "filters": [
            *([] if own else _workflows(versions.values(), workflow)),
            *_classes(class_choices(session), asked.class_code),
        ],
        "columns": _columns(),
        "rows": _rows(session, rows),
        "can_select": bulk is not None,
        "batch": bulk,
        "tools": [{"label": bulk["select_all_label"], "url": bulk["select_all_url"], "icon": "checks"}] if bulk else [],
        "pager": _pager(rows, kept, before, after, has_more),
        "empty": _nothing(asked.state, is_narrowed=asked.is_narrowed),
    }


def selected_by(session: Session, address: MultiDict[str, str]) -> Selected:
    """Return the cases that an address of the list selects; raises ExpressionFault for its condition."""
    asked = _read(session, address, {version.workflow.key: version for version in workflows_in_force(session)})
    kept = asked.kept() | {"workflow": asked.workflow.key}
    state = asked.workflow.states[asked.state].label if asked.state and not asked.is_own else None
    places = [code for code in (asked.class_code,) if code]
    found = session.scalars(
        select(Place.name).where(Place.code.in_(places), session.info["scope"].row_condition(Place))
    )
    named = [
        say(state),
        *found,
        asked.inside.name if asked.inside is not None else "",
        condition_chip(asked.condition, kept)["label"] if asked.condition is not None else "",
        f"“{asked.words}”" if asked.words else "",
    ]
    return Selected(asked.version, _wanted(session, asked), kept, [words for words in named if words])


def _bulk(session: Session, asked: _Asked, shown: int, *, is_whole: bool) -> dict[str, Any] | None:
    """Return the bar by which many of the listed cases are handled, None for those who handle none."""
    is_theirs = may(Permission.CASE_ACT) and takes_any(current_actor(), asked.version)
    if asked.is_own or not shown or not is_theirs:
        return None
    count = shown if is_whole else count_up_to(session, _wanted(session, asked), MOST_COUNTED + 1)
    many = f"{MOST_COUNTED}+" if count > MOST_COUNTED else str(count)
    url = url_for("bulk.choose", **(asked.kept() | {"workflow": asked.workflow.key}))
    return {
        "url": url_for("bulk.choose"),
        "verbs": [{"label": _("批量办理"), "icon": "checks", "is_primary": True}],
        "select_all_label": _("批量办理全部 %(n)s 件", n=many),
        "select_all_url": url,
    }


def _jobs_action() -> list[dict[str, Any]]:
    if not may(Permission.CASE_ACT):
        return []
    return [{"label": _("批量办理记录"), "url": url_for("bulk.index"), "icon": "history"}]


def _read(session: Session, address: MultiDict[str, str], versions: Mapping[str, WorkflowVersion]) -> _Asked:
    version = versions[_known(address.get("workflow", ""), versions)]
    state = address.get("state", "")
    return _Asked(
        version,
        bool(address.get("workflow")),
        state if state in version.workflow.states or state == PART else "",
        address.get("q", "").strip(),
        address.get("class", ""),
        _place(session, address.get("place", "")),
        condition_asked(version, address),
    )


def _wanted(session: Session, asked: _Asked) -> CasesWanted:
    state, own, inside = asked.state, asked.is_own, asked.inside
    term = present_term()
    children = tuple(child.id for child in find_children(session, asked.words)) if asked.words else None
    return CasesWanted(
        None if own and asked.condition is None else asked.workflow.key,  # a condition is one workflow's
        term.id if term and asked.workflow.per == "term" and not own else None,
        (state,) if state and not own else (),
        asked.class_code or None,
        Branch(inside.kind, inside.code) if inside is not None else None,
        children,
        _among(session, asked),
        asked.condition.condition if asked.condition is not None else None,
    )


def _among(session: Session, asked: _Asked) -> frozenset[int] | None:
    """Return the cases to choose from: those in which the person takes part, the few that a condition can find."""
    own = current_actor().parts if asked.is_own else None
    few = asked.condition.few(session) if asked.condition is not None else None
    return own if few is None else few if own is None else own & few


def _filter_action(workflow: Workflow, kept: Mapping[str, Any]) -> dict[str, Any]:
    asked = {key: value for key, value in kept.items() if key not in ("q", "of", "workflow")}
    url = url_for("cases.choose", workflow=workflow.key, **asked)
    return {"label": _("按条件筛选"), "url": url, "icon": "filter"}


def _known(key: str, versions: Mapping[str, WorkflowVersion]) -> str:
    return key if key in versions else WORKFLOW


def _workflows(versions: Iterable[WorkflowVersion], chosen: Workflow) -> list[dict[str, Any]]:
    options = [{"value": v.workflow.key, "label": say(v.workflow.title)} for v in versions]
    return [{"key": "workflow", "label": _("事项"), "kind": "select", "value": chosen.key, "options": options}]


def _classes(classes: list[dict[str, Any]], place: str) -> list[dict[str, Any]]:
    if len(classes) < 2:
        return []
    options = [{"value": "", "label": _("全部")}, *classes]
    return [{"key": "class", "label": _("班级"), "kind": "select", "value": place, "options": options}]


def _place(session: Session, code: str) -> Place | None:
    """Return the place whose cases are asked for, None for none or one outside the session's scope."""
    inside = session.info["scope"].row_condition(Place)
    return session.scalars(select(Place).where(Place.code == code, inside)).one_or_none() if code else None


def _chip(place: Place, kept: dict[str, Any]) -> dict[str, str]:
    rest = {key: value for key, value in kept.items() if key != "place"}
    return {"label": place.name, "remove_url": url_for("cases.index", **rest)}


def _views(workflow: Workflow, state: str, kept: dict[str, Any]) -> list[dict[str, Any]]:
    in_ledger = any(view.where == kept.get("where") for view in workflow.views.values())
    left = ("state", "where", "of") if in_ledger else ("state",)
    rest = {key: value for key, value in kept.items() if key not in left}
    every = {"label": _("全部"), "url": url_for("cases.index", **rest), "is_current": not state and not in_ledger}
    part = {"label": _("我参与的"), "url": url_for("cases.index", state=PART, **rest), "is_current": state == PART}
    if state == PART:  # of any workflow, whose states these are not
        return [every, part]
    return [
        every,
        part,
        *(
            {"label": say(found.label), "url": url_for("cases.index", state=key, **rest), "is_current": key == state}
            for key, found in workflow.states.items()
        ),
    ]


def _ledgers(asked: _Asked, kept: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the tabs that the workflow's own definition gives its list."""
    if asked.is_own:
        return []
    rest = {key: value for key, value in kept.items() if key not in ("state", "where", "of", "workflow")}
    key, now_asked = asked.workflow.key, kept.get("where", "")
    return [
        {
            "label": say(view.label),
            "url": url_for("cases.index", workflow=key, of=key, where=view.where, **rest),
            "is_current": now_asked == view.where and not asked.state,
        }
        for view in asked.workflow.views.values()
    ]


def _columns() -> list[dict[str, Any]]:
    return [
        {"key": "name", "label": _("儿童或单位"), "is_sticky": True},
        {"key": "workflow", "label": _("事项")},
        {"key": "number", "label": _("编号")},
        {"key": "state", "label": _("环节")},
        {"key": "school", "label": _("学校")},
        {"key": "class", "label": _("班级")},
        {"key": "facts", "label": _("要点")},
        {"key": "since", "label": _("进入环节"), "align": "right"},
        {"key": "due", "label": _("期限"), "align": "right"},
        {"key": "opened", "label": _("发起"), "align": "right"},
    ]


def _rows(session: Session, rows: Sequence[tuple[Case, Child | None]]) -> list[dict[str, Any]]:
    cases = [case for case, _child in rows]
    places, names = names_of(session, cases), names_on(session, cases)
    return [_row(workflow_version(session, case.definition_id), case, child, places, names) for case, child in rows]


def _row(
    version: WorkflowVersion, case: Case, child: Child | None, places: dict[str, str], names: Mapping[str, str]
) -> dict[str, Any]:
    url = url_for("cases.show", number=case.number)
    tag = state_tag(version.workflow, case.state)
    facts = " · ".join(pair["value"] for pair in key_facts(version, case, names)[:MOST_FACTS])
    return {
        "id": str(case.id),
        "url": url,
        "cells": [
            {"kind": "link", "value": child.name if child is not None else subject_place(case, places), "url": url},
            {"kind": "text", "value": say(version.workflow.title)},
            {"kind": "text", "value": case.number},
            {"kind": "tag", "value": tag["word"], "tag_kind": tag["kind"]},
            {"kind": "text", "value": places.get(case.school_code, "")},
            {"kind": "text", "value": places.get(case.class_code, "")},
            {"kind": "text", "value": facts},
            {"kind": "date", "value": say_short(case.state_since)},
            _due(case),
            {"kind": "date", "value": say_short(case.opened_at)},
        ],
    }


def _due(case: Case) -> dict[str, Any]:
    late = due_tag(case, now())
    if late is not None:
        return {"kind": "tag", "value": late["word"], "tag_kind": late["kind"]}
    return {"kind": "date", "value": say_short(case.due_at) or None}


def subject_place(case: Case, places: Mapping[str, str]) -> str:
    """Return the name of the place that a case is about."""
    codes = (case.class_code, case.school_code, case.township_code, case.county_code, case.city_code)
    return next((places[code] for code in codes if code in places), case.number)


def _pager(
    rows: list[tuple[Case, Child | None]], kept: dict[str, Any], before: int | None, after: int | None, has_more: bool
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


def _nothing(state: str, *, is_narrowed: bool) -> dict[str, Any]:
    if is_narrowed or state != PART:
        return _empty(is_narrowed or bool(state))
    text = _("被指定为帮扶人、责任人后会列在这里")
    return {"icon": "circle-check", "title": _("你还没有参与的事项"), "text": text, "action": None}


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
