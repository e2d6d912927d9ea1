"""The working calendar in force: the office's days off and days worked, the terms, and the hours of school."""

from __future__ import annotations

from collections import OrderedDict
from datetime import time
from threading import Lock

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.lookup import Lookup
from models.reports.calendar_days import days_that_differ, term_spans
from models.setting import Setting
from models.types import new_id
from workflows.working_time import SCHOOL_HOURS, WorkingCalendar

MARK = "calendar.mark"  # changes with every change of days, terms or hours
HOURS = "calendar.school_hours"
MOST_KEPT = 8
_VALUE = Lookup(select(Setting.value).where(Setting.key == bindparam("key")))
_kept: OrderedDict[str, WorkingCalendar] = OrderedDict()
_lock = Lock()
Hours = tuple[tuple[time, time], ...]


def calendar_in_force(session: Session) -> WorkingCalendar:
    """Return the calendar by which clocks are counted now; it is read anew only when its mark has changed."""
    mark = calendar_mark(session)
    with _lock:
        found = _kept.get(mark)
    if found is None:
        found = _read(session)
        if mark:
            with _lock:
                _kept[mark] = found
                if len(_kept) > MOST_KEPT:
                    _kept.popitem(last=False)
    return found


def calendar_mark(session: Session) -> str:
    """Return the mark of the calendar in force, nothing where it was never changed."""
    return _VALUE.value(session, key=MARK) or ""


def change_mark(session: Session) -> None:
    """Give the calendar a new mark: whatever was counted by the former one is counted anew."""
    setting = session.get(Setting, MARK)
    if setting is None:
        session.add(Setting(key=MARK, value=str(new_id())))
    else:
        setting.value = str(new_id())


def school_hours(session: Session) -> Hours:
    """Return the hours of school, the usual ones where the office set none."""
    written = _VALUE.value(session, key=HOURS)
    return read_hours(written) if written else SCHOOL_HOURS


def read_hours(written: str) -> Hours:
    """Read `08:00-12:00 14:00-17:00`.

    Raises ValueError for any other wording, and for hours that overlap or run backwards.
    """
    pairs = [part.split("-") for part in written.split()]
    hours = tuple((time.fromisoformat(first), time.fromisoformat(last)) for first, last in pairs)
    edges = [edge for pair in hours for edge in pair]
    if not hours or edges != sorted(set(edges)):
        raise ValueError(written)
    return hours


def write_hours(hours: Hours) -> str:
    """Write hours of school as they are kept."""
    return " ".join(f"{first:%H:%M}-{last:%H:%M}" for first, last in hours)


def _read(session: Session) -> WorkingCalendar:
    days = {row.day: row.is_working for row in days_that_differ(session)}
    return WorkingCalendar(days, tuple(term_spans(session)), school_hours(session))
