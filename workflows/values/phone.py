"""Reads telephone numbers: an 11-digit mobile number, or a landline with its area code."""

from __future__ import annotations

import math
import re

from workflows.text import text
from workflows.values.parsed import Cell, Parsed, ValueRefused, as_text, half_width

_MOBILE = re.compile(r"1[3-9][0-9]{9}")
_LANDLINE = re.compile(r"(0(?:10|2[0-9]|[3-9][0-9]{2}))([2-9][0-9]{6,7})")
_EXTENSION = re.compile(r"(?:转|#|ext\.?|分机|(?<=[0-9]{7})-)([0-9]{1,5})$", re.IGNORECASE)
_FLOAT_TEXT = re.compile(r"[0-9]{5,}\.0+|[0-9](\.[0-9]+)?[Ee]\+?[0-9]{1,2}")
_SEVERAL = re.compile(r"[/,;、]|或|和|(?<=[0-9]{7})\s+(?=1[3-9][0-9]{9})")
_SEPARATORS = re.compile(r"[\s\-()—–.·_:*'’‘`\"]")
_COUNTRY = re.compile(r"^(?:\+|00)?86(?=1[3-9][0-9]{9}$|0[0-9]{9,11}$)")


def parse_phone(raw: Cell) -> Parsed[str]:
    """Give digits only (a landline as `0851-82234567`); two numbers in one cell stay two, joined by `、`.

    Mends `phone_float` (a number cell or its text). Raises ValueRefused `short_phone` (too few digits, no area code)
    or `bad_phone` (too many digits, or not a number at all).
    """
    written, mended = _mend(raw)
    parts = [part for part in _SEVERAL.split(written) if part.strip()]
    if not parts:
        raise ValueRefused("bad_phone", text("电话“{written}”不是号码", written=written[:30]))
    return Parsed("、".join(_one_number(part) for part in parts), mended)


def _mend(raw: Cell) -> tuple[str, tuple[str, ...]]:
    written = half_width(as_text(raw)).strip("'’‘`")
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return written, ("phone_float",)
    if _FLOAT_TEXT.fullmatch(written):
        value = float(written)
        if math.isfinite(value) and value.is_integer():
            return str(int(value)), ("phone_float",)
    return written, ()


def _one_number(part: str) -> str:
    extension = _EXTENSION.search(part.strip())
    body = part.strip()[: extension.start()] if extension else part
    digits = _SEPARATORS.sub("", body)
    digits = _COUNTRY.sub("", digits)
    if not extension and _MOBILE.fullmatch(digits):
        return digits
    if landline := _LANDLINE.fullmatch(digits):
        return f"{landline[1]}-{landline[2]}" + (f"-{extension[1]}" if extension else "")
    raise _refusal(part.strip(), digits)


def _refusal(part: str, digits: str) -> ValueRefused:
    if not re.fullmatch(r"\+?[0-9]+", digits):
        return ValueRefused("bad_phone", text("电话“{written}”不是号码", written=part[:30]))
    if len(digits) in (7, 8):
        return ValueRefused("short_phone", text("座机号 {written} 缺区号", written=part))
    if len(digits) < 11:
        return ValueRefused("short_phone", text("电话 {written} 只有 {count} 位", written=part, count=len(digits)))
    return ValueRefused("bad_phone", text("电话 {written} 不是手机号，也不是带区号的座机号", written=part[:30]))
