"""What the page of a child shows: head with masks, and the tabs from 概况 to 变更."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.parts.child_cases import CasePart
from admin_app.parts.records import RecordPart
from admin_app.wording import say
from models.child import Child, Relative
from workflows.fields import CHILD, CODE_LISTS, RELATIVE, Fact, stored, visible
from workflows.mask import masked
from workflows.reading import code_list

OVERVIEW = ("birth_on", "ethnicity", "student_number", "is_boarding", "is_poor", "village", "home_address",
            "home_phone")  # fmt: skip
ABSENCE = ("care_situation", "absence_since", "parents_workplace")
CLEAR = ("interests", "character", "health", "note")
RELATIVE_FACTS = ("relation", "age", "education", "occupation", "phone", "workplace", "address", "health", "discipline")
STATUS_TAGS = {"on_file": ("ok", None), "left": ("neutral", "logout"), "archived": ("neutral", "archive")}


@dataclass(frozen=True)
class ChildView:
    """Everything that a child's page is drawn from, and what the person may see and do."""

    child: Child
    relatives: Sequence[Relative]
    school: str
    class_name: str
    tab: str
    sees: str
    may_edit: bool
    may_reveal: bool
    may_see_changes: bool
    today: date
    case: dict[str, Any] | None
    changes: Sequence[dict[str, Any]] = ()
    records: RecordPart | None = None
    may_see_records: bool = False
    writes: Sequence[dict[str, Any]] = ()
    helping: CasePart | None = None


def classes_shown(view: ChildView) -> list[str]:
    """Return the field classes that stand on the page in clear."""
    if view.records is not None:
        return view.records.classes
    has_p3 = view.tab in ("overview", "care") and view.sees >= "P3"
    return ["P0", "P1", "P3"] if has_p3 else ["P0", "P1"]


def child_page(view: ChildView) -> dict[str, Any]:
    """Return the page for `office/detail.html`."""
    child = view.child
    shown = {"overview": _overview, "care": _care, "card": _card, "records": _records, "changes": _changes}
    cards = shown.get(view.tab, _helping)(view)
    return {
        "title": child.name,
        "initial": child.name[:1],
        "subtitle": _subtitle(view),
        "tags": _tags(child),
        "risk": {"level": child.risk, "word": say(CODE_LISTS["risk"][child.risk])},
        "facts": _head_facts(view),
        "actions": _actions(view),
        "openings": view.helping.openings if view.helping is not None else [],
        "crumbs": [{"label": _("儿童名册"), "url": url_for("children.index_view")}, {"label": child.name}],
        "back_url": url_for("children.index_view"),
        "tabs": _tabs(view),
        "cards": cards,
    }


def age_on(born_on: date | None, day: date) -> int | None:
    """Return the full years of age on a day."""
    if born_on is None:
        return None
    return day.year - born_on.year - ((day.month, day.day) < (born_on.month, born_on.day))


def _subtitle(view: ChildView) -> str:
    age = age_on(view.child.birth_on, view.today)
    sex = CODE_LISTS["sex"].get(view.child.sex or "")
    parts = [say(sex), _("%(n)s 岁", n=age) if age is not None else "", view.class_name]
    return " · ".join(part for part in parts if part)


def _tags(child: Child) -> list[dict[str, Any]]:
    kind, icon = STATUS_TAGS[child.status]
    tags: list[dict[str, Any]] = [{"kind": kind, "word": say(CODE_LISTS["child_status"][child.status]), "icon": icon}]
    if child.is_focus:
        tags.append({"kind": "accent", "word": _("重点帮扶"), "icon": "target-arrow"})
    return tags


def _head_facts(view: ChildView) -> list[dict[str, Any]]:
    child = view.child
    care = CODE_LISTS["care_situation"].get(child.care_situation or "")
    facts = [
        {"key": _("学校"), "value": view.school},
        {"key": _("身份证"), "value": _value(view, CHILD["id_number"], child)},
        {"key": _("监护"), "value": say(care) if care else None},
    ]
    if view.case is not None:
        facts.append({"key": _("摸底排查"), "value": view.case})
    return facts


def _actions(view: ChildView) -> list[dict[str, Any]]:
    found = [dict(item) | {"is_primary": place == 0} for place, item in enumerate(view.writes)]
    if view.may_edit:
        url = url_for("children.edit_view", id=view.child.id)
        found.append({"label": _("修改"), "url": url, "icon": "pencil", "is_primary": not found})
    return found


def _tabs(view: ChildView) -> list[dict[str, Any]]:
    tabs = [("overview", _("概况"), None), ("care", _("监护"), len(view.relatives)), ("card", _("联系卡"), None)]
    counts = view.helping.counts if view.helping is not None else {}
    if counts:
        tabs.append(("pairing", _("结对"), counts["pairing"]))
    if view.may_see_records:
        tabs.append(("records", _("记录"), view.records.count if view.records is not None else None))
    if counts.get("plan"):
        tabs.append(("plan", _("方案"), counts["plan"]))
    if counts:
        tabs.append(("cases", _("事项"), counts["cases"]))
    if view.may_see_changes:
        tabs.append(("changes", _("变更"), None))
    return [
        {
            "label": label,
            "url": url_for("children.details_view", id=view.child.id, tab=key if key != "overview" else None),
            "is_current": key == view.tab,
            "count": count,
        }
        for key, label, count in tabs
    ]


