"""One operation's transaction: session, actor, time and the audit events that commit with the change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm.exc import StaleDataError

from models.bulk import insert_rows
from models.database import Database, OfficeSession
from models.outbox import OutboxMessage
from models.scope import Scope, system_scope
from models.types import new_id
from workflows import audit
from workflows.actor import Actor, Post
from workflows.audit import Happening
from workflows.clock import Clock, local_day, system_clock
from workflows.policy import Permission, Policy
from workflows.refusal import Stale
from workflows.text import text


@dataclass(frozen=True)
class Origin:
    """Where a request came from."""

    request_id: str
    address: str = "local"


@dataclass
class Transaction:
    """What an operation is given: the session, who acts, the one moment of everything it writes, and the trail."""

    session: OfficeSession
    actor: Actor
    policy: Policy
    now: datetime
    origin: Origin
    database: Database
    happenings: list[Happening] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    post: Post | None = None

    @property
    def today(self) -> date:
        """The calendar day of the transaction."""
        return local_day(self.now)

    @property
    def acts_as(self) -> str:
        """The name that stands for a step: the person's own, and whose deputy they are where they act as one."""
        behalf = self.post.behalf if self.post is not None else None
        return self.actor.name if behalf is None else f"{self.actor.name}（代{behalf.name}）"

    @contextmanager
    def directory(self) -> Iterator[OfficeSession]:
        """Open a reading session over everything committed, for what a person may count but not see."""
        with self.database.session(system_scope("directory")) as session:
            yield session

    def require(self, permission: Permission, codes: Mapping[str, str] | None = None) -> None:
        """Refuse unless a post gives the permission (over a row); the events of the transaction cite that post."""
        self.post = self.policy.require(self.actor, permission, codes) or self.post

    def tell(self, happening: Happening) -> None:
        """Add an event to the audit trail of this transaction."""
        self.happenings.append(happening)

    def send(self, topic: str, channel: str, recipient: str, payload: Mapping[str, Any]) -> None:
        """Put a message into the outbox; it is sent after the commit and holds no protected value."""
        self.messages.append(
            {
                "id": new_id(),
                "topic": topic,
                "channel": channel,
                "recipient": recipient,
                "payload": dict(payload),
                "made_at": self.now,
                "due_at": self.now,
                "tries": 0,
            }
        )

    def write_trail(self) -> None:
        """Write the messages and the events told so far."""
        self.session.flush()
        insert_rows(self.session, OutboxMessage, self.messages)
        self.messages.clear()
        audit.write(self.session, self.happenings, describe(self.actor, self.post, self.origin), self.now)
        self.happenings.clear()


def describe(actor: Actor, post: Post | None, origin: Origin) -> dict[str, Any]:
    """Return the who-part of an audit event."""
    cited = post or (actor.posts[0] if actor.posts else None)
    return {
        "actor_id": actor.staff_id,
        "actor_name": actor.name,
        "role": cited.role if cited else (actor.system or "nobody"),
        "grant_ref": post.grant if post else None,
        "request_id": origin.request_id,
        "address": origin.address,
    }


@contextmanager
def transaction(
    database: Database,
    actor: Actor,
    policy: Policy,
    scope: Scope,
    *,
    origin: Origin,
    clock: Clock = system_clock,
) -> Iterator[Transaction]:
    """Run one operation: commit its rows together with their audit events, or nothing at all.

    Raises Stale when somebody else changed a row that the operation read.
    """
    try:
        with database.transaction(scope) as session:
            running = Transaction(session, actor, policy, clock(), origin, database)
            yield running
            running.write_trail()
    except StaleDataError as fault:
        raise Stale("changed_meanwhile", text("别人刚刚改过这条记录，请核对后再保存")) from fault
