"""Counts a decision by several people: whose turn it is, and what the seats taken so far decide."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from models import task
from workflows.engine.definition import Tasks

GONE = frozenset({"handed_over", "removed", "recused", "over"})  # seats that count for nothing any more
SETTLED = frozenset({"done", "skipped"})
PENDING = frozenset(task.PENDING)  # somebody may yet speak from them


@dataclass(frozen=True)
class Seat:
    """One seat of a decision; the words are those of `models.task.CaseTask`."""

    id: int
    origin: str
    status: str
    position: int = 0
    from_id: int | None = None
    answer: str | None = None
    asked: str = ""
    staff_id: int | None = None
    role: str | None = None
    place_id: int | None = None
    name: str = ""

    @property
    def is_claimed(self) -> bool:
        """Tell whether one of a pool took it upon themselves."""
        return self.role is not None and self.staff_id is not None and self.status == "open"


@dataclass(frozen=True)
class _Group:
    """A seat that the state asked for, with whoever took it over or was added to it: together they have one voice."""

    position: int
    seats: tuple[Seat, ...]
    is_claimed: bool = False

    @property
    def is_complete(self) -> bool:
        return all(seat.status in SETTLED for seat in self.seats)

    def voice(self, forward: str) -> str | None:
        """Return what the group says: anything but `forward` at once, `forward` when all have said so."""
        against = next((s.answer for s in self.seats if s.status == "done" and s.answer != forward), None)
        return against or (forward if self.is_complete else None)


def outcome(seats: Sequence[Seat], tasks: Tasks, decided: Sequence[str]) -> str | None:
    """Return the transition that the seats decide for, None while it is open.

    `decided` are the transitions that the state's seats may decide, the first is the one that takes the case on. All
    must be for it (会签), one is enough (或签), or a share of the groups (票签); it falls as soon as it is certain.
    """
    groups = _groups(seats)
    forward = decided[0]
    voices = [voice for group in groups if (voice := group.voice(forward)) is not None]
    against = Counter(voice for voice in voices if voice != forward)
    if tasks.mode == "any":
        return voices[0] if voices else None
    if tasks.mode == "all":
        return next(iter(against), None) or (forward if len(voices) == len(groups) else None)
    agreed = len(voices) - against.total()
    if agreed >= needed(tasks.ratio or "1/1", len(groups)):
        return forward
    if len(groups) - against.total() < needed(tasks.ratio or "1/1", len(groups)):
        return max(decided[1:], key=lambda key: against[key])
    return None


@dataclass(frozen=True)
class Tally:
    """How a decision stands: voices for it and against it among the groups, how many it needs, whose turn it is."""

    groups: int
    agreed: int
    against: int
    needed: int
    turn: int


def tally(seats: Sequence[Seat], tasks: Tasks, forward: str) -> Tally:
    """Count how a decision stands; `turn` is the place in the order of the first who has not spoken, from one."""
    groups = _groups(seats)
    voices = [group.voice(forward) for group in groups]
    wanted = {"all": len(groups), "any": 1}.get(tasks.mode) or needed(tasks.ratio or "1/1", len(groups))
    spoken = [group.is_complete for group in groups]
    turn = spoken.index(False) + 1 if False in spoken else len(groups)
    agreed = voices.count(forward)
    return Tally(len(groups), agreed, len(voices) - agreed - voices.count(None), wanted, turn)


def needed(ratio: str, groups: int) -> int:
    """Return how many of the groups must agree: the share rounded up, at least one (票签 of 2/3 among 4 is 3)."""
    share = Fraction(ratio) * groups
    return max(1, -(-share.numerator // share.denominator))


def awake(seats: Sequence[Seat], tasks: Tasks | None) -> frozenset[int]:
    """Return the waiting seats whose turn it is now.

    In a sequence the next group's turn comes when the one before has spoken; whoever was added before a seat comes
    before it, whoever was added after it comes when it is done; a claimed seat lets the others of a pool wait until it
    is put back, whoever speaks on it meanwhile.
    """
    groups = _groups(seats)
    if tasks is not None and tasks.order == "sequence":
        unfinished = [group.position for group in groups if not group.is_complete]
        groups = [group for group in groups if unfinished and group.position == min(unfinished)]
    if (tasks is None or tasks.mode == "any") and (claimed := [g for g in groups if g.is_claimed]):
        groups = claimed
    return frozenset(
        seat.id for group in groups for seat in group.seats if seat.status == "waiting" and _may_begin(seat, group)
    )


def _may_begin(seat: Seat, group: _Group) -> bool:
    by_id = {one.id: one for one in group.seats}
    before = [one for one in group.seats if one.from_id == seat.id and one.origin == "added_before"]
    if any(one.status not in SETTLED for one in before):
        return False
    asker = by_id.get(seat.from_id or 0)
    return seat.origin != "added_after" or asker is None or asker.status in SETTLED


def _groups(seats: Iterable[Seat]) -> list[_Group]:
    """Gather the seats that still count by the seat they go back to; a group without any is left out."""
    everyone = {seat.id: seat for seat in seats}
    found: dict[int, list[Seat]] = {}
    for seat in everyone.values():
        if seat.status not in GONE and seat.origin != "delegated":
            found.setdefault(_root(seat, everyone).id, []).append(seat)
    claimed = {_root(seat, everyone).id for seat in everyone.values() if seat.role is not None and seat.staff_id}
    groups = [_Group(everyone[root].position, tuple(members), root in claimed) for root, members in found.items()]
    return sorted(groups, key=lambda group: (group.position, group.seats[0].id))


def _root(seat: Seat, everyone: Mapping[int, Seat]) -> Seat:
    while seat.from_id is not None and seat.from_id in everyone:
        seat = everyone[seat.from_id]
    return seat
