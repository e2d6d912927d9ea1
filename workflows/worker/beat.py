"""The heartbeat of workers: that they are alive, what they did, and whether work waits without one."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models.clock import CaseClock, WorkerBeat
from models.database import Database
from models.outbox import OutboxMessage
from models.scope import system_scope
from workflows.outbox.delay import is_due

FRESH = timedelta(minutes=3)  # a worker not seen for longer is not there
PATIENCE = timedelta(minutes=5)  # for which work may wait
KEPT = timedelta(days=1)
LONGEST_NAME = 60


@dataclass(frozen=True)
class Presence:
    """The workers that are alive at a moment, when one was last seen, and since when the oldest work has waited."""

    now: datetime
    alive: int
    seen_at: datetime | None
    waiting_since: datetime | None

    @property
    def is_missing(self) -> bool:
        """Tell whether there is no worker though there was one, or though work has waited too long for one."""
        return self.alive == 0 and (self.seen_at is not None or self.is_late)

    @property
    def is_late(self) -> bool:
        """Tell whether work has waited for longer than it may."""
        return self.waiting_since is not None and self.waiting_since < self.now - PATIENCE


def worker_name(kind: str = "") -> str:
    """Return a name for a worker of this process: machine, process, and something that no other has."""
    own = kind or f"{os.getpid()}-{secrets.token_hex(3)}"
    return f"{socket.gethostname()[: LONGEST_NAME - len(own) - 1]}:{own}"


def beat(database: Database, name: str, began_at: datetime, now: datetime, did: Mapping[str, int]) -> None:
    """Write that a worker is alive, and forget those not seen for a day."""
    with database.transaction(system_scope("worker")) as session:
        row = session.get(WorkerBeat, name)
        if row is None:
            session.execute(delete(WorkerBeat).where(WorkerBeat.seen_at < now - KEPT))
            session.add(WorkerBeat(name=name, began_at=began_at, seen_at=now, did=dict(did)))
        else:
            row.seen_at, row.did = now, dict(did)


def presence(session: Session, now: datetime) -> Presence:
    """Return which workers are there, and what waits, by one statement."""
    # A beat from the days to come was written before the clock was set back.
    fresh = WorkerBeat.seen_at.between(now - FRESH, now + FRESH)
    waits = (OutboxMessage.channel == "inbox", is_due(now))
    found = session.execute(
        select(
            select(func.count()).select_from(WorkerBeat).where(fresh).scalar_subquery(),
            select(func.max(WorkerBeat.seen_at)).scalar_subquery(),
            select(func.min(CaseClock.next_at)).where(CaseClock.next_at <= now).scalar_subquery(),
            select(func.min(OutboxMessage.due_at)).where(*waits).scalar_subquery(),
        )
    ).one()
    alive, seen_at, clock, message = found
    return Presence(now, alive, seen_at, min((one for one in (clock, message) if one is not None), default=None))
