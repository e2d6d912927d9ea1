"""Puts a form's conditions into small trees, by which a page shows and hides questions as the server will judge them.

What rests on facts beside the form's own answers is worked out here. A condition is left to the server alone, and its
question stays on the page, where it reads facts above the person's field class or answers that a page cannot read.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workflows.clock import local_day
from workflows.engine.answers import LINE_LENGTH, LONGEST_LINE, MOST_REFERENCES, TEXT_LENGTH
from workflows.engine.definition import FormField
from workflows.engine.expression import Expression
from workflows.engine.expression.closure import value as closure_of
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
    names_in,
)
from workflows.engine.form import CHOSEN_AT_HAND, Choices, FormValidator

UNREAD = frozenset({"phone", "id_number", "datetime"})  # what a page could only read with the server's own patterns
Tree = list[Any]


class _LeftToServer(Exception):
    """A condition that the page cannot or must not judge."""


def page_conditions(
    validator: FormValidator,
    facts: Mapping[str, object],
    *,
    now: datetime,
    sees: str,
    require: Collection[str] = (),
    choices: Choices | None = None,
) -> dict[str, Any] | None:
    """Return what `static/js/conditions.js` needs of a form, None where no condition is for the page to judge.

    `facts`, `now`, `require` and `choices` are what `FormValidator.check` will be given, `sees` is the field class up
    to which the person reads the facts.
    """
    plan = _Plan({f.key for f in validator.definition.fields}, facts, now, sees)
    fields = [
        plan.field(f, visible, required, f.required or f.key in require, _offered(validator, f, choices or {}))
        for f, visible, required in validator.conditions()
    ]
    judged = {one["key"] for one in fields if "visible" in one or "required" in one}
    kept = [one for one in fields if one["key"] in judged or one["key"] in plan.read]
    return {"today": local_day(now).isoformat(), "fields": kept} if judged else None


def _offered(validator: FormValidator, f: FormField, choices: Choices) -> list[str]:
    return list(choices.get(f.key, {}) if f.type in CHOSEN_AT_HAND else validator.options(f.key))


class _Plan:
    def __init__(self, own: Collection[str], facts: Mapping[str, object], now: datetime, sees: str) -> None:
        self._own, self._facts, self._now, self._sees = own, facts, now, sees
        self._unknown: set[str] = set()  # fields whose answers the page does not know as the server will
        self.read: set[str] = set()

    def field(
        self,
        f: FormField,
        visible: Expression | None,
        required: Expression | None,
        always: bool,
        options: list[str],
    ) -> dict[str, Any]:
        """Return one question; a condition that is not for the page is left out."""
        told: dict[str, Any] = {"key": f.key, "type": f.type, **_limits(f)}
        if options:
            told["options"] = options
        if always:
            told["always"] = True
        for name, condition in (("visible", visible), ("required", required)):
            tree = self._condition(condition)
            if tree is not None:
                told[name] = tree
        if (visible is not None and "visible" not in told) or f.type in UNREAD:
            self._unknown.add(f.key)
        if f.counted:
            told["fixed"] = self._counted(f)
        return told

    def _counted(self, f: FormField) -> Tree | None:
        try:
            if f.protection.value > self._sees:
                raise _LeftToServer
            return _constant(self._facts.get(f.prefill or ""))
        except _LeftToServer:
            self._unknown.add(f.key)
            return None

    def _condition(self, condition: Expression | None) -> Tree | None:
        if condition is None:
            return None
        try:
            tree = self._tree(condition.tree)
        except _LeftToServer:
            return None
        self.read |= condition.names & set(self._own)
        return tree

    def _tree(self, node: Node) -> Tree:
        names = list(names_in(node))
        own = [name.name for name in names if name.name in self._own]
        if any(name in self._unknown for name in own):
            raise _LeftToServer
        if not own:
            return self._folded(node, names)
        match node:
            case Name():
                return ["name", node.name]
            case Several():
                return ["list", *map(self._tree, node.items)]
            case Call():
                return ["call", node.function, *map(self._tree, node.arguments)]
            case Arithmetic():
                return [_arithmetic(node), node.operator, self._tree(node.left), self._tree(node.right)]
            case Compare():
                return ["compare", node.operator, self._tree(node.left), self._tree(node.right)]
            case Member():
                return ["in", node.negated, self._tree(node.item), self._tree(node.items)]
            case Not():
                return ["not", self._tree(node.operand)]
            case Every():
                return ["and", *map(self._tree, node.operands)]
            case Either():
                return ["or", *map(self._tree, node.operands)]
            case Constant():
                return _constant(node.value)

    def _folded(self, node: Node, names: list[Name]) -> Tree:
        if any(name.offer.protection.value > self._sees for name in names):
            raise _LeftToServer
        return _constant(closure_of(node)(self._facts, self._now))


def _arithmetic(node: Arithmetic) -> str:
    if node.left.type.kind is Kind.NUMBER:
        return "number"
    return "days" if node.type.kind is Kind.NUMBER else "move"


def _constant(value: object) -> Tree:
    if value is None or isinstance(value, (bool, str)):
        return ["value", value]
    if isinstance(value, (Decimal, int)):
        return ["number", str(value)]
    if isinstance(value, date) and not isinstance(value, datetime):
        return ["day", value.isoformat()]
    if isinstance(value, (list, tuple)):
        return ["list", *map(_constant, value)]
    raise _LeftToServer


def _limits(f: FormField) -> dict[str, Any]:
    """Return what an answer must keep to, by type, where a page has to know."""
    found: dict[str, Any] = {}
    if f.type in ("number", "integer", "date"):
        found = {name: str(bound) for name, bound in (("min", f.min), ("max", f.max)) if bound is not None}
    if f.type == "text":
        found = {"most": f.max_length or LINE_LENGTH, "longest": LONGEST_LINE}
    if f.type == "long_text":
        found = {"most": f.max_length or TEXT_LENGTH, "longest": (f.max_length or TEXT_LENGTH) * 2}
    if f.type in ("photo", "file"):
        found = {"most": MOST_REFERENCES}
    if f.type == "rows":
        found = {"most": f.most}
    return found | ({"all": True} if f.all_required else {})
