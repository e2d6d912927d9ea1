"""Counts one clock: from when it runs, when it is due, and when its next step is."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Any, NamedTuple

from workflows.clock import LOCAL
from workflows.engine.deadline import Deadline
from workflows.engine.definition import Workflow
from workflows.working_time import WorkingCalendar, moment_after

STATE = ""  # the key of the clock of the state a case stands in; a limit's clock has the limit's key


class Plan(NamedTuple):
    """When a clock started, is due, and takes its next step; None when no step is left."""

    started_at: datetime
    due_at: datetime
    next_at: datetime | None


def deadline_of(workflow: Workflow, key: str, state: str) -> Deadline | None:
    """Return what a clock of a case in a state counts by, None where the definition has no such clock."""
    if key == STATE:
        found = workflow.states.get(state)
        return found.deadline if found is not None else None
    return workflow.limits.get(key)


def has_clocks(workflow: Workflow) -> bool:
    """Tell whether any clock can run on the cases of a workflow."""
    return bool(workflow.limits) or any(state.deadline is not None for state in workflow.states.values())


def began(deadline: Deadline, facts: Mapping[str, Any], entered: datetime) -> datetime:
    """Return the moment from which a deadline counts: its fact's, or that of the entry where the fact is missing."""
    value = facts.get(deadline.since) if deadline.since is not None else None
    return moment_of(value) or entered


def moment_of(value: object) -> datetime | None:
    """Return a fact as a moment, a day as its beginning; None for anything else."""
    if isinstance(value, datetime):
        return value.astimezone(UTC) if value.tzinfo is not None else None
    if isinstance(value, date):
        return datetime.combine(value, time.min, LOCAL).astimezone(UTC)
    return None


def plan(deadline: Deadline, start: datetime, calendar: WorkingCalendar, taken: int = 0) -> Plan:
    """Count a clock of which so many steps were taken."""
    return Plan(
        start,
        moment_after(start, deadline.after, calendar, deadline.pause),
        step_at(deadline, start, calendar, taken),
    )


def step_at(deadline: Deadline, start: datetime, calendar: WorkingCalendar, taken: int) -> datetime | None:
    """Return when the next step is due after so many were taken, None when none is left."""
    steps = deadline.steps()
    if taken >= len(steps):
        return None
    return moment_after(start, deadline.after, calendar, deadline.pause, steps[taken].percent)
