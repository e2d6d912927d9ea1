"""Steps of clocks fire once each, for cases that stand where they stood, whoever looks, however late."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select, update

from models.case import Case
from models.clock import ClockFiring
from models.definition import Definition
from models.outbox import OutboxMessage
from models.scope import system_scope
from models.staff import Staff
from models.task import CaseTask
from tests.cast import NOW, Cast
from tests.clockwork import clocks_of, due_of, fired, move, open_report, publish_report
from tests.playing import begin, take
from tests.steps import step_of
from workflows.asked import asked_now
from workflows.engine.published import workflow_version
from workflows.operations import firing
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.operations.firing import fire_due
from workflows.operations.wave import open_wave
from workflows.policy import Permission
from workflows.refusal import Denied

MINUTE = timedelta(minutes=1)
COUNTERSIGNED = """\
workflow: countersigned
title: {zh: 会签件}
prefix: HQ
subject: child
open: {by: [class_teacher]}
states:
  asked:
    label: {zh: 会签}
    kind: start
    tasks: {who: [counsellor@school, principal@school], mode: all}
    deadline: {after: 1 days, at: [{150%: assign office@school}]}
  done: {label: {zh: 办结}, kind: end}
transitions:
  agree: {label: {zh: 同意}, from: asked, to: done, decided: tasks, style: primary}
"""
KNOWN = "2026-11-20 09:40"
TOPICS = ("case.due", "case.overdue", "case.urged")


def told(cast: Cast, number: str) -> list[tuple[str, set[str]]]:
    """The messages about a case's time: topic and the log-ins they are for."""
    with cast.database.session(system_scope("tests")) as session:
        logins = {str(key): login for key, login in session.execute(select(Staff.id, Staff.login))}
        rows = session.scalars(
            select(OutboxMessage)
            .where(
                OutboxMessage.recipient == f"case:{number}",
                OutboxMessage.topic.in_(("case.due", "case.overdue", "case.urged")),
            )
            .order_by(OutboxMessage.id)
        )
        return [(row.topic, {logins[person] for person in row.payload["staff"]}) for row in rows]


def test_nothing_fires_before_its_time(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at=KNOWN)
    assert fire_due(cast.database, NOW + 24 * MINUTE - timedelta(seconds=1)) == 0
    assert fired(cast, number) == []
    assert fire_due(cast.database, NOW + 24 * MINUTE) == 1
    assert fired(cast, number, "guardian") == [(80, "remind")]


def test_each_step_fires_once_with_its_record_its_event_and_its_message(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at=KNOWN)
    for minutes in (24, 24, 30, 31, 45, 46):
        fire_due(cast.database, NOW + minutes * MINUTE)
    assert fired(cast, number, "guardian") == [(80, "remind"), (100, "urge"), (150, "assign")]
    guardian = clocks_of(cast, number, "guardian")[0]
    assert (guardian.rung, guardian.next_at, guardian.missed_at) == (3, None, guardian.due_at)
    events = cast.events("clock.fired")
    assert [(e["facts"]["limit"], e["facts"]["percent"], e["role"]) for e in events] == [
        ("guardian", 80, "worker"), ("guardian", 100, "worker"), ("guardian", 150, "worker")
    ]  # fmt: skip
    assert told(cast, number) == [
        ("case.due", {"zhou", "qin", "chen"}),
        ("case.overdue", {"zhou", "qin", "chen"}),
        ("case.overdue", {"chen", "zhou"}),  # the office of the township, and who opened the case
    ]


def test_after_a_downtime_every_step_is_kept_and_only_the_last_asks(cast: Cast) -> None:
    standing = begin(cast, "identification")
    assert fire_due(cast.database, NOW + timedelta(days=60)) == 1
    assert fired(cast, standing.number) == [(80, "remind"), (100, "urge"), (150, "assign")]
    assert told(cast, standing.number) == [
        ("case.overdue", {"qin", "zhou"})
    ]  # whom the last step names, and the opener
    with cast.database.session(system_scope("tests")) as session:
        names = session.scalars(select(ClockFiring.told).order_by(ClockFiring.rung)).all()
    assert [bool(name) for name in names] == [False, False, True]


def test_what_is_late_is_handed_upward_beside_those_asked_so_far(cast: Cast) -> None:
    standing = begin(cast, "identification")
    assert _asked(cast, standing.number) == {"zhou"}
    fire_due(cast.database, NOW + timedelta(days=60))
    assert _asked(cast, standing.number) == {"zhou", "qin"}  # the office of the school may complete the file as well
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(CaseTask.role).order_by(CaseTask.position)).all() == ["class_teacher", "office"]
    with pytest.raises(Denied):
        take(cast, standing, step_of("identification", "complete", "open"), "meng")
    take(cast, standing, step_of("identification", "complete", "open"), "qin")
    assert _asked(cast, standing.number) == {"qin"}


def _asked(cast: Cast, number: str) -> set[str]:
    with cast.database.session(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == number)).one()
        workflow = workflow_version(session, case.definition_id).workflow
        found = asked_now(session, case, workflow, NOW.date())
        return set(session.scalars(select(Staff.login).where(Staff.id.in_(found))))


