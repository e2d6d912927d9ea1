"""Compiles the typed tree into Python closures that are total: whatever the facts hold, they answer and never raise."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from models.exact import exact, minus, moved, over, plus, times
from workflows.engine.expression.functions import FUNCTIONS, is_usable_moment
from workflows.engine.expression.tree import (
    Arithmetic,
    Call,
    Compare,
    Constant,
    Either,
    Every,
    Kind,
    Member,
    Name,
    Node,
    Not,
    Several,
    Type,
)

Facts = Mapping[str, object]
Value = Callable[[Facts, datetime], Any]  # None stands for a missing value
Condition = Callable[[Facts, datetime], bool]

COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_COMPUTE: dict[str, Callable[[Decimal, Decimal], Decimal | None]] = {"+": plus, "-": minus, "*": times, "/": over}


def condition(node: Node) -> Condition:
    """Compile a yes-no tree; a missing yes-no value counts as no."""
    match node:
        case Every():
            return _every(tuple(condition(o) for o in node.operands))
        case Either():
            return _either(tuple(condition(o) for o in node.operands))
        case Not():
            inner = condition(node.operand)
            return lambda facts, now: not inner(facts, now)
        case Compare():
            return _compare(node)
        case Member():
            return _member(node)
        case _:
            read = value(node)
            return lambda facts, now: read(facts, now) is True


def value(node: Node) -> Value:
    """Compile a tree of any type; the closure gives None where the value is missing."""
    match node:
        case Constant():
            fixed = node.value
            return lambda facts, now: fixed
        case Name():
            return _name(node)
        case Several():
            return _several(node)
        case Call():
            return _call(node)
        case Arithmetic():
            return _arithmetic(node)
        case _:
            return condition(node)


def as_type(raw: object, type_: Type, longest: int | None = None) -> Any:
    """Give a fact as a value of the type, or None when it is missing or of another type; a list drops such items.

    A text of more than `longest` characters is not what was asked for either.
    """
    if not type_.is_list:
        return _as_kind(raw, type_.kind, longest)
    if not isinstance(raw, (list, tuple, set, frozenset)):
        return None
    return [item for item in (_as_kind(one, type_.kind, longest) for one in raw) if item is not None]


def _as_kind(raw: object, kind: Kind, longest: int | None) -> Any:
    if kind is Kind.NUMBER:
        return _as_number(raw)
    if kind is Kind.DATETIME:
        return raw if isinstance(raw, datetime) and is_usable_moment(raw) else None
    if kind is Kind.DATE:
        return raw if isinstance(raw, date) and not isinstance(raw, datetime) else None
    if kind is Kind.YES_NO:
        return raw if isinstance(raw, bool) else None
    if kind is Kind.ROW:
        return raw if isinstance(raw, Mapping) else None
    return raw if isinstance(raw, str) and (longest is None or len(raw) <= longest) else None


def _as_number(raw: object) -> Decimal | None:
    if isinstance(raw, Decimal):
        number = raw
    elif isinstance(raw, float):
        number = Decimal(repr(raw))
    elif isinstance(raw, int) and not isinstance(raw, bool) and raw.bit_length() < 10_000:
        number = Decimal(raw)
    else:
        return None
    return exact(number)


def _name(node: Name) -> Value:
    name, type_, longest = node.name, node.type, node.offer.longest
    return lambda facts, now: as_type(facts.get(name), type_, longest)


def _several(node: Several) -> Value:
    items = tuple(value(item) for item in node.items)
    return lambda facts, now: [v for v in (item(facts, now) for item in items) if v is not None]


def _every(parts: tuple[Condition, ...]) -> Condition:
    def every(facts: Facts, now: datetime) -> bool:
        return all(part(facts, now) for part in parts)

    return every


def _either(parts: tuple[Condition, ...]) -> Condition:
    def either(facts: Facts, now: datetime) -> bool:
        return any(part(facts, now) for part in parts)

    return either


def _compare(node: Compare) -> Condition:
    left, right, compare = value(node.left), value(node.right), COMPARE[node.operator]

    def compared(facts: Facts, now: datetime) -> bool:
        a = left(facts, now)
        if a is None:
            return False
        b = right(facts, now)
        return b is not None and compare(a, b)

    return compared


def _member(node: Member) -> Condition:
    item, items, negated = value(node.item), value(node.items), node.negated

    def member(facts: Facts, now: datetime) -> bool:
        one, many = item(facts, now), items(facts, now)
        return one is not None and many is not None and (one in many) is not negated

    return member


def _call(node: Call) -> Value:
    function = FUNCTIONS[node.function]
    arguments = tuple(value(a) for a in node.arguments)
    compute, sees_missing = function.compute, function.sees_missing

    def call(facts: Facts, now: datetime) -> Any:
        given = [argument(facts, now) for argument in arguments]
        if not sees_missing and None in given:
            return None
        return compute(now, *given)

    return call


def _arithmetic(node: Arithmetic) -> Value:
    left, right = value(node.left), value(node.right)
    compute = compute_for(node)

    def computed(facts: Facts, now: datetime) -> Any:
        a, b = left(facts, now), right(facts, now)
        return None if a is None or b is None else compute(a, b)

    return computed


def compute_for(node: Arithmetic) -> Callable[[Any, Any], Any]:
    """Return what an arithmetic node does with its two values, both of which are there."""
    if node.left.type.kind is Kind.NUMBER:
        return _COMPUTE[node.operator]
    if node.type.kind is Kind.NUMBER:
        return lambda a, b: Decimal((a - b).days)
    return moved if node.operator == "+" else lambda day, days: moved(day, -days)
