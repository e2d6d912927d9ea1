"""A wave opens the term's case for every child on file, ends what the former term left open, and can be repeated."""

from __future__ import annotations

import threading
import time
from datetime import date, datetime, timedelta

import pytest
from sqlalchemy import func, select

from models.case import Case, CaseMove
from models.child import Child
from models.reports.filing import filing_by_place, total_of
from models.school_year import SchoolYear, Term
from models.scope import system_scope
from models.types import new_id
from tests.cast import NOW, Cast
from workflows.operations import wave as waves
from workflows.operations.case import Request, act_on_case
from workflows.operations.wave import Wave, count_wave, open_wave
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal, Stale

SPRING = datetime(2027, 3, 1, 2, 0, tzinfo=NOW.tzinfo)


def _next_term(cast: Cast) -> int:
    with cast.database.transaction(system_scope("tests")) as session:
        year = session.scalars(select(SchoolYear)).one()
        term = Term(id=new_id(), school_year_id=year.id, number=2, first_on=date(2027, 2, 22), last_on=date(2027, 7, 9))
        session.add(term)
        return term.id


def _wave(cast: Cast, place: str, term_id: int, login: str = "qin", at: datetime = SPRING) -> Wave:
    with cast.acting(login, Permission.WAVE_OPEN, at) as tx:
        return open_wave(tx, cast.places[place].id, term_id)


def _states(cast: Cast) -> list[tuple[str, bool]]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.execute(select(Case.state, Case.closed_at).order_by(Case.id))
        return [(state, closed is not None) for state, closed in rows]


def test_every_child_on_file_gets_this_terms_case_and_former_open_ones_end(cast: Cast) -> None:
    first = cast.add_child("ZX-2302", "林小禾")
    cast.add_child("ZX-2301", "田浩然")
    cast.add_child("SQ-2101", "外校人")
    gone = cast.add_child("ZX-2101", "离校生", status="left")
    former = cast.open_case(first)
    spring = _next_term(cast)
    assert _wave(cast, "ZX", spring) == Wave(opened=2, lapsed=1, stuck=())
    with cast.database.session(system_scope("tests")) as session:
        old = session.scalars(select(Case).where(Case.number == former)).one()
        assert (old.state, old.rev, old.open_slot, old.closed_at) == ("lapsed", 2, None, SPRING)
        moved = session.scalars(select(CaseMove).where(CaseMove.case_id == old.id).order_by(CaseMove.id)).all()
        assert [(m.transition, m.from_state, m.to_state, m.actor_name) for m in moved] == [
            ("open", None, "open", "秦素芬"),
            ("lapse", "open", "lapsed", "秦素芬"),
        ]
        new = session.scalars(select(Case).where(Case.term_id == spring)).all()
        assert {(c.state, c.rev, c.version, c.opened_at) for c in new} == {("open", 1, 1, SPRING)}
        assert all(c.open_slot == str(c.child_id) for c in new)
        assert gone not in {c.child_id for c in new}
        assert len({c.number for c in new}) == 2
    told = cast.events("case.opened", "case.moved", "wave.opened")[1:]
    assert [event["action"] for event in told] == ["case.moved", "case.opened", "case.opened", "wave.opened"]
    assert told[0]["facts"]["transition"] == "lapse"
    assert told[-1]["facts"] == {"term": "2026–2027-2", "opened": 2, "lapsed": 1, "stuck": 0}


def test_the_filing_rate_of_the_new_term_starts_at_nothing_and_the_old_term_keeps_its_own(cast: Cast) -> None:
    for name in ("林小禾", "田浩然"):
        cast.open_case(cast.add_child("ZX-2302", name))
    spring = _next_term(cast)
    _wave(cast, "ZX", spring)
    with cast.database.session(system_scope("tests")) as session:
        new = total_of(filing_by_place(session, spring, "school"), "")
        old = total_of(filing_by_place(session, cast.term_id, "school"), "")
    assert (new.filed, new.total, new.rate) == (0, 2, 0.0)
    assert (old.filed, old.total, old.missing) == (0, 2, 2)


def test_a_wave_said_twice_doubles_nothing_and_takes_in_only_newcomers(cast: Cast) -> None:
    cast.add_child("ZX-2302", "林小禾")
    assert _wave(cast, "ZX", cast.term_id, at=NOW).opened == 1
    events = len(cast.events())
    assert _wave(cast, "ZX", cast.term_id, at=NOW) == Wave(0, 0, ())
    assert len(cast.events()) == events
    cast.add_child("ZX-2302", "新来的")
    assert _wave(cast, "ZX", cast.term_id, at=NOW).opened == 1


def test_a_child_taken_off_this_term_stays_off_and_comes_back_the_next(cast: Cast) -> None:
    number = cast.open_case(cast.add_child("ZX-2302"))
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        answers = {"cause": "entered_by_mistake", "reason": "误录"}
        act_on_case(tx, number, Request("not_left_behind", answers=answers))
    assert _wave(cast, "ZX", cast.term_id, at=NOW).opened == 0
    assert _wave(cast, "ZX", _next_term(cast)).opened == 1


