"""The worker's round: every piece of work in turn, again at once while there is some, else after a pause."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from threading import Event

from workflows.worker.beat import beat, worker_name
from workflows.worker.pieces import COUNTED, PIECES, Piece, Tools

PAUSE = 5.0  # seconds after a round in which there was nothing to do
BEAT_EVERY = timedelta(seconds=30)
MOST_ROUNDS = 10_000
LOG = logging.getLogger(__name__)


def work_once(tools: Tools, pieces: Sequence[Piece] = PIECES) -> dict[str, int]:
    """Do whatever is due until a round finds nothing, and return how much was done by the words of the command."""
    did, began_at = Counter[str](), tools.clock()
    for _round in range(MOST_ROUNDS):
        done = _round_of(tools, pieces, Event())
        did += done
        if not done.total():
            break
    beat(tools.database, worker_name("once"), began_at, tools.clock(), did)
    return {word: did[word] for word in COUNTED}


def work(tools: Tools, stop: Event, *, pieces: Sequence[Piece] = PIECES, pause: float = PAUSE, name: str = "") -> None:
    """Work until told to stop; what is being done then is finished first."""
    did, began_at, said_at = Counter[str](), tools.clock(), None
    name = name or worker_name()
    while not stop.is_set():
        try:
            said_at = _beat_when_due(tools, name, began_at, said_at, did)
            done = _round_of(tools, pieces, stop)
        except Exception as fault:
            # The database is away, such as while it restarts: the next round may find it.
            LOG.warning("the worker could not work: %s", type(fault).__name__)
            done, said_at = Counter(), None
        did += done
        if not done.total():
            stop.wait(pause)


def _beat_when_due(
    tools: Tools, name: str, began_at: datetime, said_at: datetime | None, did: Counter[str]
) -> datetime:
    now = tools.clock()
    if said_at is not None and timedelta() <= now - said_at < BEAT_EVERY:
        return said_at
    beat(tools.database, name, began_at, now, did)
    return now


def _round_of(tools: Tools, pieces: Sequence[Piece], stop: Event) -> Counter[str]:
    done = Counter[str]()
    for piece in pieces:
        if stop.is_set():
            break
        try:
            done[piece.counts_as] += piece.does(tools, tools.clock())
        except Exception as fault:
            # One piece that cannot be done must not keep the others from being done.
            LOG.warning("%s could not be done: %s", piece.counts_as, type(fault).__name__)
    return done
