"""Keeps the office's calendar: days off, weekend days that are worked for them, and the hours of school."""

from __future__ import annotations

from datetime import date, timedelta

from sqlalchemy import delete

from models.bulk import insert_rows
from models.calendar_day import CalendarDay
from models.reports.calendar_days import days_that_differ
from models.setting import Setting
from workflows.audit import Change, Happening
from workflows.calendar import HOURS, change_mark, read_hours, school_hours, write_hours
from workflows.policy import Permission
from workflows.refusal import Refusal
from workflows.text import Text, text
from workflows.transaction import Transaction
from workflows.values import Cell, as_text
from workflows.values.dates import parse_date
from workflows.values.parsed import ValueRefused
from workflows.working_time import SATURDAY

OFF, WORKED, USUAL = "off", "worked", "usual"
KINDS = (OFF, WORKED, USUAL)
MOST_DAYS, LONGEST_NAME = 100, 60
FIRST_YEAR, LAST_YEAR = 2000, 2100


def set_days(tx: Transaction, first: Cell, last: Cell, kind: str, name: Cell = "") -> int:
    """Make days off (`off`), weekend days worked (`worked`) or days go by their weekday again (`usual`).

    An empty last day means the first alone. Of days worked only those of a weekend are kept, the others are worked
    anyway. Returns how many days changed; raises Refusal `bad_values` with a sentence for each field at fault.
    """
    tx.require(Permission.TERM_MANAGE)
    days, called = _asked(first, last, kind, as_text(name))
    present = {row.day: (row.is_working, row.name) for row in days_that_differ(tx.session, days[0], days[-1])}
    wanted = {day: (kind == WORKED, called) for day in days if kind == OFF or (kind == WORKED and _is_weekend(day))}
    changed = sorted(day for day in days if present.get(day) != wanted.get(day))
    if not changed:
        return 0
    tx.session.execute(delete(CalendarDay).where(CalendarDay.day.in_(changed)))
    rows = [
        {
            "day": day, "is_working": wanted[day][0], "name": wanted[day][1], "made_at": tx.now,
            "made_by": tx.actor.staff_id or 0,
        }
        for day in changed
        if day in wanted
    ]  # fmt: skip
    insert_rows(tx.session, CalendarDay, rows)
    change_mark(tx.session)
    facts = {"first": days[0].isoformat(), "last": days[-1].isoformat(), "days": kind, "count": len(changed)}
    tx.tell(Happening("calendar.changed", "calendar", facts=facts | ({"name": called} if called else {})))
    return len(changed)


def set_hours(tx: Transaction, written: Cell) -> None:
    """Set the hours of school, written as `08:00-12:00 14:00-17:00`; raises Refusal `bad_values`."""
    tx.require(Permission.TERM_MANAGE)
    before = write_hours(school_hours(tx.session))
    try:
        hours = write_hours(read_hours(as_text(written).replace("：", ":").replace("–", "-").replace("，", " ")))
    except ValueError:
        raise _refusal({"hours": text("请写成 08:00-12:00 14:00-17:00，从早到晚，不要重叠")}) from None
    if hours == before:
        return
    setting = tx.session.get(Setting, HOURS)
    if setting is None:
        tx.session.add(Setting(key=HOURS, value=hours))
    else:
        setting.value = hours
    change_mark(tx.session)
    tx.tell(Happening("calendar.changed", "calendar", changes=(Change(HOURS, "P0", before, hours),)))


def _asked(first: Cell, last: Cell, kind: str, name: str) -> tuple[list[date], str]:
    faults: dict[str, Text] = {}
    begin, end = _day(first, "first", faults), _day(last, "last", faults) if as_text(last) else None
    if kind not in KINDS:
        faults["kind"] = text("请选择")
    if kind == OFF and not name:
        faults["name"] = text("请写明是什么假，如“国庆节”")
    if len(name) > LONGEST_NAME:
        faults["name"] = text("最多 {limit} 字，现有 {count} 字", limit=LONGEST_NAME, count=len(name))
    if begin is not None and end is not None and not 0 <= (end - begin).days < MOST_DAYS:
        faults["last"] = text("要在第一天之后，一次最多 {most} 天", most=MOST_DAYS)
    if faults or begin is None:
        raise _refusal(faults)
    days = [begin + timedelta(days=number) for number in range(((end or begin) - begin).days + 1)]
    if kind == WORKED and not any(map(_is_weekend, days)):
        raise _refusal({"kind": text("这几天本来就上班，不用设置")})
    return days, "" if kind == USUAL else name


def _day(written: Cell, field: str, faults: dict[str, Text]) -> date | None:
    try:
        day = parse_date(written).value
    except ValueRefused as refusal:
        faults[field] = refusal.text
        return None
    if not FIRST_YEAR <= day.year <= LAST_YEAR:
        faults[field] = text("年份要在 {first} 至 {last} 之间", first=FIRST_YEAR, last=LAST_YEAR)
        return None
    return day


def _is_weekend(day: date) -> bool:
    return day.weekday() >= SATURDAY


def _refusal(faults: dict[str, Text]) -> Refusal:
    return Refusal("bad_values", text("有 {count} 处填写不对", count=len(faults)), faults)
