"""The typed tree of an expression: what every reading of it (closure, sentence, SQL) starts from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from workflows.engine.vocabulary import Label, Protection


class Kind(StrEnum):
    """What a value is."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    DATETIME = "datetime"
    YES_NO = "yes_no"
    ROW = "row"  # of a repeated question: only counted, its columns are names of their own


@dataclass(frozen=True)
class Type:
    """A kind, or a list of values of that kind."""

    kind: Kind
    is_list: bool = False

    def __str__(self) -> str:
        return f"list[{self.kind}]" if self.is_list else str(self.kind)


TEXT = Type(Kind.TEXT)
NUMBER = Type(Kind.NUMBER)
DATE = Type(Kind.DATE)
DATETIME = Type(Kind.DATETIME)
YES_NO = Type(Kind.YES_NO)


@dataclass(frozen=True)
class Offer:
    """A name a subject offers to expressions: its type, who may see it, its words, and the answers it can have.

    `longest` is how many characters a text can have; a longer one is no answer to this question.
    """

    type: Type
    label: Label
    protection: Protection = Protection.P1
    options: Mapping[str, Label] = field(default_factory=dict, hash=False)
    longest: int | None = None


Offers = Mapping[str, Offer]


@dataclass(frozen=True)
class Constant:
    """A value written in the expression: str, Decimal, bool, date or datetime according to its type."""

    type: Type
    value: object


@dataclass(frozen=True)
class Name:
    """A dotted name that the subject offers."""

    type: Type
    name: str
    offer: Offer = field(hash=False)


@dataclass(frozen=True)
class Several:
    """A list written out; every item is of the list's kind."""

    type: Type
    items: tuple[Node, ...]


@dataclass(frozen=True)
class Call:
    """A named function with its arguments."""

    type: Type
    function: str
    arguments: tuple[Node, ...]


@dataclass(frozen=True)
class Arithmetic:
    """`+ - * /` on numbers, a date plus or minus days, or the days between two dates."""

    type: Type
    operator: str
    left: Node
    right: Node


@dataclass(frozen=True)
class Compare:
    """One comparison, `== != < <= > >=`; false where either side is missing."""

    operator: str
    left: Node
    right: Node
    type: Type = YES_NO


@dataclass(frozen=True)
class Member:
    """`in`, or `not in` when negated; false where either side is missing."""

    item: Node
    items: Node
    negated: bool = False
    type: Type = YES_NO


@dataclass(frozen=True)
class Not:
    """The opposite; two-valued, so it holds wherever its operand does not."""

    operand: Node
    type: Type = YES_NO


@dataclass(frozen=True)
class Every:
    """`and`."""

    operands: tuple[Node, ...]
    type: Type = YES_NO


@dataclass(frozen=True)
class Either:
    """`or`."""

    operands: tuple[Node, ...]
    type: Type = YES_NO


Node = Constant | Name | Several | Call | Arithmetic | Compare | Member | Not | Every | Either


def children(node: Node) -> tuple[Node, ...]:
    """List the nodes directly below a node."""
    match node:
        case Several():
            return node.items
        case Call():
            return node.arguments
        case Arithmetic() | Compare():
            return (node.left, node.right)
        case Member():
            return (node.item, node.items)
        case Not():
            return (node.operand,)
        case Every() | Either():
            return node.operands
        case Constant() | Name():
            return ()


def names_in(node: Node) -> Iterator[Name]:
    """Yield every name an expression reads."""
    if isinstance(node, Name):
        yield node
    for child in children(node):
        yield from names_in(child)


def calls_in(node: Node) -> Iterator[str]:
    """Yield every function an expression calls."""
    if isinstance(node, Call):
        yield node.function
    for child in children(node):
        yield from calls_in(child)


def texts_in(node: Node) -> Iterator[str]:
    """Yield every text written in an expression."""
    if isinstance(node, Constant) and isinstance(node.value, str):
        yield node.value
    for child in children(node):
        yield from texts_in(child)
