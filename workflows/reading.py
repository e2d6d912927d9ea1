"""Turns what was typed into the value that a field stores, or says what is wrong with each field at fault."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache
from types import MappingProxyType
from typing import Any

from sqlalchemy import String, inspect

from workflows.fields import CODE_LISTS, Fact
from workflows.refusal import Refusal
from workflows.text import text
from workflows.values import Cell, ValueRefused, as_text, is_blank
from workflows.values.dates import parse_date
from workflows.values.email import parse_email
from workflows.values.identity_number import parse_identity_number
from workflows.values.phone import parse_phone
from workflows.values.words import parse_yes_no, standard_words

LONGEST_SEALED = 200
LONGEST_NOTE = 2000
RANGES: Mapping[str, tuple[int, int]] = {
    "age": (1, 120),
    "cohort": (1990, 2100),
    "number": (1, 60),
    "call_order": (1, 30),
    "first_year": (2000, 2100),
}
_INTEGER = re.compile(r"[0-9]{1,6}")
_FUTURE_ALLOWED = frozenset({"from_on", "until_on", "first_on", "last_on"})


def read(row_class: type[Any], facts: Mapping[str, Fact], raw: Mapping[str, Cell], *, today: date) -> dict[str, Any]:
    """Return the values to store in rows of a class; raises Refusal `bad_values` that names every field at fault.

    Fields outside `facts` are refused with a KeyError: no form can set what its operation did not name.
    """
    values, faults = {}, {}
    for key, written in raw.items():
        try:
            values[key] = _one(row_class, facts[key], written, today)
        except ValueRefused as fault:
            faults[key] = fault.text
    if faults:
        raise Refusal("bad_values", text("有 {count} 处填写不对", count=len(faults)), faults)
    return values


@cache
def code_list(name: str) -> Mapping[str, Any]:
    """Return the codes of a closed list with the words people see, in their order."""
    if name in CODE_LISTS:
        return CODE_LISTS[name]
    return MappingProxyType({code: text(words[0]) for code, words in standard_words()[name].items()})


def _one(row_class: type[Any], fact: Fact, written: Cell, today: date) -> Any:
    column = inspect(row_class).columns.get(fact.key)
    if is_blank(written):
        return _nothing(column, fact)
    value = _READERS.get(fact.kind, _line)(fact, written)
    if isinstance(value, date) and value > today and fact.key not in _FUTURE_ALLOWED:
        raise ValueRefused("future_date", text("日期 {day} 还没到", day=value.isoformat()))
    if isinstance(value, str):
        _measure(value, column, fact)
    return value


def _nothing(column: Any, fact: Fact) -> Any:
    if column is None or column.nullable:
        return None
    if fact.kind == "yes_no":
        return False
    if fact.kind != "text" or column.default is None:
        raise ValueRefused("blank", text("不能为空"))
    return ""


def _measure(value: str, column: Any, fact: Fact) -> None:
    is_column = column is not None and isinstance(column.type, String) and column.type.length
    longest = column.type.length if is_column else (LONGEST_NOTE if fact.kind == "long_text" else LONGEST_SEALED)
    if len(value) > longest:
        raise ValueRefused("too_long", text("最多 {most} 个字，现有 {count} 个", most=longest, count=len(value)))


def _line(fact: Fact, written: Cell) -> str:
    return as_text(written)


def _lines(fact: Fact, written: Cell) -> str:
    return "\n".join(as_text(line) for line in str(written).splitlines()).strip()


def _choice(fact: Fact, written: Cell) -> str:
    code = as_text(written)
    if code not in code_list(fact.code_list or ""):
        raise ValueRefused("unknown_choice", text("“{written}”不在可选范围内", written=code[:30]))
    return code


def _integer(fact: Fact, written: Cell) -> int:
    digits = as_text(written)
    least, most = RANGES.get(fact.key, (0, 999_999))
    if not _INTEGER.fullmatch(digits) or not least <= int(digits) <= most:
        raise ValueRefused("bad_number", text("应为 {least} 至 {most} 的整数", least=least, most=most))
    return int(digits)


_READERS: Mapping[str, Callable[[Fact, Cell], Any]] = {
    "long_text": _lines,
    "choice": _choice,
    "integer": _integer,
    "date": lambda fact, written: parse_date(written).value,
    "yes_no": lambda fact, written: parse_yes_no(written).value,
    "email": lambda fact, written: parse_email(written).value,
    "phone": lambda fact, written: parse_phone(written).value,
    "id_number": lambda fact, written: parse_identity_number(written).value,
}
