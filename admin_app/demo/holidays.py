"""Invents a year's public holidays as an office enters them: days off, and the weekend days worked to make up for them.

Festivals of the moon stand where they fall; which weekend days are worked is made up after the usual pattern.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from functools import cache
from itertools import count, islice
from typing import NamedTuple

from workflows.operations.calendar import OFF, WORKED

MONDAY, FRIDAY, SATURDAY, SUNDAY = 0, 4, 5, 6
DAY, WEEK = timedelta(days=1), timedelta(days=7)
# New Year of the moon, Dragon Boat and Mid-Autumn by month and day from 2020 on; after nineteen years they come again.
OF_THE_MOON = (
    "0125 0625 1001", "0212 0614 0921", "0201 0603 0910", "0122 0622 0929", "0210 0610 0917", "0129 0531 1006",
    "0217 0619 0925", "0206 0609 0915", "0126 0528 1003", "0213 0616 0922", "0203 0605 0912", "0123 0624 1001",
    "0211 0612 0919", "0131 0601 0908", "0219 0620 0927", "0208 0610 0916", "0128 0530 1004", "0215 0618 0924",
    "0204 0607 0913",
)  # fmt: skip


class Days(NamedTuple):
    """Days that follow each other and differ from their weekday, as they are entered together."""

    first: date
    last: date
    kind: str
    name: str

    def each(self) -> Iterator[date]:
        """Yield every one of them."""
        return (self.first + number * DAY for number in range((self.last - self.first).days + 1))


@cache
def holidays(year: int) -> tuple[Days, ...]:
    """Return what an office enters for a year: the days off, then the weekend days worked for them."""
    spring, dragon_boat, mid_autumn = _of_the_moon(year)
    qingming = date(year, 4, 4 if year % 4 < 2 else 5)
    short = [(date(year, 1, 1), "元旦"), (qingming, "清明节"), (dragon_boat, "端午节")]
    # With each long holiday: how many of its days the law gives; the others are worked on weekends.
    long = [(Days(spring - DAY, spring + 6 * DAY, OFF, "春节"), 4), (_from_first(year, 5, 5, "劳动节"), 2)]
    if mid_autumn in (national := _from_first(year, 10, 8, "国庆节、中秋节")).each():
        long.append((national, 4))
    else:
        short.append((mid_autumn, "中秋节"))
        long.append((_from_first(year, 10, 7, "国庆节"), 3))
    off = [*(_short(day, name) for day, name in short), *(days for days, _given in long)]
    free = {day for days in off for day in days.each()}
    worked = [one for days, given in long for one in _made_up(days, given, free)]
    return (*sorted(off), *sorted(worked))


@cache
def days_off(year: int) -> frozenset[date]:
    """Return a year's holidays, day by day."""
    return frozenset(day for days in holidays(year) if days.kind == OFF for day in days.each())


def _of_the_moon(year: int) -> tuple[date, date, date]:
    written = OF_THE_MOON[(year - 2020) % len(OF_THE_MOON)].split()
    spring, dragon_boat, mid_autumn = (date(year, int(day[:2]), int(day[2:])) for day in written)
    return spring, dragon_boat, mid_autumn


def _from_first(year: int, month: int, many: int, name: str) -> Days:
    return Days(date(year, month, 1), date(year, month, many), OFF, name)


def _short(day: date, name: str) -> Days:
    """Join one day to a weekend beside it; in the middle of a week it stands alone."""
    before = {MONDAY: 2, SUNDAY: 1}.get(day.weekday(), 0)
    after = {FRIDAY: 2, SATURDAY: 2, SUNDAY: 1}.get(day.weekday(), 0)
    return Days(day - before * DAY, day + after * DAY, OFF, name)


def _made_up(days: Days, given: int, free: set[date]) -> Iterator[Days]:
    """Yield the weekend days worked for a long holiday: the Sunday before, the Saturday after, and so on outwards."""
    for day in islice(_around(days, free), sum(day.weekday() < SATURDAY for day in days.each()) - given):
        yield Days(day, day, WORKED, f"{days.name.partition('、')[0]}调休")


def _around(days: Days, free: set[date]) -> Iterator[date]:
    sunday = days.first - timedelta(days=days.first.weekday() + 1)
    saturday = days.last + timedelta(days=SATURDAY - days.last.weekday())
    sundays = (sunday - number * WEEK for number in count())
    saturdays = (saturday + number * WEEK for number in count())
    for before, after in zip(sundays, saturdays, strict=True):
        # The weekend that leads into a holiday, or out of it, stays free.
        if days.last + DAY < after and after not in free:
            yield after
        if before < days.first - DAY and before not in free:
            yield before
