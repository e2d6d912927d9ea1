"""The pieces of work that a worker looks after, a line each."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from models.database import Database
from workflows.clock import Clock, system_clock
from workflows.operations.firing import fire_due
from workflows.operations.jobs import run_jobs
from workflows.operations.recounting import recount_some
from workflows.outbox.digests import make_digests
from workflows.outbox.outside import Outside
from workflows.outbox.send import send_due

MOST_FIRED = 500  # in one round, so that a worker that is told to stop does so soon


@dataclass(frozen=True)
class Tools:
    """What a worker works with: the database, the clock, and the world that messages go out into."""

    database: Database
    clock: Clock = system_clock
    outside: Outside = field(default_factory=Outside)


@dataclass(frozen=True)
class Piece:
    """One piece of work: under which word it is counted, and what does some of it and returns how much it did."""

    counts_as: str
    does: Callable[[Tools, datetime], int]


COUNTED = ("timers", "duties", "jobs", "outbox")  # the words of the command's answer; nothing counts as duties yet
PIECES: tuple[Piece, ...] = (
    Piece("timers", lambda tools, now: fire_due(tools.database, now, most=MOST_FIRED)),
    Piece("outbox", lambda tools, now: make_digests(tools.database, now)),
    Piece("jobs", lambda tools, now: recount_some(tools.database, now)),
    Piece("jobs", lambda tools, now: run_jobs(tools.database, tools.clock)),
    Piece("outbox", lambda tools, now: send_due(tools.database, now, tools.outside)),
)
