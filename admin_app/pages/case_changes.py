"""The tab 变更 of a case: what the trail says was changed, field by field, as far as the person sees the fields."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.desk import trail_session
from admin_app.pages.answer_trail import answer_label, answer_words, field_answered
from admin_app.pages.child_changes import fact_of, value_word
from admin_app.pages.record_trail import FormNumber, field_label, form_number, forms_told, value_words
from admin_app.shell import role_word
from admin_app.wording import say, say_moment
from models.audit import AuditEvent
from models.database import OfficeSession
from models.reports.audit_trail import changes_of_case
from models.vault import SealBroken, learn_keys
from workflows.audit import body_of, open_value
from workflows.audit_words import LISTS_TAKEN, READS, action_word
from workflows.case_view import CaseView
from workflows.engine.published import FormVersion
from workflows.fields import visible

PAGE = 20


@dataclass(frozen=True)
class ChangesPart:
    """The cards of a page of changes, and the links to the other pages."""

    cards: list[dict[str, Any]]
    links: list[dict[str, Any]]


@dataclass(frozen=True)
class _Told:
    """An entry of the trail with what it tells and what is needed to say it in words."""

    session: OfficeSession
    view: CaseView
    event: AuditEvent
    body: Mapping[str, Any]
    form: FormVersion | None


def changes_part(view: CaseView, before: int | None) -> ChangesPart:
    """Return the changes older than the entry `before`, newest first; looks at the case are not among them."""
    trail = trail_session()
    events = changes_of_case(trail, view.case.id, (*READS, *LISTS_TAKEN), before=before, limit=PAGE + 1)
    shown = events[:PAGE]
    bodies = {event.id: body_of(trail, event) for event in shown}
    learn_keys(trail, [body["owner"] for body in bodies.values() if body["owner"]])
    forms = forms_told(trail, [body["facts"] for body in bodies.values()])
    told = [_Told(trail, view, event, bodies[event.id], _form(forms, bodies[event.id])) for event in shown]
    cards = [_card(one) for one in told] or [_nothing()]
    return ChangesPart(cards, _links(view, shown, before, has_more=len(events) > PAGE))


def _form(forms: Mapping[FormNumber, FormVersion], body: Mapping[str, Any]) -> FormVersion | None:
    return forms.get(form_number(body["facts"]) or ("", 0))


def _nothing() -> dict[str, Any]:
    return {"title": _("变更"), "empty": {"icon": "history", "title": _("没有更早的变更")}}


def _links(view: CaseView, shown: Sequence[AuditEvent], before: int | None, *, has_more: bool) -> list[dict[str, Any]]:
    def url(**more: Any) -> str:
        return url_for("cases.show", number=view.case.number, tab="changes", **more)

    links = [{"label": _("最新的变更"), "url": url()}] if before is not None else []
    return links + ([{"label": _("更早的变更"), "url": url(before=shown[-1].id)}] if has_more else [])


def _card(told: _Told) -> dict[str, Any]:
    event = told.event
    who = f"{event.actor_name or _('系统')} {role_word(event.role)}".strip()
    facts = [{"key": key, "value": value} for key, value in _pairs(told) if value]
    diff = [_difference(told, change) for change in told.body["changes"]]
    card: dict[str, Any] = {"title": _title(told), "sub": f"{who} · {say_moment(event.at)}", "shape": "list"}
    return card | ({"facts": facts} if facts else {}) | ({"diff": diff} if diff else {})


def _title(told: _Told) -> str:
    transition = told.view.version.workflow.transitions.get(told.body["facts"].get("transition", ""))
    if transition is not None and transition.label is not None:
        return say(transition.label)
    word = say(action_word(told.event.action).word)
    return f"{word} · {say(told.form.form.title)}" if told.form is not None else word


def _pairs(told: _Told) -> list[tuple[str, str | None]]:
    states, facts = told.view.version.workflow.states, told.body["facts"]
    came, went = (say(states[key].label) if (key := facts.get(side)) in states else "" for side in ("from", "to"))
    moved = f"{came} → {went}" if came and went and came != went else went
    return [(_("环节"), moved), (_("原因"), _reason(told))]


def _reason(told: _Told) -> str | None:
    try:
        return open_value(told.session, told.event.id, "reason", told.body["reason"])
    except SealBroken:
        return str(_("已清除"))


def _difference(told: _Told, change: Mapping[str, Any]) -> dict[str, Any]:
    label = _label(told, change["field"])
    if not visible(change["class"], told.view.sees):
        return {"field": label, "secret": _("内容保密")}
    try:
        old, new = (_opened(told, change, side) for side in ("old", "new"))
    except SealBroken:
        return {"field": label, "secret": _("已清除")}
    return {"field": label, "old": _words(told, change, old), "new": _words(told, change, new)}


def _opened(told: _Told, change: Mapping[str, Any], side: str) -> str | None:
    return open_value(told.session, told.event.id, f"{change['field']}.{side}", change[side])


def _label(told: _Told, field: str) -> str:
    answered = field_answered(told.view.version, field)
    if answered is not None:
        return answer_label(answered)
    if told.form is not None:
        return field_label(told.form, field)
    if told.event.subject_type == "attachment":
        return str(_("附件"))
    fact = fact_of(told.event.subject_type, field)
    return say(fact.label) if fact else field


def _words(told: _Told, change: Mapping[str, Any], value: str | None) -> str | None:
    if value is None:
        return None
    answered = field_answered(told.view.version, change["field"])
    if answered is not None:
        return answer_words(answered, value)
    if told.form is not None:
        return value_words(told.form, change["field"], value)
    if told.event.subject_type == "attachment":
        return value
    return value_word(fact_of(told.event.subject_type, change["field"]), change["class"], value)
