"""The functions an expression may call: their signatures and what they compute."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from string import ascii_lowercase, ascii_uppercase
from typing import Any

from models.exact import rounded, total
from workflows.clock import local_day
from workflows.engine.expression.tree import DATE, DATETIME, NUMBER, TEXT, YES_NO, Kind, Type
from workflows.text import Text, text

Signature = Callable[[tuple[Type, ...]], Type | None]
Compute = Callable[..., Any]  # (now, *arguments), arguments of the types the signature let pass


@dataclass(frozen=True)
class Function:
    """A function: what it takes and gives, its wording for people, whether it is told of missing values.

    One that is `of_rows` looks at all rows of a question together, which stand in no column of the database.
    """

    shape: str
    help: Text
    wording: Text
    signature: Signature
    compute: Compute
    sees_missing: bool = False
    of_rows: bool = False


def takes(*parameters: frozenset[Type], gives: Type) -> Signature:
    """Make the signature of a function with a fixed number of parameters, each of one of the types named."""

    def signature(arguments: tuple[Type, ...]) -> Type | None:
        fits = len(arguments) == len(parameters) and all(a in p for a, p in zip(arguments, parameters, strict=True))
        return gives if fits else None

    return signature


def is_usable_moment(moment: datetime) -> bool:
    """Tell whether a moment has a zone and lies far enough inside the calendar to be told in any other zone."""
    return moment.utcoffset() is not None and 1 < moment.year < 9999


def full_years(born: date, today: date) -> Decimal:
    """Count completed years of life; a 29 February birthday is reached on 1 March in common years."""
    return Decimal(today.year - born.year - ((today.month, today.day) < (born.month, born.day)))


def _days_from(moment: date, now: datetime) -> Decimal:
    day = local_day(moment) if isinstance(moment, datetime) else moment
    return Decimal((local_day(now) - day).days)


def _any_one(arguments: tuple[Type, ...]) -> Type | None:
    return YES_NO if len(arguments) == 1 else None


def _all_alike(arguments: tuple[Type, ...]) -> Type | None:
    return arguments[0] if len(arguments) > 1 and len(set(arguments)) == 1 else None


def _chosen_of(arguments: tuple[Type, ...]) -> Type | None:
    if len(arguments) != 3 or arguments[0] != YES_NO or arguments[1].is_list:
        return None
    return arguments[1] if arguments[1] == arguments[2] else None


def _extreme_of(arguments: tuple[Type, ...]) -> Type | None:
    ordered = len(arguments) == 1 and arguments[0].is_list and arguments[0].kind in _ORDERED
    return Type(arguments[0].kind) if ordered else None


# Other scripts have small letters too, but each database knows others of them.
_SMALL = str.maketrans(ascii_uppercase, ascii_lowercase)
_DAYS = frozenset({DATE, DATETIME})
_TEXT = frozenset({TEXT})
_DATE = frozenset({DATE})
_NUMBER = frozenset({NUMBER})
_NUMBERS = frozenset({Type(Kind.NUMBER, is_list=True)})
_ORDERED = frozenset({Kind.NUMBER, Kind.DATE, Kind.DATETIME})
_TELLING_APART = frozenset(Type(kind, is_list=True) for kind in Kind if kind is not Kind.ROW)
_COUNTABLE = frozenset({TEXT, *(Type(kind, is_list=True) for kind in Kind)})

FUNCTIONS: Mapping[str, Function] = {
    "today": Function("today()", text("今天"), text("今天"), takes(gives=DATE), local_day),
    "now": Function("now()", text("现在"), text("现在"), takes(gives=DATETIME), lambda now: now),
    "days_since": Function(
        "days_since(d)",
        text("从 d 到今天的天数"),
        text("{a}至今天数"),
        takes(_DAYS, gives=NUMBER),
        lambda now, d: _days_from(d, now),
    ),
    "days_until": Function(
        "days_until(d)",
        text("从今天到 d 的天数"),
        text("距{a}天数"),
        takes(_DAYS, gives=NUMBER),
        lambda now, d: -_days_from(d, now),
    ),
    "age": Function(
        "age(d)",
        text("出生日期为 d 者的周岁"),
        text("{a}算得的周岁"),
        takes(_DATE, gives=NUMBER),
        lambda now, d: full_years(d, local_day(now)),
    ),
    "date_of": Function(
        "date_of(t)",
        text("时刻 t 在当地的日期"),
        text("{a}的日期"),
        takes(frozenset({DATETIME}), gives=DATE),
        lambda now, t: local_day(t),
    ),
    "month": Function(
        "month(d)",
        text("d 的月份，1 至 12"),
        text("{a}的月份"),
        takes(_DATE, gives=NUMBER),
        lambda now, d: Decimal(d.month),
    ),
    "len": Function(
        "len(x)",
        text("文字的字数，或列表的项数"),
        text("{a}的数目"),
        takes(_COUNTABLE, gives=NUMBER),
        lambda now, x: Decimal(len(x)),
    ),
    "lower": Function(
        "lower(t)",
        text("把 A 至 Z 换成小写"),
        text("{a}"),
        takes(_TEXT, gives=TEXT),
        lambda now, t: t.translate(_SMALL),
    ),
    "contains": Function(
        "contains(t, part)",
        text("t 中含有 part"),
        text("{a}含有{b}"),
        takes(_TEXT, _TEXT, gives=YES_NO),
        lambda now, t, part: part in t,
    ),
    "starts_with": Function(
        "starts_with(t, part)",
        text("t 以 part 开头"),
        text("{a}以{b}开头"),
        takes(_TEXT, _TEXT, gives=YES_NO),
        lambda now, t, part: t.startswith(part),
    ),
    "present": Function(
        "present(x)", text("x 已填写"), text("{a}已填写"), _any_one, lambda now, x: x is not None, True
    ),
    "missing": Function("missing(x)", text("x 未填写"), text("{a}未填写"), _any_one, lambda now, x: x is None, True),
    "coalesce": Function(
        "coalesce(a, b, …)",
        text("第一个已填写的值"),
        text("{a}（未填则取{b}）"),
        _all_alike,
        lambda now, *values: next((v for v in values if v is not None), None),
        True,
    ),
    "choose": Function(
        "choose(c, a, b)",
        text("c 成立时取 a，否则取 b"),
        text("若（{a}）则{b}，否则{c}"),
        _chosen_of,
        lambda now, c, a, b: a if c is True else b,
        True,
    ),
    "round": Function(
        "round(n)",
        text("四舍五入到整数"),
        text("{a}取整"),
        takes(_NUMBER, gives=NUMBER),
        lambda now, n: rounded(n),
    ),
    "sum": Function(
        "sum(x)",
        text("各项之和；没有一项时为 0"),
        text("{a}之和"),
        takes(_NUMBERS, gives=NUMBER),
        lambda now, x: total(x),
        of_rows=True,
    ),
    "min": Function(
        "min(x)",
        text("各项中最小、最早的"),
        text("{a}中最小的"),
        _extreme_of,
        lambda now, x: min(x, default=None),
        of_rows=True,
    ),
    "max": Function(
        "max(x)",
        text("各项中最大、最晚的"),
        text("{a}中最大的"),
        _extreme_of,
        lambda now, x: max(x, default=None),
        of_rows=True,
    ),
    "all_different": Function(
        "all_different(x)",
        text("各项互不相同"),
        text("{a}互不相同"),
        takes(_TELLING_APART, gives=YES_NO),
        lambda now, x: len(set(x)) == len(x),
        of_rows=True,
    ),
}
