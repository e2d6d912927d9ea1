"""What a definition says of time: how long a state may last, what of a case is limited, and the ladder on the way."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BeforeValidator, Field, StringConstraints, model_serializer

from workflows.engine.vocabulary import (
    BIND_PATTERN,
    AssigneeText,
    Key,
    Label,
    Part,
    Source,
    SpanText,
    one_or_many,
    refusal,
)

LADDER_PATTERN = re.compile(r"^([1-9]\d{0,3})%$")
ALL = 100  # per cent of a span: the moment at which it is due
MISS = "miss"  # what happens there where the ladder has no rung of its own


class Rung(Part):
    """One step of a deadline's ladder: at so many per cent of the time, do this."""

    percent: Annotated[int, Field(ge=1, le=1000)]
    action: Literal["remind", "urge", "assign"]
    to: AssigneeText | None = None

    @model_serializer
    def _as_written(self) -> dict[str, str]:
        return {f"{self.percent}%": f"{self.action} {self.to}" if self.to else self.action}


def read_rung(value: Any) -> Any:
    """Read `80%: remind` or `150%: assign office@township`.

    Raises ValueError for any other wording.
    """
    if not isinstance(value, dict):
        raise refusal("bad_rung")
    if len(value) != 1:
        return value
    mark, words = next(iter(value.items()))
    found = LADDER_PATTERN.match(str(mark))
    action, _, to = str(words).partition(" ")
    if found is None or bool(to) != (action == "assign"):
        raise refusal("bad_rung")
    return {"percent": int(found[1]), "action": action, "to": to or None}


class Step(NamedTuple):
    """What a clock does at a share of its time: a rung as written, or the silent note that the time is over."""

    percent: int
    action: str
    rung: Rung | None = None


class Deadline(Part):
    """How long a state may last, counted from entering it or from an event's own time, and what happens on the way."""

    after: SpanText
    since: Annotated[str, StringConstraints(pattern=BIND_PATTERN)] | None = None
    at: tuple[Annotated[Rung, BeforeValidator(read_rung)], ...] = ()
    pause: tuple[Literal["holidays", "weekends"], ...] = ()

    def steps(self) -> tuple[Step, ...]:
        """List what its clock does, in the order of time; the moment it is due is always among it."""
        rungs = [Step(rung.percent, rung.action, rung) for rung in self.at]
        if all(step.percent != ALL for step in rungs):
            rungs.append(Step(ALL, MISS))
        return tuple(sorted(rungs, key=lambda step: step.percent))


class Limit(Deadline):
    """What has to have happened within a time, whatever else a case goes through.

    Its clock starts with the case, or with the move after which `when` first holds (from `since` where that is the
    opening, from the move itself where it comes later), and stops when one of the transitions `met` is taken: at the
    time that the answer `met_at` tells, where it names one.
    """

    label: Label
    when: Source | None = None
    met: Annotated[tuple[Key, ...], BeforeValidator(one_or_many), Field(min_length=1)]
    met_at: Annotated[str, StringConstraints(pattern=BIND_PATTERN)] | None = None
