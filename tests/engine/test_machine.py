"""One machine per definition version moves every case, quickly, and carries no text of the definition into Python."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable

import pytest
from transitions import Machine

from workflows.engine.definition import Workflow, digest
from workflows.engine.loader import load_pack
from workflows.engine.machine import Machines, NoSuchTransition, build_machine, fire


@pytest.fixture(scope="module")
def identification() -> Workflow:
    return load_pack().workflows["identification"]


def test_every_transition_of_the_definition_fires_from_its_states_and_from_no_other(identification: Workflow) -> None:
    machine = build_machine(identification)
    for key, transition in identification.transitions.items():
        for state in identification.states:
            if state in identification.sources(key):
                assert fire(machine, state, key) == transition.target
            else:
                with pytest.raises(NoSuchTransition):
                    fire(machine, state, key)


@pytest.mark.parametrize(
    ("state", "transition"),
    [("open", "no_such"), ("nowhere", "complete"), ("open", "to_filed"), ("open", ""), ("open", "os.getcwd")],
)
def test_what_the_definition_does_not_know_is_refused(state: str, transition: str, identification: Workflow) -> None:
    with pytest.raises(NoSuchTransition) as refused:
        fire(build_machine(identification), state, transition)
    assert (refused.value.transition, refused.value.state) == (transition, state)


def test_a_return_goes_to_the_visited_state_that_was_chosen() -> None:
    definition = workflow(
        {
            "go": {"from": "a", "to": "b", "by": "office"},
            "on": {"from": "b", "to": "c", "by": "office"},
            "back": {"from": ["b", "c"], "to": "any_visited", "by": "office"},
            "stop": {"from": "any", "to": "z", "by": "office"},
        }
    )
    machine = build_machine(definition)
    assert fire(machine, "c", "back", "a") == "a"
    assert fire(machine, "c", "back", "b") == "b"
    assert fire(machine, "a", "stop") == "z"
    for state, target in (("a", "b"), ("c", None), ("c", "nowhere")):
        with pytest.raises(NoSuchTransition):
            fire(machine, state, "back", target)
    with pytest.raises(NoSuchTransition):
        fire(machine, "z", "stop")


def test_keys_that_python_or_the_library_uses_are_plain_keys() -> None:
    keys = ["state", "trigger", "import", "class", "to", "initial", "before", "on_exception", "states"]
    definition = workflow({key: {"from": "a", "to": "z", "by": "office"} for key in keys})
    machine = build_machine(definition)
    assert [fire(machine, "a", key) for key in keys] == ["z"] * len(keys)


def test_no_text_of_a_definition_is_a_callback() -> None:
    sys.modules.pop("antigravity", None)
    definition = workflow(
        {"go": {"from": "a", "to": "z", "by": "office", "effects": ["notify guardian"], "when": "antigravity.fly"}}
    )
    machine = build_machine(definition)
    assert fire(machine, "a", "go") == "z"
    for event in machine.events.values():
        for ways in event.transitions.values():
            assert not any(way.conditions or way.before or way.after or way.prepare for way in ways)
    assert not any(state.on_enter or state.on_exit for state in machine.states.values())
    assert machine.models == []
    assert "antigravity" not in sys.modules


def test_a_version_has_one_machine_and_old_ones_make_room(identification: Workflow) -> None:
    machines = Machines(most=2)
    first = machines.of(identification)
    assert machines.of(identification, digest(identification)) is first
    others = [workflow({"go": {"from": "a", "to": "z", "by": "office"}}, prefix=p) for p in ("AA", "BB")]
    assert machines.of(others[0]) is not first
    assert machines.of(identification) is first
    machines.of(others[1])
    assert machines.of(identification) is first


def test_threads_share_a_machine_without_mixing_cases(identification: Workflow) -> None:
    machine = build_machine(identification)
    mixed: list[str] = []

    def run(state: str, transition: str, target: str) -> None:
        mixed.extend(got for _ in range(2000) if (got := fire(machine, state, transition)) != target)

    ways = [("open", "complete", "confirmed"), ("confirmed", "file", "filed"), ("confirmed", "send_back", "returned")]
    threads = [threading.Thread(target=run, args=way) for way in ways]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert mixed == []


def test_a_shared_machine_is_far_cheaper_than_one_per_case(identification: Workflow) -> None:
    machine = build_machine(identification)

    class Case:
        state = "open"

    def alone() -> None:
        case = Case()
        keys = identification.transitions
        ways = [[key, list(identification.sources(key)), keys[key].target] for key in keys]
        Machine(
            model=case, states=list(identification.states), transitions=ways, initial="open", auto_transitions=False
        )
        case.complete()  # type: ignore[attr-defined]

    assert seconds(lambda: fire(machine, "open", "complete"), 2000) * 3 < seconds(alone, 200)


def seconds(work: Callable[[], object], times: int) -> float:
    """Time one call, as the best of three rounds."""
    rounds = []
    for _ in range(3):
        start = time.perf_counter()
        for _ in range(times):
            work()
        rounds.append((time.perf_counter() - start) / times)
    return min(rounds)


def workflow(transitions: dict[str, object], prefix: str = "ZZ") -> Workflow:
    kinds = {"a": "start", "b": "normal", "c": "normal", "z": "end"}
    return Workflow.model_validate(
        {
            "workflow": "sample",
            "title": {"zh": "样例"},
            "prefix": prefix,
            "subject": "child",
            "open": {"by": ["office"]},
            "states": {key: {"label": {"zh": key}, "kind": kind} for key, kind in kinds.items()},
            "transitions": transitions,
        }
    )