def test_the_township_opens_the_wave_of_its_schools_and_not_of_the_neighbours(cast: Cast) -> None:
    for code in ("ZX-2302", "SQ-2101", "BX-2101", "XZ-2101"):
        cast.add_child(code)
    assert _wave(cast, "LX", cast.term_id, "chen", NOW).opened == 2
    assert _wave(cast, "BX", cast.term_id, "bai", NOW).opened == 1


@pytest.mark.parametrize(
    ("login", "place"),
    [("zhou", "ZX"), ("tan", "ZX"), ("feng", "ZX"), ("sys", "ZX"), ("nobody", "ZX"), ("bai", "ZX"), ("qin", "LX")],
)
def test_others_open_no_wave(cast: Cast, login: str, place: str) -> None:
    cast.add_child("ZX-2302")
    with pytest.raises(Denied):
        _wave(cast, place, cast.term_id, login, NOW)
    assert _states(cast) == []


def test_a_class_has_no_wave_and_an_empty_school_says_so(cast: Cast) -> None:
    with pytest.raises(Missing):
        _wave(cast, "ZX-2302", cast.term_id, at=NOW)
    with pytest.raises(Refusal) as refused:
        _wave(cast, "ZX", cast.term_id, at=NOW)
    assert refused.value.code == "no_children"


def test_a_page_from_the_former_term_opens_nothing(cast: Cast) -> None:
    cast.add_child("ZX-2302")
    _next_term(cast)
    with pytest.raises(Stale):
        _wave(cast, "ZX", cast.term_id)
    assert _states(cast) == []


def test_a_term_that_is_over_has_no_wave(cast: Cast) -> None:
    cast.add_child("ZX-2302")
    with pytest.raises(Refusal) as refused:
        _wave(cast, "ZX", cast.term_id, at=datetime(2027, 1, 30, 2, 0, tzinfo=NOW.tzinfo))
    assert refused.value.code == "term_over"


def test_a_case_of_a_version_without_that_end_is_named_and_its_child_passed_over(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    held, free = cast.add_child("ZX-2302", "林小禾"), cast.add_child("ZX-2302", "田浩然")
    number = cast.open_case(held)
    spring = _next_term(cast)
    monkeypatch.setattr("workflows.operations.lapse.LAPSE", "no_such_transition")
    assert _wave(cast, "ZX", spring) == Wave(1, 0, (number,))
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(Case.child_id).where(Case.term_id == spring)).all() == [free]


def test_a_wave_that_dies_half_way_leaves_nothing(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    cast.open_case(cast.add_child("ZX-2302"))
    cast.add_child("ZX-2301", "田浩然")
    spring, before = _next_term(cast), len(cast.events())

    def dies(*_args: object) -> None:
        raise RuntimeError("power cut")

    monkeypatch.setattr(waves, "move_values", dies)
    with pytest.raises(RuntimeError):
        _wave(cast, "ZX", spring)
    assert _states(cast) == [("open", False)]
    assert len(cast.events()) == before


def test_two_waves_at_once_open_each_case_once(cast: Cast) -> None:
    for number in range(30):
        cast.add_child("ZX-2302", f"学生{number:02d}")
    ready, found = threading.Barrier(2), []

    def runs(place: str, login: str) -> None:
        ready.wait()
        found.append(_wave(cast, place, cast.term_id, login, NOW).opened)

    threads = [threading.Thread(target=runs, args=pair) for pair in (("ZX", "qin"), ("LX", "chen"))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == [0, 30]
    assert len(_states(cast)) == 30


def test_the_counts_before_a_wave_are_those_of_the_wave(cast: Cast) -> None:
    cast.open_case(cast.add_child("ZX-2302"))
    cast.add_child("ZX-2301", "田浩然")
    spring = _next_term(cast)
    with cast.database.session(system_scope("tests")) as session:
        counts = count_wave(session, cast.places["ZX"], session.get_one(Term, spring))
    assert (counts.children, counts.present, counts.former, counts.to_open) == (2, 0, 1, 2)


@pytest.mark.deep
def test_ten_thousand_children_take_seconds(sqlite_cast: Cast) -> None:
    with sqlite_cast.database.transaction(system_scope("tests")) as session:
        codes = sqlite_cast.codes("ZX-2302")
        for _number in range(10_000):
            child = Child(id=new_id(), name="林", name_key="lin", made_at=NOW, made_at_school="ZX")
            child.place_at(codes)
            session.add(child)
    began = time.monotonic()
    assert _wave(sqlite_cast, "ZX", sqlite_cast.term_id, at=NOW).opened == 10_000
    first = time.monotonic() - began
    assert _wave(sqlite_cast, "ZX", _next_term(sqlite_cast), at=SPRING + timedelta(hours=1)).lapsed == 10_000
    assert max(first, time.monotonic() - began - first) < 30
    with sqlite_cast.database.session(system_scope("tests")) as session:
        assert session.scalar(select(func.count()).select_from(Case)) == 20_000