def test_where_all_have_to_speak_those_above_take_over_the_seats_that_are_late(cast: Cast) -> None:
    publish_report(cast, COUNTERSIGNED)
    child = cast.add_child("ZX-2302")
    with cast.acting("zhou", Permission.CASE_ACT) as tx:
        number = open_case_about(tx, "countersigned", "child", child, Beginning()).number
    assert _asked(cast, number) == {"meng", "tan"}
    move(cast, number, "agree", {"opinion": "同意"}, at=NOW, who="tan")
    assert _asked(cast, number) == {"meng"}
    fire_due(cast.database, NOW + timedelta(days=3))
    assert _asked(cast, number) == {"qin"}
    move(cast, number, "agree", {"opinion": "同意"}, at=NOW + timedelta(days=3), who="qin")
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Case.state).where(Case.number == number)).one() == "done"


def test_a_case_that_moved_on_is_left_alone(cast: Cast) -> None:
    standing = begin(cast, "identification")
    take(cast, standing, step_of("identification", "not_left_behind", "open"))
    assert fire_due(cast.database, NOW + timedelta(days=90)) == 0
    assert fired(cast, standing.number) == []


def test_a_clock_that_nobody_stopped_stops_with_its_case(cast: Cast) -> None:
    number = begin(cast, "identification").number
    with cast.database.transaction(system_scope("tests")) as session:
        changes = {"closed_at": NOW, "open_slot": None, "state": "lapsed"}
        session.execute(update(Case).where(Case.number == number).values(changes))
    assert fire_due(cast.database, NOW + timedelta(days=90)) == 0
    assert clocks_of(cast, number)[0].next_at is None


def test_a_clock_set_back_or_forth_a_day_fires_nothing_twice_and_loses_nothing(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at=KNOWN)
    day = timedelta(days=1)
    for at in (NOW + 24 * MINUTE, NOW + 24 * MINUTE - day, NOW + 31 * MINUTE, NOW - day, NOW + day, NOW, NOW + 2 * day):
        fire_due(cast.database, at)
    assert fired(cast, number, "guardian") == [(80, "remind"), (100, "urge"), (150, "assign")]


def test_a_limit_told_in_time_but_late_on_record_is_kept(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at=KNOWN)
    fire_due(cast.database, NOW + 31 * MINUTE)
    assert clocks_of(cast, number, "guardian")[0].missed_at is not None
    move(cast, number, "tell_guardian", {"told_at": "2026-11-20 10:00"}, at=NOW + 40 * MINUTE)
    assert clocks_of(cast, number, "guardian")[0].missed_at is None
    assert fired(cast, number, "guardian") == [(80, "remind"), (100, "urge")]


def test_a_missed_limit_goes_on_escalating_while_the_case_runs(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at=KNOWN)
    fire_due(cast.database, NOW + 31 * MINUTE)
    move(cast, number, "tell_parents", {"told_at": "2026-11-20 10:05"}, at=NOW + 32 * MINUTE)
    assert due_of(cast, number) == NOW + 30 * MINUTE
    assert fire_due(cast.database, NOW + 45 * MINUTE) == 1
    assert fired(cast, number, "guardian")[-1] == (150, "assign")


