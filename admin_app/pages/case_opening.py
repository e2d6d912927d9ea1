"""The page that opens a case: its opening form, filled in with what is known."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from flask import Request, flash, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from wtforms import Form

from admin_app.desk import current_actor, current_policy, may, now, system_session
from admin_app.forms.definition_form import (
    make_form,
    read_answers,
    sections,
    show_computed,
    show_faults,
    written,
)
from admin_app.forms.kept_draft import Draft, draft_line, draft_url
from admin_app.forms.posted import Posted
from admin_app.pages.case_form import ADVISED, advised
from admin_app.wording import language, say
from workflows.advice import advice_before, mark_of
from workflows.candidates import choices
from workflows.clock import local_day
from workflows.engine.form import FILES, Choices, FormValidator
from workflows.engine.known import Known
from workflows.engine.page_conditions import page_conditions
from workflows.engine.published import WorkflowVersion, form_in_force, workflow_in_force
from workflows.evidence import evidence_about
from workflows.opening_view import opening_answers
from workflows.policy import Permission
from workflows.refusal import Refusal
from workflows.subjects import Subject


@dataclass(frozen=True)
class Opening:
    """A workflow about to be opened for a subject, and its opening form where it has one."""

    version: WorkflowVersion
    subject: Subject
    validator: FormValidator | None


def opening_of(session: Session, workflow: str, subject: Subject) -> Opening:
    """Return what opening asks for; raises Missing for a workflow that is not in force."""
    version = workflow_in_force(session, workflow)
    form = version.workflow.open.form
    return Opening(version, subject, form_in_force(session, form).validator if form else None)


def typed_answers(opening: Opening, posted: MultiDict[str, str]) -> dict[str, object]:
    """Return what was typed, by field."""
    return read_answers(opening.validator.definition, posted) if opening.validator is not None else {}


def opening_form(session: Session, opening: Opening, draft: Draft | None) -> dict[str, Any]:
    """Return the context of `office/form.html`, with the draft where the person left one."""
    sees = current_policy().sees(current_actor(), opening.subject.codes)
    validator = opening.validator
    answers: dict[str, Any] = {}
    if validator is not None:
        answers = opening_answers(session, system_session("evidence"), validator, opening.subject, sees, now())
    form = _form(session, opening, answers, MultiDict(draft[1]) if draft else None)
    return {"form": Posted(form, uuid.uuid4().hex), "screen": _screen(session, opening, form, draft_line(draft))}


def advised_opening(session: Session, opening: Opening, request: Request) -> dict[str, Any] | None:
    """Return the page once more with what the form advises, None where it advises nothing that was not read."""
    if opening.validator is None or not opening.validator.definition.advise:
        return None
    sees = current_policy().sees(current_actor(), opening.subject.codes)
    typed, facts = typed_answers(opening, request.form), opening.subject.facts()
    said = advice_before(system_session(), opening.validator, typed, facts, now(), sees, _at_hand(opening))
    if not said or mark_of(said) == request.form.get(ADVISED, ""):
        return None
    form = _form(session, opening, {}, request.form)
    return {"form": Posted(form, uuid.uuid4().hex), "screen": advised(_screen(session, opening, form, ""), said)}


def refused_opening(session: Session, opening: Opening, request: Request, refusal: Refusal) -> dict[str, Any]:
    """Return the page again with everything typed and the faults beside their fields."""
    form = _form(session, opening, {}, request.form)
    show_faults(form, refusal.faults)
    if not any(key.split("-")[0] in form for key in refusal.faults):
        flash(say(refusal.message), "bad")
    return {"form": Posted(form, uuid.uuid4().hex), "screen": _screen(session, opening, form, "")}


def _form(session: Session, opening: Opening, answers: dict[str, Any], posted: MultiDict[str, str] | None) -> Form:
    if opening.validator is None:
        return Form()
    validator, at_hand = opening.validator, _at_hand(opening)
    form = make_form(validator, answers, posted, at_hand)
    on_page = {key: written(value) for key, value in answers.items()}
    raw = on_page if posted is None else read_answers(validator.definition, posted)
    sees = current_policy().sees(current_actor(), opening.subject.codes)
    facts = _facts(session, opening, validator) if validator.computes else {}
    show_computed(form, validator, raw, facts, now=now(), sees=sees, at_hand=at_hand)
    return form


def _facts(session: Session, opening: Opening, validator: FormValidator) -> Known:
    """Return the facts by which the operation will judge the form."""
    subject = opening.subject
    everything, day = system_session("evidence"), local_day(now())
    return subject.facts() | evidence_about(validator.names, session, everything, subject.child_id, None, day)


def _conditions(session: Session, opening: Opening) -> dict[str, Any] | None:
    if opening.validator is None or not opening.validator.judges:
        return None
    sees = current_policy().sees(current_actor(), opening.subject.codes)
    require = opening.version.workflow.open.require
    return page_conditions(
        opening.validator,
        _facts(session, opening, opening.validator),
        now=now(),
        sees=sees,
        require=require,
        choices=_at_hand(opening),
        language=language(),
    )


def _at_hand(opening: Opening) -> Choices:
    fields = opening.validator.definition.fields if opening.validator is not None else ()
    return choices(system_session(), fields, opening.subject.codes, local_day(now()), current_policy(), {})


def _back(subject: Subject) -> str:
    if subject.kind == "child":
        return url_for("children.details_view", id=subject.id)
    if not may(Permission.PLACE_READ):
        return url_for("inspections.places")
    return url_for("places.details_view", id=subject.id)


def _screen(session: Session, opening: Opening, form: Form, line: str) -> dict[str, Any]:
    workflow, subject = opening.version.workflow, opening.subject
    path = url_for("case_opening.ask", workflow=workflow.key, kind=subject.kind, number=subject.id)
    back = _back(subject)
    definition = opening.validator.definition if opening.validator is not None else None
    return {
        "title": f"{say(workflow.title)} · {subject.name}",
        "subtitle": say(definition.title) if definition else "",
        "back_url": back,
        "cancel_url": back,
        "action": path,
        "draft_url": draft_url(path),
        "draft_line": line,
        "conditions": _conditions(session, opening),
        "is_upload": definition is not None and any(f.type in FILES for f in definition.fields),
        "sections": sections(definition, form, in_circle=workflow.confidential) if definition else [],
        "note": say(definition.help) if definition else "",
        "verbs": [{"label": _("发起"), "is_primary": True, "icon": "check"}],
    }
