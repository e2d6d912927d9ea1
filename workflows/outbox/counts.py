"""Counts what lies in a person's inbox for their digest: by the inbox's own lists, the work of a deputy among it."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from models.database import Database
from models.reports.inbox import Narrowed, count_claimable, count_waiting
from models.scope import system_scope
from workflows.actor import Actor
from workflows.clock import local_day
from workflows.inbox import desk_of
from workflows.opening_view import workflows_in_force
from workflows.policy import Permission, Policy

MOST_COUNTED = 1_000


class Counts(NamedTuple):
    """How many cases wait, how many of them are overdue, and how many the person may claim."""

    waiting: int
    overdue: int
    claimable: int = 0

    def told(self) -> dict[str, int]:
        """Return what a digest says; that there is nothing to claim is not worth a line."""
        return {key: count for key, count in self._asdict().items() if count or key != "claimable"}


def counts_of(database: Database, actor: Actor, policy: Policy, now: datetime) -> Counts:
    """Count for one person, inside what they may list, up to a thousand of each."""
    scope = policy.scope(actor, Permission.CASE_LIST)
    if not scope.branches:
        return Counts(0, 0)
    with database.session(scope) as session, database.session(system_scope("outbox")) as everything:
        desk = desk_of(session, everything, actor, policy, workflows_in_force(session), local_day(now))
        return Counts(
            count_waiting(session, desk, most=MOST_COUNTED),
            count_waiting(session, desk, Narrowed(overdue_at=now), most=MOST_COUNTED),
            count_claimable(session, desk, most=MOST_COUNTED),
        )
