"""The dated records of one child for the child's page, and the quick entries for a person's first page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.desk import current_actor, current_policy, may, now, read_session, system_session
from admin_app.pages.record_words import day_line, month_line, plain_keys, state_tags, summary, verb_of
from admin_app.wording import say
from models.child import Child
from models.record import Record
from models.reports.records import latest_records, month_round, records_by_form
from models.vault import learn_keys
from workflows.clock import local_day
from workflows.engine.published import FormVersion, forms_numbered, records_in_force
from workflows.policy import Permission
from workflows.record_forms import answers_of, head_of, sees, writes_anywhere, writing_post

MOST = 30
QUICK = ("talk", "home_visit", "call_log")
USUAL = (*QUICK, "growth_diary", "test_result", "help_plan", "guardian_meeting")
KINDS = {"talk": "ok", "home_visit": "ok", "call": "info", "video": "info", "letter": "info", "test": "warn"}


@dataclass(frozen=True)
class RecordPart:
    """What a child's page shows of the child's records, and the field classes that stand in it in clear."""

    cards: list[dict[str, Any]]
    classes: list[str]
    count: int


def may_see_records(child: Child) -> bool:
    """Tell whether the person may read the records of a child."""
    return current_policy().post_for(current_actor(), Permission.RECORD_LIST, child.level_codes) is not None


def record_forms() -> dict[str, FormVersion]:
    """Return the forms of dated records in force: the usual ones first, then those that the office added."""
    forms = records_in_force(system_session())
    order = {key: place for place, key in enumerate(USUAL)}
    return dict(sorted(forms.items(), key=lambda item: (order.get(item[0], len(order)), item[0])))


def record_part(child: Child, form: str = "", most: int = MOST) -> RecordPart:
    """Return the card 记录 of a child: newest first with what each says, filters by form, and what can be written.

    The shape is that of `office/cards.html`. The caller puts the reading on record with `classes`.
    """
    session = read_session(Permission.RECORD_LIST)
    learn_keys(session, [child.id])
    forms = record_forms()
    form = form if form in forms else ""
    rows = latest_records(session, child.id, forms={form} if form else (), limit=most)
    entries, classes = timeline_of(rows)
    counts = records_by_form(session, child.id)
    more = {"label": _("全部记录"), "url": url_for("records.index_view", child=child.id), "icon": "list"}
    card: dict[str, Any] = {
        "title": _("记录"),
        "sub": _counted(forms, counts),
        "links": [more],
    }
    if entries:
        card["timeline"] = entries
    else:
        card["empty"] = {"icon": "message-2", "title": _("还没有记录"), "text": _("谈心、家访、通话都记在这里")}
    return RecordPart([card], classes, sum(counts.values()))


def timeline_of(rows: list[Record] | Any) -> tuple[list[dict[str, Any]], list[str]]:
    """Return records as entries of `ui.timeline` with the classes shown; the keys must be at hand."""
    session = read_session(Permission.RECORD_LIST)
    versions = forms_numbered(system_session(), {(row.form, row.form_version) for row in rows})
    classes = {"P0", "P1"}
    entries = []
    for row in rows:
        version = versions[row.form, row.form_version]
        level = min(sees(current_actor(), current_policy(), row), "P2")
        shown = answers_of(session, version.form, row, level)
        if any(version.form.field(key).protection.value == "P2" for key in head_of(version.form).summary):
            classes |= {"P2"} & {level}
        entries.append(_entry(row, version, shown))
    return entries, sorted(classes)


def _entry(row: Record, version: FormVersion, answers: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "when": day_line(row.happened_on),
        "icon": head_of(version.form).icon,
        "kind": "plain" if row.state != "active" else KINDS.get(row.counts_as or "", "plain"),
        "title": say(version.form.title),
        "tags": state_tags(row),
        "who": row.made_by_name,
        "text": summary(version, answers),
        "url": url_for("records.details_view", id=row.id) if may(Permission.RECORD_READ) else None,
        "group": month_line(row.happened_on),
    }


def plain_summary(version: FormVersion, row: Record) -> str:
    """Return what lists show of a record: unprotected answers only, without opening a key."""
    return summary(version, {key: row.data.get(key) for key in plain_keys(version.form)})


def write_links(child: Child, case: str | None = None) -> list[dict[str, Any]]:
    """Return the links by which the person writes the usual records of a child, or of its case, those of their part."""
    actor, policy = current_actor(), current_policy()
    if child.status != "on_file" or not may(Permission.RECORD_WRITE):
        return []
    forms = records_in_force(system_session())
    return [
        {
            "label": verb_of(forms[key].form),
            "url": url_for("entry.write_child", form=key, child=child.id, case=case),
            "icon": head_of(forms[key].form).icon,
        }
        for key in QUICK
        if key in forms and writing_post(actor, policy, forms[key].form, child.level_codes) is not None
    ]


def quick_entries() -> list[dict[str, Any]]:
    """Return what the person may write down now, with how far they are this month; nothing for those who do not."""
    actor, policy = current_actor(), current_policy()
    if actor.staff_id is None or not may(Permission.RECORD_WRITE):
        return []
    forms = records_in_force(system_session())
    session, day = read_session(Permission.RECORD_WRITE), local_day(now())
    found = []
    for key in QUICK:
        if key not in forms or not writes_anywhere(actor, policy, forms[key].form):
            continue
        round_ = month_round(session, actor.staff_id, key, day)
        head = head_of(forms[key].form)
        url = url_for("entry.write", form=key)
        found.append(
            {
                "label": verb_of(forms[key].form),
                "icon": head.icon,
                "url": url,
                "done": round_.done,
                "total": round_.total,
            }
        )
    return found


def _counted(forms: Mapping[str, FormVersion], counts: Mapping[str, int]) -> str:
    words = [f"{say(forms[key].form.title)} {count}" for key, count in counts.items() if key in forms]
    return " · ".join(words[:4])
