"""Children on file are counted by care situation whatever way they are written, and each person sees their places'."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from sqlalchemy import func, select, update

from models.child import Child
from models.database import Database
from models.reports.care import care_situations
from models.schema import downgrade, upgrade
from models.scope import Branch, Scope, system_scope
from models.tally import ChildTally
from tests.cast import Cast, fill
from tests.tallies import assert_walled

EVERYWHERE = system_scope("tests")
FIRST, SECOND, THIRD, ELSEWHERE = "林小禾", "田浩然", "吴小雨", "秦小满"


@pytest.fixture
def children(cast: Cast) -> dict[str, int]:
    """Three children of one school and one of another, with care situations."""
    found = {name: cast.add_child("ZX-2302", name) for name in (FIRST, SECOND)}
    found |= {THIRD: cast.add_child("ZX-2101", THIRD), ELSEWHERE: cast.add_child("BX-2101", ELSEWHERE)}
    _change(cast, {}, care_situation="grandparents")
    return found


def _change(cast: Cast, who: dict[str, int], **values: object) -> None:
    with cast.database.transaction(EVERYWHERE) as session:
        narrowed = Child.id.in_(who.values()) if who else Child.id > 0
        session.execute(update(Child).where(narrowed).values(**values))


def _kept(cast: Cast, level: str = "school") -> dict[tuple[str, str], int]:
    code = getattr(ChildTally, f"{level}_code")
    counted = select(code, ChildTally.care_situation, func.sum(ChildTally.amount)).where(ChildTally.level == level)
    with cast.database.session(EVERYWHERE) as session:
        rows = session.execute(counted.group_by(code, ChildTally.care_situation)).all()
    return {(place, situation): count for place, situation, count in rows if count}


def _true(cast: Cast, level: str) -> dict[tuple[str, str], int]:
    with cast.database.session(EVERYWHERE) as session:
        rows = session.scalars(select(Child).where(Child.status == "on_file", Child.care_situation.is_not(None))).all()
    return dict(Counter((row.level_codes[level], row.care_situation or "") for row in rows))


def _agrees(cast: Cast) -> bool:
    return all(_kept(cast, level) == _true(cast, level) for level in ("school", "township"))


def test_children_count_at_their_school_and_township(cast: Cast, children: dict[str, int]) -> None:
    assert _kept(cast) == {("ZX", "grandparents"): 3, ("BX", "grandparents"): 1}
    assert _agrees(cast)


def test_a_change_of_situation_moves_the_count(cast: Cast, children: dict[str, int]) -> None:
    _change(cast, {FIRST: children[FIRST]}, care_situation="relatives")
    assert _kept(cast) == {("ZX", "grandparents"): 2, ("ZX", "relatives"): 1, ("BX", "grandparents"): 1}
    _change(cast, {FIRST: children[FIRST]}, care_situation=None)
    assert _kept(cast) == {("ZX", "grandparents"): 2, ("BX", "grandparents"): 1}


def test_who_leaves_counts_no_more(cast: Cast, children: dict[str, int]) -> None:
    _change(cast, {FIRST: children[FIRST]}, status="left", left_kind="moved_away", left_on=date(2026, 10, 9))
    assert _kept(cast)[("ZX", "grandparents")] == 2
    _change(cast, {FIRST: children[FIRST]}, status="on_file", left_kind=None, left_on=None)
    assert _kept(cast)[("ZX", "grandparents")] == 3


def test_the_count_follows_a_child_to_another_school(cast: Cast, children: dict[str, int]) -> None:
    codes = {f"{level}_code": code for level, code in cast.codes("BX-2101").items()}
    _change(cast, {FIRST: children[FIRST]}, **codes)
    assert _kept(cast) == {("ZX", "grandparents"): 2, ("BX", "grandparents"): 2}
    assert _agrees(cast)


def test_each_sees_the_counts_of_their_places(cast: Cast, children: dict[str, int]) -> None:
    def seen(*branches: Branch) -> dict[str, int]:
        with cast.database.session(Scope.of(branches)) as session:
            return care_situations(session)

    assert seen(Branch("city", "QZ")) == {"grandparents": 4}
    assert seen(Branch("township", cast.codes("ZX")["township"])) == {"grandparents": 3}
    assert seen(Branch("school", "ZX"), Branch("case", "7")) == {"grandparents": 3}
    assert seen(Branch("school", "BX"), Branch("township", cast.codes("ZX")["township"])) == {"grandparents": 4}
    assert seen(Branch("class", "ZX-2302")) == {"grandparents": 2}
    assert seen(Branch("class", "ZX-2302"), Branch("school", "BX")) == {"grandparents": 3}
    assert seen(Branch("child", str(children[FIRST]))) == {"grandparents": 1}
    assert seen() == {}


def test_on_postgresql_the_application_reads_counts_inside_its_scope_and_writes_none(postgresql: Database) -> None:
    cast = fill(postgresql)
    cast.add_child("ZX-2302")
    _change(cast, {}, care_situation="grandparents")
    assert_walled(cast, ChildTally, "BX")
    assert _kept(cast) == {("ZX", "grandparents"): 1}


def test_the_counts_can_be_taken_away_and_made_again(sqlite_cast: Cast) -> None:
    sqlite_cast.add_child("ZX-2302")
    _change(sqlite_cast, {}, care_situation="relatives")
    downgrade(sqlite_cast.database.engine, "0011")
    upgrade(sqlite_cast.database.engine)
    assert _kept(sqlite_cast) == {("ZX", "relatives"): 1}
