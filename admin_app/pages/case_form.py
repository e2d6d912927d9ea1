"""The form of a transition: known answers or a draft, sections, what saving does, and faults after a refusal."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Request, flash, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import Form

from admin_app.desk import current_policy, now, system_session
from admin_app.forms.definition_form import (
    make_form,
    read_answers,
    sections,
    show_computed,
    show_faults,
    written,
)
from admin_app.forms.fact_form import KEEP
from admin_app.forms.kept_draft import Draft, draft_line, draft_url
from admin_app.forms.posted import Posted
from admin_app.pages.case import shown_fact
from admin_app.pages.case_ask import STYLES, behalf_line
from admin_app.wording import language, say, say_moment
from workflows.advice import advice_before, mark_of
from workflows.candidates import choices
from workflows.case_view import CaseView, known_answers
from workflows.clock import local_day
from workflows.engine.allowed import Option
from workflows.engine.case_facts import case_facts, known_facts
from workflows.engine.form import FILES, Choices, FormValidator
from workflows.engine.known import Known
from workflows.engine.page_conditions import page_conditions
from workflows.engine.vocabulary import Label
from workflows.evidence import evidence_about
from workflows.fields import stored
from workflows.refusal import Refusal, Stale

ADVISED = "advised"  # the hidden field that says which advice was read


def case_form(
    session: Session, view: CaseView, option: Option, validator: FormValidator, draft: Draft | None
) -> dict[str, Any]:
    """Return the page of a transition's form, with the draft where the person left one."""
    answers = known_answers(session, system_session("evidence"), view, validator, now())
    posted: MultiDict[str, str] | None = MultiDict(draft[1]) if draft else None
    form = _bound(session, view, validator, answers, posted)
    screen = _screen(session, view, option, validator, form, draft_line(draft))
    return {"form": Posted(form, uuid.uuid4().hex), "screen": screen}


def advised(screen: dict[str, Any], said: tuple[Label, ...]) -> dict[str, Any]:
    """Return a form's screen with what the form advises, and the verb that goes on all the same."""
    verb = screen["verbs"][0]
    again = verb | {"label": _("仍要%(verb)s", verb=verb["label"])}
    return screen | {"advice": [say(one) for one in said], "advised": mark_of(said), "verbs": [again]}


def advised_form(
    session: Session, view: CaseView, option: Option | None, validator: FormValidator | None, request: Request
) -> dict[str, Any] | None:
    """Return the page once more with what the form advises, None where it advises nothing that was not read."""
    if option is None or not option.is_allowed or validator is None or not validator.definition.advise:
        return None
    typed, at_hand = chosen_answers(session, view, validator, request), _at_hand(session, view, validator)
    said = advice_before(system_session(), validator, typed, view.subject.facts(), now(), view.sees, at_hand)
    if not said or mark_of(said) == request.form.get(ADVISED, ""):
        return None
    form = _bound(session, view, validator, {}, request.form)
    screen = advised(_screen(session, view, option, validator, form, ""), said)
    return {"form": Posted(form, uuid.uuid4().hex), "screen": screen}


def refused_form(
    session: Session, view: CaseView, option: Option, validator: FormValidator, request: Request, refusal: Refusal
) -> dict[str, Any]:
    """Return the page again with everything typed, the faults beside their fields, or who was faster."""
    form = _bound(session, view, validator, {}, request.form)
    show_faults(form, refusal.faults)
    screen = _screen(session, view, option, validator, form, "")
    if isinstance(refusal, Stale):
        screen["stale"] = _stale(view, validator, form, request)
    elif not any(key.split("-")[0] in form for key in refusal.faults):
        flash(say(refusal.message), "bad")
    return {"form": Posted(form, uuid.uuid4().hex), "screen": screen}


def _bound(
    session: Session,
    view: CaseView,
    validator: FormValidator,
    answers: Mapping[str, Any],
    posted: MultiDict[str, str] | None,
) -> Form:
    """Return the form with what was posted, or else the answers known so far, and what is computed from them."""
    at_hand = _at_hand(session, view, validator)
    form = make_form(validator, answers, posted, at_hand)
    on_page = {key: written(value) for key, value in answers.items()}
    raw = on_page if posted is None else read_answers(validator.definition, posted)
    facts = _facts(session, view, validator) if validator.computes else {}
    show_computed(form, validator, raw, facts, now=now(), sees=view.sees, at_hand=at_hand)
    return form


