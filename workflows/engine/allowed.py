"""What a person may do with a case now, and for what they may not, the reason."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from models.scope import LEVELS
from workflows.actor import Actor, Behalf, Post
from workflows.engine.decision import Seat
from workflows.engine.definition import ANY_VISITED, Transition, Workflow
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
    behalf: Behalf | None = None

    @property
    def is_allowed(self) -> bool:
        """Tell whether the person may take it now."""
        return self.code is None


def post_named(posts: Iterable[Post], assignees: Iterable[Assignee], login: str = "") -> Post | None:
    """Return the post by which a person is meant by one of the assignees, None when none of theirs is."""
    held = list(posts)
    for assignee in assignees:
        if assignee.person:
            own = login == assignee.person
            found = next((p for p in held if (p.behalf.login == assignee.person if p.behalf else own)), None)
            if found is not None:
                return found
            continue
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


@dataclass(frozen=True)
class Standing:
    """By what a person may take a step: the post that means them, and the seat they hold where seats were given."""

    post: Post | None
    seat: Seat | None = None

    @property
    def behalf(self) -> Behalf | None:
        """The absent person for whom they act, None where they act for themselves."""
        return self.post.behalf if self.post is not None else None


def standing(
    actor: Actor, workflow: Workflow, transition: str, state: str, codes: Mapping[str, str], seats: Sequence[Seat]
) -> Standing | Words:
    """Return by what a person may take a transition from a state, or why they may not.

    Whom the definition names may, as long as nothing else was arranged; where seats were given for a word of it, only
    those who sit on them. Whoever sits on several speaks from the one that was given first, as with every verb.
    """
    posts, words = list(actor.posts_in(workflow.key, codes)), workflow.who_may(transition, state)
    reason: Words = text("这一步由其他岗位办理")
    named = {str(assignee) for assignee in words}
    for seat in seats:
        held = holding(seat, actor, posts) if seat.asked in named else None
        if held is None:
            continue
        if not acts(seat, workflow, state):
            reason = text("你被请来提意见，请用“回复意见”")
        elif seat.status == "open":
            return Standing(held if isinstance(held, Post) else None, seat)
        reason = _NOT_NOW.get(seat.status, reason)
    given = {seat.asked for seat in seats}
    post = post_named(posts, [assignee for assignee in words if str(assignee) not in given], actor.login)
    return Standing(post) if post is not None else reason


def acts(seat: Seat, workflow: Workflow, state: str) -> bool:
    """Tell whether a seat takes transitions: not one asked for an opinion, one added where the state's seats decide."""
    return seat.origin in ("asked", "handed_over") or (seat.origin != "delegated" and bool(workflow.decided_in(state)))


def holding(seat: Seat, actor: Actor, posts: Iterable[Post]) -> Post | Actor | None:
    """Return by what a person sits on a seat: a post (their own, or one held for somebody absent) or as themselves."""
    held = list(posts)
    if seat.staff_id is not None:
        if seat.staff_id == actor.staff_id:
            return next((post for post in held if post.behalf is None), None) or actor
        return next((post for post in held if post.behalf and post.behalf.staff_id == seat.staff_id), None)
    return next((p for p in held if p.role == seat.role and p.place_id == seat.place_id), None)


_NOT_NOW: Mapping[str, Words] = {
    "waiting": text("还没有轮到你，前面还有人没有办"),
    "lent": text("你已请别人先提意见，等回复后再办"),
    "done": text("你已表示过意见，等其他人办理"),
    "recused": text("你已回避"),
}


def options(
    version: WorkflowVersion,
    state: str,
    actor: Actor,
    codes: Mapping[str, str],
    facts: Mapping[str, Any],
    past: Collection[PastMove],
    now: datetime,
    seats: Sequence[Seat] = (),
) -> tuple[Option, ...]:
    """List the transitions that leave a state, each allowed or refused for this person with these facts."""
    return tuple(
        _option(version, state, key, actor, codes, facts, past, now, seats) for key in version.workflow.leaving(state)
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
    seats: Sequence[Seat],
) -> Option:
    transition = version.workflow.transitions[key]
    targets = visited(past, state) if transition.target == ANY_VISITED else ()
    found = standing(actor, version.workflow, key, state, codes, seats)
    if not isinstance(found, Standing):
        return Option(key, transition, "not_your_part", found, targets)
    if is_same_person(transition, actor, found.behalf, past):
        return Option(key, transition, "same_person", text("不能由办理前一步的同一人办理"), targets)
    refusal = None if key in version.late else guard_refusal(version, key, facts, now)
    if refusal is not None:
        return Option(key, transition, "guard", refusal, targets)
    return Option(key, transition, targets=targets, behalf=found.behalf)


def visited(past: Collection[PastMove], state: str) -> tuple[str, ...]:
    """Return the states, besides the present one, through which a case came, in the order of the first visit."""
    return tuple(dict.fromkeys(move.to_state for move in past if move.to_state != state))


def is_same_person(transition: Transition, actor: Actor, behalf: Behalf | None, past: Collection[PastMove]) -> bool:
    """Tell whether the transition must not be taken by the person who took another one, nor for them."""
    other = transition.not_same_person_as
    concerned = {actor.staff_id, behalf.staff_id if behalf is not None else None} - {None}
    return other is not None and any(m.transition == other and m.actor_id in concerned for m in past)


def guard_refusal(version: WorkflowVersion, transition: str, facts: Mapping[str, Any], now: datetime) -> Words | None:
    """Return why the transition's condition does not hold, None when it holds."""
    guard = version.guards.get(transition)
    if guard is None or guard.holds(facts, now):
        return None
    return version.workflow.transitions[transition].explain or guard.explain()
