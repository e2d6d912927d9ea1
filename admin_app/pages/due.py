"""Says when a case is to be done by: overdue, today, or in how many working days."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask_babel import gettext as _

from admin_app.pages.case_clocks import due_tag as late_tag
from admin_app.wording import say_day, say_short, say_time
from models.case import Case
from workflows.clock import local_day
from workflows.working_time import WorkingCalendar

FAR_DAYS = 60  # beyond that the day alone says more than a count of working days


def due_tag(case: Case, now: datetime, calendar: WorkingCalendar) -> dict[str, Any] | None:
    """Return the tag of a case's time, with its day as a list writes it; None where none runs."""
    if case.due_at is None or case.closed_at is not None:
        return None
    said = late_tag(case, now) or _still(case.due_at, local_day(now), calendar)
    return said | {"day": say_short(case.due_at), "full": say_day(local_day(case.due_at))}


def _still(due_at: datetime, here: date, calendar: WorkingCalendar) -> dict[str, str]:
    last = local_day(due_at)
    if here == last:
        return {"kind": "warn", "word": _("今天 %(time)s", time=say_time(due_at))}
    if (last - here).days > FAR_DAYS:
        return {"kind": "neutral", "word": say_day(last)}
    left = sum(calendar.is_working(here + timedelta(days=n)) for n in range(1, (last - here).days + 1))
    return {"kind": "warn" if left <= 1 else "neutral", "word": _("剩 %(n)s 个工作日", n=left)}
