"""Each step of each workflow of the standard pack is taken, and refused for every reason there is to refuse it.

The steps stand in tests/steps.py, written by hand; what the definitions hold and the table does not fails here.
"""

from __future__ import annotations

import pytest
from sqlalchemy import select

from models.definition import Definition
from models.scope import system_scope
from tests.cast import PEOPLE, Cast
from tests.playing import Standing, definition_of, last_move, ready, rehearse, stand, take, trace
from tests.steps import OPENINGS, STEPS, WAYS, Step
from workflows.refusal import Denied, Missing, Refusal, Stale

EVERYBODY = tuple(person[0] for person in PEOPLE)
WORKFLOWS = sorted({opening.workflow for opening in OPENINGS.values()})
ROWS = [(begun, step) for begun, steps in STEPS.items() for step in steps]
NAMES = [f"{begun}:{step.source}-{step.transition}" for begun, step in ROWS]
STATES = [(begun, state) for begun, ways in WAYS.items() for state in ways]

each_step = pytest.mark.parametrize(("begun", "step"), ROWS, ids=NAMES)
each_state = pytest.mark.parametrize(("begun", "state"), STATES, ids=[":".join(pair) for pair in STATES])
each_workflow = pytest.mark.parametrize("workflow", WORKFLOWS)

_standing: dict[tuple[str, str, str], Standing] = {}


def standing_in(cast: Cast, begun: str, state: str) -> Standing:
    """A case in a state that tests share as long as none of them moves it."""
    key = (str(cast.database.url), begun, state)
    if key not in _standing:
        _standing[key] = stand(cast, begun, state)
    return _standing[key]


# Is the table whole?


@each_workflow
def test_the_table_knows_every_transition_out_of_every_state_and_no_other(shared_cast: Cast, workflow: str) -> None:
    definition = definition_of(shared_cast, workflow)
    defined = {(key, source) for key in definition.transitions for source in definition.sources(key)}
    begun = [name for name, opening in OPENINGS.items() if opening.workflow == workflow]
    written = {(step.transition, step.source) for name in begun for step in STEPS[name]}
    assert not defined - written, f"tests/steps.py lacks steps of {workflow}: {sorted(defined - written)}"
    assert not written - defined, f"tests/steps.py has steps that {workflow} does not: {sorted(written - defined)}"
    assert set(WAYS[workflow]) == set(definition.states), f"tests/steps.py lacks ways to states of {workflow}"


def test_the_table_knows_every_workflow_of_the_pack(shared_cast: Cast) -> None:
    with shared_cast.database.session(system_scope("tests")) as session:
        published = set(session.scalars(select(Definition.key).where(Definition.kind == "workflow")))
    assert published == set(WORKFLOWS), "tests/steps.py and the standard pack name different workflows"


# Each step is taken.


@each_step
def test_each_step_is_taken_once_with_its_move_its_event_and_its_message(
    shared_cast: Cast, begun: str, step: Step
) -> None:
    standing = ready(shared_cast, begun, step)
    before = trace(shared_cast, standing.number)
    moved = take(shared_cast, standing, step, rev=standing.rev)
    assert (moved.from_state, moved.to_state) == (step.source, step.target)
    after = trace(shared_cast, standing.number)
    assert (after.state, after.rev) == (step.target, before.rev + 1)
    assert after[2:5] == (before.moves + 1, before.events + 1, before.messages + 1)
    move = last_move(shared_cast, standing.number)
    assert (move.transition, move.actor_id) == (step.transition, shared_cast[step.who[0]].staff_id)
    ends = definition_of(shared_cast, OPENINGS[begun].workflow).states[step.target].kind == "end"
    assert after.is_closed == ends
    if ends:
        assert (after.parts, after.slots) == (0, 0)


@each_step
def test_everybody_named_may_take_the_step_and_nobody_else(shared_cast: Cast, begun: str, step: Step) -> None:
    standing = ready(shared_cast, begun, step) if step.first else standing_in(shared_cast, begun, step.source)
    before = trace(shared_cast, standing.number)
    may = []
    for login in EVERYBODY:
        try:
            rehearse(shared_cast, standing, step, login, rev=standing.rev)
        except (Denied, Missing):
            continue
        may.append(login)
    assert sorted(may) == sorted(step.who)
    assert trace(shared_cast, standing.number) == before


@each_step
def test_a_step_without_one_of_its_answers_is_refused_and_names_it(shared_cast: Cast, begun: str, step: Step) -> None:
    standing = standing_in(shared_cast, begun, step.source)
    before = trace(shared_cast, standing.number)
    for key in step.answers:
        left = {name: value for name, value in step.answers.items() if name != key}
        with pytest.raises(Refusal) as refused:
            rehearse(shared_cast, standing, step, answers=left)
        assert (refused.value.code, key in refused.value.faults) == ("form_refused", True), key
    assert trace(shared_cast, standing.number) == before


@each_step
def test_a_step_from_a_page_that_is_out_of_date_is_refused(shared_cast: Cast, begun: str, step: Step) -> None:
    standing = standing_in(shared_cast, begun, step.source)
    with pytest.raises(Stale):
        rehearse(shared_cast, standing, step, rev=standing.rev - 1)


@each_state
def test_no_other_step_leaves_a_state(shared_cast: Cast, begun: str, state: str) -> None:
    standing = standing_in(shared_cast, begun, state)
    before = trace(shared_cast, standing.number)
    expected = (Refusal, Denied, Missing) if before.is_closed else (Refusal,)  # parts in a closed case are over
    leaving = {step.transition for step in STEPS[begun] if step.source == state}
    for step in STEPS[begun]:
        if step.transition in leaving:
            continue
        with pytest.raises(expected) as refused:
            rehearse(shared_cast, standing, step)
        assert before.is_closed or refused.value.code in ("not_from_here", "no_case"), step.transition
    assert trace(shared_cast, standing.number) == before
