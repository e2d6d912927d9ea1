"""Counts of cases are kept with the cases: by whatever way a case is written, moved to another place or removed."""

from __future__ import annotations

from collections import Counter

import pytest
from sqlalchemy import func, select, text, update

from models.case import Case
from models.child import Child
from models.database import Database
from models.place import Place
from models.reports.filing import filing_by_place
from models.schema import downgrade, upgrade
from models.scope import Branch, Scope, system_scope
from models.tally import CaseTally
from tests.cast import Cast, fill
from tests.tallies import assert_walled
from workflows.operations.case import Request, act_on_case
from workflows.policy import Permission

EVERYWHERE = system_scope("tests")
TAKEN_OFF = Request("not_left_behind", answers={"cause": "entered_by_mistake", "reason": "误录"})


def _kept(cast: Cast, level: str = "school") -> dict[tuple[str, str], int]:
    code = getattr(CaseTally, f"{level}_code")
    counted = select(code, CaseTally.state, func.sum(CaseTally.amount)).where(CaseTally.level == level)
    with cast.database.session(EVERYWHERE) as session:
        rows = session.execute(counted.group_by(code, CaseTally.state)).all()
    return {(place, state): count for place, state, count in rows if count}


def _true(cast: Cast, level: str = "school") -> dict[tuple[str, str], int]:
    with cast.database.session(EVERYWHERE) as session:
        cases = session.scalars(select(Case).where(Case.term_id.is_not(None), Case.circle == "")).all()
    return dict(Counter((case.level_codes[level], case.state) for case in cases))


def _agree(cast: Cast) -> bool:
    return all(_kept(cast, level) == _true(cast, level) for level in ("school", "township"))


def test_a_case_counts_where_it_stands_and_in_its_state(cast: Cast) -> None:
    first, _second = (cast.open_case(cast.add_child("ZX-2302", name)) for name in ("林小禾", "田浩然"))
    assert _kept(cast) == {("ZX", "open"): 2}
    with cast.acting("qin", Permission.CASE_ACT) as tx:
        act_on_case(tx, first, TAKEN_OFF)
    assert _kept(cast) == {("ZX", "open"): 1, ("ZX", "not_left_behind"): 1}
    assert _kept(cast, "township") == {("LX", "open"): 1, ("LX", "not_left_behind"): 1}


def test_nothing_is_counted_of_a_move_that_was_taken_back(cast: Cast) -> None:
    number = cast.open_case(cast.add_child("ZX-2302"))
    with pytest.raises(ZeroDivisionError), cast.acting("qin", Permission.CASE_ACT) as tx:
        act_on_case(tx, number, TAKEN_OFF)
        raise ZeroDivisionError
    assert _kept(cast) == {("ZX", "open"): 1}


def test_a_count_follows_the_child_to_another_school(cast: Cast) -> None:
    child_id = cast.add_child("ZX-2302")
    cast.open_case(child_id)
    codes = {f"{level}_code": code for level, code in cast.codes("BX-2101").items()}
    with cast.database.transaction(EVERYWHERE) as session:
        session.execute(update(Child).where(Child.id == child_id).values(**codes))
    assert _kept(cast) == {("BX", "open"): 1}
    assert _agree(cast)


def test_many_rows_at_once_count_like_one_by_one(cast: Cast) -> None:
    for name in ("林小禾", "田浩然", "吴小雨"):
        cast.open_case(cast.add_child("ZX-2302", name))
    cast.open_case(cast.add_child("ZX-2101", "秦小满"))
    with cast.database.transaction(EVERYWHERE) as session:
        session.execute(update(Case).where(Case.class_code == "ZX-2302").values(state="confirmed"))
    assert _kept(cast) == {("ZX", "confirmed"): 3, ("ZX", "open"): 1}
    with cast.database.transaction(EVERYWHERE) as session:
        session.execute(update(Case).values(term_id=None))
    assert _kept(cast) == {}


def test_a_confidential_case_is_not_counted(cast: Cast) -> None:
    cast.open_case(cast.add_child("ZX-2302"))
    with cast.database.transaction(EVERYWHERE) as session:
        session.execute(update(Case).values(circle="counselling"))
    assert _kept(cast) == {}
    with cast.database.transaction(EVERYWHERE) as session:
        session.execute(update(Case).values(circle=""))
    assert _kept(cast) == {("ZX", "open"): 1}


def test_the_rates_are_those_of_the_cases_inside_the_scope(cast: Cast) -> None:
    for place, login in (("ZX-2302", "qin"), ("ZX-2101", "qin"), ("BX-2101", "bai")):
        cast.open_case(cast.add_child(place, place), login)

    def seen(level: str, under: Place | None = None, *branches: Branch) -> dict[str, int]:
        with cast.database.session(Scope.of(branches)) as session:
            return {filing.code: filing.total for filing in filing_by_place(session, cast.term_id, level, under)}

    city = Branch("city", "QZ")
    school = {code: cast.codes(code)["township"] for code in ("ZX", "BX")}
    assert seen("township", None, city) == Counter({school["ZX"]: 2}) + Counter({school["BX"]: 1})
    assert seen("school", None, city) == {"ZX": 2, "BX": 1}
    assert seen("school", cast.places[school["ZX"]], city).items() >= {"ZX": 2}.items()
    assert seen("school", None, Branch("school", "BX")) == {"BX": 1}
    assert seen("class", None, Branch("school", "ZX")) == {"ZX-2101": 1, "ZX-2302": 1}
    assert seen("school", None, Branch("class", "ZX-2302")) == {"ZX": 1}
    assert seen("school", None) == {}


def test_two_people_at_one_school_do_not_wait_for_each_other(postgresql: Database) -> None:
    cast = fill(postgresql)
    numbers = [cast.open_case(cast.add_child("ZX-2302", name)) for name in ("林小禾", "田浩然")]
    with cast.acting("qin", Permission.CASE_ACT) as slow:
        act_on_case(slow, numbers[0], TAKEN_OFF)
        slow.session.flush()
        with cast.acting("chen", Permission.CASE_ACT) as quick:
            quick.session.execute(text("SET LOCAL lock_timeout = '2s'"))
            act_on_case(quick, numbers[1], TAKEN_OFF)
        assert _kept(cast) == {("ZX", "open"): 1, ("ZX", "not_left_behind"): 1}
    assert _kept(cast) == {("ZX", "not_left_behind"): 2}


def test_on_postgresql_the_application_reads_counts_inside_its_scope_and_writes_none(postgresql: Database) -> None:
    cast = fill(postgresql)
    cast.open_case(cast.add_child("ZX-2302"))
    assert_walled(cast, CaseTally, "BX")
    assert _kept(cast) == {("ZX", "open"): 1}


def test_the_counts_can_be_taken_away_and_made_again(sqlite_cast: Cast) -> None:
    cast = sqlite_cast
    cast.open_case(cast.add_child("ZX-2302"))
    _down_and_up(cast.database)
    assert _kept(cast) == {("ZX", "open"): 1}
    cast.open_case(cast.add_child("ZX-2101", "田浩然"))
    assert _kept(cast) == {("ZX", "open"): 2}


def _down_and_up(database: Database) -> None:
    downgrade(database.engine, "0006")
    upgrade(database.engine)
