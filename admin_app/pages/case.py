"""What the page of a case shows: head, steps, form or record, timeline, diagram and the verbs at the bottom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.pages.case_ask import STYLES, asks_more
from admin_app.pages.case_reach import draw_link
from admin_app.pages.place import title_of
from admin_app.shell_year import school_year_shown
from admin_app.wording import language, say, say_moment, say_short, say_time
from models.case import CaseMove
from models.place import Place
from models.scope import NO_PLACE, Placed
from workflows.case_view import CaseView
from workflows.engine.allowed import Option
from workflows.engine.definition import Workflow
from workflows.engine.diagram import Move, draw
from workflows.engine.form import FormValidator
from workflows.engine.machine import WITHDRAWN
from workflows.fields import CHILD, RELATIVE, Fact, stored, visible
from workflows.mask import masked
from workflows.reading import code_list

STATE_KINDS = {"neutral": "neutral", "info": "info", "warn": "warn", "ok": "ok", "bad": "bad"}
MOVE_ICONS = {"primary": "circle-check", "danger": "arrow-back-up", "plain": "arrow-right"}


def state_tag(workflow: Workflow, state: str) -> dict[str, str]:
    """Return the tag of a state."""
    found = workflow.states[state]
    return {"kind": STATE_KINDS[found.tag], "word": say(found.label)}


def steps(workflow: Workflow, state: str, moves: Sequence[CaseMove]) -> list[dict[str, Any]]:
    """Return the step bar: states with a step number, the latest visit beside those that are done."""
    bar: dict[int, str] = {}
    for key, found in workflow.states.items():
        if found.step is not None and (found.step not in bar or key == state):
            bar[found.step] = key
    here = workflow.states[state].step or max(bar, default=0) + 1
    return [
        {
            "label": say(workflow.states[key].label),
            "state": _progress(workflow, number, here, key, state),
            "note": _visit(moves, key),
        }
        for number, key in sorted(bar.items())
    ]


def _progress(workflow: Workflow, number: int, here: int, key: str, state: str) -> str:
    if key == state and workflow.states[key].kind != "end":
        return "current"
    return "done" if number < here or key == state else "todo"


def _visit(moves: Sequence[CaseMove], state: str) -> str:
    left = [move for move in moves if move.from_state == state]
    reached = [move for move in moves if move.to_state == state]
    last = (left or reached)[-1] if left or reached else None
    return f"{last.actor_name} {say_short(last.at)}" if last else ""


def timeline(
    workflow: Workflow,
    moves: Sequence[CaseMove],
    reasons: Mapping[int, str | None],
    signatures: Mapping[int, str] | None = None,
) -> list[dict[str, Any]]:
    """Return the moves, newest first; `signatures` are the addresses of what was signed with a move."""
    return [
        {
            "when": say_short(move.at),
            "time": say_time(move.at),
            "icon": MOVE_ICONS[_style(workflow, move)],
            "kind": "bad" if _style(workflow, move) == "danger" else "ok",
            "title": _title(workflow, move),
            "who": move.actor_name,
            "text": reasons.get(move.id),
            "signature_url": (signatures or {}).get(move.id),
            "tags": [state_tag(workflow, move.to_state)],
        }
        for move in reversed(moves)
    ]


def _style(workflow: Workflow, move: CaseMove) -> str:
    transition = workflow.transitions.get(move.transition)
    return transition.style if transition else "plain"


def _title(workflow: Workflow, move: CaseMove) -> str:
    transition = workflow.transitions.get(move.transition)
    if move.transition == WITHDRAWN:
        return str(_("撤回"))
    return say(transition.label) if transition and transition.label else _("发起")


def notice(view: CaseView, reasons: Mapping[int, str | None]) -> dict[str, Any] | None:
    """Return why the case was sent back, for the top of the page, while it still stands there."""
    last = view.moves[-1] if view.moves else None
    if last is None or not reasons.get(last.id) or _style(view.version.workflow, last) != "danger":
        return None
    title = _title(view.version.workflow, last)
    return {"title": title, "who": f"{last.actor_name} {say_short(last.at)}", "text": reasons[last.id]}


def verbs(view: CaseView) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Return the allowed verbs for the action bar, the pressing ones first, and the refused ones with their reasons."""
    met = _met(view)
    by_met = sorted(view.options, key=lambda option: option.transition in met)
    allowed = [_verb(view, option, option.transition in met) for option in by_met if option.is_allowed]
    refused = [
        {"label": say(option.definition.label), "reason": say(option.reason)}
        for option in view.options
        if not option.is_allowed and option.code != "not_your_part"
    ]
    return sorted(allowed, key=lambda verb: verb["kind"] != "primary"), refused


