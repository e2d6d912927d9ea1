"""One measured figure, the bar beside it, and how times are taken."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Figure:
    """A measured value with its unit; `bar` is what quality asks for, less or more as `more_is_better` says."""

    name: str
    value: float
    unit: str
    bar: float | None = None
    more_is_better: bool = False
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def holds(self) -> bool | None:
        """Tell whether the bar is reached, None where there is none."""
        if self.bar is None:
            return None
        return self.value >= self.bar if self.more_is_better else self.value <= self.bar

    def as_json(self, size: str) -> dict[str, Any]:
        """Return the figure as the command answers it."""
        content = {"name": self.name, "size": size, "value": round(self.value, 3), "unit": self.unit}
        return content | {"bar": self.bar, "holds": self.holds, **self.details}

    def line(self) -> str:
        """Return the figure for people."""
        sign = "≥" if self.more_is_better else "≤"
        word = {None: "", True: "  reached", False: "  FALLS SHORT"}[self.holds]
        bar = f"  (bar {sign} {self.bar:g})" if self.bar is not None else ""
        return f"{self.name:<34} {self.value:>12,.2f} {self.unit}{bar}{word}"


def times_ms(work: Callable[[], object], repeat: int, warm_up: int = 5) -> tuple[list[float], float]:
    """Return how long each of several runs took, in milliseconds, and the processor's mean time for one.

    The second tells what a busy machine hides: time spent waiting for a processor is not in it.
    """
    for _ in range(warm_up):
        work()
    taken = []
    busy = time.process_time()
    for _ in range(repeat):
        began = time.perf_counter()
        work()
        taken.append((time.perf_counter() - began) * 1000)
    return taken, (time.process_time() - busy) * 1000 / repeat


def p50(taken: Sequence[float]) -> float:
    """Return the median."""
    return statistics.median(taken)


def p95(taken: Sequence[float]) -> float:
    """Return the 95th percentile."""
    return sorted(taken)[int(len(taken) * 0.95)]
