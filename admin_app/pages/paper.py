"""What stands on papers that people sign: the pledge of a pairing, with its duties from the form in force."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, now
from admin_app.pages.case import place_line
from admin_app.pages.case_words import say_answer
from admin_app.shell import present_term, term_label
from admin_app.wording import language, say, say_moment
from models.case import CaseParticipant
from models.place import Place
from workflows.case_view import CaseView
from workflows.engine.case_facts import known_facts
from workflows.engine.published import form_in_force
from workflows.refusal import Missing
from workflows.text import text

PLEDGE, SIDES = "pledge", 2


def pledge_page(session: Session, view: CaseView) -> dict[str, Any]:
    """Return the context of `papers/pledge.html`: both copies; raises Missing for a case that signs no pledge.

    Before it is signed every duty has an empty box, afterwards those taken on are ticked.
    """
    workflow = view.version.workflow
    if view.child is None or PLEDGE not in {step.form for step in workflow.transitions.values()}:
        raise Missing("no_pledge", text("这件事项没有责任书"))
    known = known_facts(session, view.case, view.version, min(view.sees, "P1"))
    duties = form_in_force(session, PLEDGE).form.field("duties")
    taken = known.get("duties") or []
    items = duties.options.items if duties.options is not None else ()
    kind, goal = view.version.fields.get("kind"), known.get("term_goal")
    term = present_term()
    paper = {
        "number": view.case.number,
        "term": term_label(term) if term is not None else "",
        "school": _school(session, view),
        "helper": _helper(session, view) or known.get("helper_name") or "",
        "kind": say_answer(kind, known["kind"], {}) if kind is not None and known.get("kind") else "",
        "child": view.child.name,
        "class": place_line(session, view.case),
        "goal": goal or "",
        "duties": [{"label": item.label.say(language()), "is_taken": item.value in taken} for item in items],
        "printed": _("打印：%(who)s %(when)s", who=current_actor().name, when=say_moment(now())),
    }
    return {
        "title": f"{say(workflow.title)} · {_('责任书')}",
        "paper": paper,
        "copies": [(n, n == 1) for n in range(1, SIDES + 1)],
        "back_url": url_for("cases.show", number=view.case.number),
    }


def _helper(session: Session, view: CaseView) -> str:
    part = (CaseParticipant.case_id == view.case.id, CaseParticipant.relation == "helper")
    return session.scalar(select(CaseParticipant.name).where(*part).order_by(CaseParticipant.id.desc()).limit(1)) or ""


def _school(session: Session, view: CaseView) -> str:
    return session.scalar(select(Place.name).where(Place.code == view.case.school_code)) or ""
