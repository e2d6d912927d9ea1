"""Turns Python's syntax tree into the typed tree, refusing every construct, name and type it does not know."""

from __future__ import annotations

import ast
from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any

from models.exact import exact
from workflows.clock import LOCAL
from workflows.engine.expression.functions import FUNCTIONS, is_usable_moment
from workflows.engine.expression.parse import ExpressionFault, Source, read_syntax
from workflows.engine.expression.tree import (
    DATE,
    DATETIME,
    NUMBER,
    TEXT,
    YES_NO,
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
    Offers,
    Several,
    Type,
)
from workflows.text import Text, text

KIND_WORDS = {
    Kind.TEXT: text("文字"),
    Kind.NUMBER: text("数字"),
    Kind.DATE: text("日期"),
    Kind.DATETIME: text("时刻"),
    Kind.YES_NO: text("是否"),
    Kind.ROW: text("行"),
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
}
OPERATORS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}
# Texts have no order here: two databases and Python would each sort Chinese differently.
ORDERED = frozenset({Kind.NUMBER, Kind.DATE, Kind.DATETIME})
DAY_ARITHMETIC = {("-", DATE, DATE): NUMBER, ("+", DATE, NUMBER): DATE, ("-", DATE, NUMBER): DATE}


def check_condition(written: str, offers: Offers) -> Node:
    """Read an expression that must be true or false.

    Raises ExpressionFault with the place of the first thing that does not hold.
    """
    source, syntax = read_syntax(written)
    return _Checker(source, offers).condition(syntax)


def check_value(written: str, offers: Offers) -> Node:
    """Read an expression of any type.

    Raises ExpressionFault with the place of the first thing that does not hold.
    """
    source, syntax = read_syntax(written)
    return _Checker(source, offers).read(syntax)


def fault_at_name(written: str, name: str, code: str, message: Text) -> ExpressionFault:
    """Make the fault that points at the first place where an expression that was read already uses a name."""
    source, syntax = read_syntax(written)
    places = [node for node in ast.walk(syntax) if isinstance(node, ast.expr) and _dotted(node) == name]
    return source.fault(min(places, key=lambda node: node.col_offset), code, message)


