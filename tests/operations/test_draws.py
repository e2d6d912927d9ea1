"""Draws of places by lot: sealed before, repeatable after, and one inspection opened at each drawn place."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

import pytest
from sqlalchemy import select, text, update

from models.case import Case
from models.draw import PlaceDraw
from models.place import Place
from models.scope import system_scope
from tests.cast import Cast
from workflows.draw import Candidate, drawn_codes, groups_below, new_seed
from workflows.draw_check import Repeated, repeat_draw
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.operations.draw import Begun, make_draw, open_drawn, prepare_draw
from workflows.operations.place import close_place
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal

NOTICE = {"group_name": "县督查一组", "visit_on": "2026-11-27"}
WANTED = {"school:primary": 2, "school:nine_year": 1}
WORD = "3 17 22"


def prepare(
    cast: Cast, place: str = "QH", wanted: dict[str, int] | None = None, login: str = "feng", key: str | None = None
) -> str:
    with cast.acting(login, Permission.INSPECTION_DRAW) as tx:
        return prepare_draw(tx, cast.places[place].id, WANTED if wanted is None else wanted, key).number


def draw(cast: Cast, number: str, word: str = WORD, login: str = "feng") -> list[str]:
    with cast.acting(login, Permission.INSPECTION_DRAW) as tx:
        return list(make_draw(tx, number, word).drawn)


def begin(cast: Cast, number: str, login: str = "feng", **answers: Any) -> list[Begun]:
    with cast.acting(login, Permission.INSPECTION_DRAW) as tx:
        return open_drawn(tx, number, NOTICE | answers)


def kept(cast: Cast, number: str) -> PlaceDraw:
    with cast.database.session(system_scope("tests")) as session:
        found = session.scalars(select(PlaceDraw).where(PlaceDraw.number == number)).one()
        assert found.seed
        session.expunge(found)
        return found


def repeat(cast: Cast, number: str) -> Repeated:
    with cast.database.session(system_scope("tests")) as session:
        found = session.scalars(select(PlaceDraw).where(PlaceDraw.number == number)).one()
        with cast.database.session(system_scope("tests"), kind="audit") as trail:
            return repeat_draw(found, trail)


def inspections(cast: Cast) -> dict[str, str]:
    with cast.database.session(system_scope("tests")) as session:
        rows = session.execute(
            select(Place.code, Case.number).join(Case, Case.subject_id == Place.id).where(Case.workflow == "inspection")
        )
        return dict(rows.all())


def test_below_a_county_offices_and_schools_by_stage_can_be_drawn_and_below_a_school_its_classes(cast: Cast) -> None:
    with cast.database.session(system_scope("tests")) as session:
        county, school = (session.scalars(select(Place).where(Place.code == code)).one() for code in ("QH", "ZX"))
        assert [(g.key, g.size) for g in groups_below(session, county)] == [
            ("township", 2),
            ("school:primary", 3),
            ("school:nine_year", 1),
        ]
        assert [(g.key, g.size) for g in groups_below(session, school)] == [("class", 3)]


def test_the_seal_and_the_list_are_on_record_before_the_seed_is(cast: Cast) -> None:
    number = prepare(cast)
    assert number == "CQ-2026-0001"
    told = cast.events("draw.prepared")[-1]
    assert told["facts"]["candidates"] == ["BX", "SQ", "XZ", "ZX"]
    assert told["facts"]["wanted"] == [["school:primary", 2], ["school:nine_year", 1]]
    assert told["role"] == "inspector"
    seed = seed_of(cast, number)
    assert told["facts"]["commitment"] == hashlib.sha256(seed.encode()).hexdigest()
    assert seed not in str(cast.events())
    with cast.database.engine.connect() as connection:
        if cast.database.is_sqlite:
            assert seed not in str(connection.execute(text("SELECT * FROM place_draw")).all())


def seed_of(cast: Cast, number: str) -> str:
    with cast.database.session(system_scope("tests")) as session:
        seed = session.scalars(select(PlaceDraw).where(PlaceDraw.number == number)).one().seed
        assert seed is not None
        return seed


def test_anybody_draws_the_same_with_a_sum_program(cast: Cast) -> None:
    number = prepare(cast)
    drawn = draw(cast, number)
    seed = cast.events("draw.made")[-1]["facts"]["seed"]
    assert seed == seed_of(cast, number)

    def smallest(codes: list[str], many: int) -> list[str]:
        return sorted(codes, key=lambda code: hashlib.sha256(f"{seed}:{WORD}:{code}".encode()).hexdigest())[:many]

    assert drawn == [*smallest(["BX", "SQ", "ZX"], 2), "XZ"]
    assert cast.events("draw.made")[-1]["facts"]["drawn"] == drawn


def test_every_candidate_is_drawn_as_often_as_any_other() -> None:
    candidates = [Candidate("class", f"K{n:02d}", f"{n} 班", n) for n in range(10)]
    often = Counter(code for _ in range(3000) for code in drawn_codes(new_seed(), "1", candidates, {"class": 3}))
    # 900 are expected of each, with a standard deviation of 25.
    assert len(often) == 10
    assert all(750 < count < 1050 for count in often.values()), often


def test_a_draw_repeats_from_its_seed_and_every_change_shows(cast: Cast) -> None:
    number = prepare(cast)
    drawn = draw(cast, number)
    assert repeat(cast, number).is_ok
    assert [one.candidate.code for one in repeat(cast, number).tickets if one.is_drawn] == drawn
    other = next(code for code in ("BX", "SQ", "ZX") if code not in drawn)
    for values in (
        {"drawn": [other, *drawn[1:]]},
        {"word": "别的数"},
        {"listed": "0" * 64},
        {"commitment": "0" * 64},
        {"candidates": [["school:primary", "ZX", "中心小学", 1]]},
        {"wanted": [["school:primary", 1]]},
    ):
        with cast.database.transaction(system_scope("tests")) as session:
            before = session.execute(
                select(*(getattr(PlaceDraw, key) for key in values)).where(PlaceDraw.number == number)
            ).one()
            session.execute(update(PlaceDraw).where(PlaceDraw.number == number).values(**values))
        assert not repeat(cast, number).is_ok, values
        with cast.database.transaction(system_scope("tests")) as session:
            session.execute(
                update(PlaceDraw).where(PlaceDraw.number == number).values(**dict(zip(values, before, strict=True)))
            )
    assert repeat(cast, number).is_ok


def test_what_is_drawn_stays_drawn(cast: Cast) -> None:
    number = prepare(cast)
    drawn = draw(cast, number)
    assert draw(cast, number) == drawn
    with pytest.raises(Refusal) as refused:
        draw(cast, number, "换一个数")
    assert refused.value.code == "already_drawn"
    assert len(cast.events("draw.made")) == 1


def test_the_same_request_prepares_one_draw(cast: Cast) -> None:
    assert prepare(cast, key="k1") == prepare(cast, key="k1")
    with pytest.raises(Refusal) as refused:
        prepare(cast, wanted={"school:primary": 1}, key="k1")
    assert refused.value.code == "key_reused"
    assert len(cast.events("draw.prepared")) == 1


@pytest.mark.parametrize(
    ("place", "wanted", "code"),
    [
        ("QH", {}, "nothing_wanted"),
        ("QH", {"school:primary": 0}, "nothing_wanted"),
        ("QH", {"school:primary": -1}, "nothing_wanted"),
        ("QH", {"school:primary": 4}, "more_than_there_are"),
        ("QH", {"class": 1}, "more_than_there_are"),
        ("QH", {"nothing": 1}, "more_than_there_are"),
        ("ZX-2302", {"class": 1}, "more_than_there_are"),
    ],
)
def test_a_draw_that_cannot_be_is_refused(cast: Cast, place: str, wanted: dict[str, int], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        prepare(cast, place, wanted)
    assert refused.value.code == code
    assert cast.events("draw.prepared") == []


@pytest.mark.parametrize("word", ["", "   ", "字" * 41])
def test_nothing_is_drawn_without_a_word_of_those_present(cast: Cast, word: str) -> None:
    number = prepare(cast)
    with pytest.raises(Refusal) as refused:
        draw(cast, number, word)
    assert refused.value.code == "word_missing"
    assert cast.events("draw.made") == []


@pytest.mark.parametrize("login", ["chen", "qin", "tan", "bai", "aud", "sys"])
def test_only_inspectors_draw(cast: Cast, login: str) -> None:
    number = prepare(cast)
    for attempt in (lambda: prepare(cast, login=login), lambda: draw(cast, number, login=login)):
        with pytest.raises((Denied, Missing)):
            attempt()


def test_nobody_draws_outside_the_own_places(cast: Cast) -> None:
    with pytest.raises(Missing):
        prepare(cast, "QZ")


def test_one_action_opens_an_inspection_at_each_drawn_place_once(cast: Cast) -> None:
    number = prepare(cast)
    drawn = draw(cast, number)
    begun = begin(cast, number)
    assert [(one.code, one.is_new) for one in begun] == [(code, True) for code in drawn]
    assert inspections(cast) == {one.code: one.case for one in begun}
    again = begin(cast, number, group_name="换一个组名也不再发起")
    assert [(one.case, one.is_new) for one in again] == [(one.case, False) for one in begun]
    assert len(cast.events("case.opened")) == len(drawn)


def test_a_place_that_cannot_be_inspected_now_is_told_and_holds_up_no_other(cast: Cast) -> None:
    number = prepare(cast, "LX", {"school:primary": 2})
    draw(cast, number)
    with cast.acting("feng", Permission.CASE_ACT) as tx:
        own = open_case_about(tx, "inspection", "place", cast.places["ZX"].id, Beginning(NOTICE)).number
    begun = {one.code: one for one in begin(cast, number)}
    assert str(begun["ZX"].refused) == "已有一件同类事项在办"
    assert begun["SQ"].is_new
    assert inspections(cast) == {"ZX": own, "SQ": begun["SQ"].case}
    opened = cast.events("case.opened")
    assert {body["facts"]["number"] for body in opened} == {own, begun["SQ"].case}


def test_a_place_that_was_closed_since_is_told(cast: Cast) -> None:
    number = prepare(cast, "ZX", {"class": 3})
    draw(cast, number)
    with cast.acting("qin", Permission.PLACE_MANAGE) as tx:
        place = tx.session.scalars(select(Place).where(Place.code == "ZX-2301")).one()
        close_place(tx, place.id, place.rev)
    refused = [(one.code, str(one.refused)) for one in begin(cast, number) if one.refused]
    assert refused == [("ZX-2301", "四（1）班已撤并")]


def test_a_wrong_notice_opens_nothing(cast: Cast) -> None:
    number = prepare(cast)
    draw(cast, number)
    with pytest.raises(Refusal) as refused:
        begin(cast, number, visit_on="那天")
    assert "visit_on" in refused.value.faults
    assert inspections(cast) == {}


def test_nothing_is_opened_before_the_lot_is_drawn(cast: Cast) -> None:
    number = prepare(cast)
    with pytest.raises(Refusal) as refused:
        begin(cast, number)
    assert refused.value.code == "not_drawn"
