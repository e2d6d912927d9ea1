"""Two people at once, or one twice: on every step and every opening exactly one wins and the other is told."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select

from models.case import Case
from models.scope import system_scope
from tests.cast import Cast
from tests.playing import Standing, begin, meant, ready, stand, subject_for, take, trace
from tests.racing import Act, at_once, both_have_read
from tests.steps import OPENINGS, PROPOSED, STEPS, Step, step_of
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.operations.wave import open_wave
from workflows.policy import Permission

ROWS = [(begun, step) for begun, steps in STEPS.items() for step in steps]
NAMES = [f"{begun}:{step.source}-{step.transition}" for begun, step in ROWS]
each_step = pytest.mark.parametrize(("begun", "step"), ROWS, ids=NAMES)
each_opening = pytest.mark.parametrize("begun", OPENINGS)

TOLD = {"someone_was_faster", "changed_meanwhile", "not_from_here", "no_case", "not_your_part"}


def _refused(found: list[object]) -> list[object]:
    return [answer for answer in found if isinstance(answer, str | Exception)]


@each_step
def test_of_two_who_take_the_same_step_one_wins_and_the_other_is_told(
    shared_cast: Cast, begun: str, step: Step
) -> None:
    standing = ready(shared_cast, begun, step)
    before = trace(shared_cast, standing.number)

    def takes(who: str) -> Act:
        return lambda: take(shared_cast, standing, step, who, rev=standing.rev)

    with both_have_read(shared_cast, "workflow_case.number = "):
        found = at_once(takes(step.who[0]), takes(step.who[-1]))
    refused = _refused(found)
    assert len(refused) == 1, found
    assert refused[0] in TOLD, found
    after = trace(shared_cast, standing.number)
    assert (after.state, after.rev) == (step.target, before.rev + 1)
    assert after[2:5] == (before.moves + 1, before.events + 1, before.messages + 1)


@each_step
def test_the_same_request_twice_at_once_has_one_effect_and_one_answer(
    shared_cast: Cast, begun: str, step: Step
) -> None:
    standing = ready(shared_cast, begun, step)
    before, key = trace(shared_cast, standing.number), f"twice-{standing.number}"

    def takes() -> object:
        return take(shared_cast, standing, step, rev=standing.rev, key=key)

    found = at_once(takes, takes)
    assert _refused(found) == []
    assert found[0] == found[1] == takes()
    after = trace(shared_cast, standing.number)
    assert after[1:5] == (before.rev + 1, before.moves + 1, before.events + 1, before.messages + 1)


@each_opening
def test_the_same_request_twice_at_once_opens_one_case(shared_cast: Cast, begun: str) -> None:
    subject = subject_for(shared_cast, OPENINGS[begun])
    key = f"opened-{subject[1]}"

    def opens() -> object:
        return begin(shared_cast, begun, subject, key=key)

    found = at_once(opens, opens)
    assert _refused(found) == []
    assert found[0] == found[1] == opens()
    assert _cases_about(shared_cast, subject) == 1
    assert isinstance(found[0], Standing)
    assert trace(shared_cast, found[0].number)[1:4] == (1, 1, 1)


# Of commendations and emergencies several may stand side by side.
SIDE_BY_SIDE = ("pairing with a peer", "commendation", "emergency")


@pytest.mark.parametrize("begun", [name for name in OPENINGS if name not in SIDE_BY_SIDE])
def test_of_two_who_open_the_same_case_one_wins_and_the_other_is_told(shared_cast: Cast, begun: str) -> None:
    opening = OPENINGS[begun]
    subject = subject_for(shared_cast, opening)

    def opens(who: str) -> Act:
        return lambda: begin(shared_cast, begun, subject, who)

    with both_have_read(shared_cast, "FROM child" if subject[0] == "child" else "FROM place"):
        found = at_once(opens(opening.who[0]), opens(opening.who[-1]))
    assert _refused(found) in (["already_open"], ["not_unique"]), found
    assert _cases_about(shared_cast, subject) == 1


def test_two_pairings_of_one_kind_for_one_child_do_not_both_stand(shared_cast: Cast) -> None:
    subject = subject_for(shared_cast, OPENINGS["pairing"])
    found = at_once(_pairs(shared_cast, subject, "zhou", "@shi"), _pairs(shared_cast, subject, "qin", "@meng"))
    assert _refused(found) == ["not_unique"], found
    assert _cases_about(shared_cast, subject) == 1


def test_a_helper_of_two_is_not_given_two_more_at_once(shared_cast: Cast) -> None:
    for _ in range(2):
        _pairs(shared_cast, ("child", shared_cast.add_child("ZX-2302")), "zhou", "@tan", {})()
    children = [("child", shared_cast.add_child("ZX-2302")) for _ in range(2)]
    found = at_once(
        *(_pairs(shared_cast, child, who, "@tan", {}) for child, who in zip(children, ("zhou", "qin"), strict=True))
    )
    assert _refused(found) == ["quota"], found
    assert sorted(_cases_about(shared_cast, child) for child in children) == [0, 1]


def test_the_first_cases_of_a_year_opened_at_once_get_different_numbers(cast: Cast) -> None:
    children = [cast.add_child("ZX-2302") for _ in range(2)]
    found = at_once(
        *((lambda child=child: begin(cast, "identification", ("child", child)).number) for child in children)
    )
    assert sorted(map(str, found)) == ["MD-2026-0001", "MD-2026-0002"]


def test_a_wave_and_an_opening_of_one_childs_file_at_once_open_it_once(cast: Cast) -> None:
    child = cast.add_child("ZX-2302")

    def waves() -> object:
        with cast.acting("chen", Permission.WAVE_OPEN) as tx:
            return open_wave(tx, cast.places["LX"].id, cast.term_id)

    found = at_once(waves, lambda: begin(cast, "identification", ("child", child)))
    assert len(_refused(found)) <= 1, found
    assert set(map(str, _refused(found))) <= {"already_open", "someone_was_faster"}, found
    assert _cases_about(cast, ("child", child)) == 1


def test_a_key_that_was_used_for_one_thing_is_refused_for_another_at_the_same_moment(shared_cast: Cast) -> None:
    standing = stand(shared_cast, "identification", "confirmed")
    key = f"one-key-{standing.number}"
    file, back = (step_of("identification", name, "confirmed") for name in ("file", "send_back"))
    found = at_once(*((lambda step=step: take(shared_cast, standing, step, key=key)) for step in (file, back)))
    assert _refused(found) == ["key_reused"], found


def _pairs(cast: Cast, subject: tuple[str, int], who: str, helper: str, more: dict[str, str] | None = None) -> Act:
    besides = OPENINGS["pairing"].besides if more is None else more
    answers = meant(cast, {**PROPOSED, **besides, "helper": helper})

    def opens() -> object:
        with cast.acting(who, Permission.CASE_ACT) as tx:
            return open_case_about(tx, "pairing", *subject, Beginning(answers))

    return opens


def _cases_about(cast: Cast, subject: tuple[str, int]) -> int:
    with cast.database.session(system_scope("tests")) as session:
        about = select(func.count()).select_from(Case).where(Case.subject_id == subject[1])
        return session.scalar(about) or 0
