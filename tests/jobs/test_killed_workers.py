"""Workers that are killed at any moment, under a clock that jumps, fire every step exactly once and lose none."""

from __future__ import annotations

import time
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from bench.figure import Figure
from bench.results import keep
from models.clock import CaseClock, ClockFiring
from models.outbox import OutboxMessage
from models.scope import system_scope
from models.vault import Keystore
from tests.cast import NOW, Cast
from tests.clockwork import open_report, publish_report
from tests.killing import gang, wandering
from workflows.clock import LOCAL
from workflows.operations.firing import fire_due

KILLS = 12
LATEST = NOW + timedelta(hours=8)
TOPICS = ("case.due", "case.overdue", "case.urged")
STEPS = {"guardian": 3, "parents": 1, "authority": 1}


def report(cast: Cast, at: datetime) -> None:
    """Open a report of something known at that moment."""
    open_report(cast, at=at, known_at=f"{at.astimezone(LOCAL):%Y-%m-%d %H:%M}", risk="high")


def count_fired(cast: Cast) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalar(select(func.count()).select_from(ClockFiring)) or 0


def every_step_fired_once(cast: Cast) -> int:
    """Assert that each step of each clock has one record, one event and, where it speaks, one message; count them."""
    fire_due(cast.database, LATEST + timedelta(days=2))
    with cast.database.session(system_scope("tests")) as session:
        clocks = session.scalars(select(CaseClock)).all()
        fired = session.scalars(select(ClockFiring)).all()
        messages = session.scalars(select(OutboxMessage.recipient).where(OutboxMessage.topic.in_(TOPICS))).all()
    rungs = Counter((one.clock_id, one.rung) for one in fired)
    assert set(rungs.values()) == {1}
    for clock in clocks:
        steps = STEPS[clock.limit_key]
        assert (clock.rung, clock.next_at, clock.tries) == (steps, None, 0)
        assert [rungs[clock.id, number] for number in range(steps)] == [1] * steps
    events = cast.events("clock.fired")
    assert Counter(event["case_id"] for event in events) == Counter(one.case_id for one in fired)
    assert len(messages) == sum(bool(one.told) for one in fired)
    return len(fired)


def test_killed_workers_fire_every_step_once(cast: Cast, keystore: Keystore, tmp_path: Path) -> None:
    publish_report(cast)
    with gang(cast.database, keystore, tmp_path, 3, NOW) as workers:
        for number, moment in enumerate(wandering(workers.chance, NOW, KILLS, LATEST)):
            report(cast, NOW + (LATEST - NOW) * number / KILLS)
            workers.at(moment)
            workers.kill_one(after=workers.chance.uniform(0.05, 0.4))
    assert count_fired(cast) > 0  # not all of it is left to whoever comes afterwards
    assert every_step_fired_once(cast) == KILLS * sum(STEPS.values())
    assert workers.killed == KILLS


@pytest.mark.deep
def test_four_workers_killed_for_five_minutes_lose_nothing_and_double_nothing(
    cast: Cast, keystore: Keystore, tmp_path: Path
) -> None:
    publish_report(cast)
    began, span, opened = time.monotonic(), 300, 0
    with gang(cast.database, keystore, tmp_path, 4, NOW) as workers:
        while (spent := time.monotonic() - began) < span:
            moment = NOW + (LATEST - NOW) * (spent / span)
            for _ in range(3):
                report(cast, moment)
                opened += 1
            workers.at(moment + timedelta(days=workers.chance.choice((0, 0, 0, 0, 0, 0, -1, 1))))
            workers.kill_one(after=workers.chance.uniform(0.02, 1.0))
    by_workers = count_fired(cast)
    fired = every_step_fired_once(cast)
    assert fired == opened * sum(STEPS.values())
    assert by_workers > fired / 2
    told = {
        "workers": 4,
        "killed": workers.killed,
        "steps": fired,
        "by_the_killed": by_workers,
        "doubled": 0,
        "lost": 0,
    }
    kind = "sqlite" if cast.database.is_sqlite else "postgresql"
    keep([Figure("steps of clocks fired under kills", fired / span, "steps/s", details=told)], "cast", kind)