def _met(view: CaseView) -> set[str]:
    """Return the transitions that met their limit already; to take them again presses nobody."""
    taken = {move.transition for move in view.moves}
    return {key for limit in view.version.workflow.limits.values() for key in limit.met} & taken


def _verb(view: CaseView, option: Option, is_met: bool) -> dict[str, Any]:
    style = STYLES["plain" if is_met else option.definition.style]
    found = {"label": say(option.definition.label), "kind": style}
    url = url_for("cases.act", number=view.case.number, transition=option.transition)
    if option.definition.form:
        return found | {"url": url}
    if asks_more(view, option):
        return found | {"url": url, "is_modal": True}
    return found | {"confirm": f"confirm-{option.transition}", "own_page": url}


def diagram(view: CaseView) -> Markup:
    """Return the workflow's picture with the path taken and the present state lit."""
    path = [Move(m.from_state or "", m.transition, m.to_state) for m in view.moves]
    return Markup(draw(view.version.workflow, current=view.case.state, moves=path, language=language()))  # noqa: S704


def head_facts(view: CaseView, place: str, pairs: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """Return the short facts below the case's title: the subject, what stands for the case in lists, who opened it."""
    child = view.child
    facts: list[dict[str, Any]] = []
    if child is not None:
        url = url_for("children.details_view", id=child.id)
        facts = [{"key": _("儿童"), "value": {"text": child.name, "url": url}}, {"key": _("学校班级"), "value": place}]
    elif view.case.class_code != NO_PLACE:
        facts = [{"key": _("学校班级"), "value": place}]
    if (draw := draw_link(view.case)) is not None:
        pairs = [*pairs, {"key": _("抽取"), "value": draw}]
    opener = view.moves[0].actor_name if view.moves else ""
    return [
        *facts,
        *pairs,
        {"key": _("发起"), "value": f"{opener} {say_moment(view.case.opened_at)}"},
        {"key": _("定义"), "value": _("第 %(n)s 版", n=view.version.number)},
    ]


def subject_cards(view: CaseView, validator: FormValidator | None) -> list[dict[str, Any]]:
    """Return the facts of the subject that the workflow's form asks for, section by section, as far as one may see."""
    if validator is None:
        return []
    form, facts = validator.definition, view.subject.facts()
    cards = []
    for section in form.sections:
        pairs = [
            {"key": say(field.label), "value": shown_fact(field.bind, facts.get(field.bind), view.sees)}
            for field in form.fields
            if field.section == section.key and field.bind
        ]
        if pairs:
            cards.append({"title": say(section.title), "facts": pairs, "shape": "grid"})
    return cards


def shown_fact(bind: str, value: Any, sees: str) -> Any:
    """Return a bound fact as a page shows it to a person of a field class: in words, in part, or not at all."""
    fact = _fact(bind)
    if value is None:
        return None
    if not visible(fact.protection, sees):
        return {"secret": _("内容保密")}
    if fact.protection == "P2":
        return masked(fact, value)
    return say_value(fact, value)


def _fact(bind: str) -> Fact:
    subject, key = bind.split(".")
    if key in ("call_first", "call_next"):
        return RELATIVE["slot"]
    return CHILD[key] if subject == "child" else RELATIVE[key]


def say_value(fact: Fact, value: Any) -> str:
    """Return a stored value in words: the label of a code, yes or no, an ISO date, or the text itself."""
    written = stored(value) or ""
    if fact.kind == "yes_no":
        return str(_("是") if written == "true" else _("否"))
    words = code_list(fact.code_list) if fact.code_list else {}
    return say(words[written]) if written in words else written


def place_line(session: Session, row: Placed) -> str:
    """Return school and class of a row as people say them, the class by its grade of the present school year."""
    codes = [code for code in (row.school_code, row.class_code) if code != NO_PLACE]
    places = {place.code: place for place in session.scalars(select(Place).where(Place.code.in_(codes)))}
    year = school_year_shown()
    return " ".join(title_of(places[code], places, year) for code in codes if code in places)
