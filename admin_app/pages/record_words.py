"""Says what stands in a dated record in words: answers, summaries, states, the lines of its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _

from admin_app.wording import say
from models.record import Record
from workflows.engine.definition import Form, FormField
from workflows.engine.published import FormVersion
from workflows.fields import visible
from workflows.record_forms import head_of

CLIPPED = 90
STATE_TAGS = {"corrected": ("neutral", "history"), "voided": ("bad", "ban")}


def say_answer(version: FormVersion, field: FormField, value: Any) -> str | None:
    """Return an answer in words: labels of what was chosen, yes or no, or itself; None for none."""
    if value is None or value == "" or value == []:
        return None
    if field.type == "yes_no":
        return str(_("是") if value else _("否"))
    if field.type in ("choice", "multi_choice"):
        labels = version.validator.options(field.key)
        chosen = value if isinstance(value, list) else [value]
        return str(_("、")).join(say(labels[one]) if one in labels else str(one) for one in chosen)
    return str(value)


def summary(version: FormVersion, answers: Mapping[str, Any]) -> str:
    """Return what lists and timelines show of a record's answers, as far as they are at hand."""
    words = [
        said
        for key in head_of(version.form).summary
        if (said := say_answer(version, version.form.field(key), answers.get(key)))
    ]
    return clip(" · ".join(words))


def clip(words: str) -> str:
    """Return words on one line, cut where they are long."""
    line = " ".join(words.split())
    return line if len(line) <= CLIPPED else f"{line[: CLIPPED - 1]}…"


def plain_keys(form: Form) -> list[str]:
    """Return the fields of a summary that may stand in lists: classes P0 and P1."""
    return [key for key in head_of(form).summary if form.field(key).protection.value <= "P1"]


def state_tags(record: Record) -> list[dict[str, str]]:
    """Return the tag of a record that stands no longer."""
    if record.state == "active":
        return []
    kind, icon = STATE_TAGS[record.state]
    return [{"kind": kind, "icon": icon, "word": state_word(record.state)}]


def state_word(state: str) -> str:
    """Return what a record's state is called."""
    return str({"active": _("有效"), "corrected": _("已被更正"), "voided": _("已作废")}[state])


def verb_of(form: Form) -> str:
    """Return what writing a record of a form is called on a button."""
    head = head_of(form)
    return say(head.verb) if head.verb is not None else say(form.title)


def pairs_of(version: FormVersion, answers: Mapping[str, Any], level: str) -> list[dict[str, Any]]:
    """Return the answers up to a class that is not confidential, as facts."""
    secret = {section.key for section in version.form.sections if section.confidential}
    return _pairs(version, answers, [f for f in version.form.fields if f.section not in secret], level)


def confidential_of(version: FormVersion, answers: Mapping[str, Any], level: str) -> list[dict[str, Any]]:
    """Return the confidential answers that may be seen, as facts."""
    secret = {section.key for section in version.form.sections if section.confidential}
    return _pairs(version, answers, [f for f in version.form.fields if f.section in secret], level)


def _pairs(
    version: FormVersion, answers: Mapping[str, Any], fields: Sequence[FormField], level: str
) -> list[dict[str, Any]]:
    return [
        {"key": say(f.label), "value": said, "is_long": f.type == "long_text"}
        for f in fields
        if visible(f.protection.value, level) and (said := say_answer(version, f, answers.get(f.key)))
    ]


def month_line(day: date) -> str:
    """Return the month of a day as a timeline heads it."""
    return str(_("%(year)s 年 %(month)s 月", year=day.year, month=day.month))


def day_line(day: date) -> str:
    """Return a day as timelines write it: 11/20."""
    return f"{day:%m/%d}"
