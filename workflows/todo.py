"""Which cases wait for a person: those whose next step their posts or their parts may take."""

from __future__ import annotations

from dataclasses import dataclass

from models.scope import LEVELS, Branch
from workflows.actor import Actor, Post
from workflows.asked import asked_in
from workflows.engine.allowed import RELATED
from workflows.engine.definition import Workflow
from workflows.engine.vocabulary import Assignee


@dataclass(frozen=True)
class Waiting:
    """The states of one workflow that wait for a person: in all cases they see, at some places, or in some cases.

    `places` and `parts` add up; where both are None the states wait for the person everywhere.
    """

    workflow: str
    states: tuple[str, ...]
    parts: frozenset[int] | None = None
    places: frozenset[Branch] | None = None


_Reach = tuple[frozenset[int] | None, frozenset[Branch] | None]
_EVERYWHERE: _Reach = (None, None)


def waiting(actor: Actor, workflow: Workflow) -> list[Waiting]:
    """Return what of a workflow waits for a person, by role at the places of their posts and by part.

    Where a cadence carries a state (a pairing that runs), what is owed there are records, and the case itself waits
    for nobody; for a person in hundreds of pairings the few steps that are due would not be found among them.
    """
    found: dict[_Reach, list[str]] = {}
    for state in workflow.states:
        asked = () if workflow.states[state].cadence else asked_in(workflow, state)
        reach = _reach(actor, asked)
        if reach is not None:
            found.setdefault(reach, []).append(state)
    return [Waiting(workflow.key, tuple(states), *reach) for reach, states in found.items()]


def _reach(actor: Actor, asked: tuple[Assignee, ...]) -> _Reach | None:
    if any(one.person is not None and one.person == actor.login for one in asked):
        return _EVERYWHERE
    branches = {post.branch for post in actor.posts for one in asked if _is_meant(post, one)}
    parts = frozenset(int(branch.code) for branch in branches if branch.level == "case")
    places = frozenset(branch for branch in branches if branch.level in LEVELS)
    return (parts, places) if parts or places else None


def _is_meant(post: Post, assignee: Assignee) -> bool:
    if assignee.place in RELATED:
        return post.relation == assignee.role and post.branch.level == "case"
    if post.relation is not None:
        return assignee.place is None and assignee.role == post.role
    at = assignee.place not in LEVELS or assignee.place == post.branch.level
    return post.reaches and post.role == assignee.role and at
