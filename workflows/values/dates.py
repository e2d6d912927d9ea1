"""Reads dates as people write them: date cells, ISO, 2019.4.5, 2019年4月5日, 20190405, serial numbers, months."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta

from workflows.text import text
from workflows.values.parsed import Cell, Parsed, ValueRefused, as_text, half_width

_ISO = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?")
_ISO_MONTH = re.compile(r"([0-9]{4})-([0-9]{2})")
_WRITTEN = re.compile(r"([0-9]{4})[-./年、 ]+([0-9]{1,2})[-./月、 ]+([0-9]{1,2})[日号]?(?: [0-9:]+)?")
_WRITTEN_MONTH = re.compile(r"([0-9]{4})[-./年、 ]+([0-9]{1,2})[月份.]*")
_RUN_TOGETHER = re.compile(r"((?:19|20)[0-9]{2})([0-9]{2})([0-9]{2})?")
_CHINESE_DIGITS = str.maketrans("〇零○一二三四五六七八九", "000123456789")
# Day 0 of the spreadsheets' own count, shifted by their belief in 29 February 1900.
_SERIAL_START = date(1899, 12, 30)
_SERIALS = range(10_000, 80_000)


@dataclass(frozen=True)
class WrittenDate:
    """A date as far as it was written: `day` is None when only year and month were."""

    year: int
    month: int
    day: int | None = None
    or_october: bool = False  # a number cell shows 2019.10 and keeps 2019.1

    def on(self) -> date:
        """Give the date, the first of the month where no day was written."""
        return date(self.year, self.month, self.day or 1)

    def agrees_with(self, other: date) -> bool:
        """Say whether `other` is this date, or lies in this month where no day was written."""
        if self.day is not None:
            return self.on() == other
        months = {self.month, 10} if self.or_october else {self.month}
        return self.year == other.year and other.month in months


def parse_date(raw: Cell) -> Parsed[date]:
    """Give a full date; mends `text_date`; raises ValueRefused `unreadable_date` (also for year and month alone)."""
    parsed = parse_written_date(raw)
    if parsed.value.day is None:
        raise ValueRefused("unreadable_date", text("日期“{written}”缺少日", written=as_text(raw)))
    return Parsed(parsed.value.on(), parsed.mended)


def parse_month(raw: Cell) -> Parsed[date]:
    """Give the first day of the month written, alone or inside a full date; raises ValueRefused `unreadable_date`."""
    parsed = parse_written_date(raw)
    return Parsed(parsed.value.on().replace(day=1), parsed.mended)


def parse_written_date(raw: Cell) -> Parsed[WrittenDate]:
    """Give what was written of a date; `text_date` marks what is neither a date cell nor ISO text.

    Raises ValueRefused `unreadable_date`.
    """
    if isinstance(raw, date):
        return Parsed(WrittenDate(raw.year, raw.month, raw.day))
    found = (
        _from_number(raw) if isinstance(raw, int | float) and not isinstance(raw, bool) else _from_text(as_text(raw))
    )
    if found is None or not _exists(found.value):
        raise ValueRefused(
            "unreadable_date", text("日期“{written}”无法识别，请写成 2019-04-05", written=as_text(raw)[:30])
        )
    return found


def _from_number(raw: float) -> Parsed[WrittenDate] | None:
    if not math.isfinite(raw):
        return None
    if int(raw) in _SERIALS:
        return _from_serial(int(raw))
    digits = f"{raw:.2f}".rstrip("0").rstrip(".")
    parsed = _from_text(digits)
    if parsed and digits.endswith(".1"):
        return Parsed(WrittenDate(parsed.value.year, 1, None, or_october=True), parsed.mended)
    return parsed


def _from_text(as_written: str) -> Parsed[WrittenDate] | None:
    if iso := _ISO.fullmatch(as_written) or _ISO_MONTH.fullmatch(as_written):
        return Parsed(_written(iso))
    narrow = half_width(as_written).strip("'`’‘ ")
    if "年" in narrow:
        narrow = _chinese_numerals(narrow)
    for pattern in (_WRITTEN, _WRITTEN_MONTH, _RUN_TOGETHER):
        if match := pattern.fullmatch(narrow):
            return Parsed(_written(match), ("text_date",))
    if re.fullmatch(r"[0-9]{5}(\.[0-9]+)?", narrow):
        return _from_serial(int(float(narrow)))
    return None


def _from_serial(days: int) -> Parsed[WrittenDate] | None:
    if days not in _SERIALS:
        return None
    found = _SERIAL_START + timedelta(days=days)
    return Parsed(WrittenDate(found.year, found.month, found.day), ("text_date",))


def _written(match: re.Match[str]) -> WrittenDate:
    parts = [int(part) for part in match.groups() if part]
    return WrittenDate(parts[0], parts[1], parts[2] if len(parts) > 2 else None)


def _chinese_numerals(written: str) -> str:
    tens = re.sub(r"([一二三])?十([一二三四五六七八九])?", _ten, written)
    return tens.translate(_CHINESE_DIGITS)


def _ten(match: re.Match[str]) -> str:
    return f"{match[1] or '一'}{match[2] or '〇'}"


def _exists(value: WrittenDate) -> bool:
    try:
        value.on()
    except ValueError:
        return False
    return 1900 <= value.year <= 2200
