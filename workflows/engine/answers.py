"""Reads what was typed into a field of each type: a typed answer, or a refusal in words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from workflows.clock import local_day
from workflows.engine.definition import FormField
from workflows.engine.vocabulary import Label
from workflows.text import Text, text
from workflows.values.dates import parse_date
from workflows.values.identity_number import parse_identity_number
from workflows.values.moments import parse_moment, write_moment
from workflows.values.parsed import Cell, Parsed, ValueRefused, as_text, half_width
from workflows.values.phone import parse_phone

LINE_LENGTH = 200
TEXT_LENGTH = 4000
REFERENCE_LENGTH = 200
MOST_REFERENCES = 12
MOST_DIGITS = 18
LONGEST_LINE = 2000
LARGEST_INTEGER_BITS = 128

YES = frozenset({"yes", "true", "on", "1", "y", "是", "有"})
NO = frozenset({"no", "false", "off", "0", "n", "否", "无"})
CHOSEN = frozenset({"choice", "multi_choice", "yes_no"})
SEVERAL = frozenset({"multi_choice", "photo", "file"})
_LAYOUT = str.maketrans({"\t": " ", "\r": None})


@dataclass(frozen=True)
class Asking:
    """What an answer is read against: the field, its options by stored value, the day and moment, the language."""

    field: FormField
    options: Mapping[str, Label]
    today: date
    language: str = "zh"
    now: datetime | None = None


Reader = Callable[[Any, Asking], Parsed[Any]]


def is_unanswered(raw: object) -> bool:
    """Tell whether nothing was typed or chosen."""
    if isinstance(raw, str):
        return not as_text(raw)
    return raw is None or (isinstance(raw, (list, tuple)) and all(is_unanswered(one) for one in raw))


def read_answer(raw: object, asking: Asking) -> Parsed[Any]:
    """Read one answer that is not blank.

    Raises ValueRefused with the sentence for the person who typed it.
    """
    if isinstance(raw, (list, tuple)) and asking.field.type not in SEVERAL:
        if len(raw) != 1:
            raise refused("bad_answer", text("只能填写一个值"))
        raw = raw[0]
    if not isinstance(raw, (str, int, float, Decimal, date, list, tuple)):
        raise refused("bad_answer", text("无法识别填写的内容"))
    if isinstance(raw, int) and raw.bit_length() > LARGEST_INTEGER_BITS:
        raise refused("bad_answer", text("数字太长，最多 {limit} 位", limit=MOST_DIGITS))
    if isinstance(raw, str):
        _refuse_unusable(raw, asking.field)
    return READERS[asking.field.type](raw, asking)


def refused(code: str, message: Text) -> ValueRefused:
    """Make the refusal of an answer."""
    return ValueRefused(code, message)


def _refuse_unusable(raw: str, field: FormField) -> None:
    # Length first: the readers of numbers, days and phones run patterns over what they are given.
    limit = (field.max_length or TEXT_LENGTH) * 2 if field.type == "long_text" else LONGEST_LINE
    if len(raw) > limit:
        raise refused("too_long", text("内容太长"))
    try:
        raw.encode()
    except UnicodeEncodeError:
        raise refused("bad_answer", text("含有无法保存的字符")) from None


def _line(raw: Any, asking: Asking) -> Parsed[str]:
    return Parsed(_within(as_text(_cell(raw)), asking.field.max_length or LINE_LENGTH))


def _paragraphs(raw: Any, asking: Asking) -> Parsed[str]:
    lines = str(raw).replace("\r\n", "\n").translate(_LAYOUT).split("\n")
    kept = "\n".join("".join(c for c in line if c.isprintable()).rstrip() for line in lines)
    return Parsed(_within(kept.strip(), asking.field.max_length or TEXT_LENGTH))


def _within(written: str, limit: int) -> str:
    if len(written) > limit:
        raise refused("too_long", text("最多 {limit} 字，现有 {count} 字", limit=limit, count=len(written)))
    return written


def _cell(raw: Any) -> Cell:
    return str(raw) if isinstance(raw, (Decimal, list, tuple)) else raw


def _day(raw: Any, asking: Asking) -> Parsed[date]:
    parsed = parse_date(_cell(raw))
    smallest, largest = (_day_bound(b, asking.today) for b in (asking.field.min, asking.field.max))
    if smallest is not None and parsed.value < smallest:
        raise refused("too_early", text("不能早于 {bound}", bound=smallest.isoformat()))
    if largest is not None and parsed.value > largest:
        raise refused("too_late", text("不能晚于 {bound}", bound=largest.isoformat()))
    return parsed


def _moment(raw: Any, asking: Asking) -> Parsed[datetime]:
    """Keep a moment to the minute; as the latest, `today` means now."""
    parsed = parse_moment(_cell(raw))
    day, largest = local_day(parsed.value), _day_bound(asking.field.max, asking.today)
    smallest = _day_bound(asking.field.min, asking.today)
    if smallest is not None and day < smallest:
        raise refused("too_early", text("不能早于 {bound}", bound=smallest.isoformat()))
    if largest is not None and day > largest:
        raise refused("too_late", text("不能晚于 {bound}", bound=largest.isoformat()))
    if asking.field.max == "today" and asking.now is not None and parsed.value > asking.now:
        raise refused("too_late", text("不能晚于现在（{now}）", now=write_moment(asking.now)))
    return parsed


def _day_bound(bound: object, today: date) -> date | None:
    if bound == "today":
        return today
    return bound if isinstance(bound, date) else None


def _number(raw: Any, asking: Asking) -> Parsed[Decimal]:
    written = half_width(as_text(_cell(raw))).replace(",", "").replace(" ", "")
    try:
        number = Decimal(written)
    except InvalidOperation:
        raise refused("bad_number", text("“{written}”不是数字", written=written[:30])) from None
    if isinstance(raw, bool) or not number.is_finite():
        raise refused("bad_number", text("“{written}”不是数字", written=written[:30]))
    if len(number.as_tuple().digits) > MOST_DIGITS or abs(number.adjusted()) > MOST_DIGITS:
        raise refused("bad_number", text("数字太长，最多 {limit} 位", limit=MOST_DIGITS))
    smallest, largest = asking.field.min, asking.field.max
    if isinstance(smallest, Decimal) and number < smallest:
        raise refused("too_small", text("不能小于 {bound}", bound=format(smallest, "f")))
    if isinstance(largest, Decimal) and number > largest:
        raise refused("too_large", text("不能大于 {bound}", bound=format(largest, "f")))
    return Parsed(number)


def _integer(raw: Any, asking: Asking) -> Parsed[int]:
    number = _number(raw, asking).value
    if number != number.to_integral_value():
        raise refused("bad_number", text("请填整数"))
    return Parsed(int(number))


def _choice(raw: Any, asking: Asking) -> Parsed[str]:
    written = as_text(_cell(raw))
    if written not in asking.options:
        raise refused("unknown_option", text("没有“{written}”这个选项", written=written[:30]))
    return Parsed(written)


def _choices(raw: Any, asking: Asking) -> Parsed[list[str]]:
    many = raw if isinstance(raw, (list, tuple)) else [raw]
    asked = [one for one in many if not is_unanswered(one)]
    if not all(isinstance(one, (str, int)) for one in asked):
        raise refused("bad_answer", text("无法识别填写的内容"))
    chosen = {_choice(one, asking).value for one in asked}
    left_out = [label.say(asking.language) for value, label in asking.options.items() if value not in chosen]
    if asking.field.all_required and left_out:
        raise refused("not_all_chosen", text("还缺：{names}", names="、".join(left_out)))
    return Parsed([value for value in asking.options if value in chosen])


def _yes_no(raw: Any, asking: Asking) -> Parsed[bool]:
    written = as_text(_cell(raw)).lower()
    if written not in YES | NO:
        raise refused("unknown_yes_no", text("请选“是”或“否”"))
    return Parsed(written in YES)


def _phone(raw: Any, asking: Asking) -> Parsed[str]:
    return parse_phone(_cell(raw))


def _identity_number(raw: Any, asking: Asking) -> Parsed[str]:
    return parse_identity_number(_cell(raw), today=asking.today)


def _reference(raw: Any, asking: Asking) -> Parsed[str]:
    """Keep a reference to a person or a stored file as text: 63-bit numbers do not survive a browser's JSON."""
    written = as_text(_cell(raw))
    if isinstance(raw, (bool, float, date)) or not written or len(written) > REFERENCE_LENGTH:
        raise refused("bad_answer", text("无法识别填写的内容"))
    return Parsed(written)


