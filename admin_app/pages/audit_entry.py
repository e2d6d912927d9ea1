"""One entry of the trail: who, when, to whom, why, and field by field as far as the reader's class goes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.pages.answer_trail import answer_words, field_answered
from admin_app.pages.audit_filter import Asked
from admin_app.pages.audit_names import Entry, Names, subject_word
from admin_app.pages.record_trail import field_label, value_words
from admin_app.shell import role_word
from admin_app.wording import say, say_seconds
from models.vault import SealBroken
from workflows.audit import Happening, is_genuine, open_value
from workflows.audit_words import CLASSES, PARTICULARS, action_word, field_of
from workflows.engine.definition import FormField
from workflows.fields import Fact, visible
from workflows.mask import masked
from workflows.reading import code_list

MOST_NAMED = 50
LONGEST_DIGEST = 16
Opened = tuple[dict[str, Any], Happening | None]
"""A page's context, and the read to put on record before it leaves, None where it shows nothing above P0."""
_OUT_OF_REACH = "P3"  # counselling, health and family stay between the people of the case, whatever the level


def action_tag(action: str) -> dict[str, Any]:
    """Return the tag of an action."""
    word = action_word(action)
    return {"kind": word.kind, "word": say(word.word), "icon": word.icon}


def actor_word(entry: Entry) -> str:
    """Return who acted: a person, a part of the system, or nobody who had logged in."""
    if entry.event.actor_id is None:
        return str(_("未登录") if entry.event.role == "nobody" else _("系统"))
    return entry.event.actor_name


def actor_role(entry: Entry) -> str:
    """Return the post in which a person acted, or the part of the system."""
    if entry.event.role == "nobody":
        return _("没有岗位") if entry.event.actor_id is not None else ""
    return role_word(entry.event.role)


def reason_of(names: Names, entry: Entry) -> str | None:
    """Return the reason given, None when there is none; one whose key was destroyed is told as erased."""
    try:
        return open_value(names.session, entry.event.id, "reason", entry.body["reason"])
    except SealBroken:
        return str(_("已按规定删除"))


def classes_word(classes: list[str]) -> str:
    """Return the protection classes that were shown, in words; school and grade are not worth one."""
    return str(_("、")).join(say(CLASSES[shown]) for shown in sorted(classes) if shown in CLASSES and shown != "P0")


def differences(names: Names, entry: Entry) -> list[dict[str, Any]]:
    """Return the changed fields for `parts/blocks.html`, every value as its class allows."""
    return [_difference(names, entry, change) for change in entry.body["changes"]]


def shown_above_p0(entry: Entry) -> list[str]:
    """Return the classes above P0 of which an entry's page shows anything to this reader."""
    classes = {change["class"] for change in entry.body["changes"]}
    return sorted(c for c in classes if c not in ("P0", _OUT_OF_REACH) and visible(c, entry.sees))


def _difference(names: Names, entry: Entry, change: Mapping[str, Any]) -> dict[str, Any]:
    asked, form = _asked(names, entry, change), names.form(entry)
    slot, fact = (None, None) if form or asked else field_of(entry.event.subject_type, change["field"])
    if asked is not None:
        label = say(asked.label)
    else:
        label = field_label(form, change["field"]) if form else say(fact.label) if fact else change["field"]
    found: dict[str, Any] = {"field": f"{say(slot)} · {label}" if slot else label}
    if change["class"] == _OUT_OF_REACH:
        return found | {"secret": _("有改动，内容不在督查范围内")}
    note = say(CLASSES[change["class"]]) if change["class"] != "P0" else ""
    if not visible(change["class"], entry.sees):
        covered = {side: None if change[side] is None else _("已遮盖") for side in ("old", "new")}
        return found | covered | {"note": note}
    try:
        old, new = (_opened(names, entry, change, fact, side) for side in ("old", "new"))
    except SealBroken:
        return found | {"secret": _("已按规定删除")}
    return found | {"old": old, "new": new, "note": note}


def _asked(names: Names, entry: Entry, change: Mapping[str, Any]) -> FormField | None:
    """Return the question of a case's form whose answer changed, None for any other field."""
    version = names.version(entry)
    return field_answered(version, change["field"]) if version is not None else None


def _opened(names: Names, entry: Entry, change: Mapping[str, Any], fact: Fact | None, side: str) -> str | None:
    value = open_value(names.session, entry.event.id, f"{change['field']}.{side}", change[side])
    if value is None:
        return None
    if change["class"] == "P2":
        return masked(fact, value) if fact and fact.protection == "P2" else _("已遮盖")
    if (asked := _asked(names, entry, change)) is not None:
        return answer_words(asked, value)
    if (form := names.form(entry)) is not None:
        return value_words(form, change["field"], value)
    return value_word(names, fact, value)


def value_word(names: Names, fact: Fact | None, value: str) -> str:
    """Return a stored value in words: the label of a code, yes or no, the name of a place or role, or itself."""
    if fact is None:
        return value
    if fact.kind == "yes_no":
        return str(_("是") if value == "true" else _("否"))
    if fact.kind == "place" and value.isdecimal() and int(value) in names.place_ids:
        return names.place(names.place_ids[int(value)].code)
    if fact.kind == "role":
        return role_word(value)
    return say(code_list(fact.code_list).get(value, value)) if fact.code_list else value


