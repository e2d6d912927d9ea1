"""Numbers as conditions reckon with them: twelve digits before the point and six after it, the same in every database.

Databases hold them as whole millionths in 64 bits; SQLite, which has no decimals and no time zones, is lent ours.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Context, Decimal
from zoneinfo import ZoneInfo

PLACES = 6
UNIT = 10**PLACES
LARGEST = 10**12  # from here on a number is missing
LAST_DAY = date.max.toordinal()
ZONE = "Asia/Shanghai"

_LOCAL = ZoneInfo(ZONE)
_STEP = Decimal(1).scaleb(-PLACES)
# Digits enough that rounding a quotient to 60 of them can never make it look like half a millionth.
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP, Emax=9999, Emin=-9999, traps=[])


def exact(number: Decimal) -> Decimal | None:
    """Return a number with at most six places, half a millionth rounded away from zero; None beyond what is kept."""
    if not number.is_finite() or number.adjusted() > PLACES * 2:
        return None
    exponent = number.as_tuple().exponent
    if not isinstance(exponent, int) or exponent < -PLACES:
        number = _EXACT.quantize(number, _STEP)
    return number if -LARGEST < number < LARGEST else None


def plus(a: Decimal, b: Decimal) -> Decimal | None:
    """Add."""
    return exact(_EXACT.add(a, b))


def minus(a: Decimal, b: Decimal) -> Decimal | None:
    """Subtract."""
    return exact(_EXACT.subtract(a, b))


def times(a: Decimal, b: Decimal) -> Decimal | None:
    """Multiply."""
    return exact(_EXACT.multiply(a, b))


def over(a: Decimal, b: Decimal) -> Decimal | None:
    """Divide; None by zero."""
    return exact(_EXACT.divide(a, b))


def rounded(a: Decimal) -> Decimal | None:
    """Round to a whole number, half of one away from zero."""
    return exact(_EXACT.quantize(a, Decimal(1)))


def total(numbers: Iterable[Decimal]) -> Decimal | None:
    """Add up any number of numbers; nothing adds up to 0, and only the whole sum has to be within what is kept."""
    found = Decimal(0)
    for number in numbers:
        found = _EXACT.add(found, number)
    return exact(found)


def moved(day: date, days: Decimal) -> date | None:
    """Move a day; part of a day does not count, and a day outside the calendar is None."""
    ordinal = day.toordinal() + int(days)
    return date.fromordinal(ordinal) if 0 < ordinal <= LAST_DAY else None


def millionths(number: Decimal) -> int | None:
    """Return a number as databases hold it."""
    kept = exact(number)
    return None if kept is None else int(kept.scaleb(PLACES, _EXACT))


def from_millionths(kept: int) -> Decimal:
    """Return a number from the way databases hold it."""
    return Decimal(kept).scaleb(-PLACES, _EXACT)


def lend_functions(connection: sqlite3.Connection) -> None:
    """Give an SQLite connection the arithmetic by which conditions in queries reckon."""
    for name, count, function in (
        ("exact_within", 1, _within),
        ("exact_times", 2, _times),
        ("exact_over", 2, _over),
        ("exact_round", 1, _rounded),
        ("day_moved", 2, _moved),
        ("day_of_moment", 1, _day_of),
    ):
        connection.create_function(name, count, function, deterministic=True)


def _within(a: int | None) -> int | None:
    return a if a is not None and abs(a) < LARGEST * UNIT else None


def _times(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else _kept(times(from_millionths(a), from_millionths(b)))


def _over(a: int | None, b: int | None) -> int | None:
    return None if a is None or b is None else _kept(over(from_millionths(a), from_millionths(b)))


def _rounded(a: int | None) -> int | None:
    return None if a is None else _kept(rounded(from_millionths(a)))


def _kept(number: Decimal | None) -> int | None:
    return None if number is None else millionths(number)


def _moved(day: str | None, days: int | None) -> str | None:
    if day is None or days is None:
        return None
    found = moved(date.fromisoformat(day), from_millionths(days))
    return None if found is None else found.isoformat()


def _day_of(moment: str | None) -> str | None:
    if moment is None:
        return None
    return datetime.fromisoformat(moment).replace(tzinfo=UTC).astimezone(_LOCAL).date().isoformat()
