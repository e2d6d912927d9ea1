"""What a person finds first: the office its rates, the class teacher the files to complete, the inspector the trail."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.desk import current_actor, current_policy, may, now, read_session, system_session
from admin_app.menu import ITEMS
from admin_app.pages.case import state_tag
from admin_app.pages.case_list import PART, subject_place
from admin_app.pages.deputies import deputed_lines
from admin_app.pages.due import due_tag
from admin_app.pages.filing import level_below, percent, rate_card, state_cells
from admin_app.pages.inbox import own_desk, shown_count
from admin_app.pages.inbox_rows import CLAIM
from admin_app.pages.places import names_of
from admin_app.pages.record_words import day_line
from admin_app.shell import present_term
from admin_app.wording import say, say_short
from models.case import Case
from models.child import Child
from models.database import OfficeSession
from models.reports.care import care_situations
from models.reports.case_list import CasesWanted, list_cases
from models.reports.filing import Filing, filing_by_place, total_of
from models.reports.helping import left_without_anybody
from models.reports.inbox import Narrowed, count_claimable, waiting_cases
from models.reports.records import last_of
from models.scope import LEVELS
from workflows.calendar import calendar_in_force
from workflows.engine.published import workflow_version
from workflows.fields import CODE_LISTS
from workflows.opening_view import workflows_in_force
from workflows.policy import Permission
from workflows.worker.beat import presence

MOST_TO_DO, MOST_LOOKED = 12, 48
MOST_LINKS = 3
COUNTED_AT_ONCE = frozenset({"township", "school", "class"})


def home_page() -> dict[str, Any]:
    """Return the context of `home/home.html` for the person who asks."""
    actor, term = current_actor(), present_term()
    place = actor.posts[0].place_name if actor.posts else ""
    page: dict[str, Any] = {"place": place, "rates": [], "table": None, "todo": None, "care": None, "links": _links()}
    page["deputed"] = deputed_lines()
    page |= {"alerts": [], "parts": None, "notes": _notes()}
    if term is None or not may(Permission.CASE_LIST):
        return page
    page["todo"] = _todo()
    page["parts"] = _parts({entry["url"] for entry in page["todo"]["entries"]} if page["todo"] else set())
    if not _has_places():
        return page
    level = level_below(actor)
    found = filing_by_place(read_session(Permission.CASE_LIST), term.id, level)
    total = total_of(found, _("合计"))
    page["rates"] = [rate_card(total, _("建档率"), url_for("filing.index")), *_counts(total)]
    page["table"] = _table(found, level) if len(found) > 1 else None
    page["care"] = _care()
    page["alerts"] = _alerts()
    return page


def _alerts() -> list[dict[str, Any]]:
    """Return what offices and class teachers must not overlook; only for posts small enough to count at once."""
    levels = {branch.level for branch in current_policy().scope(current_actor(), Permission.CHILD_EDIT).branches}
    if not levels or not levels <= COUNTED_AT_ONCE:
        return []
    alone = left_without_anybody(read_session(Permission.CHILD_EDIT))
    if not alone:
        return []
    said = _("%(n)s 名儿童没有监护人，也没有代理家长，须尽快结对", n=alone)
    return [{"text": said, "url": url_for("children.index_view", help="no_proxy"), "label": _("名单")}]


def _notes() -> list[str]:
    """Return what those who look after the site should know, and nobody else need see."""
    if not may(Permission.TERM_MANAGE) or not presence(system_session(), now()).is_missing:
        return []
    return [_("后台进程没有在运行，到期提醒、催办和消息暂停发出；请管理员运行 shouwang worker")]


def _has_places() -> bool:
    """Tell whether the person lists the cases of places, not those alone in which they take part."""
    scope = read_session(Permission.CASE_LIST).info["scope"]
    return scope.system is not None or any(branch.level in LEVELS for branch in scope.branches)


def _counts(total: Filing) -> list[dict[str, Any]]:
    shown = (("open", _("待完善")), ("returned", _("退回补正")), ("confirmed", _("待归档审核")))
    return [
        {
            "label": label,
            "value": total.states.get(state, 0),
            "unit": _("人"),
            "done": total.states.get(state, 0),
            "total": total.total,
            "target": None,
            "state": "none" if not total.states.get(state) else "going",
            "note": _("占应建"),
            "link_label": _("名单"),
            "url": url_for("cases.index", state=state),
        }
        for state, label in shown
    ]


def _table(found: list[Filing], level: str) -> dict[str, Any]:
    labels = {"township": _("乡镇"), "school": _("学校"), "class": _("班级")}
    first = {"key": "name", "label": labels[level], "is_sticky": True}
    heads = (_("应建"), _("待完善"), _("退回"), _("待审核"), _("已建档"), _("建档率"), _("差"))
    columns = [first, *({"key": h, "label": h, "align": "right"} for h in heads)]
    # A stable sort: places of the same rate stay in the order of the report, classes by grade.
    lowest_first = sorted(found, key=lambda filing: filing.rate if filing.rate is not None else 2)
    return {"columns": columns, "rows": [_line(filing, level) for filing in lowest_first]}


def _line(filing: Filing, level: str) -> dict[str, Any]:
    behind = url_for("filing.missing", level=level, code=filing.code)
    rate = percent(filing)
    missing = (
        {"kind": "link", "value": filing.missing, "url": behind} if filing.missing else {"kind": "number", "value": 0}
    )
    cells = [
        {"kind": "text", "value": filing.name},
        {"kind": "number", "value": filing.total},
        *state_cells(filing),
        {"kind": "text", "value": f"{rate}%" if rate else _("不适用")},
        missing,
    ]
    return {"id": filing.code, "url": behind if filing.missing else None, "cells": cells}


def _todo() -> dict[str, Any] | None:
    """Return the first of what waits in the inbox: what is overdue, then what came back, then by the time it is due."""
    session = read_session(Permission.CASE_LIST)
    desk = own_desk(session, workflows_in_force(session))
    found = waiting_cases(desk, Narrowed()).fetch(session, None, True, MOST_LOOKED)
    if not found and not (desk.waiting or desk.claims):
        return None
    found.sort(key=lambda row: (not row[0].is_overdue(now()), not _came_back(session, row[0])))
    calendar = calendar_in_force(system_session())
    entries = _entries(session, [(row[0], row[1]) for row in found[:MOST_TO_DO]])
    for entry, row in zip(entries, found, strict=False):
        entry["due"] = due_tag(row[0], now(), calendar)
    claims = shown_count(count_claimable(session, desk))
    links = [{"label": f"{_('待领')} {claims}", "url": url_for("inbox.index", tab=CLAIM)}] if claims else []
    return {"entries": entries, "links": [*links, {"label": _("全部"), "url": url_for("inbox.index")}]}


def _came_back(session: OfficeSession, case: Case) -> bool:
    """Tell whether a case was sent back: however old it is, it is not to be overlooked."""
    return workflow_version(session, case.definition_id).workflow.states[case.state].tag == "bad"


def _parts(besides: set[str]) -> dict[str, Any] | None:
    """Return the open cases that the person takes part in but some, each with the last talk with the child."""
    parts, session = current_actor().parts, read_session(Permission.CASE_LIST)
    found = list_cases(session, CasesWanted(among=parts), limit=MOST_TO_DO + 1) if parts else []
    if not found:
        return None
    shown, children = found[:MOST_TO_DO], [child.id for _case, child in found if child is not None]
    talks = last_of(read_session(Permission.RECORD_LIST), children, "talk") if may(Permission.RECORD_LIST) else {}
    entries = _entries(session, shown)
    for entry, (_case, child) in zip(entries, shown, strict=True):
        last = talks.get(child.id) if child is not None else None
        if last is not None:
            entry["sub"] = _("%(what)s · 上次谈心 %(day)s", what=entry["sub"], day=day_line(last.happened_on))
    entries = [entry for entry in entries if entry["url"] not in besides]
    return {"entries": entries, "all_url": url_for("cases.index", state=PART)} if entries else None


def _entries(session: OfficeSession, found: Sequence[tuple[Case, Child | None]]) -> list[dict[str, Any]]:
    names = names_of(session, [case for case, _child in found])
    items = []
    for case, child in found:
        workflow = workflow_version(session, case.definition_id).workflow
        items.append(
            {
                "title": child.name if child is not None else subject_place(case, names),
                "sub": f"{say(workflow.title)} · {names.get(case.class_code) or names.get(case.school_code, '')}",
                "tag": state_tag(workflow, case.state),
                "when": say_short(case.state_since),
                "url": url_for("cases.show", number=case.number),
            }
        )
    return items


def _care() -> list[dict[str, Any]] | None:
    counts = care_situations(read_session(Permission.CHILD_LIST)) if may(Permission.CHILD_LIST) else {}
    total = sum(counts.values())
    if not total:
        return None
    words = CODE_LISTS["care_situation"]
    return [
        {
            "label": say(words[code]),
            "value": counts.get(code, 0),
            "share": 100 * counts.get(code, 0) / total,
            "url": url_for("children.index_view", care=code) if counts.get(code) else None,
        }
        for code in words
    ]


def _links() -> list[dict[str, str]]:
    """Return what an inspector begins and what an office sets up, for the top of the page."""
    draws = {"label": _("随机抽取"), "url": url_for("inspections.ask"), "icon": "dice-5"}
    begun = [draws] if may(Permission.INSPECTION_DRAW) else []
    return (
        begun
        + [
            {"label": str(item.label), "url": url_for(item.endpoint), "icon": item.icon}
            for item in ITEMS
            if item.is_setup and item.permission is not None and may(item.permission)
        ][:MOST_LINKS]
    )