def amount(names: Names, entry: Entry) -> str:
    """Return in a few words how much an entry is about: states, rows, fields, what was seen."""
    facts = entry.facts
    if facts.get("to"):
        came, went = names.state(entry, "from"), names.state(entry, "to")
        return f"{came} → {went}" if came else went
    if facts.get("rows") is not None:
        return str(_("%(n)s 行", n=f"{facts['rows']:,}"))
    if entry.body["changes"]:
        return str(_("%(n)s 个字段", n=len(entry.body["changes"])))
    if facts.get("classes"):
        return classes_word(facts["classes"])
    return _revealed(entry)


def _revealed(entry: Entry) -> str:
    field = entry.facts.get("field")
    fact = field_of(entry.event.subject_type, field)[1] if isinstance(field, str) else None
    return say(fact.label) if fact else ""


def entry_card(names: Names, entry: Entry) -> dict[str, Any]:
    """Return an entry for `audit/entry.html`: tags, facts, differences and whether it is as it was written."""
    genuine = is_genuine(names.session, entry.event)
    return {
        "number": entry.event.id,
        "tag": action_tag(entry.event.action),
        "is_refused": entry.event.outcome == "refused",
        "genuine": {"kind": "ok", "word": _("校验一致"), "icon": "shield-check"}
        if genuine
        else {"kind": "bad", "word": _("校验不符"), "icon": "alert-triangle"},
        "is_genuine": genuine,
        "facts": entry_facts(names, entry),
        "diff": differences(names, entry),
    }


def entry_facts(names: Names, entry: Entry) -> list[dict[str, Any]]:
    """Return the pairs above an entry's differences, empty ones left out."""
    event, told = entry.event, entry.facts
    came, went = names.state(entry, "from"), names.state(entry, "to")
    pairs = [
        (_("操作人"), {"text": actor_word(entry), "sub": actor_role(entry)}),
        (_("时间"), {"text": say_seconds(event.at), "sub": _claimed(entry)}),
        (_("对象"), {"text": subject_word(names, entry), "sub": names.where(event)}),
        (_("办理"), names.transition(entry)),
        (_("环节"), f"{came} → {went}" if came else went),
        (_("理由"), reason_of(names, entry)),
        (_("看了什么"), classes_word(told["classes"]) if told.get("classes") else _revealed(entry)),
        (_("结果"), {"tag": {"kind": "bad", "word": _("被拒"), "icon": "ban"}} if event.outcome == "refused" else None),
        *_particulars(entry),
        (_("授权"), event.grant_ref),
        (_("来源"), {"text": entry.body["address"] or "—", "sub": _("请求 %(number)s", number=event.request_id[:12])}),
    ]
    return [{"key": key, "value": value} for key, value in pairs if value not in (None, "")]


def _claimed(entry: Entry) -> str:
    claimed = entry.body["claimed_at"]
    return _("自报 %(moment)s", moment=say_seconds(datetime.fromisoformat(claimed))) if claimed else ""


def _particulars(entry: Entry) -> list[tuple[str, str]]:
    own = {"key", "school_year"} if entry.event.subject_type != "roster_batch" else set()
    hidden = own | ({"path"} if entry.event.subject_type in ("screen", "command") else set())
    found = []
    for key, value in entry.facts.items():
        if key in PARTICULARS and key not in hidden and value not in (None, "", []):
            found.append((say(PARTICULARS[key]), _particular(key, value)))
    return found


def _particular(key: str, value: object) -> str:
    if key in ("sha256", "file", "digest"):
        return f"{str(value)[:LONGEST_DIGEST]}…"
    if isinstance(value, list):
        return str(_("、")).join(map(str, value))
    if isinstance(value, list):
        return str(_("；")).join(map(str, value))
    return f"{value:,}" if isinstance(value, int) else str(value)


def entry_links(entry: Entry, asked: Asked) -> list[dict[str, str]]:
    """Return where an entry leads: its case step by step, who looked at the child, only this child or person."""
    event, links = entry.event, []
    if event.case_id is not None:
        links.append({"label": _("事项回放"), "url": url_for("audit.case", case=event.case_id), "icon": "history"})
    if event.child_id is not None:
        seen = url_for("audit.child", child=event.child_id)
        links.append({"label": _("谁看过这名儿童"), "url": seen, "icon": "eye"})
        links.append({"label": _("只看这名儿童"), "url": Asked(whom=event.child_id).url(), "icon": "filter"})
    if event.actor_id is not None:
        links.append({"label": _("只看此人"), "url": Asked(who=event.actor_id).url(), "icon": "user-search"})
    return links


def read_event(entries: Sequence[Entry]) -> Happening | None:
    """Return the read of entries whose values show anything above P0, None where they show nothing of it."""
    classes = sorted({shown for e in entries for shown in shown_above_p0(e)})
    if not classes:
        return None
    event = entries[-1].event
    return Happening(
        "audit.read",
        event.subject_type,
        event.subject_id,
        codes=event.level_codes,
        child_id=event.child_id,
        case_id=event.case_id,
        facts={"entries": [e.event.id for e in entries][:MOST_NAMED], "classes": classes},
    )
