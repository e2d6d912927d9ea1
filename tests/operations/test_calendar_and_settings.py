"""School years and terms, the office's heading words, and the switch of the three officers."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from sqlalchemy import select

from models.roster import HeadingSynonym
from models.school_calendar import first_year_on
from models.school_year import SchoolYear, Term
from models.scope import system_scope
from models.setting import Setting
from tests.cast import NOW, Cast
from tests.office import act, events
from workflows.operations.appointment import appoint
from workflows.operations.heading import forget_heading, teach_heading
from workflows.operations.school_year import change_term, make_school_year, make_term
from workflows.operations.setting import OFFICERS_KEY, switch_officers
from workflows.policy import Permission, standard_policy
from workflows.refusal import Denied, Refusal, Stale

TERM, HEADING, SETTING = Permission.TERM_MANAGE, Permission.HEADING_MANAGE, Permission.SETTING_MANAGE
SPRING = {"number": "2", "first_on": "2027-02-22", "last_on": "2027-07-09", "note": ""}


def _year(cast: Cast) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return session.scalars(select(SchoolYear.id)).first() or 0


def _term(cast: Cast, **values: Any) -> Term:
    return act(cast, "chen", TERM, make_term, _year(cast), SPRING | values)


def test_a_year_and_a_term_are_added(cast: Cast) -> None:
    year = act(cast, "chen", TERM, make_school_year, "2027")
    term = _term(cast)
    assert (year.name, term.number) == ("2027–2028", 2)
    assert events(cast) == [
        ("陈立群", "school_year.made", {"first_year": (None, "2027")}),
        (
            "陈立群",
            "term.made",
            {"number": (None, "2"), "first_on": (None, "2027-02-22"), "last_on": (None, "2027-07-09")},
        ),
    ]
    with pytest.raises(Refusal, match="year_exists"):
        act(cast, "chen", TERM, make_school_year, "2027")


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"first_on": "2027-01-10"}, "terms_overlap"),
        ({"number": "1"}, "term_exists"),
        ({"first_on": "2027-07-10"}, "bad_values"),
        ({"last_on": ""}, "bad_values"),
        ({"number": "3"}, "bad_values"),
        ({"first_on": "2027-09-01", "last_on": "2028-01-10"}, "outside_year"),
        ({"last_on": "2027-03-01"}, "check_dates"),
    ],
)
def test_terms_that_cannot_be_are_refused(cast: Cast, values: dict[str, str], code: str) -> None:
    with pytest.raises(Refusal, match=code):
        _term(cast, **values)
    assert events(cast) == []


def test_the_second_term_stands_after_the_first(cast: Cast) -> None:
    with pytest.raises(Refusal, match="terms_overlap"):
        _term(cast, first_on="2026-07-05", last_on="2026-08-20")


def test_moving_the_dates_of_a_term_that_has_begun_asks_first(cast: Cast) -> None:
    with pytest.raises(Refusal, match="check_dates") as asked:
        act(cast, "chen", TERM, change_term, cast.term_id, 1, {"last_on": "2027-01-15"})
    assert "已经开始" in str(asked.value.message)
    act(cast, "chen", TERM, change_term, cast.term_id, 1, {"last_on": "2027-01-15"}, is_sure=True)
    assert events(cast) == [("陈立群", "term.changed", {"last_on": ("2027-01-22", "2027-01-15")})]
    with pytest.raises(Stale) as stale:
        act(cast, "chen", TERM, change_term, cast.term_id, 1, {"last_on": "2027-01-20"}, is_sure=True)
    assert str(stale.value.faults["last_on"]) == "2027-01-15"


def test_a_note_alone_asks_nothing(cast: Cast) -> None:
    act(cast, "chen", TERM, change_term, cast.term_id, 1, {"note": "秋季"})
    assert events(cast) == [("陈立群", "term.changed", {"note": (None, "秋季")})]


@pytest.mark.parametrize("login", ["zhou", "tan", "aud", "sec", "feng"])
def test_others_change_no_term(cast: Cast, login: str) -> None:
    with pytest.raises(Denied):
        act(cast, login, TERM, make_school_year, 2027)


def test_two_people_add_terms_that_overlap_and_one_is_told(cast: Cast) -> None:
    outcomes: list[str] = []
    together = threading.Barrier(2)
    year = _year(cast)
    act(cast, "chen", TERM, make_school_year, "2027")

    def add(first_on: str) -> None:
        together.wait()
        try:
            act(cast, "chen", TERM, make_term, year, SPRING | {"first_on": first_on})
            outcomes.append("made")
        except Refusal as refused:
            outcomes.append(refused.code)

    people = [threading.Thread(target=add, args=(day,)) for day in ("2027-02-22", "2027-02-23")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) == ["made", "terms_overlap"]


def test_the_school_year_of_a_day_is_that_of_its_term(cast: Cast) -> None:
    with cast.database.session(system_scope("tests")) as session:
        assert first_year_on(session, NOW.date()) == 2026
        assert first_year_on(session, NOW.date().replace(year=2028, month=3)) == 2027


def test_a_heading_word_is_taught_once_and_forgotten(cast: Cast) -> None:
    taught = act(cast, "chen", HEADING, teach_heading, "娃儿 名字", "child.name")
    assert taught.word == "娃儿名字"
    with pytest.raises(Refusal, match="word_taken"):
        act(cast, "bai", HEADING, teach_heading, "娃儿名字", "guardian.name")
    with pytest.raises(Refusal, match="bad_values"):
        act(cast, "chen", HEADING, teach_heading, "——", "child.name")
    with pytest.raises(Refusal, match="bad_values"):
        act(cast, "chen", HEADING, teach_heading, "甲", "child.password")
    with pytest.raises(Denied):
        act(cast, "zhou", HEADING, teach_heading, "甲", "child.name")
    act(cast, "chen", HEADING, forget_heading, taught.id, 1)
    assert events(cast) == [
        ("陈立群", "heading.taught", {"word": (None, "娃儿名字"), "field": (None, "child.name")}),
        ("陈立群", "heading.forgotten", {"word": ("娃儿名字", None), "field": ("child.name", None)}),
    ]
    with cast.database.session(system_scope("tests")) as session:
        assert session.scalars(select(HeadingSynonym)).all() == []


def test_the_officers_are_switched_off_and_on_again(cast: Cast) -> None:
    act(cast, "sec", SETTING, switch_officers, False, was_separate=True, reason="学校人少")
    with cast.database.session(system_scope("tests")) as session:
        assert session.get_one(Setting, OFFICERS_KEY).value == "false"
    on = {"was_separate": False, "reason": "学校人少"}
    act(cast, "sec", SETTING, switch_officers, True, policy=standard_policy(False), **on)
    assert events(cast) == [
        ("黄志勤", "setting.changed", {OFFICERS_KEY: ("true", "false")}),
        ("黄志勤", "setting.changed", {OFFICERS_KEY: ("false", "true")}),
    ]


@pytest.mark.parametrize("login", ["chen", "sys", "aud", "zhou"])
def test_only_the_security_officer_lets_go_of_the_officers(cast: Cast, login: str) -> None:
    with pytest.raises(Denied):
        act(cast, login, SETTING, switch_officers, False, was_separate=True, reason="学校人少")


def test_the_officers_return_only_when_nobody_mixes_posts(cast: Cast) -> None:
    off = standard_policy(False)
    act(cast, "sec", SETTING, switch_officers, False, was_separate=True, reason="学校人少")
    act(
        cast,
        "chen",
        Permission.STAFF_APPOINT,
        appoint,
        cast["zhou"].staff_id,
        "system_officer",
        cast.places["ZX"].id,
        {},
        policy=off,
    )
    with pytest.raises(Refusal, match="mixed_roles"):
        act(cast, "sec", SETTING, switch_officers, True, was_separate=False, reason="学校人少")
    with pytest.raises(Stale):
        act(cast, "sec", SETTING, switch_officers, True, was_separate=True, reason="学校人少")
