"""What the pages of the focus children show: classes with their counts, and one class to choose from."""

from __future__ import annotations

import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from admin_app.desk import current_actor, current_policy, now, read_session, system_session
from admin_app.listing.ids import number
from admin_app.pages.case import state_tag
from admin_app.pages.child import age_on
from admin_app.pages.filing import level_below
from admin_app.pages.place import title_of
from admin_app.shell_year import school_year_shown
from admin_app.wording import say
from models.case import Case
from models.child import Child
from models.place import Place
from models.reports.helping import FocusCount, focus_by_place
from workflows.clock import local_day
from workflows.engine.check_selection import DAYS
from workflows.engine.published import SelectionVersion, selection_in_force, workflow_in_force
from workflows.fields import CODE_LISTS
from workflows.opening_view import may_open
from workflows.operations.selection import Choice
from workflows.policy import Permission as P
from workflows.refusal import Missing, Words
from workflows.selection import Candidate, candidates
from workflows.subjects import ChildSubject
from workflows.text import text

SELECTION, PAIRING = "focus_children", "pairing"
BELOW = {"city": "township", "county": "township", "township": "school", "school": "class"}
RECORDS = (("evidence.talks", text("谈心")), ("evidence.home_visits", text("家访")), ("evidence.calls", text("通话")))


def selection() -> SelectionVersion:
    """Return the rules of the choice that are in force; raises Missing where none were published."""
    return selection_in_force(system_session(), SELECTION)


def only_class() -> str | None:
    """Return the code of the class that a class teacher of one class chooses in, None for everybody else."""
    branches = current_policy().scope(current_actor(), P.CHILD_EDIT).branches
    only = next(iter(branches)) if len(branches) == 1 else None
    return only.code if only is not None and only.level == "class" else None


def class_named(code: str) -> Place:
    """Return a class inside the person's scope; raises Missing otherwise."""
    session = read_session(P.CHILD_EDIT)
    inside = session.info["scope"].row_condition(Place)
    place = session.scalars(select(Place).where(Place.code == code, Place.kind == "class", inside)).one_or_none()
    if place is None:
        raise Missing("no_place", text("没有这个班级，或不在你的范围内"))
    return place


def index_page(opened: str) -> dict[str, Any]:
    """Return the list of places with their counts for `office/list.html`; `opened` is the code to look into."""
    session, rules = read_session(P.CHILD_EDIT), selection().selection
    place = _opened(opened)
    level = BELOW[place.kind] if place is not None else level_below(current_actor())
    found = focus_by_place(session, level, place)
    labels = {"township": _("乡镇"), "school": _("学校"), "class": _("班级")}
    figures = (_("在册儿童"), _("重点帮扶"), _("其中未结对"), _("无人监护、缺代理家长"))
    numbers = ({"key": str(at), "label": label, "align": "right", "kind": "number"} for at, label in enumerate(figures))
    columns = [{"key": "name", "label": labels[level], "is_sticky": True}, *numbers]
    if level == "class":
        columns.append({"key": "state", "label": _("建议 %(a)s–%(b)s 名", a=rules.at_least, b=rules.at_most)})
    back = url_for("focus.index") if place is not None else None
    return {
        "title": say(rules.title),
        "subtitle": place.name if place is not None else say(rules.help),
        "actions": [{"label": _("回到上级"), "url": back, "icon": "arrow-left"}] if back else [],
        "back_url": back,
        "columns": columns,
        "rows": [_line(count, level, rules.at_least, rules.at_most) for count in found],
        "can_select": False,
        "pager": None,
        "empty": {
            "icon": "target-arrow",
            "title": _("还没有在册儿童"),
            "text": _("导入名册后在这里选定"),
            "action": None,
        },
    }


def _opened(code: str) -> Place | None:
    if not code:
        return None
    session = read_session(P.CHILD_EDIT)
    inside = session.info["scope"].row_condition(Place)
    place = session.scalars(select(Place).where(Place.code == code, inside)).one_or_none()
    if place is None or place.kind == "class":
        raise Missing("no_place", text("没有这个单位，或不在你的范围内"))
    return place


def _line(count: FocusCount, level: str, at_least: int, at_most: int) -> dict[str, Any]:
    is_class = level == "class"
    url = url_for("focus.show", class_code=count.code) if is_class else url_for("focus.index", place=count.code)
    lonely = {level: count.code}
    cells: list[dict[str, Any]] = [
        {"kind": "link", "value": count.name, "url": url},
        {"kind": "number", "value": count.children},
        _linked(count.focus, help="focus", **lonely),
        _linked(count.alone, help="focus_alone", **lonely),
        _linked(count.without_anybody, help="no_proxy", **lonely),
    ]
    if is_class:
        word = outside(count.focus, count.children, at_least, at_most)
        cells.append({"kind": "tag", "value": word or _("已选好"), "tag_kind": "warn" if word else "ok"})
    return {"id": count.code, "url": url, "cells": cells}


def _linked(value: int, **asked: Any) -> dict[str, Any]:
    if not value:
        return {"kind": "number", "value": 0}
    return {"kind": "link", "value": value, "url": url_for("children.index_view", **asked)}


def outside(chosen: int, children: int, at_least: int, at_most: int) -> str:
    """Say that more or fewer are chosen than advised; a class with fewer children than that has all it can have."""
    if chosen > at_most:
        return str(_("多于 %(n)s 名", n=at_most))
    return str(_("少于 %(n)s 名", n=at_least)) if chosen < min(at_least, children) else ""


