"""Puts a form's conditions, computed values and rules into small trees, by which a page judges as the server will.

What rests on facts beside the form's own answers is worked out here. What reads facts above the person's field class,
or answers that a page cannot read, is left to the server alone: its question stays on the page, its value is shown when
the page is made anew, its rule is told on sending.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workflows.clock import local_day
from workflows.engine.answers import LINE_LENGTH, LONGEST_LINE, MOST_REFERENCES, TEXT_LENGTH
from workflows.engine.definition import FormField
from workflows.engine.expression import Expression
from workflows.engine.expression.certainty import certain
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
    children,
    names_in,
)
from workflows.engine.form import CHOSEN_AT_HAND, Choices, FormValidator
from workflows.engine.question import Question, ReadyRule

UNREAD = frozenset({"phone", "id_number", "datetime"})  # what a page could only read with the server's own patterns
Tree = list[Any]
Fold = Callable[[Node], Callable[[Mapping[str, object], datetime], Any]]


class _LeftToServer(Exception):
    """What the page cannot or must not judge."""


@dataclass(frozen=True)
class _Setting:
    """What is known when the page is made: the facts, the moment, up to which class the person sees, the language."""

    facts: Mapping[str, object]
    now: datetime
    sees: str
    language: str
    require: Collection[str]
    choices: Choices


def page_conditions(
    validator: FormValidator,
    facts: Mapping[str, object],
    *,
    now: datetime,
    sees: str,
    require: Collection[str] = (),
    choices: Choices | None = None,
    language: str = "zh",
) -> dict[str, Any] | None:
    """Return what `static/js/conditions.js` needs of a form, None where there is nothing for the page to judge.

    `facts`, `now`, `require` and `choices` are what `FormValidator.check` will be given, `sees` is the field class up
    to which the person reads the facts.
    """
    plan = _Plan(_Setting(facts, now, sees, language, require, choices or {}))
    found = plan.of(validator.questions, validator.rules)
    return {"today": local_day(now).isoformat(), **found} if found else None


class _Plan:
    """The questions of a form, or of each of its rows inside those around them."""

    def __init__(self, setting: _Setting, around: _Plan | None = None) -> None:
        self._setting = setting
        self._own: set[str] = set(around._own) if around is not None else set()
        self._unknown: set[str] = set(around._unknown) if around is not None else set()  # not known as the server will
        self._is_row = around is not None
        self._judged: set[str] = set()  # questions that the page asks, requires or computes, or that hold such columns
        self.read: set[str] = set()

    def of(self, questions: Iterable[Question], rules: Iterable[ReadyRule]) -> dict[str, Any]:
        """Return the questions that the page judges or has to read, and the rules; empty where it judges nothing."""
        fields, told = self._all(questions, rules)
        if not self._judged and not told:
            return {}
        needed = self._judged | {name.split(".")[0] for name in self.read}
        return {"fields": [one for one in fields if one["key"] in needed]} | ({"rules": told} if told else {})

    def _all(
        self, questions: Iterable[Question], rules: Iterable[ReadyRule]
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        asked = tuple(questions)
        for question in asked:
            names = {question.field.key, *_of_columns(question)}
            self._own |= names
            self._unknown -= names  # whatever is called so around a row
        fields = [self._field(question) for question in asked]
        for told, question in zip(fields, asked, strict=True):
            if question.columns:
                told |= self._rules_of_rows(question)
        return fields, [one for one in map(self._rule, rules) if one is not None]

    def _field(self, question: Question) -> dict[str, Any]:
        """Return one question; a condition that is not for the page is left out."""
        f = question.field
        told: dict[str, Any] = {"key": f.key, "type": f.type, **_limits(f)}
        options = self._options(question)
        if options:
            told["options"] = list(options)
        if f.required or (f.key in self._setting.require and not self._is_row):
            told["always"] = True
        for name, condition in (("visible", question.visible_when), ("required", question.required_when)):
            tree = self._left_or(condition, closure_of)
            if tree is not None:
                told[name] = tree
        if (question.visible_when is not None and "visible" not in told) or f.type in UNREAD:
            self._leave(question)
        if question.value is not None:
            told |= self._value(question, question.value)
        if question.columns:
            told |= self._columns(question)
        if {"visible", "required", "value"} & set(told):
            self._judged.add(f.key)
        return told

    def _options(self, question: Question) -> Collection[str]:
        at_hand = question.field.type in CHOSEN_AT_HAND
        return self._setting.choices.get(question.field.key, {}) if at_hand else question.options

    def _leave(self, question: Question) -> None:
        self._unknown |= {question.field.key, *_of_columns(question)}

    def _value(self, question: Question, value: Expression) -> dict[str, Any]:
        """Return how the page computes an answer; it says nothing of one that is left to the server."""
        told: dict[str, Any] = {"computed": True}
        tree = self._left_or(value, closure_of) if question.field.type not in UNREAD else None
        if tree is None:
            self._leave(question)
            return told
        said = {answer: label.say(self._setting.language) for answer, label in question.options.items()}
        return told | {"value": tree} | ({"said": said} if said else {})

    def _columns(self, question: Question) -> dict[str, Any]:
        """Return the columns of repeated rows, all of them: they are read together too."""
        inner, key = _Plan(self._setting, self), question.field.key
        columns, _rules = inner._all(question.columns, ())
        names = {column.field.key for column in question.columns}
        self._unknown |= {f"{key}.{name}" for name in inner._unknown & names}
        self.read |= inner.read - names
        if inner._judged:
            self._judged.add(key)
        return {"columns": columns}

    def _rules_of_rows(self, question: Question) -> dict[str, Any]:
        """Return the rules of repeated rows, which are asked when all around them is judged."""
        inner = _Plan(self._setting, self)
        _columns, told = inner._all(question.columns, question.rules)
        self.read |= inner.read - {column.field.key for column in question.columns}
        if not told:
            return {}
        self._judged.add(question.field.key)
        return {"rules": told}

    def _rule(self, ready: ReadyRule) -> dict[str, Any] | None:
        """Return a rule that the page can judge, and knows whether its fields are asked."""
        tree = self._left_or(ready.must, certain) if not self._unknown & set(ready.rule.at) else None
        if tree is None:
            return None
        self.read |= set(ready.rule.at)
        return {"must": tree, "at": list(ready.rule.at), "text": ready.rule.text.say(self._setting.language)}

    def _left_or(self, condition: Expression | None, fold: Fold) -> Tree | None:
        if condition is None:
            return None
        try:
            tree = self._tree(condition.tree, fold)
        except _LeftToServer:
            return None
        self.read |= condition.names & self._own
        return tree

    def _tree(self, node: Node, fold: Fold) -> Tree:
        names = list(names_in(node))
        own = [name.name for name in names if name.name in self._own]
        if any(name in self._unknown for name in own):
            raise _LeftToServer
        if not own and not isinstance(node, Several):
            return self._folded(node, names, fold)
        below = [self._tree(child, fold) for child in children(node)]
        match node:
            case Name():
                return ["name", node.name]
            case Several():
                return ["list", *below]
            case Call():
                return ["call", node.function, *below]
            case Arithmetic():
                return [_arithmetic(node), node.operator, *below]
            case Compare():
                return ["compare", node.operator, *below]
            case Member():
                return ["in", node.negated, *below]
            case Not():
                return ["not", *below]
            case Every():
                return ["and", *below]
            case Either():
                return ["or", *below]
            case Constant():
                return _constant(node.value)

    def _folded(self, node: Node, names: list[Name], fold: Fold) -> Tree:
        if any(name.offer.protection.value > self._setting.sees for name in names):
            raise _LeftToServer
        return _constant(fold(node)(self._setting.facts, self._setting.now))


def _of_columns(question: Question) -> set[str]:
    return {f"{question.field.key}.{column.field.key}" for column in question.columns}


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