def test_a_poisoned_clock_is_put_off_and_holds_up_nobody(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    bad, good = (begin(cast, "identification").number for _ in range(2))
    poisoned = clocks_of(cast, bad)[0].case_id
    real = firing.deadline_of

    def breaks(workflow: Any, key: str, state: str) -> Any:
        if current["case"] == poisoned:
            raise RuntimeError("secret words of a fault")
        return real(workflow, key, state)

    current: dict[str, int] = {}
    held = firing._held

    def remembers(session: Any, clock_id: int, now: datetime) -> Any:
        clock = held(session, clock_id, now)
        current["case"] = clock.case_id if clock is not None else 0
        return clock

    monkeypatch.setattr(firing, "deadline_of", breaks)
    monkeypatch.setattr(firing, "_held", remembers)
    at = NOW + timedelta(days=60)
    assert fire_due(cast.database, at) == 1
    assert len(fired(cast, good)) == 3
    delays = []
    for tries in range(1, 5):
        clock = clocks_of(cast, bad)[0]
        assert clock.next_at is not None
        assert (clock.tries, clock.failure, clock.rung) == (tries, "RuntimeError", 0)
        delays.append(clock.next_at - at)
        assert fire_due(cast.database, clock.next_at - timedelta(seconds=1)) == 0
        at = clock.next_at
        fire_due(cast.database, at)
    assert delays == [timedelta(minutes=minutes) for minutes in (1, 2, 4, 8)]
    monkeypatch.undo()
    clock = clocks_of(cast, bad)[0]
    assert clock.next_at is not None
    assert fire_due(cast.database, clock.next_at) == 1
    clock = clocks_of(cast, bad)[0]
    assert (clock.tries, clock.failure) == (0, None)
    assert fired(cast, bad) == [(80, "remind"), (100, "urge"), (150, "assign")]


def test_a_definition_that_cannot_be_read_is_a_fault_of_its_own_cases_alone(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at=KNOWN)
    other = begin(cast, "identification").number
    with cast.database.transaction(system_scope("tests")) as session:
        row = session.scalars(select(Case).where(Case.number == number)).one()
        text = session.get_one(Definition, row.definition_id).content
        broken = Definition(
            id=row.definition_id + 1, kind="workflow", key="incident", version=9, content="workflow: [",
            digest="0" * 64, state="superseded", published_at=NOW,
        )  # fmt: skip
        session.add(broken)
        session.flush()
        session.execute(update(Case).where(Case.id == row.id).values(definition_id=broken.id))
        assert text
    assert fire_due(cast.database, NOW + timedelta(days=60)) == 1
    assert len(fired(cast, other)) == 3
    assert {clock.tries for clock in clocks_of(cast, number)} == {1}


def test_many_workers_at_the_same_moment_fire_each_step_once(cast: Cast) -> None:
    for _ in range(12):
        cast.add_child("ZX-2302")
    with cast.acting("chen", Permission.WAVE_OPEN) as tx:
        open_wave(tx, cast.places["LX"].id, cast.term_id)
    at, ready, done = NOW + timedelta(days=60), threading.Barrier(4, timeout=20), []

    def works() -> None:
        ready.wait()
        done.append(fire_due(cast.database, at))

    workers = [threading.Thread(target=works) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(done) == 4
    fire_due(cast.database, at)  # what a lock held back while the others looked
    with cast.database.session(system_scope("tests")) as session:
        rungs = session.scalars(select(ClockFiring.rung)).all()
        messages = session.scalars(select(OutboxMessage).where(OutboxMessage.topic == "case.overdue")).all()
    assert sorted(rungs) == sorted([0, 1, 2] * 12)
    assert len(messages) == 12


def test_a_move_and_a_worker_at_the_same_moment_do_not_hurt_each_other(shared_cast: Cast) -> None:
    for _ in range(6):
        standing = begin(shared_cast, "identification")
        at, ready, failed = NOW + timedelta(days=60), threading.Barrier(2, timeout=20), []

        def works(ready: threading.Barrier = ready, failed: list[object] = failed, at: datetime = at) -> None:
            ready.wait()
            try:
                fire_due(shared_cast.database, at)
            except Exception as fault:
                failed.append(fault)

        worker = threading.Thread(target=works)
        worker.start()
        ready.wait()
        answers = step_of("identification", "not_left_behind", "open").answers
        move(shared_cast, standing.number, "not_left_behind", answers, at=at, who="qin")
        worker.join()
        assert failed == []
        (clock,) = clocks_of(shared_cast, standing.number)
        assert clock.stopped_at == at
        assert len(fired(shared_cast, standing.number)) in (0, 3)
        assert clock.tries == 0


ACTS = st.lists(
    st.tuples(
        st.sampled_from(["fire", "fire", "tell_guardian", "tell_parents", "correct", "report_up", "close"]),
        st.integers(-90, 200),
    ),
    max_size=14,
)


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(acts=ACTS)
def test_whatever_happens_in_whatever_order_nothing_fires_twice_or_is_lost(
    sqlite_cast: Cast, acts: Sequence[tuple[str, int]]
) -> None:
    cast = sqlite_cast
    if "incident" not in _known(cast):
        publish_report(cast)
    number = open_report(cast, known_at=KNOWN)
    at, latest, met, closed = NOW, NOW, {}, False
    for act, minutes in acts:
        at += minutes * MINUTE
        if act == "fire":
            fire_due(cast.database, at)
            latest = at if not met and not closed else latest
            continue
        if closed:
            continue
        at = max(at, NOW)
        answers = {"told_at": "2026-11-20 09:45"} if act.startswith("tell") else {}
        if act == "correct":
            answers = {"known_at": KNOWN, "risk": "high"}
        move(cast, number, act, answers, at=at)
        if act.startswith("tell"):
            met.setdefault(act.removeprefix("tell_"), at)
        closed = act == "close"
    end = at + timedelta(days=3)
    fire_due(cast.database, end)
    fire_due(cast.database, end)
    for key in ("guardian", "parents"):
        steps = fired(cast, number, key)
        assert len(steps) == len(set(steps))
        (clock,) = clocks_of(cast, number, key)
        assert len(steps) == clock.rung
        if key in met or closed:
            assert clock.stopped_at is not None
            assert clock.next_at is None
        else:
            assert len(steps) == {"guardian": 3, "parents": 1}[key]
            assert clock.missed_at == clock.due_at
    running = [clock.due_at for clock in clocks_of(cast, number) if clock.stopped_at is None]
    assert due_of(cast, number) == min(running, default=None)


def _known(cast: Cast) -> set[str]:
    with cast.database.session(system_scope("tests")) as session:
        return set(session.scalars(select(Definition.key)))
