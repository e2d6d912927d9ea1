"""Reads moments as people write them: a day in any usual way, then the time of day (09:40, 9点40分, 下午3:05)."""

from __future__ import annotations

import re
from datetime import datetime, time

from workflows.clock import LOCAL
from workflows.text import text
from workflows.values.dates import parse_date
from workflows.values.parsed import Cell, Parsed, ValueRefused, as_text, half_width

WRITTEN = "%Y-%m-%d %H:%M"  # where the schools are
_PARTS = re.compile(
    r"(?P<day>.+?)[T ]*(?P<half>上午|下午|晚上)?(?P<hour>[0-9]{1,2})(?::|点|时)(?P<minute>[0-9]{1,2})?"
    r"(?::[0-9]{2}(?:\.[0-9]+)?)?分?"
)
NOON = 12


def parse_moment(raw: Cell) -> Parsed[datetime]:
    """Give a moment to the minute, aware, where the schools are; raises ValueRefused `unreadable_moment`."""
    if isinstance(raw, datetime):
        return Parsed(_here(raw))
    written = half_width(as_text(raw)).strip()
    found = _PARTS.fullmatch(written)
    if found is None:
        raise _unreadable(written)
    hour, minute = int(found["hour"]), int(found["minute"] or 0)
    if found["half"] in ("下午", "晚上") and hour < NOON:
        hour += NOON
    try:
        at = time(hour, minute)
    except ValueError:
        raise _unreadable(written) from None
    day = parse_date(found["day"].rstrip("T "))
    return Parsed(datetime.combine(day.value, at, LOCAL), day.mended)


def write_moment(moment: datetime) -> str:
    """Write a moment as answers keep it: 2026-11-20 09:40, where the schools are."""
    return _here(moment).strftime(WRITTEN)


def read_moment(written: str) -> datetime:
    """Read a moment as answers keep it; raises ValueError."""
    return datetime.strptime(written, WRITTEN).replace(tzinfo=LOCAL)


def _here(moment: datetime) -> datetime:
    there = moment.replace(tzinfo=LOCAL) if moment.tzinfo is None else moment.astimezone(LOCAL)
    return there.replace(second=0, microsecond=0)


def _unreadable(written: str) -> ValueRefused:
    return ValueRefused("unreadable_moment", text("“{written}”无法识别，请写成 2026-11-20 09:40", written=written[:30]))
