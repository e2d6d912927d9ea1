"""Compiles the typed tree into a condition of a query that is true for the same rows as the closure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    Select,
    SQLColumnExpression,
    String,
    and_,
    case,
    false,
    func,
    literal,
    literal_column,
    not_,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.sql import coercions, roles
from sqlalchemy.types import TypeEngine

from models.exact import UNIT, millionths
from models.field_value import SINGLE, FieldValue
from models.types import UtcDateTime
from workflows.clock import local_day
from workflows.engine.expression import closure
from workflows.engine.expression.sql_functions import (
    BeginsWith,
    DayMoved,
    DaysBetween,
    Length,
    LocalDay,
    MonthOf,
    Over,
    PlaceIn,
    Rounded,
    SmallLetters,
    Times,
    Within,
    YearsBetween,
)
from workflows.engine.expression.tree import (
    Arithmetic,
    Call,
    Compare,
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

Sql = ColumnElement[Any]
Test = ColumnElement[bool]
_TYPES: dict[Kind, TypeEngine[Any]] = {
    Kind.TEXT: String(),
    Kind.NUMBER: BigInteger(),
    Kind.DATE: Date(),
    Kind.DATETIME: UtcDateTime(),
    Kind.YES_NO: Boolean(),
}
_COLUMNS = {
    Kind.TEXT: "text",
    Kind.NUMBER: "number",
    Kind.DATE: "day",
    Kind.DATETIME: "moment",
    Kind.YES_NO: "yes_no",
}
_COMPARE: dict[str, Callable[[Any, Any], Test]] = {
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}
_TURNED = {"==": "==", "!=": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


@dataclass(frozen=True)
class Answer:
    """An answer of a case that stands in `field_value`: its key, and the column of the query that holds the case."""

    key: str
    case_id: SQLColumnExpression[int]


# What each name reads: a column (numbers in millionths) or an answer.
Columns = Mapping[str, SQLColumnExpression[Any] | Answer]


def condition(tree: Node, columns: Columns, now: datetime) -> Test:
    """Compile a yes-no tree over columns for every name that it reads; `now` is aware.

    Raises KeyError for a name without a column.
    """
    return _Writer(columns, now).test(tree)


def ways_in(tree: Node, columns: Columns, now: datetime) -> list[Select[Any]]:
    """Return queries, each read from an index, of the cases that a part of a condition finds: no others can hold it.

    Only what compares one answer with a fixed value, by itself or joined by `and`, is such a part.
    """
    writer = _Writer(columns, now)
    parts = tree.operands if isinstance(tree, Every) else (tree,)
    found = [writer.asked(part) for part in parts if isinstance(part, (Compare, Member))]
    return [asked[0].cases(*asked[1]) for asked in found if asked is not None and asked[0].is_indexed]


class _Answers:
    """The rows of one answer of the case at hand."""

    def __init__(self, answer: Answer, kind: Kind, *, is_list: bool) -> None:
        self._table = FieldValue.__table__.alias()
        self.column: Sql = self._table.c[_COLUMNS[kind]]
        at = self._table.c.position
        self._of_field = (self._table.c.field == answer.key, at > SINGLE if is_list else at == SINGLE)
        self._of_case = (self._table.c.case_id == answer.case_id, *self._of_field)
        self.is_indexed = kind in (Kind.TEXT, Kind.NUMBER, Kind.DATE)

    def cases(self, *conditions: Test) -> Select[Any]:
        """Ask for the cases that have such a row."""
        return select(self._table.c.case_id).where(*self._of_field, *conditions)

    def any(self, *conditions: Test) -> Test:
        """Tell whether there is such a row; never unknown."""
        return self._chosen(literal_column("1"), *conditions).offset(literal_column("0")).exists()

    def value(self) -> Sql:
        """Give the single value."""
        return self._chosen(self.column).scalar_subquery()

    def count(self) -> Sql:
        """Count the values."""
        return self._chosen(func.count(self.column)).scalar_subquery()

    def holds(self, item: Sql) -> Test:
        """Tell whether one of the values is this; never unknown.

        What is compared stands outside, behind an offset: PostgreSQL would look through all rows of a value once for
        each case, where the rows of the case are asked by their key.
        """
        values = self._chosen(self.column, self.column.is_not(None)).offset(literal_column("0"))
        return func.coalesce(item.in_(values), false())

    def _chosen(self, wanted: Sql, *conditions: Test) -> Select[Any]:
        # Of the case of the outermost query, however deep it nests in others.
        return select(wanted).where(*self._of_case, *conditions).correlate_except(self._table)


class _Writer:
    def __init__(self, columns: Columns, now: datetime) -> None:
        self._columns, self._now = columns, now
        self._today = literal(local_day(now), Date())

    def test(self, node: Node) -> Test:
        """Compile a yes-no tree where unknown is as good as no: at the top, and below `and` and `or`."""
        match node:
            case Every():
                return and_(*map(self.test, node.operands))
            case Either():
                return or_(*map(self.test, node.operands))
            case Not():
                return not_(self.sure(node.operand))
            case _ if self._is_fixed(node):
                return true() if closure.condition(node)({}, self._now) else false()
            case Compare():
                return self._compare(node)
            case Member():
                return self._member(node)
            case Call(function="contains" | "starts_with" | "present" | "missing"):
                return self._told(node)
            case _:
                return self.value(node).is_(true())

    def sure(self, node: Node) -> Test:
        """Compile a yes-no tree so that it is never unknown."""
        match node:
            case Every():
                return and_(*map(self.sure, node.operands))
            case Either():
                return or_(*map(self.sure, node.operands))
            case Compare() | Call(function="contains" | "starts_with"):
                return func.coalesce(self.test(node), false())
            case _:
                return self.test(node)  # of its own accord never unknown

    def value(self, node: Node) -> Sql:
        """Compile a tree of any single value; NULL where it is missing."""
        if self._is_fixed(node):
            return self._constant(closure.value(node)({}, self._now), node.type.kind)
        match node:
            case Name():
                answers = self._answers(node)
                return answers.value() if answers is not None else self._column(node)
            case Arithmetic():
                return self._arithmetic(node)
            case Call(function="contains" | "starts_with"):
                return self._told(node)
            case Call() if node.function not in ("present", "missing"):
                return self._call(node)
            case _:
                return case((self.sure(node), true()), else_=false())

    def _is_fixed(self, node: Node) -> bool:
        return next(names_in(node), None) is None

    def _constant(self, value: object, kind: Kind) -> Sql:
        return literal(millionths(value) if isinstance(value, Decimal) else value, _TYPES[kind])

    def _column(self, node: Name) -> Sql:
        column = self._columns[node.name]
        assert not isinstance(column, Answer)
        return coercions.expect(roles.ExpressionElementRole, column)

    def _answers(self, node: Node) -> _Answers | None:
        found = self._columns[node.name] if isinstance(node, Name) else None
        return _Answers(found, node.type.kind, is_list=node.type.is_list) if isinstance(found, Answer) else None

    def asked(self, node: Compare | Member) -> tuple[_Answers, list[Test]] | None:
        """Return the answer that a comparison asks against fixed values, and what must hold for its row."""
        if isinstance(node, Compare):
            for side, other, operator in (
                (node.left, node.right, node.operator),
                (node.right, node.left, _TURNED[node.operator]),
            ):
                if (answers := self._answers(side)) is not None and self._is_fixed(other):
                    return answers, [_COMPARE[operator](answers.column, self.value(other))]
            return None
        if (answers := self._answers(node.item)) is not None and self._is_fixed(node.items):
            options = self._fixed_items(node.items)
            if node.negated:
                return answers, [answers.column.is_not(None), answers.column.not_in(options)]
            return answers, [answers.column.in_(options)]
        if not node.negated and self._is_fixed(node.item) and (answers := self._answers(node.items)) is not None:
            return answers, [answers.column == self.value(node.item)]
        return None

    def _compare(self, node: Compare) -> Test:
        return _COMPARE[node.operator](self.value(node.left), self.value(node.right))

    def _member(self, node: Member) -> Test:
        item, items = self.value(node.item), self._list(node.items)
        if node.negated:
            return and_(item.is_not(None), items.is_there, not_(items.has(item)))
        return items.has(item)

    def _told(self, node: Call) -> Test:
        if node.function in ("present", "missing"):
            is_there = self._is_there(node.arguments[0])
            return is_there if node.function == "present" else not_(is_there)
        text, part = map(self.value, node.arguments)
        return PlaceIn(text, part) > 0 if node.function == "contains" else BeginsWith(text, part)

    def _is_there(self, node: Node) -> Test:
        if node.type.is_list:
            return self._list(node).is_there
        return self.value(node).is_not(None)

    def _arithmetic(self, node: Arithmetic) -> Sql:
        left, right = self.value(node.left), self.value(node.right)
        if node.left.type.kind is Kind.NUMBER:
            match node.operator:
                case "+":
                    return Within(left + right)
                case "-":
                    return Within(left - right)
                case "*":
                    return Times(left, right)
                case _:
                    return Over(left, right)
        if node.type.kind is Kind.NUMBER:
            return DaysBetween(left, right)
        return DayMoved(left, right if node.operator == "+" else -right)

    def _call(self, node: Call) -> Sql:
        first = node.arguments[0]
        match node.function:
            case "len":
                return self._list(first).count if first.type.is_list else Length(self.value(first))
            case "days_since":
                return DaysBetween(self._today, self._day(first))
            case "days_until":
                return DaysBetween(self._day(first), self._today)
            case "age":
                return YearsBetween(self._today, self.value(first))
            case "date_of":
                return LocalDay(self.value(first))
            case "month":
                return MonthOf(self.value(first))
            case "choose":
                _condition, chosen, otherwise = node.arguments
                return case((self.sure(first), self.value(chosen)), else_=self.value(otherwise))
            case "round":
                return Rounded(self.value(first))
            case "lower":
                return SmallLetters(self.value(first))
            case "coalesce":
                return func.coalesce(*map(self.value, node.arguments), type_=_TYPES[node.type.kind])
            case _:
                raise KeyError(node.function)

    def _day(self, node: Node) -> Sql:
        return LocalDay(self.value(node)) if node.type.kind is Kind.DATETIME else self.value(node)

    def _list(self, node: Node) -> _List:
        """Compile a tree that gives a list."""
        match node:
            case Name():
                answers = self._answers(node)
                if answers is None:
                    raise KeyError(node.name)
                return _Kept(answers)
            case Several():
                return _Written([self.value(item) for item in node.items])
            case Call():
                return _First([self._list(argument) for argument in node.arguments])
            case _:
                raise KeyError(str(node.type))

    def _fixed_items(self, node: Node) -> list[Sql]:
        return [self._constant(value, node.type.kind) for value in closure.value(node)({}, self._now)]


class _List:
    """A list as conditions ask it: whether it is there, whether it has a value, how many it has; never unknown."""

    is_there: Test
    count: Sql  # in millionths, NULL where the list is missing

    def has(self, item: Sql) -> Test:
        """Tell whether the list has a value; a missing one it never has."""
        raise NotImplementedError


class _Kept(_List):
    """The list that is an answer."""

    def __init__(self, answers: _Answers) -> None:
        self._answers = answers
        self.is_there = answers.any()
        self.count = case((self.is_there, answers.count() * UNIT), else_=null())

    def has(self, item: Sql) -> Test:
        return self._answers.holds(item)


class _Written(_List):
    """A list written out, without the values that are missing."""

    is_there = true()

    def __init__(self, items: Sequence[Sql]) -> None:
        self._items = items
        given = [case((item.is_not(None), UNIT), else_=0) for item in items]
        self.count = literal(0, BigInteger())
        for one in given:
            self.count = self.count + one

    def has(self, item: Sql) -> Test:
        return func.coalesce(item.in_(self._items), false())


class _First(_List):
    """The first of several lists that is there."""

    def __init__(self, lists: Sequence[_List]) -> None:
        self._lists = lists
        self.is_there = or_(*(one.is_there for one in lists))
        self.count = case(*((one.is_there, one.count) for one in lists), else_=null())

    def has(self, item: Sql) -> Test:
        return case(*((one.is_there, one.has(item)) for one in self._lists), else_=false())
