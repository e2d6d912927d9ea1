"""Accounts: a password drawn once, inactive until activated, sessions ended when access is taken away."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import select

from models.scope import system_scope
from models.staff import LoginSession, Staff
from models.types import new_id
from tests.cast import NOW, Cast
from tests.office import act, bodies, events
from workflows.operations.staff import activate_staff, change_staff, deactivate_staff, make_staff, reset_password
from workflows.policy import Permission, standard_policy
from workflows.refusal import Denied, Missing, Refusal, Stale

MANAGE, ACTIVATE = Permission.STAFF_MANAGE, Permission.STAFF_ACTIVATE
OFFICERS_OFF = standard_policy(False)
PERSON = {"login": "Luo.Cheng", "name": "罗成斌", "phone": "138 0000 4411"}


def _staff(cast: Cast, login: str) -> dict[str, Any]:
    with cast.database.session(system_scope("tests")) as session:
        person = session.scalars(select(Staff).where(Staff.login == login)).one()
        named = ("id", "name", "name_key", "phone", "phone_sealed", "password_hash", "is_active", "school_code", "rev")
        return {key: getattr(person, key) for key in (*named, "must_change_password")}


def _log_in(cast: Cast, login: str) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        session.add(
            LoginSession(id=new_id(), token_digest=login.encode(), staff_id=cast[login].staff_id, began_at=NOW,
                         seen_at=NOW, address="192.0.2.7", agent="test")
        )  # fmt: skip


def _open_sessions(cast: Cast) -> int:
    with cast.database.session(system_scope("tests")) as session:
        return len(session.scalars(select(LoginSession).where(LoginSession.ended_at.is_(None))).all())


def test_a_new_account_is_inactive_and_its_password_is_returned_once(cast: Cast) -> None:
    slip = act(cast, "sys", MANAGE, make_staff, cast.places["ZX"].id, PERSON)
    stored = _staff(cast, "luo.cheng")
    assert (slip.login, slip.name) == ("luo.cheng", "罗成斌")
    assert PasswordHasher().verify(stored["password_hash"], slip.password)
    assert not stored["is_active"]
    assert stored["must_change_password"]
    assert (stored["phone"], stored["name_key"], stored["school_code"]) == ("13800004411", "luo cheng bin 罗成斌", "ZX")
    assert b"13800004411" not in stored["phone_sealed"]
    assert events(cast) == [
        (
            "韦国梁",
            "staff.made",
            {
                "login": (None, "luo.cheng"),
                "name": (None, "罗成斌"),
                "phone": (None, "13800004411"),
                "place_id": (None, str(cast.places["ZX"].id)),
                "is_active": (None, "false"),
            },
        )
    ]
    assert not any(slip.password in str(body) or "13800004411" in str(body) for body in bodies(cast))


def test_first_passwords_are_drawn_anew(cast: Cast) -> None:
    one = act(cast, "sys", MANAGE, make_staff, cast.places["ZX"].id, PERSON)
    two = act(cast, "sys", MANAGE, make_staff, cast.places["ZX"].id, PERSON | {"login": "other"})
    assert one.password != two.password
    assert len(one.password) == 19


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"login": "a"}, "login"),
        ({"login": "罗"}, "login"),
        ({"login": "a b"}, "login"),
        ({"name": " "}, "name"),
        ({"phone": "1380000"}, "phone"),
        ({"name": "长" * 201}, "name"),
        ({"sex": "未知"}, "sex"),
    ],
)
def test_broken_values_are_refused_at_their_field(cast: Cast, values: dict[str, str], field: str) -> None:
    with pytest.raises(Refusal, match="bad_values") as refused:
        act(cast, "sys", MANAGE, make_staff, cast.places["ZX"].id, PERSON | values)
    assert set(refused.value.faults) == {field}
    assert events(cast) == []


def test_an_account_name_is_taken_across_all_places(cast: Cast) -> None:
    with pytest.raises(Refusal, match="login_taken"):
        act(cast, "sys", MANAGE, make_staff, cast.places["ZX"].id, PERSON | {"login": "BAI"})


@pytest.mark.parametrize("login", ["chen", "sec", "aud", "bai", "tan", "nobody"])
def test_while_officers_are_separate_only_the_system_officer_makes_accounts(cast: Cast, login: str) -> None:
    with pytest.raises(Denied):
        act(cast, login, MANAGE, make_staff, cast.places["ZX"].id, PERSON)


def test_where_officers_are_off_the_office_makes_active_accounts_in_its_own_places(cast: Cast) -> None:
    act(cast, "chen", MANAGE, make_staff, cast.places["ZX"].id, PERSON, policy=OFFICERS_OFF)
    assert _staff(cast, "luo.cheng")["is_active"]
    with pytest.raises(Denied):
        act(cast, "chen", MANAGE, make_staff, cast.places["BX"].id, PERSON, policy=OFFICERS_OFF)


def test_a_security_officer_activates_and_deactivates(cast: Cast) -> None:
    act(cast, "sys", MANAGE, make_staff, cast.places["ZX"].id, PERSON)
    person = _staff(cast, "luo.cheng")
    act(cast, "sec", ACTIVATE, activate_staff, person["id"], person["rev"])
    assert _staff(cast, "luo.cheng")["is_active"]
    _log_in(cast, "zhou")
    act(cast, "sec", ACTIVATE, deactivate_staff, cast["zhou"].staff_id, 1)
    assert _open_sessions(cast) == 0
    assert [event[:2] for event in events(cast)[1:]] == [
        ("黄志勤", "staff.activated"),
        ("黄志勤", "staff.deactivated"),
    ]


def test_the_officer_who_makes_accounts_does_not_activate_them(cast: Cast) -> None:
    person = act(cast, "sys", MANAGE, make_staff, cast.places["ZX"].id, PERSON)
    with pytest.raises(Denied):
        act(cast, "sys", MANAGE, activate_staff, person.staff_id, 1)
    assert not _staff(cast, "luo.cheng")["is_active"]


def test_nobody_switches_their_own_account_nor_the_last_officer_off(cast: Cast) -> None:
    with pytest.raises(Refusal, match="own_account"):
        act(cast, "sec", ACTIVATE, deactivate_staff, cast["sec"].staff_id, 1)
    with pytest.raises(Refusal, match="last_officer"):
        act(cast, "sec", ACTIVATE, deactivate_staff, cast["sys"].staff_id, 1)
    assert events(cast) == []


def test_a_reset_draws_a_new_password_and_ends_the_sessions(cast: Cast) -> None:
    _log_in(cast, "zhou")
    slip = act(cast, "sys", MANAGE, reset_password, cast["zhou"].staff_id, 1)
    stored = _staff(cast, "zhou")
    assert PasswordHasher().verify(stored["password_hash"], slip.password)
    assert stored["must_change_password"]
    assert _open_sessions(cast) == 0
    assert events(cast) == [("韦国梁", "staff.password_reset", {})]
    with pytest.raises(Stale):
        act(cast, "sys", MANAGE, reset_password, cast["zhou"].staff_id, 1)


def test_a_change_moves_the_codes_with_the_workplace(cast: Cast) -> None:
    who = cast["zhou"].staff_id
    changed = {"name": "周敏敏", "sex": "female", "phone": "13800005522"}
    act(cast, "sys", MANAGE, change_staff, who, 1, changed, cast.places["SQ"].id)
    stored = _staff(cast, "zhou")
    assert (stored["name"], stored["name_key"], stored["school_code"]) == ("周敏敏", "zhou min min 周敏敏", "SQ")
    assert events(cast)[0][2]["sex"] == (None, "female")
    assert events(cast)[0][2]["place_id"] == (str(cast.places["ZX-2302"].id), str(cast.places["SQ"].id))
    assert bodies(cast)[0]["place"]["school"] == "ZX"


def test_a_foreign_person_does_not_exist_for_an_office(cast: Cast) -> None:
    with pytest.raises(Missing):
        act(cast, "chen", MANAGE, change_staff, cast["bai"].staff_id, 1, {"name": "改"}, policy=OFFICERS_OFF)


def test_no_form_sets_what_the_operation_did_not_name(cast: Cast) -> None:
    with pytest.raises(KeyError):
        act(cast, "sys", MANAGE, change_staff, cast["zhou"].staff_id, 1, {"is_active": "true"})
    with pytest.raises(KeyError):
        act(cast, "sys", MANAGE, make_staff, cast.places["ZX"].id, PERSON | {"password_hash": "x"})


def test_two_officers_take_one_account_name_and_one_of_them_is_told(cast: Cast) -> None:
    outcomes: list[str] = []
    together = threading.Barrier(2)

    def make(place: str) -> None:
        together.wait()
        try:
            act(cast, "sys", MANAGE, make_staff, cast.places[place].id, PERSON)
            outcomes.append("made")
        except Refusal as refused:
            outcomes.append(refused.code)

    people = [threading.Thread(target=make, args=(place,)) for place in ("ZX", "BX")]
    for person in people:
        person.start()
    for person in people:
        person.join()
    assert sorted(outcomes) == ["login_taken", "made"]
    assert len(events(cast)) == 1
