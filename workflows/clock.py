"""The clock, handed to whatever needs the time, so that tests and replays can move it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

Clock = Callable[[], datetime]
LOCAL = ZoneInfo("Asia/Shanghai")


def system_clock() -> datetime:
    """Return the present moment in UTC."""
    return datetime.now(UTC)


def local_day(moment: datetime) -> date:
    """Return the calendar day of a moment where the schools are."""
    return moment.astimezone(LOCAL).date()


def clock_facts(moment: datetime) -> dict[str, date]:
    """Return the facts that any form may begin with: the moment to the minute, where the schools are, and its day."""
    here = moment.astimezone(LOCAL).replace(second=0, microsecond=0)
    return {"clock.now": here, "clock.today": here.date()}
