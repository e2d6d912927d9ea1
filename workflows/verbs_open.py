"""Which verbs a person may use on a case now, for whom, and why a step of theirs cannot be taken back."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from workflows.actor import Actor, Behalf, Post
from workflows.asked import asked_in
from workflows.case_view import CaseView
from workflows.engine.allowed import acts, holding, post_named
from workflows.engine.decision import GONE, PENDING, Seat
from workflows.engine.vocabulary import Verb
from workflows.policy import Permission, Policy
from workflows.refusal import Words
from workflows.text import text

REPLY, UNWATCH = "reply", "unwatch"  # the answer to an opinion that was asked for; the end of a watch
TAKEN_BACK = frozenset({"added_before", "added_after", "delegated"})
_SPOKEN = frozenset({"done", "lent", "handed_over", "recused"})


@dataclass(frozen=True)
class Offer:
    """A verb that the person may use now, or one of theirs that is refused with a reason.

    `seat` is where they sit, or whom the verb is about; `transition` the step that would be taken back; `behalf` the
    absent person for whom they would act.
    """

    verb: str
    seat: Seat | None = None
    behalf: Behalf | None = None
    transition: str | None = None
    reason: Words | None = None

    @property
    def is_open(self) -> bool:
        """Tell whether it can be used now."""
        return self.reason is None


@dataclass(frozen=True)
class _Place:
    """Where a person sits in the present state: on a seat, or by a post that the definition means."""

    seat: Seat | None
    post: Post | None
    is_pool: bool

    @property
    def behalf(self) -> Behalf | None:
        return self.post.behalf if self.post is not None else None


def offers(view: CaseView, actor: Actor, policy: Policy, *, is_watching: bool = False) -> tuple[Offer, ...]:
    """List the verbs that a person may use on a case now, in the order of the action bar."""
    return tuple(_offers(view, actor, policy, is_watching=is_watching))


def may_use(view: CaseView, actor: Actor, policy: Policy, verb: str, *, is_watching: bool = False) -> Offer | None:
    """Return the offer of one verb, None where the person may not use it now."""
    found = (one for one in offers(view, actor, policy, is_watching=is_watching) if one.verb == verb and one.is_open)
    return next(found, None)


def _offers(view: CaseView, actor: Actor, policy: Policy, *, is_watching: bool) -> Iterator[Offer]:
    codes, is_open = view.case.level_codes, view.case.closed_at is None
    here: _Place | None = None
    if policy.post_for(actor, Permission.CASE_READ, codes) is None:
        return
    if policy.post_for(actor, Permission.CASE_ACT, codes) is not None:
        if is_open:
            here = _sits(view, actor)
            yield from _of_seat(view, here) if here is not None else ()
            yield from _removals(view, actor)
            yield from _withdrawal(view, actor)
        verbs = view.version.workflow.verbs
        if Verb.COPY in verbs:
            yield Offer(Verb.COPY)
        if Verb.URGE in verbs and is_open and here is None:
            yield Offer(Verb.URGE)
    if policy.post_for(actor, Permission.CASE_WATCH, codes) is not None:
        if is_watching:
            yield Offer(UNWATCH)
        elif Verb.WATCH in view.version.workflow.verbs and is_open:
            yield Offer(Verb.WATCH)


def _sits(view: CaseView, actor: Actor) -> _Place | None:
    """Return where it is the person's turn, None where it is not."""
    workflow = view.version.workflow
    posts = list(actor.posts_in(workflow.key, view.case.related_codes))
    if view.seats:
        for seat in view.seats:
            held = holding(seat, actor, posts) if seat.status == "open" else None
            if held is not None:
                return _Place(seat, held if isinstance(held, Post) else None, seat.role is not None)
        return None
    asked = asked_in(workflow, view.case.state)
    post = post_named(posts, asked, actor.login)
    return _Place(None, post, post.relation is None) if post is not None else None


def _of_seat(view: CaseView, here: _Place) -> Iterator[Offer]:
    workflow, state, seat = view.version.workflow, view.case.state, here.seat
    if seat is not None and not acts(seat, workflow, state):
        yield Offer(REPLY, seat, here.behalf)
    else:
        if Verb.CLAIM in workflow.verbs and here.is_pool:
            yield Offer(Verb.RELEASE if seat is not None and seat.is_claimed else Verb.CLAIM, seat, here.behalf)
        if Verb.HAND_OVER in workflow.verbs:
            yield Offer(Verb.HAND_OVER, seat, here.behalf)
    if seat is not None and seat.origin == "delegated":
        return
    for verb in (Verb.ADD_SIGNER, Verb.DELEGATE):
        if verb in workflow.verbs:
            yield Offer(verb, seat, here.behalf)
    tasks = workflow.states[state].tasks
    left = [one for one in view.seats if one is not seat and one.status not in GONE and one.origin != "delegated"]
    if Verb.RECUSE in workflow.verbs and tasks is not None and tasks.mode != "any" and left:
        yield Offer(Verb.RECUSE, seat, here.behalf)


def _removals(view: CaseView, actor: Actor) -> Iterator[Offer]:
    if Verb.REMOVE_SIGNER not in view.version.workflow.verbs:
        return
    posts = list(actor.posts_in(view.version.workflow.key, view.case.related_codes))
    by_number = {seat.id: seat for seat in view.seats}
    for seat in view.seats:
        asker = by_number.get(seat.from_id or 0)
        is_added = seat.origin in TAKEN_BACK and seat.status in PENDING
        if is_added and asker is not None and holding(asker, actor, posts) is not None:
            yield Offer(Verb.REMOVE_SIGNER, seat)


def _withdrawal(view: CaseView, actor: Actor) -> Iterator[Offer]:
    workflow, last = view.version.workflow, view.moves[-1] if view.moves else None
    if Verb.WITHDRAW not in workflow.verbs or last is None or last.actor_id != actor.staff_id:
        return
    done = workflow.transitions.get(last.transition)
    if done is None or last.from_state is None or done.effects or last.from_state == last.to_state:
        return
    spoken = any(seat.status in _SPOKEN for seat in view.seats)
    reason = text("后面的人已经办理，不能撤回") if spoken else None
    yield Offer(Verb.WITHDRAW, transition=last.transition, reason=reason)