def _overview(view: ChildView) -> list[dict[str, Any]]:
    child = view.child
    absence = [_fact(view, CHILD[key], child) for key in ABSENCE]
    months = _months(child.absence_since, view.today)
    if months is not None:
        absence.append({"key": _("外出时长"), "value": _("%(n)s 个月", n=months)})
    return [
        {"title": _("基本情况"), "facts": [_fact(view, CHILD[key], child) for key in OVERVIEW]},
        {"title": _("监护与外出"), "facts": absence},
        {"title": _("性格、兴趣与健康"), "shape": "list", "facts": [_fact(view, CHILD[key], child) for key in CLEAR]},
        *_card(view),
    ]


def _months(since: date | None, today: date) -> int | None:
    if since is None or since > today:
        return None
    return (today.year - since.year) * 12 + today.month - since.month - (today.day < since.day)


def _care(view: ChildView) -> list[dict[str, Any]]:
    cards = [
        {
            "title": f"{relative.name} · {say(CODE_LISTS['relative_slot'][relative.slot])}",
            "facts": [_fact(view, RELATIVE[key], relative) for key in RELATIVE_FACTS],
            "links": _relative_links(view, relative),
        }
        for relative in view.relatives
    ]
    add = {"label": _("添加"), "url": url_for("relatives.create_view", child=view.child.id), "icon": "plus"}
    if cards:
        cards[0]["links"] = [*cards[0]["links"], add] if view.may_edit else cards[0]["links"]
        return cards
    action = add | {"label": _("添加监护人")} if view.may_edit else None
    return [{"title": _("监护人与家长"), "empty": {"icon": "users", "title": _("还没有登记"), "action": action}}]


def _relative_links(view: ChildView, relative: Relative) -> list[dict[str, Any]]:
    if not view.may_edit:
        return []
    removing = url_for("relatives.confirm_view", id=relative.id, verb="remove", rev=relative.rev)
    return [
        {"label": _("修改"), "url": url_for("relatives.edit_view", id=relative.id)},
        {"label": _("移除"), "url": removing},
    ]


def _card(view: ChildView) -> list[dict[str, Any]]:
    columns = [{"key": str(n), "label": label} for n, label in enumerate((_("顺序"), _("姓名"), _("身份"), _("电话")))]
    rows = [
        {
            "id": relative.id,
            "cells": [
                {"kind": "text", "value": relative.call_order, "is_strong": True},
                {"kind": "text", "value": relative.name},
                {"kind": "text", "value": _relation(relative)},
                _phone_cell(view, relative),
            ],
        }
        for relative in view.relatives
    ]
    printed = url_for("papers.contact_card", child=view.child.id)
    links = [{"label": _("打印联系卡"), "url": printed, "icon": "printer"}]
    if not rows:
        empty = {"icon": "phone", "title": _("还没有联系人")}
        return [{"title": _("联系顺序"), "links": links, "empty": empty}]
    sub = _("按顺序拨打，前一位不通再打下一位")
    return [{"title": _("联系顺序"), "sub": sub, "links": links, "table": {"columns": columns, "rows": rows}}]


def _records(view: ChildView) -> list[dict[str, Any]]:
    return view.records.cards if view.records is not None else []


def _helping(view: ChildView) -> list[dict[str, Any]]:
    return view.helping.cards if view.helping is not None else []


def _changes(view: ChildView) -> list[dict[str, Any]]:
    if not view.changes:
        return [{"title": _("变更"), "empty": {"icon": "history", "title": _("还没有变更")}}]
    return list(view.changes)


def _relation(relative: Relative) -> str:
    slot = say(CODE_LISTS["relative_slot"][relative.slot])
    relation = code_word(RELATIVE["relation"], relative.relation)
    return f"{slot} {relation}" if relation and relation != slot else slot


def _phone_cell(view: ChildView, relative: Relative) -> dict[str, Any]:
    if not relative.phone:
        return {"kind": "empty", "value": _("无电话")}
    shown = masked(RELATIVE["phone"], relative.phone)
    return {"kind": "masked", "value": shown, "reveal_url": _reveal_url(view, RELATIVE["phone"], relative)}


def _fact(view: ChildView, fact: Fact, row: Child | Relative) -> dict[str, Any]:
    return {"key": say(fact.label), "value": _value(view, fact, row)}


def _value(view: ChildView, fact: Fact, row: Child | Relative) -> Any:
    if not visible(fact.protection, view.sees):
        return {"secret": _("内容保密")}
    value = getattr(row, fact.key)
    if value is None or value == "":
        return None
    if fact.protection == "P2":
        url = _reveal_url(view, fact, row)
        return {"masked": {"value": masked(fact, value), "reveal_url": url, "label": _("查看")}}
    return code_word(fact, value)


def code_word(fact: Fact, value: Any) -> str:
    """Return a stored value in words: those of its closed list where it has one."""
    if isinstance(value, bool):
        return str(_("是") if value else _("否"))
    written = stored(value) or ""
    if fact.key == "education":
        return say(code_list("education").get(written, written))
    return say(code_list(fact.code_list).get(written, written)) if fact.code_list else written


def _reveal_url(view: ChildView, fact: Fact, row: Child | Relative) -> str | None:
    if not view.may_reveal or not visible("P2", view.sees):
        return None
    relative = row.id if isinstance(row, Relative) else None
    return url_for("children.reveal_view", id=view.child.id, field=fact.key, relative=relative)
