"""A form advises and forbids nothing: what it advised against stands on the trail."""

from __future__ import annotations

from typing import Any

from models.case import Case
from models.scope import system_scope
from models.staff import Staff
from tests.cast import Cast
from tests.steps import ASKED_FOR, CHANGED, PROPOSED, SIGNED
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission

OTHER_SEX = "帮扶人与儿童不同性别。建议由同性别的人帮扶；确有需要的，仍可结对。"


def _sexes(cast: Cast, **sexes: str) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        for login, sex in sexes.items():
            session.get_one(Staff, cast[login].staff_id).sex = sex


def _named(cast: Cast, answers: Any) -> dict[str, Any]:
    return {
        key: str(cast[value[1:]].staff_id) if isinstance(value, str) and value.startswith("@") else value
        for key, value in answers.items()
    }


def _open(cast: Cast, child: int, **answers: Any) -> str:
    with cast.acting("zhou", Permission.CASE_ACT) as tx:
        begun = Beginning(_named(cast, {**PROPOSED, **answers}))
        case: Case = open_case_about(tx, "pairing", "child", child, begun)
        return case.number


def _act(cast: Cast, login: str, number: str, step: str, answers: Any) -> None:
    with cast.acting(login, Permission.CASE_ACT) as tx:
        act_on_case(tx, number, Request(step, answers=_named(cast, answers)))


def _advised(cast: Cast) -> list[list[str] | None]:
    return [told["facts"].get("advised") for told in cast.events("case.opened", "case.moved")]


def test_a_helper_of_the_other_sex_is_advised_against_and_taken(cast: Cast) -> None:
    _sexes(cast, shi="male")
    number = _open(cast, cast.add_child("ZX-2302"))
    assert number.startswith("JD-")
    assert _advised(cast) == [[OTHER_SEX]]


def test_nothing_is_said_of_the_same_sex_or_of_one_that_nobody_knows(cast: Cast) -> None:
    _sexes(cast, shi="female")
    _open(cast, cast.add_child("ZX-2302"))
    _open(cast, cast.add_child("ZX-2302"), helper="@meng")
    _sexes(cast, shi="male")
    _open(cast, cast.add_child("ZX-2302", sex=None))
    assert _advised(cast) == [None, None, None]


def test_of_a_helper_without_an_account_what_the_form_says_counts(cast: Cast) -> None:
    outside = {"kind": "volunteer", "helper": "", "helper_name": "镇政府 韦志强"}
    _open(cast, cast.add_child("ZX-2302"), **outside, helper_sex="male")
    _open(cast, cast.add_child("ZX-2302"), **outside, helper_sex="female")
    assert _advised(cast) == [[OTHER_SEX], None]


def test_the_account_counts_more_than_the_form(cast: Cast) -> None:
    _sexes(cast, shi="female")
    _open(cast, cast.add_child("ZX-2302"), helper_sex="male")
    assert _advised(cast) == [None]


def test_a_new_helper_is_judged_by_their_own_sex(cast: Cast) -> None:
    _sexes(cast, shi="female", meng="male")
    number = _open(cast, cast.add_child("ZX-2302"))
    _act(cast, "shi", number, "accept", {"times_a_month": ASKED_FOR["times_a_month"]})
    _act(cast, "zhou", number, "sign", SIGNED)
    _act(cast, "zhou", number, "change", CHANGED)
    assert _advised(cast) == [None, None, None, [OTHER_SEX]]
