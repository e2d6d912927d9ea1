"""The worker does what is due, piece by piece, says that it is alive, and stops when it is told to."""

from __future__ import annotations

import threading
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from models.clock import WorkerBeat
from models.database import Database
from models.notice import Notice
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.clockwork import clocks_of, fired
from tests.playing import begin
from workflows.worker.beat import FRESH, PATIENCE, beat, presence, worker_name
from workflows.worker.loop import work, work_once
from workflows.worker.pieces import COUNTED, PIECES, Piece, Tools

LATER = NOW + timedelta(days=60)
NOTHING = dict.fromkeys(COUNTED, 0)


def tools_at(cast: Cast, at: datetime) -> Tools:
    return Tools(cast.database, lambda: at)


def test_one_round_fires_sends_and_says_how_much(cast: Cast) -> None:
    standing = begin(cast, "identification")
    did = work_once(tools_at(cast, LATER))
    assert did == {"timers": 1, "duties": 0, "jobs": 0, "outbox": 1}
    assert len(fired(cast, standing.number)) == 3
    with cast.database.session(system_scope("tests")) as session:
        told = session.scalars(select(Notice.topic)).all()
    assert set(told) == {"case.overdue"}
    assert work_once(tools_at(cast, LATER)) == NOTHING


def test_a_piece_that_fails_keeps_no_other_from_being_done(cast: Cast) -> None:
    def fails(tools: Tools, now: datetime) -> int:
        raise RuntimeError("broken")

    begin(cast, "identification")
    did = work_once(tools_at(cast, LATER), (Piece("jobs", fails), *PIECES))
    assert (did["jobs"], did["timers"]) == (0, 1)


def test_a_worker_works_until_it_is_told_to_stop_and_finishes_what_it_does(cast: Cast) -> None:
    stop, rounds, finished = threading.Event(), [], []

    def counts(tools: Tools, now: datetime) -> int:
        rounds.append(now)
        if len(rounds) == 3:
            stop.set()
        finished.append(now)
        return 1

    never = Piece("outbox", lambda tools, now: pytest.fail("begun after it was told to stop") if stop.is_set() else 0)
    work(tools_at(cast, NOW), stop, pieces=(Piece("jobs", counts), never), pause=0, name="one")
    assert len(rounds) == len(finished) == 3


def test_a_database_that_is_away_stops_no_worker(cast: Cast) -> None:
    stop, seen = threading.Event(), []

    class Away:
        """A database that does not answer at first."""

        def transaction(self, *args: object, **more: object) -> object:
            seen.append("asked")
            if len(seen) < 3:
                raise ConnectionError("away")
            return cast.database.transaction(*args, **more)  # type: ignore[arg-type]

    def stops(tools: Tools, now: datetime) -> int:
        stop.set()
        return 0

    away: Database = Away()  # type: ignore[assignment]
    work(Tools(away, lambda: NOW), stop, pieces=(Piece("jobs", stops),), pause=0, name="one")
    assert len(seen) == 3
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(WorkerBeat, "one").seen_at == NOW


def test_no_worker_is_missed_before_one_is_needed(cast: Cast) -> None:
    with cast.database.session(system_scope("tests")) as session:
        assert not presence(session, NOW).is_missing
    due = clocks_of(cast, begin(cast, "identification").number)[0].next_at
    assert due is not None
    with cast.database.session(system_scope("tests")) as session:
        assert not presence(session, due + PATIENCE).is_missing
        found = presence(session, due + PATIENCE + timedelta(seconds=1))
    assert (found.is_missing, found.is_late, found.waiting_since) == (True, True, due)


def test_a_worker_that_was_seen_is_there_for_a_while_and_then_missed(cast: Cast) -> None:
    beat(cast.database, "one", NOW, NOW, {"timers": 1})
    beat(cast.database, "two", NOW, NOW, {})
    with cast.database.session(system_scope("tests")) as session:
        assert presence(session, NOW + FRESH).alive == 2
        gone = presence(session, NOW + FRESH + timedelta(seconds=1))
        back = presence(session, NOW - timedelta(days=1))
    assert (gone.alive, gone.is_missing, gone.is_late) == (0, True, False)
    assert back.alive == 0  # the clock was set back: nobody was seen on this day yet


def test_workers_long_gone_are_forgotten(cast: Cast) -> None:
    beat(cast.database, "old", NOW - timedelta(days=2), NOW - timedelta(days=2), {})
    beat(cast.database, "new", NOW, NOW, {})
    beat(cast.database, "new", NOW, NOW + timedelta(minutes=1), {"outbox": 3})
    with cast.database.session(system_scope("tests")) as session:
        rows = session.scalars(select(WorkerBeat)).all()
    assert [(row.name, row.did) for row in rows] == [("new", {"outbox": 3})]


def test_two_workers_of_one_machine_have_different_names() -> None:
    assert worker_name() != worker_name()
    assert len(worker_name("once")) <= 60
