"""Conditions of definitions: a small typed subset of Python syntax, total, explained in words."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from workflows.engine.expression import certainty, closure
from workflows.engine.expression.check import check_condition, check_value
from workflows.engine.expression.closure import Facts
from workflows.engine.expression.functions import FUNCTIONS
from workflows.engine.expression.parse import ExpressionFault
from workflows.engine.expression.sentence import sentence
from workflows.engine.expression.tree import Every, Node, Offer, Offers, Type, calls_in, names_in
from workflows.engine.vocabulary import Protection
from workflows.text import Text, text

__all__ = ["Expression", "ExpressionFault", "Facts", "Offer", "Offers", "Type", "compile_condition", "compile_value"]


class Expression:
    """A checked expression: its typed tree, the names it reads, and the closure that answers it."""

    __slots__ = ("_certain", "_condition", "_parts", "_value", "names", "protection", "tree", "written")

    def __init__(self, written: str, tree: Node) -> None:
        self.written = written
        self.tree = tree
        read = tuple(names_in(tree))
        self.names = frozenset(name.name for name in read)
        self.protection = max((name.offer.protection for name in read), default=Protection.P0)
        self._condition = closure.condition(tree)
        self._value = closure.value(tree)
        self._certain = certainty.certain(tree)
        parts = tree.operands if isinstance(tree, Every) else (tree,)
        self._parts = tuple((part, closure.condition(part)) for part in parts)

    @property
    def is_queryable(self) -> bool:
        """Tell whether it may stand in a query: protected fields (P2, P3) and functions of rows are for closures."""
        return self.protection <= Protection.P1 and self.of_rows is None

    @property
    def of_rows(self) -> str | None:
        """The first function of rows that it calls, None where it calls none."""
        return next((name for name in calls_in(self.tree) if FUNCTIONS[name].of_rows), None)

    def holds(self, facts: Facts, now: datetime) -> bool:
        """Tell whether the condition holds; `now` is aware, facts are by dotted name. Never raises."""
        return self._condition(facts, now)

    def value(self, facts: Facts, now: datetime) -> Any:
        """Give the value, None where it is missing; `now` is aware. Never raises."""
        return self._value(facts, now)

    def certainly(self, facts: Facts, now: datetime) -> bool | None:
        """Tell whether the condition holds; None while what is missing leaves it open. Never raises."""
        found = self._certain(facts, now)
        return found if isinstance(found, bool) else None

    def explain(self, language: str = "zh") -> Text:
        """Say what the whole condition asks for."""
        return text("需要：{condition}", condition=sentence(self.tree, language))

    def unmet(self, facts: Facts, now: datetime, language: str = "zh") -> tuple[Text, ...]:
        """Say each part joined by `and` that does not hold; empty when the condition holds."""
        return tuple(sentence(part, language) for part, holds in self._parts if not holds(facts, now))


def compile_condition(written: str, offers: Offers) -> Expression:
    """Compile a condition over the names offered.

    Raises ExpressionFault with line, column, code and message.
    """
    return Expression(written, check_condition(written, offers))


def compile_value(written: str, offers: Offers) -> Expression:
    """Compile an expression of any type over the names offered.

    Raises ExpressionFault with line, column, code and message.
    """
    return Expression(written, check_value(written, offers))
