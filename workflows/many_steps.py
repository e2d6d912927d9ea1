"""Tells which transitions may be taken in many cases at once, and what they ask once for all of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from workflows.actor import Actor
from workflows.engine.allowed import post_named
from workflows.engine.definition import ANY_VISITED
from workflows.engine.published import FormVersion, WorkflowVersion, form_in_force
from workflows.refusal import Refusal, Words
from workflows.text import text
from workflows.verdicts import Said

SAID = ("opinion", "reason")  # what may be said with a transition that has no form
LONGEST_SAID = 1_000  # letters
# What is answered for one case and not for many alike.
OWN = frozenset({"photo", "file", "rows", "person", "place", "phone", "id_number"})


def takes(actor: Actor, version: WorkflowVersion, transition: str, states: Collection[str]) -> bool:
    """Tell whether one of a person's posts is meant by a transition at all; for which case is judged with each."""
    held = [*actor.posts, *(p for p in actor.deputed if p.behalf and p.behalf.covers(version.workflow.key))]
    return any(post_named(held, version.workflow.who_may(transition, state), actor.login) for state in states)


def takes_any(actor: Actor, version: WorkflowVersion) -> bool:
    """Tell whether one of a person's posts is meant by any transition of a workflow."""
    workflow = version.workflow
    return any(takes(actor, version, key, workflow.sources(key)) for key in workflow.transitions)


def form_for(session: Session, version: WorkflowVersion, transition: str) -> FormVersion | None:
    """Return the form in force that a transition asks for, None when it asks for none or does not exist."""
    step = version.workflow.transitions.get(transition)
    return form_in_force(session, step.form) if step is not None and step.form is not None else None


def may_move_many(version: WorkflowVersion, transition: str, form: FormVersion | None) -> Words | None:
    """Return why a transition (with its form in force) cannot be taken in many cases at once, None where it can."""
    step = version.workflow.transitions.get(transition)
    if step is None:
        return text("没有这一步")
    if form is not None and not _is_same_for_all(form):
        return text("这一步要按每件的情况填表，只能逐件办理")
    if step.target == ANY_VISITED:
        return text("要为每件选择退回到哪一环节，只能逐件办理")
    required = [version.workflow.requires(transition, state) for state in version.workflow.sources(transition)]
    if form is None and all(not {*SAID}.issuperset(keys) for keys in required):
        return text("这一步要在每件上签名，只能逐件办理")
    return None


def asked_of_many(version: WorkflowVersion, transition: str, states: Collection[str]) -> tuple[str, ...]:
    """Return which words a transition without a form requires in any of some states that it leaves."""
    workflow = version.workflow
    left = [state for state in states if state in workflow.sources(transition)]
    required = {key for state in left for key in workflow.requires(transition, state)}
    return tuple(key for key in SAID if key in required)


def answers_for_many(
    form: FormVersion | None, said: Said, require: Collection[str], now: datetime
) -> Mapping[str, Any]:
    """Return the typed answers that are given once for many cases.

    Raises Refusal `form_refused` with a sentence for each field at fault.
    """
    if form is None:
        return _words(said, require)
    own = {f.key for f in form.form.fields}
    verdict = form.validator.check(said, {}, now=now, require=own.intersection(require))
    if not verdict.is_accepted:
        raise Refusal("form_refused", text("还有内容没有填好"), verdict.faults)
    return verdict.values


def _words(said: Said, require: Collection[str]) -> Mapping[str, Any]:
    words = {key: str(said.get(key, "")).strip() for key in SAID}
    faults: dict[str, Words] = {key: text("请填写") for key in require if not words.get(key)}
    faults |= {key: text("最多 {most} 个字", most=LONGEST_SAID) for key in SAID if len(words[key]) > LONGEST_SAID}
    if faults:
        raise Refusal("form_refused", text("还有内容没有填好"), faults)
    return {key: value for key, value in words.items() if value}


def _is_same_for_all(form: FormVersion) -> bool:
    """Tell whether a form asks the same of every case, so that it can be answered once for all of them."""
    if form.form.advise or any(f.bind or f.type in OWN for f in form.form.fields):  # advice is about each case
        return False
    return not form.validator.facts
