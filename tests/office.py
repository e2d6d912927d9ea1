"""Runs operations as people of the cast, and reads what the trail then says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, TypeVar

from sqlalchemy import select

from models.audit import AuditEvent
from models.scope import system_scope
from models.vault import learn_keys
from tests.cast import NOW, Cast
from workflows.audit import open_value
from workflows.policy import Permission, Policy, standard_policy
from workflows.transaction import Origin, transaction
from workflows.values.identity_number import check_digit

Answer = TypeVar("Answer")
ORIGIN = Origin("test-request", "192.0.2.7")
BY_PEOPLE = AuditEvent.actor_id.is_not(None)  # filling a database is told too, by the system


def act(
    cast: Cast,
    login: str,
    permission: Permission,
    operation: Callable[..., Answer],
    *args: Any,
    policy: Policy | None = None,
    **kwargs: Any,
) -> Answer:
    """Run one operation in its own transaction, in the scope that the permission gives this person."""
    rules = policy or standard_policy()
    actor = cast[login]
    scope = rules.scope(actor, permission)
    with transaction(cast.database, actor, rules, scope, origin=ORIGIN, clock=lambda: NOW) as tx:
        return operation(tx, *args, **kwargs)


def events(cast: Cast) -> list[tuple[str, str, dict[str, tuple[str | None, str | None]]]]:
    """Return every event told so far as (who, action, {field: (old, new)}), opened."""
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        return [
            (event.actor_name, event.action, _changes(session, event))
            for event in session.scalars(select(AuditEvent).where(BY_PEOPLE).order_by(AuditEvent.id))
        ]


def bodies(cast: Cast) -> list[dict[str, Any]]:
    """Return the bodies of every event as they are stored."""
    with cast.database.session(system_scope("tests"), kind="audit") as session:
        told = select(AuditEvent.body).where(BY_PEOPLE).order_by(AuditEvent.id)
        return [json.loads(body) for body in session.scalars(told)]


def _changes(session: Any, event: AuditEvent) -> dict[str, tuple[str | None, str | None]]:
    owner = json.loads(event.body)["owner"]
    learn_keys(session, [owner] if owner else [])
    return {
        change["field"]: tuple(  # type: ignore[misc]
            open_value(session, event.id, f"{change['field']}.{side}", change[side]) for side in ("old", "new")
        )
        for change in json.loads(event.body)["changes"]
    }


def id_number(born: str = "20160312", order: int = 12, area: str = "522999") -> str:
    """Return an invented id-number of an area code that does not exist."""
    first_17 = f"{area}{born}{order:03d}"
    return first_17 + check_digit(first_17)
