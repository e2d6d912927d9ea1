"""Compiles the typed tree into closures that say yes, no, or nothing where what is missing could still decide it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from workflows.engine.expression.closure import COMPARE, Facts, compute_for
from workflows.engine.expression.closure import value as plain
from workflows.engine.expression.functions import FUNCTIONS
from workflows.engine.expression.tree import Arithmetic, Call, Compare, Either, Every, Member, Node, Not, Several

Certain = Callable[[Facts, datetime], Any]  # None stands for what is missing or not decided
OF_MISSING = frozenset({"present", "missing"})


def certain(node: Node) -> Certain:
    """Compile a tree of any type; the closure gives None as long as a missing value leaves the outcome open."""
    match node:
        case Every():
            return _joined(tuple(map(certain, node.operands)), deciding=False)
        case Either():
            return _joined(tuple(map(certain, node.operands)), deciding=True)
        case Not():
            inner = certain(node.operand)
            return lambda facts, now: None if (found := inner(facts, now)) is None else found is not True
        case Compare():
            return _computed(COMPARE[node.operator], certain(node.left), certain(node.right))
        case Arithmetic():
            return _computed(compute_for(node), certain(node.left), certain(node.right))
        case Member():
            return _member(node)
        case Several():
            every = _items(node)
            return lambda facts, now: [item for item in every(facts, now) if item is not None]
        case Call() if node.function not in OF_MISSING:
            return _chosen(node) if node.function == "choose" else _call(node)
        case _:
            return plain(node)


def _joined(parts: tuple[Certain, ...], *, deciding: bool) -> Certain:
    """Join by `or` (`True` decides) or by `and` (`False` does), whatever is open beside it."""

    def joined(facts: Facts, now: datetime) -> bool | None:
        found = [part(facts, now) for part in parts]
        if deciding in found:
            return deciding
        return None if None in found else not deciding

    return joined


def _computed(compute: Callable[[Any, Any], Any], left: Certain, right: Certain) -> Certain:
    def computed(facts: Facts, now: datetime) -> Any:
        a, b = left(facts, now), right(facts, now)
        return None if a is None or b is None else compute(a, b)

    return computed


def _member(node: Member) -> Certain:
    item, items = certain(node.item), _items(node.items)

    def member(facts: Facts, now: datetime) -> bool | None:
        one, many = item(facts, now), items(facts, now)
        if one is None or many is None:
            return None
        if one in many:
            return not node.negated
        return None if None in many else node.negated

    return member


def _items(node: Node) -> Certain:
    """Compile a list so that what is missing among written items stays among them."""
    if not isinstance(node, Several):
        return certain(node)
    parts = tuple(map(certain, node.items))
    return lambda facts, now: [part(facts, now) for part in parts]


def _chosen(node: Call) -> Certain:
    condition, chosen, otherwise = map(certain, node.arguments)

    def choose(facts: Facts, now: datetime) -> Any:
        holds = condition(facts, now)
        if holds is None:
            return None
        return chosen(facts, now) if holds is True else otherwise(facts, now)

    return choose


def _call(node: Call) -> Certain:
    function, arguments = FUNCTIONS[node.function], tuple(map(certain, node.arguments))

    def call(facts: Facts, now: datetime) -> Any:
        given = [argument(facts, now) for argument in arguments]
        if not function.sees_missing and None in given:
            return None
        return function.compute(now, *given)

    return call
