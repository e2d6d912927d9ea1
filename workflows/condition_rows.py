"""Conditions put together row by row: a fact, a comparison, a value as people type it; and back from flat ones."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from models.exact import exact
from workflows.clock import LOCAL
from workflows.engine.expression.tree import (
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
    Offers,
)
from workflows.engine.vocabulary import Label
from workflows.text import Text, text
from workflows.values.dates import parse_date
from workflows.values.moments import parse_moment
from workflows.values.parsed import ValueRefused, as_text, half_width

MOST_ROWS = 5
AND, OR = "and", "or"
COMPARISONS: Mapping[str, Text] = {
    "is": text("是"),
    "is_not": text("不是"),
    "more": text("大于（晚于）"),
    "at_least": text("不小于（不早于）"),
    "less": text("小于（早于）"),
    "at_most": text("不大于（不晚于）"),
    "has": text("含有"),
    "has_not": text("不含"),
    "present": text("已填写"),
    "missing": text("未填写"),
}
_OPERATORS = {"is": "==", "is_not": "!=", "more": ">", "at_least": ">=", "less": "<", "at_most": "<="}
_BACK = {operator: comparison for comparison, operator in _OPERATORS.items()}
_YES, _NO = text("是"), text("否")
_WRONG = text("这一项不能这样比")


@dataclass(frozen=True)
class Row:
    """One row: the name of a fact, a comparison, and what was typed as its value."""

    name: str = ""
    comparison: str = ""
    value: str = ""

    @property
    def is_blank(self) -> bool:
        """Tell whether nothing was chosen."""
        return not self.name


@dataclass(frozen=True)
class Written:
    """The condition that rows make, or a sentence for each row that makes none, by its place from 0."""

    condition: str
    faults: Mapping[int, Text]


def write_rows(rows: Sequence[Row], joined: str, offers: Offers) -> Written:
    """Write the condition of rows that all hold (`and`), or of which one holds (`or`); blank rows do not count."""
    parts: list[str] = []
    faults: dict[int, Text] = {}
    for place, row in enumerate(rows):
        if row.is_blank:
            continue
        try:
            parts.append(_part(row, offers))
        except ValueRefused as refusal:
            faults[place] = refusal.text
    if not parts and not faults:
        faults[0] = text("请至少选一项")
    return Written(f" {OR if joined == OR else AND} ".join(parts), faults)


def _part(row: Row, offers: Offers) -> str:
    offer = offers.get(row.name)
    if offer is None or row.comparison not in COMPARISONS:
        raise ValueRefused("bad_row", text("请选数据项和比较"))
    if row.comparison in ("present", "missing"):
        return f"{row.comparison}({row.name})"
    typed = as_text(row.value)
    if not typed:
        raise ValueRefused("no_value", text("请填写"))
    if offer.type.is_list or (row.comparison in ("has", "has_not") and offer.type.kind is Kind.TEXT):
        return _having(row, offer, typed)
    operator = _OPERATORS.get(row.comparison)
    is_ordered = offer.type.kind in (Kind.NUMBER, Kind.DATE, Kind.DATETIME)
    if operator is None or (operator not in ("==", "!=") and not is_ordered):
        raise ValueRefused("bad_comparison", _WRONG)
    return f"{row.name} {operator} {_WRITERS[offer.type.kind](typed, offer)}"


def _having(row: Row, offer: Offer, typed: str) -> str:
    if row.comparison not in ("has", "has_not"):
        raise ValueRefused("bad_comparison", _WRONG)
    value = _quoted(typed, offer)
    if offer.type.is_list:
        return f"{value} {'in' if row.comparison == 'has' else 'not in'} {row.name}"
    if offer.options:
        raise ValueRefused("bad_comparison", _WRONG)
    part = f"contains({row.name}, {value})"
    return part if row.comparison == "has" else f"not {part}"


def _quoted(typed: str, offer: Offer) -> str:
    """Return a text as conditions write it: of a choice its stored value, whether that or its label was typed."""
    if offer.options:
        found = next((value for value, label in offer.options.items() if typed in (value, label.zh, label.en)), None)
        if found is None:
            answers = "、".join(label.zh for label in offer.options.values())
            raise ValueRefused("unknown_option", text("没有这个选项，可选：{answers}", answers=answers))
        typed = found
    quote = next((mark for mark in "'\"" if mark not in typed), None)
    if quote is None or "\\" in typed or not typed.isprintable():
        raise ValueRefused("bad_character", text("含有条件里不能写的字符"))
    return f"{quote}{typed}{quote}"


def _number(typed: str, offer: Offer) -> str:
    try:
        number = Decimal(half_width(typed).replace(",", ""))
    except InvalidOperation:
        raise ValueRefused("bad_number", text("“{written}”不是数字", written=typed[:30])) from None
    if exact(number) != number:
        raise ValueRefused("bad_number", text("数字最多写到小数点前 12 位、后 6 位"))
    return format(number, "f")


def _day(typed: str, offer: Offer) -> str:
    return f"'{parse_date(typed).value.isoformat()}'"


def _moment(typed: str, offer: Offer) -> str:
    return f"'{parse_moment(typed).value:%Y-%m-%d %H:%M}'"


def _yes_no(typed: str, offer: Offer) -> str:
    answers = {"是": "True", "yes": "True", "true": "True", "否": "False", "no": "False", "false": "False"}
    if typed.lower() not in answers:
        raise ValueRefused("unknown_yes_no", text("请写“是”或“否”"))
    return answers[typed.lower()]


_WRITERS: Mapping[Kind, Callable[[str, Offer], str]] = {
    Kind.TEXT: _quoted,
    Kind.NUMBER: _number,
    Kind.DATE: _day,
    Kind.DATETIME: _moment,
    Kind.YES_NO: _yes_no,
}


def read_rows(tree: Node, language: str = "zh") -> tuple[str, list[Row]] | None:
    """Return how rows are joined and the rows that make a condition; None for one that no rows make."""
    parts = tree.operands if isinstance(tree, (Every, Either)) else (tree,)
    rows = [_row(part, language) for part in parts]
    if len(rows) > MOST_ROWS or not all(rows):
        return None
    return (OR if isinstance(tree, Either) else AND), [row for row in rows if row is not None]


def _row(node: Node, language: str) -> Row | None:
    match node:
        case Name():
            return Row(node.name, "is", _shown(True, node.offer, language))
        case Compare(operator, Name() as name, Constant(value=value)):
            return Row(name.name, _BACK[operator], _shown(value, name.offer, language))
        case Member(Constant(value=value), Name() as name, negated):
            return Row(name.name, "has_not" if negated else "has", _shown(value, name.offer, language))
        case Call(function="present" | "missing" as function, arguments=(Name() as name,)):
            return Row(name.name, function)
        case Call(function="contains", arguments=(Name() as name, Constant(value=value))):
            return Row(name.name, "has", str(value))
        case Not(Call(function="contains", arguments=(Name() as name, Constant(value=value)))):
            return Row(name.name, "has_not", str(value))
        case _:
            return None


def _shown(value: object, offer: Offer, language: str) -> str:
    if isinstance(value, bool):
        return str(_YES if value else _NO)
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return f"{value.astimezone(LOCAL):%Y-%m-%d %H:%M}"
    if isinstance(value, date):
        return value.isoformat()
    label: Label | None = offer.options.get(str(value))
    return str(value) if label is None else label.say(language)


def option_words(offers: Offers, language: str) -> Iterator[str]:
    """Yield the labels of the answers that choices have, each once, to be offered while a value is typed."""
    yield from dict.fromkeys(label.say(language) for offer in offers.values() for label in offer.options.values())
