"""The notice that goes to all places of a draw at once."""

from __future__ import annotations

import uuid
from typing import Any

from flask import Request, flash, url_for
from flask_babel import gettext as _
from wtforms import Form

from admin_app.desk import current_actor, current_policy, now, system_session
from admin_app.forms.definition_form import make_form, sections, show_faults
from admin_app.forms.posted import Posted
from admin_app.wording import say
from models.draw import PlaceDraw
from workflows.candidates import choices
from workflows.clock import local_day
from workflows.engine.form import FormValidator
from workflows.engine.published import form_in_force, workflow_in_force
from workflows.inspections import INSPECTION
from workflows.operations.draw import candidates_of
from workflows.policy import Permission as P
from workflows.refusal import Missing, Refusal
from workflows.text import text

DRAWN_HOW = "drawn_how"  # the program says it itself


def may_notify(draw: PlaceDraw) -> bool:
    """Tell whether the person may open inspections from a draw."""
    return current_policy().post_for(current_actor(), P.INSPECTION_DRAW, draw.level_codes) is not None


def notice_page(draw: PlaceDraw, request: Request | None = None, refusal: Refusal | None = None) -> dict[str, Any]:
    """Return the context of `office/form.html`: one notice for all drawn places."""
    validator = notice_form()
    form = _form(draw, validator, request)
    if refusal is not None:
        show_faults(form, refusal.faults)
        if not any(key.split("-")[0] in form for key in refusal.faults):
            flash(say(refusal.message), "bad")
    if DRAWN_HOW in form:
        del form[DRAWN_HOW]
    back = url_for("inspections.draw", draw=draw.number)
    names = str(_("、")).join(one.name for code in draw.drawn for one in candidates_of(draw) if one.code == code)
    return {
        "form": Posted(form, uuid.uuid4().hex),
        "screen": {
            "title": f"{_('发起督查')} · {draw.number}",
            "subtitle": say(validator.definition.title),
            "back_url": back,
            "cancel_url": back,
            "action": url_for("inspections.begin", draw=draw.number),
            "facts": [
                {"key": _("抽中"), "value": names},
                {"key": _("抽取"), "value": {"text": draw.number, "url": back, "sub": _("种子和报数写入通知")}},
            ],
            "facts_title": _("同一份通知发给抽中的单位"),
            "sections": sections(validator.definition, form),
            "note": _("每个抽中的单位各发起一件，已发起的不重复"),
            "verbs": [{"label": _("发起 %(n)s 件", n=len(draw.drawn)), "is_primary": True, "icon": "check"}],
        },
    }


def notice_form() -> FormValidator:
    """Return the form of the notice; raises Missing where the workflow asks for none."""
    session = system_session()
    form = workflow_in_force(session, INSPECTION).workflow.open.form
    if form is None:
        raise Missing("no_form", text("督查没有通知表单"))
    return form_in_force(session, form).validator


def _form(draw: PlaceDraw, validator: FormValidator, request: Request | None) -> Form:
    fields = validator.definition.fields
    at_hand = choices(system_session(), fields, draw.level_codes, local_day(now()), current_policy(), {})
    return make_form(validator, {}, request.form if request is not None else None, at_hand)
