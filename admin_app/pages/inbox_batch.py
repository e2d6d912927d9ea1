"""Deciding several cases at once: which steps they have in common, for whom they are allowed, what came of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask import flash, url_for
from flask_babel import gettext as _
from sqlalchemy import select

from admin_app.desk import current_actor, current_policy, now, perform, read_session, system_session
from admin_app.pages.case import state_tag
from admin_app.pages.case_ask import STYLES
from admin_app.wording import say
from models.case import Case
from models.database import OfficeSession
from workflows.engine.allowed import Option
from workflows.engine.definition import ANY_VISITED
from workflows.engine.published import workflow_version
from workflows.engine.vocabulary import Verb
from workflows.many_views import Choices, choices_in
from workflows.operations.case import Request, act_on_case
from workflows.operations.verbs import Asking, use_verb
from workflows.policy import Permission as P
from workflows.refusal import Missing, Refusal
from workflows.text import text

MOST_AT_ONCE = 50
LONGEST_KEY = 40
ASKED_FOR = ("opinion", "reason")


@dataclass(frozen=True)
class Step:
    """A step that several cases have in common: the cases that may take it, and why the others may not."""

    key: str
    label: str
    kind: str
    confirm: str
    asks: tuple[str, ...]
    allowed: list[Choices] = field(default_factory=list)
    refused: list[tuple[Choices, str]] = field(default_factory=list)


def check_page(ids: Sequence[int], wanted: str, key: str, fault: str = "") -> dict[str, Any]:
    """Return the context of `inbox/check.html`: the groups that rows fall into, or the verdicts on one group.

    `wanted` is the step looked at; `fault` says what is missing. Raises Missing where the person sees none of the rows.
    """
    session = read_session(P.CASE_LIST)
    cases = _seen(session, ids)
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault((case.workflow, case.state), []).append(case)
    if len(groups) > 1:
        return {"groups": [_group(session, found) for found in groups.values()], "steps": [], "step": None, "key": key}
    steps = _steps(session, cases)
    step = next((one for one in steps if one.key == wanted), None) or next(iter(steps), None)
    return {
        "groups": [],
        "group": _group(session, cases),
        "steps": [{"key": s.key, "label": s.label, "n": len(s.allowed), "is_current": s is step} for s in steps],
        "step": step and _shown(step),
        "key": key,
        "fault": fault,
    }


def _seen(session: OfficeSession, ids: Sequence[int]) -> list[Case]:
    found = {case.id: case for case in session.scalars(select(Case).where(Case.id.in_(ids)))}
    if not found:
        raise Missing("not_found", text("没有这条记录"))
    return [found[number] for number in ids if number in found]


def _group(session: OfficeSession, cases: Sequence[Case]) -> dict[str, Any]:
    workflow = workflow_version(session, cases[0].definition_id).workflow
    return {
        "workflow": say(workflow.title),
        "state": state_tag(workflow, cases[0].state),
        "ids": [str(case.id) for case in cases],
    }


def _steps(session: OfficeSession, cases: Sequence[Case]) -> list[Step]:
    """Return the steps without a form that at least one of the cases may take, the one that takes them on first."""
    steps: dict[str, Step] = {}
    everything, actor, policy = system_session("evidence"), current_actor(), current_policy()
    for view in choices_in(session, everything, actor, policy, cases, now()):
        for option in view.options:
            asks = view.version.workflow.requires(option.transition, view.case.state)
            if option.definition.form or option.definition.target == ANY_VISITED or not {*asks} <= {*ASKED_FOR}:
                continue
            step = steps.setdefault(option.transition, _step(option, asks))
            if option.is_allowed:
                step.allowed.append(view)
            else:
                step.refused.append((view, say(option.reason)))
    return sorted((step for step in steps.values() if step.allowed), key=lambda step: step.kind != "primary")


def _step(option: Option, asks: tuple[str, ...]) -> Step:
    found = option.definition
    return Step(option.transition, say(found.label), STYLES[found.style], say(found.confirm), asks)


def _shown(step: Step) -> dict[str, Any]:
    return {
        "key": step.key,
        "label": step.label,
        "kind": step.kind,
        "confirm": step.confirm,
        "asks": step.asks,
        "allowed": [_named(view) | {"seen": f"{view.case.id}:{view.case.rev}"} for view in step.allowed],
        "refused": [_named(view) | {"reason": reason} for view, reason in step.refused],
    }


def _named(view: Choices) -> dict[str, Any]:
    number = view.case.number
    return {"number": number, "title": view.subject.name, "url": url_for("cases.show", number=number)}


def decide(seen: Mapping[int, int], transition: str, answers: Mapping[str, str], key: str) -> dict[str, Any]:
    """Take a step in each case, each in a transaction of its own, and return the context of `inbox/outcome.html`.

    `seen` tells the revision that each case had on the page. The same key has one effect however often it is sent.
    """
    session = read_session(P.CASE_LIST)
    found = [(case.id, case.number) for case in _seen(session, list(seen))]
    done, refused = [], []
    for number_of_row, number in found:
        asked = Request(transition, seen[number_of_row], dict(answers), key=_key(key, number_of_row))
        line: dict[str, Any] = {"number": number, "url": url_for("cases.show", number=number)}
        try:
            moved = perform(act_on_case, P.CASE_ACT, number, asked)
        except Refusal as refusal:
            refused.append(line | {"reason": _why(refusal)})
        else:
            done.append(line | {"state": moved.to_state})
    return {"done": _said(done), "refused": refused}


def _said(done: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    session = read_session(P.CASE_LIST)
    lines = {line["number"]: line for line in done}
    cases = {case.number: case for case in session.scalars(select(Case).where(Case.number.in_(lines)))}
    for number, line in lines.items():
        case = cases.get(number)
        workflow = workflow_version(session, case.definition_id).workflow if case is not None else None
        line["tag"] = state_tag(workflow, line["state"]) if workflow is not None else None
    return list(lines.values())


def claim(ids: Sequence[int], key: str) -> None:
    """Claim each case for the person, each in a transaction of its own, and tell on the next page what came of it."""
    session = read_session(P.CASE_LIST)
    found = [(case.id, case.number) for case in _seen(session, ids)]
    claimed = 0
    for number_of_row, number in found:
        try:
            perform(use_verb, P.CASE_ACT, number, Verb.CLAIM, Asking(key=_key(key, number_of_row)))
            claimed += 1
        except Refusal as refusal:
            flash(_("%(number)s 没有认领：%(why)s", number=number, why=_why(refusal)), "warn")
    if claimed:
        flash(_("已认领 %(n)s 件，在“待办”里。", n=claimed), "ok")


def _key(key: str, row: int) -> str:
    return f"{key[:LONGEST_KEY]}:{row}"


def _why(refusal: Refusal) -> str:
    return say(next(iter(refusal.faults.values()), None) or refusal.message)
