"""Tells a case as a story: opened on one day, moved on later ones, as far as the days have come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from admin_app.demo.calendar import TermDates, is_workday, moment, workday
from admin_app.demo.stage import Stage
from workflows.clock import LOCAL, local_day
from workflows.operations.case import Request, act_on_case
from workflows.operations.case_opening import Beginning, open_case_about
from workflows.policy import Permission
from workflows.values.moments import write_moment

SETTLING = timedelta(days=5)  # the first days of a term belong to the registers


@dataclass(frozen=True)
class SchoolDays:
    """The days on which cases move: working days of terms, before the day as of which all is told."""

    terms: tuple[TermDates, ...]
    as_of: date

    def on_or_after(self, day: date) -> date | None:
        """Return a school day not before a day, None where it has not come yet."""
        for term in self.terms:
            found = workday(max(day, term.first_on + SETTLING))
            if found <= term.last_on:
                return found if found < self.as_of else None
        return None

    def before(self, many: int) -> date:
        """Return the working day so many working days before the day as of which all is told."""
        day = self.as_of
        while many:
            day -= timedelta(days=1)
            many -= is_workday(day)
        return day


class Story:
    """One case: each step is planned for a moment after the one before; steps still to come are left out."""

    def __init__(self, stage: Stage, days: SchoolDays, workflow: str, subject: tuple[str, int], first: date) -> None:
        self._stage, self._days = stage, days
        self._workflow, self._subject = workflow, subject
        self._number = ""
        begins = days.on_or_after(first)
        self._at = None if begins is None else moment(begins, stage.rng, 9, 15)

    @property
    def goes_on(self) -> bool:
        """Tell whether the present moment of the story has come."""
        return self._at is not None

    @property
    def day(self) -> date:
        """The day of the present moment; the day of the telling where the story goes no further."""
        return self._days.as_of if self._at is None else local_day(self._at)

    def clock(self, minutes: int = 0) -> str:
        """Write the present moment, or one some minutes from it, as forms take it."""
        at = self._at or datetime.combine(self._days.as_of, time(9, 0), LOCAL)
        return write_moment(at + timedelta(minutes=minutes))

    def later(self, minutes: int) -> Story:
        """Let some minutes pass."""
        if self._at is not None:
            self._at += timedelta(minutes=minutes)
        return self

    def wait(self, many: int) -> Story:
        """Let so many days pass; none lets an hour pass."""
        if self._at is None:
            return self
        if many == 0:
            self._at += timedelta(minutes=20 + int(self._stage.rng.random() * 60))
            return self
        day = self._days.on_or_after(self.day + timedelta(days=many))
        self._at = None if day is None else moment(day, self._stage.rng, 9, 15)
        return self

    def opens(self, login: str, answers: Mapping[str, Any]) -> None:
        """Have somebody open the case."""
        if self._at is not None:
            self._stage.plan(self._at, partial(self._open, login, answers))

    def step(self, login: str, transition: str, answers: Mapping[str, Any] | None = None) -> None:
        """Have somebody take a step."""
        if self._at is not None:
            self._stage.plan(self._at, partial(self._act, login, Request(transition, answers=answers or {})))

    def now(self, at: datetime, login: str, transition: str, answers: Mapping[str, Any]) -> None:
        """Have somebody take a step at once, where the case was opened."""
        if self._number:
            self._act(login, Request(transition, answers=answers), at)

    def _open(self, login: str, answers: Mapping[str, Any], at: datetime) -> None:
        begun = Beginning(answers)
        act = self._stage.act_in_case
        case = act(login, Permission.CASE_ACT, at, open_case_about, self._workflow, *self._subject, begun)
        self._number = case.number

    def _act(self, login: str, request: Request, at: datetime) -> None:
        self._stage.act_in_case(login, Permission.CASE_ACT, at, act_on_case, self._number, request)