def _at_hand(session: Session, view: CaseView, validator: FormValidator) -> Choices:
    facts = {f"case.{key}": value for key, value in known_facts(session, view.case, view.version, "P0").items()}
    fields, codes = validator.definition.fields, view.subject.codes
    return choices(system_session(), fields, codes, local_day(now()), current_policy(), facts)


def _conditions(session: Session, view: CaseView, option: Option, validator: FormValidator) -> dict[str, Any] | None:
    """Return the form's conditions for the page, with the facts that the operation will judge them by."""
    if not validator.judges:
        return None
    return page_conditions(
        validator,
        _facts(session, view, validator),
        now=now(),
        sees=view.sees,
        require=option.definition.require,
        choices=_at_hand(session, view, validator),
        language=language(),
    )


def _facts(session: Session, view: CaseView, validator: FormValidator) -> Known:
    """Return the facts by which the operation will judge the form."""
    facts = view.subject.facts() | case_facts(session, view.case, view.version)
    everything, day = system_session("evidence"), local_day(now())
    return facts | evidence_about(validator.names, session, everything, view.case.child_id, view.case, day)


def _stale(view: CaseView, validator: FormValidator, form: Form, request: Request) -> dict[str, Any]:
    last = view.moves[-1]
    theirs = view.subject.facts()
    mine = read_answers(validator.definition, request.form)
    rows = [
        {"key": f.key, "field": say(f.label), "theirs": shown, "mine": _word(form, f.key, mine.get(f.key, ""))}
        for f in validator.definition.fields
        # Protected values stand in part here as on every page; what is above the person's class is left out.
        if f.bind and isinstance(shown := shown_fact(f.bind, theirs.get(f.bind, ""), view.sees), str)
        if f.value is None and (stored(theirs.get(f.bind)) or "") != str(mine.get(f.key, ""))
    ]
    return {
        "person": last.actor_name,
        "when": say_moment(last.at),
        "rows": rows,
        "reload_url": url_for("cases.show", number=view.case.number),
    }


def _word(form: Form, key: str, typed: object) -> str:
    """Return what was typed as people read it: of a choice its label."""
    labels = {value: label for value, label, *_rest in getattr(form[key], "choices", None) or ()}
    return str(labels.get(typed, typed))


def chosen_answers(session: Session, view: CaseView, validator: FormValidator, request: Request) -> dict[str, object]:
    """Return what was typed, and where the person chose so on a stale form what somebody else saved meanwhile."""
    typed = read_answers(validator.definition, request.form)
    theirs = [key for key in typed if request.form.get(f"{KEEP}{key}") == "theirs"]
    known = known_answers(session, system_session("evidence"), view, validator, now()) if theirs else {}
    return typed | {key: written(known[key]) for key in theirs if key in known}


def _screen(
    session: Session, view: CaseView, option: Option, validator: FormValidator, form: Form, line: str
) -> dict[str, Any]:
    number, transition = view.case.number, option.transition
    back = url_for("cases.show", number=number)
    path = url_for("cases.take", number=number, transition=transition)
    name = view.subject.name
    label = say(option.definition.label)
    return {
        "title": f"{say(validator.definition.title)} · {name}",
        "subtitle": " · ".join(filter(None, (number, behalf_line(option.behalf)))),
        "back_url": back,
        "cancel_url": back,
        "action": path,
        "draft_url": draft_url(path),
        "draft_line": line,
        "sections": sections(validator.definition, form, in_circle=view.version.workflow.confidential),
        "conditions": _conditions(session, view, option, validator),
        "version": view.case.rev,
        "is_upload": any(f.type in FILES for f in validator.definition.fields),
        "note": say(validator.definition.help),
        "verbs": [
            {
                "label": label,
                "is_primary": option.definition.style != "danger",
                "kind": STYLES[option.definition.style],
                "icon": "arrow-back-up" if option.definition.style == "danger" else "check",
            }
        ],
    }
