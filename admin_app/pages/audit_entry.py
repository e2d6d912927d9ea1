"""One entry of the trail: who, when, to whom, why, and field by field as far as the reader's class goes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.desk import current_policy, system_session
from admin_app.pages.child_changes import fact_of, value_word
from admin_app.shell import role_word
from admin_app.wording import say, say_seconds
from models.audit import AuditEvent
from models.database import OfficeSession
from models.scope import NO_PLACE
from models.vault import SealBroken, learn_keys
from workflows.audit import is_genuine, open_value
from workflows.audit_words import action_word
from workflows.engine.published import workflow_in_force
from workflows.fields import visible
from workflows.refusal import Missing
from workflows.text import text

OWNERS = {"guardian": text("监护人"), "father": text("父亲"), "mother": text("母亲")}
SUBJECTS = {
    "child": text("儿童"),
    "relative": text("家庭成员"),
    "case": text("事项"),
    "staff": text("人员"),
    "appointment": text("岗位"),
    "place": text("单位"),
    "roster_batch": text("名册"),
    "definition": text("定义"),
    "screen": text("页面"),
    "setting": text("设置"),
    "term": text("学期"),
    "school_year": text("学年"),
    "heading": text("表头用词"),
    "heading_synonym": text("表头用词"),
    "audit_event": text("审计"),
}


@dataclass(frozen=True)
class Reader:
    """Who reads the trail: the session on it, the highest class they see over a row, and names of places."""

    session: OfficeSession
    sees: str
    places: Mapping[str, str]


def child_number(child_id: int) -> str:
    """Return how a child is named to those who see no names: the end of its number."""
    return f"#{child_id % 1_000_000:06d}"


def subject_word(event: AuditEvent, body: Mapping[str, Any]) -> str:
    """Return whom or what an entry is about, without a child's name."""
    kind = SUBJECTS.get(event.subject_type)
    word = say(kind) if kind else event.subject_type
    facts = body["facts"]
    named = facts.get("number") or facts.get("name") or facts.get("login") or facts.get("key") or ""
    if event.child_id is not None:
        return f"{_('儿童')} {child_number(event.child_id)}"
    return f"{word} {named}".strip()


def place_word(event: AuditEvent, places: Mapping[str, str]) -> str:
    """Return school and class, or the lowest place, of an entry."""
    codes = [getattr(event, f"{level}_code") for level in ("city", "county", "township", "school", "class")]
    real = [code for code in codes if code != NO_PLACE]
    return " ".join(places.get(code, "") for code in real[-2:] if code in places)


def who_word(role: str) -> str:
    """Return the role of an entry; what is no role is a part of the system, or somebody who had not logged in."""
    if role == "nobody":
        return str(_("未登录"))
    return role_word(role) if role in current_policy().roles else str(_("系统"))


def classes_word(classes: Iterable[str]) -> str | None:
    """Return what the field classes of a look hold, in words."""
    seen = [str(word) for field_class, word in _classes() if field_class in classes]
    return "、".join(seen) or None


def _classes() -> tuple[tuple[str, str], ...]:
    return (("P0", _("学校年级")), ("P1", _("姓名")), ("P2", _("号码住址")), ("P3", _("保密内容")))


def states_word(facts: Mapping[str, Any], with_origin: bool = True) -> str | None:
    """Return the states that a case went between, in the words of the workflow in force."""
    if not facts.get("to") or not facts.get("workflow"):
        return None
    try:
        states = workflow_in_force(system_session(), facts["workflow"]).workflow.states
    except Missing:
        states = {}
    passed = [facts[key] for key in (("from", "to") if with_origin else ("to",)) if facts.get(key)]
    return " → ".join(say(states[key].label) if key in states else key for key in passed)


def reason_of(reader: Reader, event: AuditEvent, body: Mapping[str, Any]) -> str | None:
    """Return the reason given, None when there is none or it may not be read any more."""
    try:
        return open_value(reader.session, event.id, "reason", body["reason"])
    except SealBroken:
        return str(_("已按规定删除"))