def class_page(
    place: Place,
    *,
    takes_proposals: bool = False,
    typed: Mapping[int, Choice] | None = None,
    faults: Mapping[str, Words] | None = None,
    notice: Words | None = None,
) -> dict[str, Any]:
    """Return the context of `focus/class.html`: the children in order, each with what speaks for and against it.

    `takes_proposals` ticks those proposed; `typed` is what a person had chosen when it was refused.
    """
    session, version = read_session(P.CHILD_EDIT), selection()
    found = candidates(session, read_session(P.RECORD_LIST), system_session("evidence"), version, place, now())
    rules = version.selection
    cases = _pairings([one.child.id for one in found])
    rows = [_row(one, at, takes_proposals, typed or {}, faults or {}, cases) for at, one in enumerate(found, 1)]
    chosen = sum(row["is_chosen"] for row in rows)
    kept = sum(one.child.is_focus for one in found)
    proposed = [one for one in found if one.is_proposed]
    return {
        "title": say(rules.title),
        "place": _title(place),
        "code": place.code,
        "back_url": url_for("focus.index") if only_class() is None else url_for("home.index"),
        "help": say(rules.help),
        "rules": {
            "reasons": [say(one.says) for one in rules.reasons],
            "against": [say(one.says) for one in rules.against],
            "version": version.number,
        },
        "rows": rows,
        "chosen": chosen,
        "kept": kept,
        "at_least": min(rules.at_least, len(found)),
        "at_most": rules.at_most,
        "outside": outside(kept, len(found), rules.at_least, rules.at_most),
        "proposed": len(proposed),
        "take_url": url_for("focus.show", class_code=place.code, take="proposed") if _differ(proposed, found) else None,
        "notice": say(notice) if notice else "",
        "days": rules.counted_for.amount * DAYS[rules.counted_for.unit],
        "request_key": uuid.uuid4().hex,
    }


def _differ(proposed: Sequence[Candidate], found: Sequence[Candidate]) -> bool:
    return bool(proposed) and {one.child.id for one in proposed} != {o.child.id for o in found if o.child.is_focus}


def _title(place: Place) -> str:
    school = system_session().scalars(select(Place).where(Place.code == place.school_code)).one_or_none()
    if school is None:
        return place.name
    return f"{school.name} {title_of(place, {school.code: school}, school_year_shown())}"


def _row(
    one: Candidate,
    at: int,
    takes_proposals: bool,
    typed: Mapping[int, Choice],
    faults: Mapping[str, Words],
    cases: Mapping[int, list[dict[str, Any]]],
) -> dict[str, Any]:
    child = one.child
    said = typed.get(child.id)
    is_chosen = said.is_chosen if said else child.is_focus or (takes_proposals and one.is_proposed)
    grounds = str(_("；")).join(say(reason) for reason in one.reasons)
    fault = faults.get(f"why-{child.id}")
    return {
        "id": child.id,
        "at": at,
        "rev": child.rev,
        "name": child.name,
        "url": url_for("children.details_view", id=child.id),
        "sub": _sub(child),
        "is_chosen": is_chosen,
        "is_focus": child.is_focus,
        "is_proposed": one.is_proposed,
        "care": say(CODE_LISTS["care_situation"].get(child.care_situation or "")),
        "risk": {"level": child.risk, "word": say(CODE_LISTS["risk"][child.risk])},
        "reasons": [say(reason) for reason in one.reasons],
        "against": [say(ground) for ground in one.against],
        "lacks": [say(ground) for ground in one.lacks],
        "records": [f"{say(word)} {one.counts.get(key, 0)}" for key, word in RECORDS],
        "pairings": cases.get(child.id, []),
        "open_url": _open_url(child),
        "why": said.why if said else child.focus_reason or grounds,
        "fault": say(fault) if fault else "",
    }


def _sub(child: Child) -> str:
    age = age_on(child.birth_on, local_day(now()))
    parts = (say(CODE_LISTS["sex"].get(child.sex or "")), _("%(n)s 岁", n=age) if age is not None else "")
    return " · ".join(str(part) for part in parts if part)


def _pairings(children: Sequence[int]) -> dict[int, list[dict[str, Any]]]:
    """Return the pairings of each child that have not ended, as links with their state."""
    session = read_session(P.CASE_READ)
    workflow = workflow_in_force(system_session(), PAIRING).workflow
    running = select(Case).where(Case.child_id.in_(list(children)), Case.workflow == PAIRING, Case.closed_at.is_(None))
    found: dict[int, list[dict[str, Any]]] = {}
    for case in session.scalars(running.order_by(Case.id)):
        tag = state_tag(workflow, case.state) if case.state in workflow.states else {"kind": "neutral", "word": ""}
        line = {"url": url_for("cases.show", number=case.number), "number": case.number, "tag": tag}
        found.setdefault(case.child_id or 0, []).append(line)
    return found


def _open_url(child: Child) -> str | None:
    version = workflow_in_force(system_session(), PAIRING)
    if not may_open(current_actor(), current_policy(), version, ChildSubject(child)):
        return None
    return url_for("case_opening.ask", workflow=PAIRING, kind="child", number=child.id)


def read_choices(posted: Any) -> dict[int, Choice]:
    """Return what was ticked and written, by child; rows that are no rows of ours are left out."""
    ticked = {number(one) for one in posted.getlist("child")}
    found: dict[int, Choice] = {}
    for name, value in posted.items():
        child = number(name.removeprefix("rev-")) if name.startswith("rev-") else None
        if child is not None:
            why = posted.get(f"why-{child}", "")
            found[child] = Choice(child in ticked, why, number(value) or 0)
    return found
