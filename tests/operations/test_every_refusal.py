"""Every condition, every second person, every rule of uniqueness and quota of the standard pack refuses what it should.

Written by hand; a definition that says more than stands here fails.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

import pytest

from models.child import Child
from models.place import Place
from models.scope import system_scope
from models.staff import Appointment
from models.types import new_id
from tests.cast import PEOPLE, Cast
from tests.playing import Undone, begin, definition_of, meant, stand, subject_for, take, trace
from tests.steps import CHECKED, OPENINGS, PROPOSED, VOTE, Answers, step_of
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal

EVERYBODY = tuple(person[0] for person in PEOPLE)
WORKFLOWS = sorted({opening.workflow for opening in OPENINGS.values()})
each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS)
each_opening = pytest.mark.parametrize("begun", OPENINGS)


def _lose_the_day_of_the_absence(cast: Cast, child: int) -> None:
    with cast.database.transaction(system_scope("tests")) as session:
        session.get_one(Child, child).absence_since = None


def _begin_a_file(cast: Cast, child: int) -> None:
    begin(cast, "identification", ("child", child))


def _begin_a_pairing(cast: Cast, child: int) -> None:
    begin(cast, "pairing with a peer", ("child", child), "chen")


def _nothing(cast: Cast, child: int) -> None:
    """The case stands as its condition does not allow."""


# (how the case was begun, the step's entry in the table, transition, state): what has to happen, with which answers
GUARDS: dict[tuple[str, str, str, str], tuple[Callable[[Cast, int], None], Answers]] = {
    ("identification", "identification", "file", "confirmed"): (_lose_the_day_of_the_absence, {}),
    ("pairing", "pairing with a peer", "accept_for", "proposed"): (_nothing, {}),
    ("pairing", "pairing", "check", "active"): (_nothing, CHECKED | {"decision": "change"}),
    ("archive", "archive", "seal", "gathering"): (_begin_a_file, {}),
    ("transfer", "transfer", "accept", "requested"): (_begin_a_pairing, {}),
    ("emergency", "emergency", "settle", "responding"): (_nothing, {}),
    ("commendation", "commendation", "vote", "nominated"): (_nothing, VOTE | {"votes_for": "20"}),
}
NOT_ON_FILE = ("individual_plan", "keep_in_school", "pairing", "transfer")  # cannot be opened for a child who has left
SECOND_PERSON = {
    ("individual_plan", "approve"),
    ("keep_in_school", "receive"),
    *(("inspection", step) for step in ("pass", "find", "accept", "not_yet")),
}
ONE_OPEN = ("archive", "identification", "individual_plan", "inspection", "keep_in_school", "transfer")
UNIQUE = {"pairing": (("subject", "kind"), ("subject", "helper"))}
QUOTA = {"pairing": (("helper", 3),), "individual_plan": (("class", 5),)}


@each_workflow
def test_the_tables_here_know_every_condition_of_the_pack(shared_cast: Cast, workflow: str) -> None:
    definition = definition_of(shared_cast, workflow)
    told = f"tests/operations/test_every_refusal.py and the definition of {workflow} differ in their "
    guarded = {key for key, transition in definition.transitions.items() if transition.when}
    assert guarded == {row[2] for row in GUARDS if OPENINGS[row[0]].workflow == workflow}, told + "conditions"
    second = {(workflow, key) for key, transition in definition.transitions.items() if transition.not_same_person_as}
    assert second == {row for row in SECOND_PERSON if row[0] == workflow}, told + "second persons"
    assert bool(definition.open.when) == (workflow in NOT_ON_FILE), told + "conditions of opening"
    assert definition.one_open_per_subject == (workflow in ONE_OPEN), told + "open cases per subject"
    assert tuple(rule.of for rule in definition.unique) == UNIQUE.get(workflow, ()), told + "rules of uniqueness"
    assert tuple((rule.per, rule.at_most) for rule in definition.quota) == QUOTA.get(workflow, ()), told + "quotas"


@pytest.mark.parametrize("row", GUARDS, ids=lambda row: f"{row[0]}:{row[2]}")
def test_a_step_whose_condition_does_not_hold_is_refused_in_its_words(
    shared_cast: Cast, row: tuple[str, str, str, str]
) -> None:
    begun, table, transition, state = row
    prepare, answers = GUARDS[row]
    standing = stand(shared_cast, begun, state)
    prepare(shared_cast, standing.subject_id)
    step, before = step_of(table, transition, state), trace(shared_cast, standing.number)
    with pytest.raises(Refusal) as refused:
        take(shared_cast, standing, step, "zhou" if "zhou" in step.who else None, answers=answers or step.answers)
    assert refused.value.code == "guard"
    explained = definition_of(shared_cast, OPENINGS[begun].workflow).transitions[transition].explain
    assert explained is not None
    assert str(refused.value.message) == explained.zh
    assert trace(shared_cast, standing.number) == before


@pytest.mark.parametrize("begun", NOT_ON_FILE)
def test_nothing_is_opened_for_a_child_who_has_left(shared_cast: Cast, begun: str) -> None:
    child = shared_cast.add_child(OPENINGS[begun].about, status="left")
    with pytest.raises(Refusal) as refused:
        begin(shared_cast, begun, ("child", child))
    assert refused.value.code == "guard"


def test_a_principal_who_counsels_too_does_not_approve_the_plan_they_submitted(cast: Cast) -> None:
    school = cast.places["ZX"]
    with cast.database.transaction(system_scope("tests")) as session:
        post = Appointment(
            id=new_id(),
            staff_id=cast["tan"].staff_id,
            role="counsellor",
            place_id=school.id,
            from_on=date(2026, 9, 1),
        )
        post.place_at(session.get_one(Place, school.id).level_codes)
        session.add(post)
    standing = stand(cast, "individual_plan", "draft")
    take(cast, standing, step_of("individual_plan", "submit", "draft"), "tan")
    before = trace(cast, standing.number)
    with pytest.raises(Denied) as refused:
        take(cast, standing, step_of("individual_plan", "approve", "review"), "tan")
    assert refused.value.code == "same_person"
    assert trace(cast, standing.number) == before


# Opening.


@each_opening
def test_everybody_named_may_open_it_and_nobody_else(shared_cast: Cast, begun: str) -> None:
    opening = OPENINGS[begun]
    kind, number = subject_for(shared_cast, opening)
    answers = meant(shared_cast, {**opening.answers, **opening.besides})
    may = []
    for login in EVERYBODY:
        try:
            with shared_cast.acting(login, Permission.CASE_ACT) as tx:
                open_case_about(tx, opening.workflow, kind, number, Beginning(answers))
                tx.write_trail()
                raise Undone
        except Undone:
            may.append(login)
        except (Denied, Missing):
            continue
    assert sorted(may) == sorted(opening.who)


@each_opening
def test_an_opening_without_one_of_its_answers_is_refused_and_names_it(shared_cast: Cast, begun: str) -> None:
    opening = OPENINGS[begun]
    kind, number = subject_for(shared_cast, opening)
    for key in opening.answers:
        left = {name: value for name, value in opening.answers.items() if name != key}
        with (
            pytest.raises(Refusal) as refused,
            shared_cast.acting(opening.who[0], Permission.CASE_ACT) as tx,
        ):
            open_case_about(tx, opening.workflow, kind, number, Beginning(meant(shared_cast, left)))
        assert (refused.value.code, key in refused.value.faults) == ("form_refused", True), key


@pytest.mark.parametrize("begun", ONE_OPEN)
def test_a_second_case_is_refused_while_the_first_is_open(shared_cast: Cast, begun: str) -> None:
    subject = subject_for(shared_cast, OPENINGS[begun])
    begin(shared_cast, begun, subject)
    with pytest.raises(Refusal) as refused:
        begin(shared_cast, begun, subject)
    assert refused.value.code == "already_open"


@pytest.mark.parametrize(
    ("rule", "second"),
    [(0, {"helper": "@meng"}), (1, {"kind": "proxy_parent"})],
    ids=["subject-kind", "subject-helper"],
)
def test_a_pairing_that_stands_once_only_is_not_doubled(shared_cast: Cast, rule: int, second: Answers) -> None:
    subject = subject_for(shared_cast, OPENINGS["pairing"])
    begin(shared_cast, "pairing", subject)
    answers = meant(shared_cast, {**PROPOSED, **OPENINGS["pairing"].besides, **second})
    with pytest.raises(Refusal) as refused, shared_cast.acting("zhou", Permission.CASE_ACT) as tx:
        open_case_about(tx, "pairing", *subject, Beginning(answers))
    assert refused.value.code == "not_unique"
    assert refused.value.message == definition_of(shared_cast, "pairing").unique[rule].explain


@pytest.mark.parametrize(
    ("workflow", "who", "more", "reason"),
    [
        ("pairing", "qin", {"helper": "@tan"}, "more_than_three"),
        ("individual_plan", "meng", {"responsible": "@tan"}, "above_quota"),
    ],
)
def test_one_above_the_quota_is_refused_without_a_reason(
    shared_cast: Cast, workflow: str, who: str, more: Answers, reason: str
) -> None:
    answers = meant(shared_cast, {**OPENINGS[workflow].answers, **more})

    def begin_one(extra: Answers) -> None:
        child = shared_cast.add_child("ZX-2301")
        with shared_cast.acting(who, Permission.CASE_ACT) as tx:
            open_case_about(tx, workflow, "child", child, Beginning({**answers, **extra}))

    for _ in range(QUOTA[workflow][0][1]):
        begin_one({})
    with pytest.raises(Refusal) as refused:
        begin_one({})
    assert (refused.value.code, list(refused.value.faults)) == ("quota", [reason])
    begin_one({reason: "确有需要"})
