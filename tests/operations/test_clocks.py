"""The clocks of cases: what starts, stops, re-arms and meets them, and the one moment at which a case is overdue."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import delete, select, update

from admin_app.exchange.spreadsheet import read_grids
from models.case import Case
from models.clock import CaseClock
from models.scope import system_scope
from tests.cast import NOW, Cast
from tests.clockwork import clocks_of, due_of, move, open_report, publish_report
from tests.playing import begin, take
from tests.steps import step_of
from workflows.clock import LOCAL
from workflows.clock_plan import STATE
from workflows.operations.arming import arm_some
from workflows.operations.roster import find_school, import_roster, undo_import
from workflows.operations.wave import open_wave
from workflows.policy import Permission
from workflows.roster.check import check_roster

MINUTE = timedelta(minutes=1)
REGISTER = Path(__file__).parent.parent / "registers" / "school-18-classes.xlsx"


def local(written: str) -> datetime:
    return datetime.fromisoformat(written).replace(tzinfo=LOCAL)


def test_a_case_is_due_when_its_first_state_is(cast: Cast) -> None:
    standing = begin(cast, "identification")
    (clock,) = clocks_of(cast, standing.number)
    assert (clock.limit_key, clock.rung, clock.started_at) == (STATE, 0, NOW)
    assert clock.due_at == local("2026-12-04 23:59")  # ten working days after the 20th of November
    assert clock.next_at == local("2026-12-02 23:59")  # eight of them
    assert due_of(cast, standing.number) == clock.due_at


def test_a_move_stops_the_clock_and_starts_the_next(cast: Cast) -> None:
    standing = begin(cast, "identification")
    take(cast, standing, step_of("identification", "complete", "open"))
    first, second = clocks_of(cast, standing.number)
    assert (first.stopped_at, first.next_at, first.missed_at) == (NOW, None, None)
    assert second.due_at == local("2026-11-27 23:59")
    assert due_of(cast, standing.number) == second.due_at


def test_a_return_starts_the_clock_anew(cast: Cast) -> None:
    standing = begin(cast, "identification")
    for name, source in (("complete", "open"), ("send_back", "confirmed"), ("complete", "returned")):
        take(cast, standing, step_of("identification", name, source))
    clocks = clocks_of(cast, standing.number)
    assert [clock.stopped_at is None for clock in clocks] == [False, False, False, True]
    assert len({clock.entry_id for clock in clocks}) == 4


def test_a_case_that_ends_has_no_clock_and_no_due_moment(cast: Cast) -> None:
    standing = begin(cast, "identification")
    take(cast, standing, step_of("identification", "not_left_behind", "open"))
    assert [clock.stopped_at for clock in clocks_of(cast, standing.number)] == [NOW]
    assert due_of(cast, standing.number) is None


def test_a_wave_starts_the_clock_of_every_case_and_stops_those_of_former_terms(cast: Cast) -> None:
    old = begin(cast, "identification")
    with cast.database.transaction(system_scope("tests")) as session:
        case = session.scalars(select(Case).where(Case.number == old.number)).one()
        case.term_id = None
    children = [cast.add_child("ZX-2302") for _ in range(3)]
    with cast.acting("chen", Permission.WAVE_OPEN, at=NOW + timedelta(days=20)) as tx:
        wave = open_wave(tx, cast.places["LX"].id, cast.term_id)
    assert (wave.opened, wave.lapsed) == (4, 1)
    (stopped,) = clocks_of(cast, old.number)
    assert (stopped.stopped_at, stopped.missed_at) == (NOW + timedelta(days=20), stopped.due_at)
    assert due_of(cast, old.number) is None
    with cast.database.session(system_scope("tests")) as session:
        cases = session.scalars(select(Case).where(Case.child_id.in_(children))).all()
        clocks = session.scalars(select(CaseClock).where(CaseClock.case_id.in_([case.id for case in cases]))).all()
    assert len(clocks) == 3
    assert {case.due_at for case in cases} == {clock.due_at for clock in clocks} == {local("2026-12-24 23:59")}


def test_one_definition_says_what_is_overdue(cast: Cast) -> None:
    standing = begin(cast, "identification")
    due = due_of(cast, standing.number)
    assert due is not None
    for at, overdue in ((due - MINUTE, False), (due, False), (due + MINUTE, True)):
        with cast.database.session(system_scope("tests")) as session:
            case = session.scalars(select(Case).where(Case.number == standing.number)).one()
            assert case.is_overdue(at) is overdue
            assert (session.scalars(select(Case).where(Case.overdue(at))).all() == [case]) is overdue


def test_limits_run_side_by_side_from_the_time_it_was_known(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at="2026-11-20 09:30", risk="high")
    clocks = {clock.limit_key: clock for clock in clocks_of(cast, number)}
    assert {key: clock.due_at for key, clock in clocks.items()} == {
        "guardian": local("2026-11-20 10:00"),
        "parents": local("2026-11-20 10:30"),
        "authority": local("2026-11-20 11:30"),
    }
    assert due_of(cast, number) == local("2026-11-20 10:00")


def test_a_limit_is_met_at_the_time_that_is_told(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at="2026-11-20 09:30")
    move(cast, number, "tell_guardian", {"told_at": "2026-11-20 09:50"}, at=NOW + 40 * MINUTE)
    guardian = clocks_of(cast, number, "guardian")[0]
    assert (guardian.stopped_at, guardian.missed_at, guardian.next_at) == (local("2026-11-20 09:50"), None, None)
    assert due_of(cast, number) == local("2026-11-20 10:30")


def test_a_time_told_after_the_due_moment_is_missed_and_stays_so(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at="2026-11-20 09:30")
    move(cast, number, "tell_guardian", {"told_at": "2026-11-20 10:01"}, at=NOW + 40 * MINUTE)
    guardian = clocks_of(cast, number, "guardian")[0]
    assert guardian.missed_at == guardian.due_at == local("2026-11-20 10:00")


def test_a_threshold_crossed_later_starts_its_clock_at_that_moment_and_once(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at="2026-11-20 09:30", risk="low")
    assert clocks_of(cast, number, "authority") == []
    move(cast, number, "correct", {"risk": "high", "known_at": "2026-11-20 09:30"}, at=NOW + 60 * MINUTE)
    (clock,) = clocks_of(cast, number, "authority")
    assert clock.started_at == NOW + 60 * MINUTE
    assert clock.due_at == NOW + 180 * MINUTE
    for risk in ("low", "high"):
        move(cast, number, "correct", {"risk": risk, "known_at": "2026-11-20 09:30"}, at=NOW + 70 * MINUTE)
    assert [one.id for one in clocks_of(cast, number, "authority")] == [clock.id]


def test_a_corrected_time_of_knowing_counts_the_running_limits_anew(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at="2026-11-20 09:30")
    move(cast, number, "correct", {"risk": "low", "known_at": "2026-11-20 09:20"}, at=NOW)
    assert clocks_of(cast, number, "guardian")[0].due_at == local("2026-11-20 09:50")
    assert due_of(cast, number) == local("2026-11-20 09:50")


def test_a_limit_ends_with_its_case(cast: Cast) -> None:
    publish_report(cast)
    number = open_report(cast, known_at="2026-11-20 09:30")
    move(cast, number, "close", {}, at=NOW + 30 * MINUTE)
    guardian, parents = clocks_of(cast, number, "guardian") + clocks_of(cast, number, "parents")
    assert (guardian.missed_at, parents.missed_at) == (guardian.due_at, None)
    assert {guardian.stopped_at, parents.stopped_at} == {NOW + 30 * MINUTE}
    assert due_of(cast, number) is None


def test_an_open_case_from_before_gets_its_clock_from_the_day_it_entered_its_state(cast: Cast) -> None:
    fresh, old, over = (begin(cast, "identification").number for _ in range(3))
    _before_clocks(cast, {fresh: NOW, old: NOW - timedelta(days=13), over: NOW - timedelta(days=60)})
    with cast.system(at=NOW) as tx:
        assert arm_some(tx) == 3
    with cast.system(at=NOW) as tx:
        assert arm_some(tx) == 0
    found = {number: clocks_of(cast, number)[0] for number in (fresh, old, over)}
    assert {number: clock.rung for number, clock in found.items()} == {fresh: 0, old: 0, over: 2}
    assert found[old].due_at == due_of(cast, old) == local("2026-11-20 23:59")
    assert found[old].next_at == local("2026-11-18 23:59")  # the reminder is late: it is given at once
    assert found[over].next_at is not None
    assert found[over].next_at < NOW  # of three steps the last alone
    assert found[over].missed_at == found[over].due_at
    (told,) = cast.events("clocks.started")
    assert told["facts"] == {"key": "open", "count": 3}


def test_armed_quietly_nothing_that_is_over_is_still_to_be_done(cast: Cast) -> None:
    over = begin(cast, "identification").number
    _before_clocks(cast, {over: NOW - timedelta(days=60)})
    with cast.system(at=NOW) as tx:
        arm_some(tx, quietly=True)
    (clock,) = clocks_of(cast, over)
    assert (clock.rung, clock.next_at) == (3, None)
    assert due_of(cast, over) == clock.due_at


def _before_clocks(cast: Cast, since: dict[str, datetime]) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        session.execute(delete(CaseClock))
        for number, at in since.items():
            session.execute(update(Case).where(Case.number == number).values(state_since=at, due_at=None))


def test_an_import_that_is_taken_back_takes_its_clocks_along(cast: Cast) -> None:
    with cast.acting("qin", Permission.ROSTER_IMPORT) as tx:
        grids = read_grids(REGISTER.read_bytes(), REGISTER.name)
        report = check_roster(grids, file=REGISTER.name, today=NOW.date())
        imported = import_roster(tx, find_school(tx.session, "ZX"), report)
    with cast.database.session(system_scope("tests")) as session:
        clocks = session.scalars(select(CaseClock)).all()
        assert len(clocks) == imported.created
        assert set(session.scalars(select(Case.due_at))) == {clock.due_at for clock in clocks}
    with cast.acting("qin", Permission.ROSTER_UNDO) as tx:
        assert undo_import(tx, imported.batch) == imported.created
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(CaseClock)).all() == []