class _Checker:
    def __init__(self, source: Source, offers: Offers) -> None:
        self._source = source
        self._offers = offers
        self._readers: dict[type[ast.expr], Callable[[Any], Node]] = {
            ast.Constant: self._constant,
            ast.Name: self._name,
            ast.Attribute: self._name,
            ast.Tuple: self._several,
            ast.List: self._several,
            ast.BoolOp: self._joined,
            ast.UnaryOp: self._unary,
            ast.BinOp: self._arithmetic,
            ast.Compare: self._comparisons,
            ast.Call: self._call,
        }

    def read(self, syntax: ast.expr) -> Node:
        reader = self._readers.get(type(syntax))
        if reader is None:
            raise self._fault(
                syntax,
                "expression_construct",
                text("条件里不能这样写，只能用比较、且、或、非、属于、加减乘除和列出的函数"),
            )
        return reader(syntax)

    def condition(self, syntax: ast.expr) -> Node:
        node = self.read(syntax)
        if node.type != YES_NO:
            raise self._fault(syntax, "expression_type", text("这里要的是真假，实际是{got}", got=_words(node.type)))
        return node

    def _fault(self, syntax: ast.AST, code: str, message: Text) -> ExpressionFault:
        return self._source.fault(syntax, code, message)

    def _constant(self, syntax: ast.Constant) -> Node:
        value = syntax.value
        if isinstance(value, bool):
            return Constant(YES_NO, value)
        if isinstance(value, str):
            return Constant(TEXT, value)
        if isinstance(value, (int, float)):
            return Constant(NUMBER, self._number(syntax))
        raise self._fault(
            syntax, "expression_constant", text("只能写文字、数字、True、False；判断未填写请用 missing(…)")
        )

    def _number(self, syntax: ast.Constant) -> Decimal:
        written = ast.get_source_segment(self._source.line, syntax) or ""
        if len(written) > 20:
            raise self._fault(syntax, "expression_number", text("数字太长，最多 20 位"))
        number = Decimal(written)
        if exact(number) != number:
            raise self._fault(syntax, "expression_number", text("数字最多写到小数点前 12 位、后 6 位"))
        return number

    def _name(self, syntax: ast.Name | ast.Attribute) -> Node:
        name = _dotted(syntax)
        if name is None:
            raise self._fault(syntax, "expression_construct", text("点号前只能是名称"))
        offer = self._offers.get(name)
        if offer is None:
            close = get_close_matches(name, self._offers, n=1)
            if close:
                raise self._fault(
                    syntax,
                    "unknown_name",
                    text("没有名为 {name} 的数据项，是否要写 {close}？", name=name, close=close[0]),
                )
            raise self._fault(syntax, "unknown_name", text("没有名为 {name} 的数据项", name=name))
        return Name(offer.type, name, offer)

    def _several(self, syntax: ast.Tuple | ast.List) -> Node:
        items = tuple(self.read(item) for item in syntax.elts)
        if not items:
            raise self._fault(syntax, "expression_type", text("列表不能是空的"))
        lead = next((item for item in items if item.type != TEXT), items[0])
        items = tuple(self._fitted(item, lead, at) for item, at in zip(items, syntax.elts, strict=True))
        for item, place in zip(items, syntax.elts, strict=True):
            if item.type != lead.type or item.type.is_list:
                raise self._mismatch(place, lead.type, item.type)
        return Several(Type(lead.type.kind, is_list=True), items)

    def _joined(self, syntax: ast.BoolOp) -> Node:
        operands = tuple(self.condition(value) for value in syntax.values)
        return Every(operands) if isinstance(syntax.op, ast.And) else Either(operands)

    def _unary(self, syntax: ast.UnaryOp) -> Node:
        if isinstance(syntax.op, ast.Not):
            return Not(self.condition(syntax.operand))
        operand = self.read(syntax.operand)
        if not isinstance(syntax.op, ast.USub) or operand.type != NUMBER:
            raise self._fault(syntax, "expression_type", text("正负号只能用于数字"))
        return Arithmetic(NUMBER, "-", Constant(NUMBER, Decimal(0)), operand)

    def _arithmetic(self, syntax: ast.BinOp) -> Node:
        operator = OPERATORS.get(type(syntax.op))
        if operator is None:
            raise self._fault(syntax, "expression_construct", text("只能用 + - * /"))
        left, right = self.read(syntax.left), self.read(syntax.right)
        if left.type == right.type == NUMBER:
            return Arithmetic(NUMBER, operator, left, right)
        if left.type == DATE:
            right = self._as_day(right, syntax.right)
        result = DAY_ARITHMETIC.get((operator, left.type, right.type))
        if result is None:
            raise self._mismatch(syntax, left.type, right.type)
        return Arithmetic(result, operator, left, right)

    def _comparisons(self, syntax: ast.Compare) -> Node:
        places = [syntax.left, *syntax.comparators]
        nodes = [self.read(place) for place in places]
        parts = tuple(
            self._one_comparison(op, nodes[i], nodes[i + 1], places[i], places[i + 1])
            for i, op in enumerate(syntax.ops)
        )
        return parts[0] if len(parts) == 1 else Every(parts)

    def _one_comparison(self, op: ast.cmpop, left: Node, right: Node, at_left: ast.expr, at_right: ast.expr) -> Node:
        if isinstance(op, (ast.In, ast.NotIn)):
            return self._member(left, right, at_left, at_right, negated=isinstance(op, ast.NotIn))
        operator = COMPARISONS.get(type(op))
        if operator is None:
            raise self._fault(at_right, "expression_construct", text("请用 == 或 !=，不能用 is"))
        right = self._fitted(right, left, at_right)
        left = self._fitted(left, right, at_left)
        if left.type != right.type or left.type.is_list:
            raise self._mismatch(at_right, left.type, right.type)
        if operator not in ("==", "!=") and left.type.kind not in ORDERED:
            raise self._fault(at_right, "expression_type", text("{kind}不能比大小", kind=_words(left.type)))
        return Compare(operator, left, right)

    def _member(self, item: Node, items: Node, at_item: ast.expr, at_items: ast.expr, *, negated: bool) -> Node:
        if isinstance(items, Several) and isinstance(at_items, (ast.Tuple, ast.List)):
            fitted = tuple(self._fitted(i, item, at) for i, at in zip(items.items, at_items.elts, strict=True))
            items = replace(items, type=Type(fitted[0].type.kind, is_list=True), items=fitted)
        if not items.type.is_list:
            raise self._fault(at_items, "expression_type", text("in 的右边要是列表，如 ('high', 'medium')"))
        item = self._fitted(item, items, at_item)
        if item.type != Type(items.type.kind):
            raise self._mismatch(at_items, item.type, items.type)
        return Member(item, items, negated)

    def _fitted(self, node: Node, other: Node, at: ast.expr) -> Node:
        """Fit a written text to what it stands against: an ISO day or moment, or one of the answers of a choice."""
        if not isinstance(node, Constant) or node.type != TEXT:
            return node
        if other.type.kind is Kind.DATE:
            return self._as_day(node, at)
        if other.type.kind is Kind.DATETIME:
            return self._as_moment(node, at)
        if isinstance(other, Name) and other.offer.options and node.value not in other.offer.options:
            answers = "、".join(other.offer.options)
            raise self._fault(
                at,
                "unknown_option",
                text(
                    "{name} 没有 {value} 这个选项，可选：{answers}", name=other.name, value=node.value, answers=answers
                ),
            )
        return node

    def _as_day(self, node: Node, at: ast.expr) -> Node:
        if not isinstance(node, Constant) or node.type != TEXT:
            return node
        try:
            return Constant(DATE, date.fromisoformat(str(node.value)))
        except ValueError:
            raise self._fault(at, "expression_date", text("日期请写成 '2026-09-01'")) from None

    def _as_moment(self, node: Constant, at: ast.expr) -> Node:
        fault = self._fault(at, "expression_date", text("时刻请写成 '2026-09-01 08:00'"))
        try:
            moment = datetime.fromisoformat(str(node.value))
        except ValueError:
            raise fault from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=LOCAL)
        if not is_usable_moment(moment):
            raise fault
        return Constant(DATETIME, moment)

    def _call(self, syntax: ast.Call) -> Node:
        name = syntax.func.id if isinstance(syntax.func, ast.Name) else None
        function = FUNCTIONS.get(name or "")
        if name is None or function is None:
            raise self._fault(
                syntax, "unknown_function", text("没有这个函数，可用：{names}", names="、".join(FUNCTIONS))
            )
        if syntax.keywords or any(isinstance(a, ast.Starred) for a in syntax.args):
            raise self._fault(syntax, "expression_construct", text("函数的参数只能依次写出"))
        arguments = tuple(self.read(argument) for argument in syntax.args)
        result = function.signature(tuple(a.type for a in arguments))
        if result is None:
            raise self._fault(syntax, "expression_type", text("参数不合：应为 {shape}", shape=function.shape))
        return Call(result, name, arguments)

    def _mismatch(self, at: ast.AST, left: Type, right: Type) -> ExpressionFault:
        message = text("{left}与{right}不能这样放在一起", left=_words(left), right=_words(right))
        return self._fault(at, "expression_type", message)


def _words(type_: Type) -> Text:
    kind = KIND_WORDS[type_.kind]
    return text("{kind}列表", kind=kind) if type_.is_list else kind


def _dotted(syntax: ast.expr) -> str | None:
    parts: list[str] = []
    while isinstance(syntax, ast.Attribute):
        parts.append(syntax.attr)
        syntax = syntax.value
    return ".".join([syntax.id, *reversed(parts)]) if isinstance(syntax, ast.Name) else None
