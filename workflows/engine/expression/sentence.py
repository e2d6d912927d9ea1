"""Says an expression in words, for the person whom it refused and for the author who wrote it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal

from workflows.clock import LOCAL
from workflows.engine.expression.functions import FUNCTIONS
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
    Offer,
    Several,
)
from workflows.text import Text, text

_COMPARED = {
    "==": text("为"),
    "!=": text("不为"),
    "<": text("小于"),
    "<=": text("不大于"),
    ">": text("大于"),
    ">=": text("不小于"),
}
_COMPARED_IN_TIME = {
    **_COMPARED,
    "<": text("早于"),
    "<=": text("不晚于"),
    ">": text("晚于"),
    ">=": text("不早于"),
}


def sentence(node: Node, language: str = "zh") -> Text:
    """Put an expression into words; labels of fields and answers are taken in `language`."""
    return _Wording(language).say(node)


class _Wording:
    def __init__(self, language: str) -> None:
        self._language = language

    def say(self, node: Node, offer: Offer | None = None) -> Text:
        """Put one node into words; a constant is shown as the answer it means in `offer`."""
        match node:
            case Constant():
                return text("{value}", value=self._constant(node, offer))
            case Name():
                return text("{name}", name=node.offer.label.say(self._language))
            case Several():
                return self._joined(node.items, _or, offer)
            case Call():
                arguments = zip("abcdefgh", node.arguments, strict=False)
                return Text(FUNCTIONS[node.function].wording.msgid, {letter: self.say(a) for letter, a in arguments})
            case Arithmetic():
                return text(
                    "{left} {operator} {right}",
                    left=self.say(node.left),
                    operator=node.operator,
                    right=self.say(node.right),
                )
            case Compare():
                return self._compare(node)
            case Member():
                return self._member(node)
            case Not():
                return text("并非（{part}）", part=self.say(node.operand))
            case Every():
                return self._joined(node.operands, _and)
            case Either():
                return text("（{part}）", part=self._joined(node.operands, _or))

    def _constant(self, node: Constant, offer: Offer | None) -> object:
        value = node.value
        if isinstance(value, bool):
            return text("是") if value else text("否")
        if isinstance(value, str) and offer is not None and value in offer.options:
            return offer.options[value].say(self._language)
        if isinstance(value, Decimal):
            return format(value, "f")
        if isinstance(value, datetime):
            return value.astimezone(LOCAL).strftime("%Y-%m-%d %H:%M")
        return value.isoformat() if isinstance(value, date) else value

    def _compare(self, node: Compare) -> Text:
        in_time = node.left.type.kind in (Kind.DATE, Kind.DATETIME)
        words = (_COMPARED_IN_TIME if in_time else _COMPARED)[node.operator]
        left, right = self.say(node.left, _offer(node.right)), self.say(node.right, _offer(node.left))
        return text("{left} {compared} {right}", left=left, compared=words, right=right)

    def _member(self, node: Member) -> Text:
        item, items = self.say(node.item, _offer(node.items)), self.say(node.items, _offer(node.item))
        if isinstance(node.items, Several):
            words = text("不为") if node.negated else text("为")
            return text("{left} {compared} {right}", left=item, compared=words, right=items)
        words = text("不含") if node.negated else text("含有")
        return text("{left} {compared} {right}", left=items, compared=words, right=item)

    def _joined(self, nodes: tuple[Node, ...], join: Callable[[Text, Text], Text], offer: Offer | None = None) -> Text:
        said = self.say(nodes[0], offer)
        for node in nodes[1:]:
            said = join(said, self.say(node, offer))
        return said


def _and(first: Text, rest: Text) -> Text:
    return text("{first}，且{rest}", first=first, rest=rest)


def _or(first: Text, rest: Text) -> Text:
    return text("{first}或{rest}", first=first, rest=rest)


def _offer(node: Node) -> Offer | None:
    return node.offer if isinstance(node, Name) else None
