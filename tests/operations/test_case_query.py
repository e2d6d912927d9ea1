"""Cases are found by a condition inside the person's scope; what no database can be asked is refused with its place."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.case import Case
from models.scope import system_scope
from tests.casework import act, opened
from tests.cast import NOW, POLICY, Cast
from workflows import case_query
from workflows.case_query import CaseQuestion, cases_where
from workflows.engine.expression import ExpressionFault
from workflows.engine.published import workflow_in_force
from workflows.policy import Permission

PROPOSED = {"kind": "helper", "helper": "@meng", "reason_chosen": ["learning", "mood"], "term_goal": "每天完成作业"}


def _found(cast: Cast, login: str, workflow: str, written: str) -> list[str]:
    with cast.database.session(POLICY.scope(cast[login], Permission.CASE_LIST)) as session:
        ids = session.scalars(cases_where(session, workflow, written, NOW)).all()
        return list(session.scalars(select(Case.number).where(Case.id.in_(ids)).order_by(Case.number)))


def _fault(cast: Cast, workflow: str | None, written: str) -> ExpressionFault:
    with cast.database.session(system_scope("tests")) as session, pytest.raises(ExpressionFault) as refused:
        version = None if workflow is None else workflow_in_force(session, workflow)
        CaseQuestion.of(version).where(written, NOW)
    return refused.value


def test_cases_are_found_by_answers_state_and_child(cast: Cast) -> None:
    one, other = cast.add_child("ZX-2302"), cast.add_child("ZX-2302", "林小麦", village="大坝村")
    first = opened(cast, "pairing", one, "zhou", PROPOSED)
    second = opened(cast, "pairing", other, "zhou", PROPOSED | {"reason_chosen": []})
    act(cast, "meng", first, "accept", {"times_a_month": "2"})
    for written, numbers in (
        ("case.state == 'accepted'", [first]),
        ("case.times_a_month >= 2", [first]),
        ("missing(case.times_a_month)", [second]),
        ("not case.times_a_month > 1.5", [second]),
        ("'mood' in case.reason_chosen", [first]),
        ("child.village == '大坝村' and case.kind == 'helper'", [second]),
        ("contains(child.name, '麦') or len(case.reason_chosen) == 2", [first, second]),
        ("days_since(case.opened_at) == 0 and not case.overdue", [first, second]),
        ("child.village == '%'", []),
    ):
        assert _found(cast, "qin", "pairing", written) == numbers, written


def test_nobody_finds_more_than_the_list_shows(cast: Cast) -> None:
    number = opened(cast, "pairing", cast.add_child("ZX-2302"), "zhou", PROPOSED)
    for login, sees in (("qin", [number]), ("zhou", [number]), ("bai", []), ("nobody", [])):
        assert _found(cast, login, "pairing", "case.kind == 'helper' or missing(case.kind)") == sees, login


def test_cases_of_places_are_asked_for_what_is_known_of_the_place(cast: Cast) -> None:
    notice = {"group_name": "县督查一组", "visit_on": "2026-11-27"}
    number = opened(cast, "inspection", cast.places["ZX"].id, "feng", notice, kind="place")
    assert _found(cast, "qin", "inspection", "place.kind == 'school' and case.visit_on == today() + 7") == [number]
    assert _found(cast, "qin", "inspection", "place.name == '石桥小学'") == []


@pytest.mark.parametrize(
    ("workflow", "written", "place", "code", "words"),
    [
        ("pairing", "case.kind == 'helper' and\n child.home_phone == '1'", (2, 2), "protected_field", "家庭电话"),
        ("pairing", "missing(child.character)", (1, 9), "protected_field", "只能逐件判断"),
        ("pairing", "len(case.term_goal) > 4", (1, 5), "not_in_a_column", "本学期"),
        ("pairing", "evidence.talks > 2", (1, 1), "not_in_a_column", "谈心次数"),
        ("pairing", "guardian.relation == 'grandfather'", (1, 1), "not_in_a_column", "监护人"),
        ("inspection", "place.filing_rate < 90", (1, 1), "not_in_a_column", "建档率"),
        ("pairing", "case.nothing == 1", (1, 1), "unknown_name", "case.nothing"),
        ("pairing", "case.kind == 'nobody'", (1, 14), "unknown_option", "nobody"),
        (None, "case.kind == 'helper'", (1, 1), "unknown_name", "case.kind"),
        (None, "case.state >", (1, 13), "expression_syntax", "条件写法有误"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_its_place(
    sqlite_cast: Cast, workflow: str | None, written: str, place: tuple[int, int], code: str, words: str
) -> None:
    fault = _fault(sqlite_cast, workflow, written)
    assert ((fault.line, fault.column), fault.code) == (place, code)
    assert words in str(fault.message)


def test_the_largest_conditions_are_asked_like_any_other(cast: Cast) -> None:
    number = opened(cast, "pairing", cast.add_child("ZX-2302"), "zhou", PROPOSED)
    for written in (
        " or ".join(["case.kind != 'peer'"] * 85),
        "not (" * 19 + "case.kind == 'helper'" + ")" * 19,
        "child.name in [" + ", ".join(f"'{n}'" for n in range(200)) + "] or len(child.name) == 3",
        "1" + " + 1 * 1" * 15 + " > len(case.reason_chosen)",
        "today() + age(" * 8 + "today()" + ")" * 8 + " > child.birth_on or case.state == 'proposed'",
    ):
        assert _found(cast, "qin", "pairing", written) in ([number], []), written


def test_rare_answers_tell_by_an_index_which_cases_alone_can_be_meant(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = opened(cast, "pairing", cast.add_child("ZX-2302"), "zhou", PROPOSED)
    opened(cast, "pairing", cast.add_child("ZX-2302", "林小麦"), "zhou", PROPOSED)
    act(cast, "meng", first, "accept", {"times_a_month": "2"})
    monkeypatch.setattr(case_query, "MOST_RARE", 1)
    with cast.database.session(system_scope("tests")) as session:
        question = CaseQuestion.of(workflow_in_force(session, "pairing"))
        only = session.scalars(select(Case.id).where(Case.number == first)).one()
        for written, few in (
            ("case.times_a_month == 2", {only}),
            ("case.kind == 'helper' and 1 < case.times_a_month", {only}),
            ("case.times_a_month in [2, 3] and case.kind == 'peer'", {only}),
            ("'health' in case.reason_chosen", set()),
            ("case.kind == 'helper'", None),  # more than a few
            ("case.times_a_month == 2 or case.kind == 'peer'", None),
            ("not case.times_a_month == 2", None),
            ("missing(case.times_a_month)", None),
        ):
            assert question.where(written, NOW).few(session) == few, written
