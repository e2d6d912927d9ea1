"""The program beside its peers and a floor, in alternation: one transition a commit, and thousands at once."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial

from bench.contenders import (
    BARE,
    FLOOR,
    FSM_AUDITLOG,
    FSM_HISTORY,
    SPIFF,
    SPIFF_TUNED,
    VIEWFLOW,
    VIEWFLOW_CODE,
    Contender,
    Kind,
    installed,
    running,
)
from bench.data import World
from bench.figure import Figure
from bench.own import Own, own_part

ROUNDS, IN_A_ROUND, WARM_UP = 12, 75, 20  # short rounds: what else the machine does falls on everybody alike
MANY = 26_000
ONE = (FLOOR, BARE, FSM_HISTORY, FSM_AUDITLOG, VIEWFLOW, VIEWFLOW_CODE, SPIFF, SPIFF_TUNED)
TOGETHER = {
    FLOOR: "floor",
    BARE: "transitions + SQLAlchemy, one by one",
    FSM_HISTORY: "Django bulk",
    FSM_AUDITLOG: "Django + auditlog",
    VIEWFLOW_CODE: "viewflow, from code",
}
# What the program writes for a case beside its state, in bytes: case, move, clock, event and its place in the queue of
# the seal when it is opened; move, clock, event and that place when it moves.
ROWS = {"open": [267, 140, 134, 1010, 8], "move": [140, 134, 1010, 8]}
OUR_ROWS = Kind("executemany of our rows", "floor", has_own_packages=False, options=ROWS)


@dataclass
class Lap:
    """What each round of one contender took, in seconds."""

    seconds: list[float] = field(default_factory=list)
    cases: list[int] = field(default_factory=list)

    def run(self, cases: int, work: Callable[[], object]) -> None:
        """Time one round."""
        began = time.perf_counter()
        work()
        self.seconds.append(time.perf_counter() - began)
        self.cases.append(cases)

    @property
    def rates(self) -> list[int]:
        """Cases a second in each round."""
        return [round(cases / seconds) for cases, seconds in zip(self.cases, self.seconds, strict=True)]

    @property
    def rate(self) -> float:
        """The median of them."""
        return statistics.median(self.rates)


def one_transition(world: World) -> Iterator[Figure]:
    """Measure guard, change of state and trail, committed, round by round in alternation."""
    with own_part(world) as own, running(world, installed(ONE)) as peers:
        cases, size = _cases(own)
        numbers = [number for _id, number in cases]
        ours, formal, laps = Lap(), Lap(), {peer: Lap() for peer in peers}
        for peer in peers:
            peer.open(len(numbers), together=True)
            peer.move(WARM_UP, together=False)
        _all(own.move, numbers[:WARM_UP])
        for place, start in enumerate(range(WARM_UP, len(numbers), size)):
            part = numbers[start : start + size]
            ours.run(size, partial(_all, own.move, part))
            formal.run(size, partial(_all, own.send_back, part))
            for peer in _turned(peers, place):
                laps[peer].run(size, partial(peer.move, size, together=False))
        _check(own, peers, [number for number, _name in cases[WARM_UP:]], 3)
    yield Figure("one step: ours, guard", ours.rate, "/s", details=_spread(ours))
    yield Figure("one step: ours, form", formal.rate, "/s", details=_spread(formal))
    bars: dict[Kind, float] = {BARE: 2 if world.kind == "sqlite" else 3, VIEWFLOW: 1, SPIFF: 1}
    for peer, lap in laps.items():
        yield Figure(f"one step: {peer.kind.name}", lap.rate, "/s", details=_spread(lap) | peer.versions)
        for word, mine in (("guard", ours), ("form", formal)):
            name = f"one step, {word}: times {peer.kind.name}"
            yield Figure(name, _times(lap, mine), "×", bars.get(peer.kind))


def many_cases(world: World) -> Iterator[Figure]:
    """Measure opening thousands of cases and moving all one step, township by township in alternation."""
    with own_part(world) as own, running(world, [OUR_ROWS, *installed(TOGETHER)]) as peers:
        opening, moving, laps = Lap(), Lap(), {peer: Lap() for peer in peers}
        for place, (number, code, _children) in enumerate(own.places(MANY)):
            own.make_room(code)
            opening.run(0, partial(own.open, number))
            ids = [case for case, _number in own.opened(code)]
            moving.run(len(ids), partial(own.move_many, ids))
            opening.cases[-1] = len(ids)
            for peer in _turned(peers, place):
                laps[peer].run(len(ids), partial(_open_and_move, peer, len(ids)))
            _check(own, peers, ids, 2)
    ours = sum(opening.seconds) + sum(moving.seconds)
    parts = {"opened_s": _total(opening), "moved_s": _total(moving)}
    details = {"cases": sum(moving.cases), "rounds": len(moving.cases), **parts}
    yield Figure("many opened and moved: ours", ours, "s", details=details)
    for peer, lap in laps.items():
        name = TOGETHER.get(peer.kind, peer.kind.name)
        yield Figure(f"many opened and moved: {name}", sum(lap.seconds), "s", details=_spread(lap) | peer.versions)
        bar = 3 if peer.kind is OUR_ROWS else None
        yield Figure(f"many opened and moved: times {name}", ours / sum(lap.seconds), "×", bar)


def _cases(own: Own) -> tuple[list[tuple[int, str]], int]:
    """Open cases, which is not measured; returns them, the warm-up's first, and how many make a round."""
    number, code, _children = own.places(1)[0]
    own.make_room(code)
    own.open(number)
    opened = own.opened(code)
    size = min(IN_A_ROUND, (len(opened) - WARM_UP) // ROUNDS)
    return opened[: WARM_UP + ROUNDS * size], size


def _open_and_move(peer: Contender, size: int) -> None:
    peer.open(size, together=True)
    peer.move(size, together=True)


def _all(work: Callable[[str], None], numbers: Sequence[str]) -> None:
    for number in numbers:
        work(number)


def _turned(peers: Sequence[Contender], place: int) -> list[Contender]:
    """Let another one begin in each round, so that nobody always comes after the same."""
    first = place % len(peers)
    return [*peers[first:], *peers[:first]]


def _check(own: Own, peers: Sequence[Contender], ids: Sequence[int], events: int) -> None:
    """Hold everybody to the work that was measured: each case with its state and its trail."""
    if (found := own.events(ids)) != events * len(ids):
        raise RuntimeError(f"{len(ids)} cases have {found} audit events instead of {events} each")
    for peer in peers:
        peer.check()


def _spread(lap: Lap) -> dict[str, object]:
    """Tell of how many cases a figure is, in how many rounds, and the slowest and the fastest of them."""
    return {"cases": sum(lap.cases), "rounds": len(lap.cases), "per_s": f"{min(lap.rates)}-{max(lap.rates)}"}


def _times(peer: Lap, ours: Lap) -> float:
    """Return how often the peer's time goes into ours, the median over rounds that followed each other."""
    pairs = zip(peer.rates, ours.rates, strict=True)
    return statistics.median(one / other for one, other in pairs)


def _total(lap: Lap) -> float:
    return round(sum(lap.seconds), 2)
