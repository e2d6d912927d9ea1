"""Which cases wait for a person: those whose next step their posts or their parts may take."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workflows.actor import Actor
from workflows.engine.allowed import RELATED
from workflows.engine.definition import Workflow
from workflows.engine.vocabulary import Assignee

FORWARD = "primary"  # the style of the step that takes a case on; sending back or calling off waits for nobody


@dataclass(frozen=True)
class Waiting:
    """The states of one workflow that wait for a person, in all cases they see or in those they take part in."""

    workflow: str
    states: tuple[str, ...]
    parts: frozenset[int] | None = None


def waiting(actor: Actor, workflow: Workflow) -> list[Waiting]:
    """Return what of a workflow waits for a person, by role and by part."""
    by_role: list[str] = []
    by_part: dict[frozenset[int], list[str]] = {}
    for state in workflow.states:
        asked = _asked(workflow, state)
        if any(one.place not in RELATED and _has_role(actor, one) for one in asked):
            by_role.append(state)
        elif parts := frozenset().union(*(_parts(actor, one) for one in asked if one.place in RELATED)):
            by_part.setdefault(parts, []).append(state)
    found = [Waiting(workflow.key, tuple(by_role))] if by_role else []
    return found + [Waiting(workflow.key, tuple(states), parts) for parts, states in by_part.items()]


def _asked(workflow: Workflow, state: str) -> Iterable[Assignee]:
    tasks = workflow.states[state].tasks
    if tasks is not None:
        return tasks.who
    forward = [key for key in workflow.leaving(state) if workflow.transitions[key].style == FORWARD]
    return [assignee for key in forward for assignee in workflow.transitions[key].by]


def _has_role(actor: Actor, assignee: Assignee) -> bool:
    if assignee.person:
        return assignee.person == actor.login
    return any(post.role == assignee.role and post.reaches for post in actor.posts)


def _parts(actor: Actor, assignee: Assignee) -> frozenset[int]:
    held = (post for post in actor.posts if post.relation == assignee.role and post.branch.level == "case")
    return frozenset(int(post.branch.code) for post in held)
