"""The checks that need more than the shape of one key: what both kinds of definition share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from difflib import get_close_matches

from workflows.engine.catalogue import Catalogue
from workflows.engine.document import Document, Path
from workflows.engine.expression import Expression, ExpressionFault, Offers, compile_condition, compile_value
from workflows.engine.expression.tree import Call, Node, children
from workflows.engine.problem import Problem
from workflows.engine.vocabulary import Assignee
from workflows.text import Text, text


class Findings:
    """Collects the problems of one document."""

    def __init__(self, document: Document, catalogue: Catalogue) -> None:
        self.catalogue = catalogue
        self.problems: list[Problem] = []
        self._document = document

    def add(self, path: Path, code: str, message: Text, *, at_key: bool = False) -> None:
        """Note a problem at the value, or the key, under a path."""
        self.problems.append(self._document.problem(path, code, message, at_key=at_key))

    def unknown(self, path: Path, code: str, kind: Text, name: str, known: Iterable[str]) -> None:
        """Note a name that does not exist, with the nearest that does."""
        close = get_close_matches(name, list(known), n=1)
        message = text("没有名为 {name} 的{kind}", name=name, kind=kind)
        if close:
            message = text("没有名为 {name} 的{kind}，是否要写 {close}？", name=name, kind=kind, close=close[0])
        self.add(path, code, message)

    def form(self, path: Path, key: str | None) -> None:
        """Note a form that does not exist."""
        if key is not None and key not in self.catalogue.forms:
            self.unknown(path, "unknown_form", text("表单"), key, self.catalogue.forms)

    def roles(self, path: Path, assignees: Iterable[Assignee], relations: Collection[str] = ()) -> None:
        """Note roles that do not exist, and parts in the case under relations that the workflow does not have."""
        for index, assignee in enumerate(assignees):
            if assignee.place == "case":
                if str(assignee.role) not in relations:
                    self.unknown((*path, index), "unknown_relation", text("关系"), str(assignee.role), relations)
            elif assignee.role is not None and assignee.role not in self.catalogue.roles:
                self.unknown((*path, index), "unknown_role", text("角色"), assignee.role, self.catalogue.roles)

    def condition(self, path: Path, written: str, offers: Offers) -> Expression | None:
        """Compile a condition, or note its fault at the place inside the text."""
        expression = self._compiled(compile_condition, path, written, offers)
        if expression is None:
            return None
        if not expression.names and not _calls(expression.tree):
            self.add(path, "constant_condition", text("条件里没有数据项，结果永远一样"))
        return expression

    def value(self, path: Path, written: str, offers: Offers) -> Expression | None:
        """Compile an expression of any type, or note its fault at the place inside the text."""
        return self._compiled(compile_value, path, written, offers)

    def _compiled(
        self, compile_: Callable[[str, Offers], Expression], path: Path, written: str, offers: Offers
    ) -> Expression | None:
        try:
            return compile_(written, offers)
        except ExpressionFault as fault:
            self.problems.append(
                self._document.problem_inside(path, fault.line, fault.column, fault.code, fault.message)
            )
            return None


def _calls(node: Node) -> bool:
    return isinstance(node, Call) or any(_calls(child) for child in children(node))
