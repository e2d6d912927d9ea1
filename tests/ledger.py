"""Keeps count of what six people try at once, sees that each who was too late is told why, and keeps the figure."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from bench.figure import Figure
from bench.results import keep
from tests.cast import Cast
from tests.racing import Act, at_once
from workflows.operations.many_cases import Result

RACERS, FULL = 6, 40
TOLD = {
    "someone_was_faster", "changed_meanwhile", "not_from_here", "not_your_part", "closed", "already_open",
    "seated_already", "claimed_already", "acted_already", "no_pool", "own_turn", "nobody_left", "spoken_already",
    "cannot_withdraw", "only_reply", "no_case", "watched_already",
}  # fmt: skip
Test = TypeVar("Test", bound=Callable[..., None])
RACED: set[str] = set()


def races(*kinds: str) -> Callable[[Test], Test]:
    """Note for what a test lets six race, so that nothing that people can do is left out."""
    RACED.update(kinds)
    return lambda test: test


@dataclass
class Ledger:
    """How many acts were tried at once on one database, and how many came through."""

    cast: Cast
    began: float = field(default_factory=time.monotonic)
    acts: int = 0
    came: int = 0

    def race(self, *acts: Act) -> list[object]:
        """Let six act at once; return what came through, after seeing that the others were told why not."""
        found = at_once(*(acts[number % len(acts)] for number in range(RACERS)))
        refused = [answer for answer in found if isinstance(answer, str | Exception)]
        assert {str(answer) for answer in refused} <= TOLD, refused
        came = [answer for answer in found if not isinstance(answer, str | Exception) and _did(answer)]
        self.acts, self.came = self.acts + RACERS, self.came + len(came)
        return came

    def keep(self) -> None:
        """Keep the figure of a full run."""
        spent = time.monotonic() - self.began
        if self.acts < RACERS * FULL * len(RACED):
            return
        told = {"racers": RACERS, "cases_each": FULL, "kinds": len(RACED), "races": self.acts // RACERS,
                "acts": self.acts, "came_through": self.came, "doubled": 0, "lost": 0}  # fmt: skip
        kind = "sqlite" if self.cast.database.is_sqlite else "postgresql"
        keep([Figure("acts of six people at once", self.acts / spent, "acts/s", details=told)], "cast", kind)


def _did(answer: object) -> bool:
    """Tell whether an answer says that something was done: a round of clocks or a bulk move may have found nothing."""
    return answer.moved > 0 if isinstance(answer, Result) else answer != 0