def _files(raw: Any, asking: Asking) -> Parsed[list[str]]:
    """Keep the numbers of the files that were sent along."""
    many = raw if isinstance(raw, (list, tuple)) else [raw]
    if len(many) > MOST_REFERENCES:
        raise refused("too_many_files", text("最多 {most} 个附件", most=MOST_REFERENCES))
    if not all(isinstance(one, (str, int)) for one in many):
        raise refused("bad_answer", text("无法识别填写的内容"))
    return Parsed([_reference(one, asking).value for one in many if not is_unanswered(one)])


def _at_hand(raw: Any, asking: Asking) -> Parsed[str]:
    """Keep the number of a person or place that was offered to this person for this case."""
    written = _reference(raw, asking).value
    if written not in asking.options:
        raise refused("unknown_option", text("不在可选的名单里，请重新选择"))
    return Parsed(written)


READERS: Mapping[str, Reader] = {
    "text": _line,
    "long_text": _paragraphs,
    "date": _day,
    "datetime": _moment,
    "number": _number,
    "integer": _integer,
    "choice": _choice,
    "multi_choice": _choices,
    "yes_no": _yes_no,
    "phone": _phone,
    "id_number": _identity_number,
    "person": _at_hand,
    "place": _at_hand,
    "photo": _files,
    "file": _files,
}
