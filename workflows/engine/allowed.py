"""What a person may do with a case now, and for what they may not, the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.scope import LEVELS
from workflows.actor import Actor, Post
from workflows.engine.definition import ANY_VISITED, Transition
from workflows.engine.published import WorkflowVersion
from workflows.engine.vocabulary import Assignee
from workflows.refusal import Words
from workflows.text import text

RELATED = frozenset({"case", "subject"})


@dataclass(frozen=True)
class PastMove:
    """A move that the case made: which transition, into which state, by whom."""

    transition: str
    to_state: str
    actor_id: int


@dataclass(frozen=True)
class Option:
    """A transition that leaves the present state: allowed, or refused with a code and a reason."""

    transition: str
    definition: Transition
    code: str | None = None
    reason: Words | None = None
    targets: tuple[str, ...] = ()

    @property
    def is_allowed(self) -> bool:
        """Tell whether the person may take it now."""
        return self.code is None


def post_named(posts: Iterable[Post], assignees: Iterable[Assignee], login: str = "") -> Post | None:
    """Return the post by which a person is meant by one of the assignees, None when none of theirs is."""
    held = list(posts)
    for assignee in assignees:
        if assignee.person and assignee.person == login:
            return held[0] if held else None
        for post in held:
            if _is_meant(post, assignee):
                return post
    return None


def _is_meant(post: Post, assignee: Assignee) -> bool:
    if assignee.place in RELATED:  # by the part taken in this case, or in any case about the same child
        return post.relation == assignee.role and assignee.place in (post.branch.level, "subject")
    if post.relation is not None:
        return assignee.place is None and assignee.role == post.role
    return post.role == assignee.role and (assignee.place not in LEVELS or assignee.place == post.branch.level)


def options(
    version: WorkflowVersion,
    state: str,
    actor: Actor,
    codes: Mapping[str, str],
    facts: Mapping[str, Any],
    past: Collection[PastMove],
    now: datetime,
) -> tuple[Option, ...]:
    """List the transitions that leave a state, each allowed or refused for this person with these facts."""
    return tuple(
        _option(version, state, key, actor, codes, facts, past, now) for key in version.workflow.leaving(state)
    )


def _option(
    version: WorkflowVersion,
    state: str,
    key: str,
    actor: Actor,
    codes: Mapping[str, str],
    facts: Mapping[str, Any],
    past: Collection[PastMove],
    now: datetime,
) -> Option:
    transition = version.workflow.transitions[key]
    targets = tuple(dict.fromkeys(move.to_state for move in past)) if transition.target == ANY_VISITED else ()
    if post_named(actor.posts_over(codes), version.workflow.who_may(key, state), actor.login) is None:
        return Option(key, transition, "not_your_part", text("这一步由其他岗位办理"), targets)
    if is_same_person(transition, actor, past):
        return Option(key, transition, "same_person", text("不能由办理前一步的同一人办理"), targets)
    refusal = None if key in version.late else guard_refusal(version, key, facts, now)
    if refusal is not None:
        return Option(key, transition, "guard", refusal, targets)
    return Option(key, transition, targets=targets)


def is_same_person(transition: Transition, actor: Actor, past: Collection[PastMove]) -> bool:
    """Tell whether the transition must not be taken by the person who took another one."""
    other = transition.not_same_person_as
    return other is not None and any(m.transition == other and m.actor_id == actor.staff_id for m in past)


def guard_refusal(version: WorkflowVersion, transition: str, facts: Mapping[str, Any], now: datetime) -> Words | None:
    """Return why the transition's condition does not hold, None when it holds."""
    guard = version.guards.get(transition)
    if guard is None or guard.holds(facts, now):
        return None
    return version.workflow.transitions[transition].explain or guard.explain()