def learn_owners(session: OfficeSession, bodies: Sequence[Mapping[str, Any]]) -> None:
    """Fetch the keys for all values of some entries with one query."""
    learn_keys(session, [body["owner"] for body in bodies if body["owner"] is not None])


def entry_card(reader: Reader, event: AuditEvent) -> dict[str, Any]:
    """Return the context of `audit/entry.html`: facts, differences, and whether the entry is as it was written."""
    body = json.loads(event.body)
    learn_owners(reader.session, [body])
    word = action_word(event.action)
    genuine = is_genuine(reader.session, event)
    return {
        "number": event.id,
        "tag": {"kind": word.kind, "word": say(word.word), "icon": word.icon},
        "genuine": {"kind": "ok", "word": _("校验一致")} if genuine else {"kind": "bad", "word": _("校验不符")},
        "facts": _facts(reader, event, body),
        "diff": [_difference(reader, event, change) for change in body["changes"]],
        "links": _links(event, body),
    }


def _facts(reader: Reader, event: AuditEvent, body: Mapping[str, Any]) -> list[dict[str, Any]]:
    told = body["facts"]
    pairs = [
        (_("操作人"), f"{event.actor_name or _('未登录')} · {who_word(event.role)}"),
        (_("时间"), say_seconds(event.at)),
        (_("自报时间"), body["claimed_at"]),
        (_("对象"), subject_word(event, body)),
        (_("单位"), place_word(event, reader.places)),
        (_("事项"), told.get("number")),
        (_("环节"), states_word(told)),
        (_("理由"), reason_of(reader, event, body)),
        (_("授权"), event.grant_ref),
        (_("结果"), _("被拒") if event.outcome == "refused" else _("已办")),
        (_("看了什么"), classes_word(told.get("classes", ()))),
        (_("行数"), told.get("rows")),
        (_("文件摘要"), (told.get("sha256") or told.get("file") or "")[:16] or None),
        (_("地址"), body["address"]),
        (_("请求"), event.request_id[:12]),
    ]
    return [{"key": key, "value": value} for key, value in pairs if value not in (None, "")]


def _difference(reader: Reader, event: AuditEvent, change: Mapping[str, Any]) -> dict[str, Any]:
    fact = fact_of(event.subject_type, change["field"])
    owner = change["field"].rpartition(".")[0]
    label = (say(OWNERS[owner]) if owner in OWNERS else "") + (say(fact.label) if fact else change["field"])
    if change["class"] == "P3" and not visible("P3", reader.sees):
        return {"field": label, "secret": _("有改动，内容不在督查范围内")}
    if not visible(change["class"], reader.sees):
        return {"field": label, "old": _covered(change["old"]), "new": _covered(change["new"]), "note": change["class"]}
    try:
        old, new = (open_value(reader.session, event.id, f"{change['field']}.{s}", change[s]) for s in ("old", "new"))
    except SealBroken:
        return {"field": label, "secret": _("已按规定删除")}
    words = (value_word(fact, change["class"], value) for value in (old, new))
    return {"field": label, **dict(zip(("old", "new"), words, strict=True)), "note": change["class"]}


def _covered(value: object) -> str | None:
    return None if value is None else str(_("已遮盖"))


def _links(event: AuditEvent, body: Mapping[str, Any]) -> list[dict[str, str]]:
    links = []
    if event.case_id is not None and body["facts"].get("number"):
        replay = url_for("audit.case", number=body["facts"]["number"])
        links.append({"label": _("事项回放"), "url": replay, "icon": "history"})
    if event.child_id is not None:
        links.append(
            {"label": _("谁看过这名儿童"), "url": url_for("audit.child", number=event.child_id), "icon": "eye"}
        )
        links.append(
            {"label": _("只看这名儿童"), "url": url_for("audit.index", child=event.child_id), "icon": "filter"}
        )
    if event.actor_id is not None:
        links.append({"label": _("只看此人"), "url": url_for("audit.index", who=event.actor_id), "icon": "user-search"})
    return links
