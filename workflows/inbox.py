"""What may lie in a person's inbox: their seats, their posts and parts, and those of people they stand in for."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date

from sqlalchemy.orm import Session

from models.case import Case
from models.reports.inbox import EVERY, Awaited, Desk, pending_seats
from models.scope import LEVELS
from workflows.actor import OFFICE, Actor, Behalf, Post
from workflows.asked import asked_in
from workflows.closed_parts import left_behind
from workflows.engine.allowed import holding, post_named
from workflows.engine.decision import Seat
from workflows.engine.definition import Workflow
from workflows.engine.published import WorkflowVersion
from workflows.engine.vocabulary import Verb
from workflows.policy import Policy
from workflows.todo import waiting

_SEAT = tuple(Seat.__dataclass_fields__)


def desk_of(
    session: Session, everything: Session, actor: Actor, policy: Policy, versions: Iterable[WorkflowVersion], day: date
) -> Desk:
    """Return what may lie before a person on a day.

    A workflow whose cases can be claimed lets them wait for a post only until one of its holders has claimed them.
    Confidential cases whose people have left wait for the leaders of their circle, whatever their state.
    """
    workflows = [version.workflow for version in versions]
    claimable = frozenset(one.key for one in workflows if Verb.CLAIM in one.verbs)
    todo, claims = _waiting(actor, workflows, claimable)
    absent = _absent(actor)
    return Desk(
        actor.staff_id or 0,
        ((actor.staff_id or 0, EVERY), *((one.staff_id, one.workflows) for one in absent)),
        tuple(_pools(actor)),
        claimable,
        todo,
        claims,
        frozenset().union(*left_behind(session, everything, actor, policy, day).values()),
        frozenset(post.branch for post in actor.posts if post.role == OFFICE and post.relation is None),
    )


def _waiting(
    actor: Actor, workflows: Iterable[Workflow], claimable: Collection[str]
) -> tuple[tuple[Awaited, ...], tuple[Awaited, ...]]:
    """Return which states wait for the person, and which for whoever of the posts' holders claims the case."""
    todo: list[Awaited] = []
    claims: list[Awaited] = []
    for workflow in workflows:
        for held in _as_everybody(actor, workflow.key):
            for one in waiting(held, workflow):
                if workflow.key not in claimable or not one.places:
                    todo.append((one.workflow, one.states, one.parts, one.places))
                    continue
                claims.append((one.workflow, one.states, None, one.places))
                if one.parts:
                    todo.append((one.workflow, one.states, one.parts, None))
    return tuple(dict.fromkeys(todo)), tuple(dict.fromkeys(claims))


def _as_everybody(actor: Actor, workflow: str) -> Iterable[Actor]:
    """Yield the person, and them in the place of each absent one whom they stand in for in a workflow."""
    yield actor
    for behalf in _absent(actor):
        if behalf.covers(workflow):
            yield replace(actor, login=behalf.login, posts=tuple(p for p in actor.deputed if p.behalf == behalf))


def _absent(actor: Actor) -> list[Behalf]:
    return list(dict.fromkeys(post.behalf for post in actor.deputed if post.behalf is not None))


def _pools(actor: Actor) -> Iterable[tuple[str, int, frozenset[str]]]:
    for post in (*actor.posts, *actor.deputed):
        if post.relation is None and post.branch.level in LEVELS:
            yield post.role, post.place_id, post.behalf.workflows if post.behalf else EVERY


def seats_waiting(session: Session, cases: Iterable[Case]) -> Mapping[int, tuple[Seat, ...]]:
    """Return by case the seats from which somebody may yet speak."""
    found = pending_seats(session, [case.id for case in cases], _SEAT)
    return {number: tuple(Seat(*row) for row in rows) for number, rows in found.items()}


def for_whom(actor: Actor, workflow: Workflow, case: Case, seats: Collection[Seat]) -> Behalf | None:
    """Return the absent person in whose place a case waits for its reader, None where it waits for themselves."""
    posts = list(actor.posts_in(workflow.key, case.related_codes))
    held: list[Post | Actor | None] = [holding(seat, actor, posts) for seat in seats if seat.status == "open"]
    if not seats:
        own = [post for post in posts if post.behalf is None]
        asked = asked_in(workflow, case.state)
        held = [post_named(own, asked, actor.login) or post_named(posts, asked, actor.login)]
    behalves = [one.behalf if isinstance(one, Post) else None for one in held if one is not None]
    return behalves[0] if behalves and None not in behalves else None
