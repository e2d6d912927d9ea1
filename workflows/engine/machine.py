"""Fires transitions: the only importer of `transitions`, one shared machine per definition version."""

from __future__ import annotations

from collections import OrderedDict
from threading import Lock

from transitions import Machine
from transitions.core import MachineError

from workflows.engine.definition import ANY_VISITED, Workflow, digest
from workflows.engine.vocabulary import Verb

MOST_MACHINES = 256
WITHDRAWN = "_withdrawn"  # the transition that a case's history shows where a step was taken back

# The attribute starts with an underscore because no key of a definition does: no transition can be named like it.
_STATE = "_state"


class NoSuchTransition(LookupError):
    """A transition that the definition does not have, or that does not leave the present state."""

    def __init__(self, transition: str, state: str) -> None:
        super().__init__(f"{transition} does not leave {state}")
        self.transition = transition
        self.state = state


class _Case:
    """What a machine moves: nothing but a state, so that one machine serves every case."""

    __slots__ = (_STATE,)

    def __init__(self, state: str) -> None:
        self._state = state


class Machines:
    """The machines in use, by digest of their definition; bounded, safe to share between threads."""

    def __init__(self, most: int = MOST_MACHINES) -> None:
        self._most = most
        self._built: OrderedDict[str, Machine] = OrderedDict()
        self._lock = Lock()

    def of(self, definition: Workflow, version_digest: str | None = None) -> Machine:
        """Give the machine of a definition; pass the digest where it is known, it costs more than a transition."""
        key = version_digest or digest(definition)
        with self._lock:
            found = self._built.get(key)
            if found is None:
                found = self._built[key] = build_machine(definition)
                if len(self._built) > self._most:
                    self._built.popitem(last=False)
            else:
                self._built.move_to_end(key)
            return found


def build_machine(definition: Workflow) -> Machine:
    """Build the machine of a definition; only its state and transition keys go in, never a callback.

    `transitions` imports any dotted text given to it as a callback, so nothing else of a definition may reach it.
    """
    machine = Machine(
        model=None,
        states=list(definition.states),
        initial=None,
        auto_transitions=False,
        queued=False,
        send_event=True,
        model_attribute=_STATE,
    )
    for key, transition in definition.transitions.items():
        for source in definition.sources(key):
            targets = definition.states if transition.target == ANY_VISITED else (transition.target,)
            for target in targets:
                machine.add_transition(event_name(key, target, definition), source, target)
                if Verb.WITHDRAW in definition.verbs and definition.states[target].kind != "end":
                    machine.add_transition(withdrawal(source), target, source)
    return machine


def withdrawal(state: str) -> str:
    """Name the event that takes a case back to the state it came from; no key of a definition can be like it."""
    return f"{WITHDRAWN}/{state}"


def event_name(transition: str, target: str, definition: Workflow) -> str:
    """Name the machine's event: the transition's key, with the target behind it where the person chooses the target."""
    chooses = definition.transitions[transition].target == ANY_VISITED
    return f"{transition}/{target}" if chooses else transition


def fire(machine: Machine, state: str, transition: str, target: str | None = None) -> str:
    """Take a transition from a state and give the new state; `target` only for a transition to any visited state.

    Raises NoSuchTransition when it does not leave this state (or not to this target).
    """
    event = machine.events.get(f"{transition}/{target}" if target else transition)
    if event is None:
        raise NoSuchTransition(transition, state)
    case = _Case(state)
    try:
        event.trigger(case)
    except (MachineError, ValueError):
        # MachineError: not from this state; ValueError: a state the definition does not have.
        raise NoSuchTransition(transition, state) from None
    return case._state
