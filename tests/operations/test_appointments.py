"""Posts from one day to another; the three officers stay apart from each other and from everybody else."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from sqlalchemy import select

from models.scope import system_scope
from models.staff import Appointment
from tests.cast import Cast
from tests.office import act, events
from workflows.operations.appointment import appoint, change_appointment, end_appointment
from workflows.policy import Permission, standard_policy
from workflows.refusal import Denied, Missing, Refusal, Stale

APPOINT = Permission.STAFF_APPOINT
OFFICERS_OFF = standard_policy(False)


def _appoint(cast: Cast, login: str, role: str, place: str, by: str = "sec", **values: Any) -> Appointment:
    policy = values.pop("policy", None)
    return act(cast, by, APPOINT, appoint, cast[login].staff_id, role, cast.places[place].id, values, policy=policy)


def _post(cast: Cast, login: str) -> Appointment:
    with cast.database.session(system_scope("tests")) as session:
        found = select(Appointment).where(Appointment.staff_id == cast[login].staff_id).order_by(Appointment.id)
        return session.scalars(found).first()  # type: ignore[return-value]


def test_a_post_is_given_from_a_day_and_who_approved_it_is_kept(cast: Cast) -> None:
    post = _appoint(cast, "zhou", "counsellor", "ZX", until_on="2027-01-22", purpose="心理辅导室值班")
    assert post.level_codes == cast.codes("ZX")
    assert (post.from_on, post.until_on) == (date(2026, 11, 20), date(2027, 1, 22))
    assert post.approved_by == cast["sec"].staff_id
    assert events(cast) == [
        (
            "黄志勤",
            "appointment.made",
            {
                "role": (None, "counsellor"),
                "place_id": (None, str(cast.places["ZX"].id)),
                "from_on": (None, "2026-11-20"),
                "until_on": (None, "2027-01-22"),
                "purpose": (None, "心理辅导室值班"),
            },
        )
    ]


def test_several_posts_at_once_but_none_twice(cast: Cast) -> None:
    _appoint(cast, "zhou", "subject_teacher", "SQ")
    with pytest.raises(Refusal, match="same_post"):
        _appoint(cast, "zhou", "subject_teacher", "SQ", from_on="2027-02-01")


@pytest.mark.parametrize(
    ("login", "role"),
    [("aud", "system_officer"), ("sys", "audit_officer"), ("sec", "system_officer"), ("sys", "office"),
     ("aud", "leader"), ("zhou", "audit_officer"), ("chen", "security_officer")],
)  # fmt: skip
def test_an_officer_holds_nothing_beside(cast: Cast, login: str, role: str) -> None:
    by = "sec" if login != "sec" else "second"
    if by == "second":
        second = _appoint(cast, "nobody", "security_officer", "QZ")
        assert second.role == "security_officer"
        with pytest.raises(Refusal, match="own_post"):
            _appoint(cast, login, role, "QZ")
        return
    with pytest.raises(Refusal, match="officers_apart"):
        _appoint(cast, login, role, "QZ")


def test_the_auditor_is_neither_of_the_others_even_where_officers_are_off(cast: Cast) -> None:
    _appoint(cast, "qin", "audit_officer", "ZX", by="chen", policy=OFFICERS_OFF)
    with pytest.raises(Refusal, match="officers_apart"):
        _appoint(cast, "qin", "system_officer", "ZX", by="chen", policy=OFFICERS_OFF)


def test_an_officers_post_may_follow_another_that_has_ended(cast: Cast) -> None:
    post = _post(cast, "zhou")
    act(cast, "sec", APPOINT, end_appointment, post.id, 1)
    _appoint(cast, "zhou", "system_officer", "QZ")
    assert events(cast)[0][1:] == ("appointment.ended", {"until_on": (None, "2026-11-19")})


def test_an_ended_post_gives_nothing_from_now_on_even_if_it_began_today(cast: Cast) -> None:
    post = _appoint(cast, "nobody", "leader", "LX")
    ended = act(cast, "sec", APPOINT, end_appointment, post.id, 1)
    assert not ended.holds_on(date(2026, 11, 20))
    with pytest.raises(Refusal, match="already_ended"):
        act(cast, "sec", APPOINT, end_appointment, post.id, 2)


def test_the_last_officer_stays(cast: Cast) -> None:
    with pytest.raises(Refusal, match="last_officer"):
        act(cast, "sec", APPOINT, end_appointment, _post(cast, "sys").id, 1)
    with pytest.raises(Refusal, match="last_officer"):
        act(cast, "sec", APPOINT, change_appointment, _post(cast, "sys").id, 1, {"until_on": "2026-11-01"})
    _appoint(cast, "nobody", "system_officer", "QZ")
    act(cast, "sec", APPOINT, end_appointment, _post(cast, "sys").id, 1)


def test_dates_change_and_a_stale_form_is_refused(cast: Cast) -> None:
    post = _post(cast, "zhou")
    act(cast, "sec", APPOINT, change_appointment, post.id, 1, {"until_on": "2027-07-10"})
    assert events(cast) == [("黄志勤", "appointment.changed", {"until_on": (None, "2027-07-10")})]
    with pytest.raises(Stale) as refused:
        act(cast, "sec", APPOINT, change_appointment, post.id, 1, {"until_on": ""})
    assert str(refused.value.faults["until_on"]) == "2027-07-10"
    with pytest.raises(Refusal, match="bad_values"):
        act(cast, "sec", APPOINT, change_appointment, post.id, 2, {"until_on": "2026-08-31"})


def test_unknown_roles_and_closed_places_are_refused(cast: Cast) -> None:
    with pytest.raises(Refusal, match="unknown_role"):
        _appoint(cast, "zhou", "emperor", "ZX")
    with pytest.raises(Refusal, match="bad_values"):
        _appoint(cast, "zhou", "leader", "ZX", from_on="2026-13-01")


@pytest.mark.parametrize("login", ["chen", "sys", "aud", "bai", "zhou"])
def test_others_appoint_nobody_while_officers_are_separate(cast: Cast, login: str) -> None:
    with pytest.raises((Denied, Missing)):
        _appoint(cast, "zhou", "counsellor", "ZX", by=login)


def test_an_office_appoints_inside_its_places_only(cast: Cast) -> None:
    _appoint(cast, "zhou", "counsellor", "ZX", by="chen", policy=OFFICERS_OFF)
    with pytest.raises(Denied):
        _appoint(cast, "zhou", "counsellor", "BX", by="chen", policy=OFFICERS_OFF)
    with pytest.raises(Missing):
        _appoint(cast, "bai", "counsellor", "ZX", by="chen", policy=OFFICERS_OFF)
