"""What every view works with: who asks, sessions in their scope, one call for each operation, reads on record."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Concatenate, ParamSpec, TypeVar, cast

from flask import Flask, g, has_request_context, request
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import ServiceUnavailable

from admin_app.office import current_office
from models.database import OfficeSession
from models.place import Place
from models.scope import Scope, system_scope
from workflows import audit
from workflows.actor import Actor
from workflows.audit import Happening
from workflows.policy import Permission, Policy
from workflows.refusal import Denied
from workflows.text import text
from workflows.transaction import Origin, Transaction, describe, transaction

P = ParamSpec("P")
R = TypeVar("R")
NOBODY = Actor(staff_id=None, name="")


def now() -> datetime:
    """Return the moment of this request, the same for all it reads and shows."""
    if "now" not in g:
        g.now = current_office().clock()
    moment: datetime = g.now
    return moment


def origin() -> Origin:
    """Return the request's number and address."""
    if not has_request_context():
        return Origin("command")
    if "request_id" not in g:
        g.request_id = uuid.uuid4().hex
    return Origin(g.request_id, request.remote_addr or "unknown")


def current_actor() -> Actor:
    """Return the person who asks, or nobody."""
    return cast(Actor, g.get("actor") or NOBODY)


def system_session(name: str = "directory") -> OfficeSession:
    """Return the request's session over all places, for log-in, terms and names of places only."""
    return _session(f"system:{name}", system_scope(name), "business")


def current_policy() -> Policy:
    """Return the matrix in force at this request."""
    if "policy" not in g:
        g.policy = current_office().policy(system_session())
    return cast(Policy, g.policy)


def read_session(permission: Permission, kind: str = "business") -> OfficeSession:
    """Return the request's session over the rows for which the person has a permission; raises Denied for none."""
    scope = current_policy().scope(current_actor(), permission)
    if not scope.branches and scope.system is None:
        raise Denied("not_permitted", text("你的岗位不能查看这一页"))
    return _session(f"{kind}:{permission}", scope, kind)


def opened_session(workflow: str) -> OfficeSession | None:
    """Return the request's session over the places where the person reads a workflow's cases without a part in them."""
    scope = current_policy().scope_opened(current_actor(), workflow)
    return _session(f"opens:{workflow}", scope, "business") if scope.branches else None


def permit(permission: Permission) -> None:
    """Go on only when the person has a permission somewhere; raises Denied otherwise."""
    current_policy().require(current_actor(), permission)


def may(permission: Permission) -> bool:
    """Tell whether the person has a permission somewhere."""
    return current_policy().has_anywhere(current_actor(), permission)


def _session(key: str, scope: Scope, kind: str) -> OfficeSession:
    sessions: dict[str, OfficeSession] = g.setdefault("sessions", {})
    if key not in sessions:
        sessions[key] = current_office().database.session(scope, kind=kind)
    return sessions[key]


def trail_session() -> OfficeSession:
    """Return the request's session over the whole trail, only to tell a person what was changed in a row they see."""
    return _session("audit:system", system_scope("changed meanwhile"), "audit")


def close_sessions(_: BaseException | None = None) -> None:
    """End the request's sessions."""
    for session in g.pop("sessions", {}).values():
        session.close()


def perform(
    operation: Callable[Concatenate[Transaction, P], R], permission: Permission, /, *args: P.args, **kwargs: P.kwargs
) -> R:
    """Run one operation in one transaction, in the scope of a permission; a denied attempt goes on record."""
    actor, policy = current_actor(), current_policy()
    scope = policy.scope(actor, permission)
    try:
        if not policy.has_anywhere(actor, permission):
            raise Denied("not_permitted", text("你的岗位不能办理这一项"))
        return perform_in(scope, actor, operation, *args, **kwargs)
    except Denied as refusal:
        record_denial(refusal, str(permission))
        raise


def perform_in(
    scope: Scope,
    actor: Actor,
    operation: Callable[Concatenate[Transaction, P], R],
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> R:
    """Run one operation in one transaction in a scope of its own (log-in, own account)."""
    close_sessions()  # a reading session of this request must not see what it read before the change
    office = current_office()
    policy = g.get("policy") or current_policy()
    with transaction(office.database, actor, policy, scope, origin=origin(), clock=now) as running:
        result = operation(running, *args, **kwargs)
    close_sessions()
    return result


def record_denial(refusal: Denied, wanted: str) -> None:
    """Put a denied attempt on record, in a transaction of its own."""
    g.denial_recorded = True
    facts = {"code": refusal.code, "permission": wanted, "path": request.path}
    record(Happening("access.denied", "screen", outcome="refused", facts=facts, codes=own_place()))


def record_read(*happenings: Happening) -> None:
    """Put reads on record before their answer leaves; without the record there is no answer."""
    try:
        record(*happenings)
    except SQLAlchemyError as fault:
        raise ServiceUnavailable(str(fault)) from fault


def record(*happenings: Happening) -> None:
    """Write events in a transaction of their own."""
    office, actor = current_office(), current_actor()
    with office.database.transaction(system_scope("audit")) as session:
        for told in happenings:
            post = next(actor.posts_over(told.codes), None) if told.codes else None
            audit.write(session, [told], describe(actor, post, origin()), now())


def own_place() -> dict[str, str] | None:
    """Return the level codes of the person's first post, None for one without a post."""
    posts = current_actor().posts
    if not posts:
        return None
    place = system_session().get(Place, posts[0].place_id)
    return None if place is None else place.level_codes


def bind(app: Flask) -> None:
    """Number every request and end its sessions."""
    app.teardown_appcontext(close_sessions)
