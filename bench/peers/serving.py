"""Answers the bench: each request arrives on stdin as a line of JSON and is answered by one on stdout.

Nothing here or beside it belongs to the program: a peer runs in a process of its own, most of them with packages that
the program does not have.
"""

from __future__ import annotations

import json
import sys
from importlib.metadata import version
from typing import Any

OPEN, CONFIRMED, SITUATION, WHO = "open", "confirmed", "grandparents", "Tang Meiying"
UNGUARDED = 0  # the number of a case of which nothing is known, so its guard must refuse it


class Refused(Exception):
    """The guard does not let a case pass."""


class Peer:
    """What is asked of every peer: open numbered cases, move them one step, count what stands in its tables."""

    packages: tuple[str, ...] = ()

    def lay(self, options: dict[str, Any]) -> None:
        """Make empty tables; `options` tell a peer that can work in several ways how to work."""
        raise NotImplementedError

    def open(self, numbers: range, together: bool) -> None:
        """Open cases with a trail row each, in one transaction together or in one for each."""
        raise NotImplementedError

    def move(self, numbers: range, together: bool) -> None:
        """Move cases past the guard, with a trail row each; raises whatever the peer's guard raises."""
        raise NotImplementedError

    def count(self) -> dict[str, int]:
        """Return how many cases there are, how many of them have moved, and how many rows their trail has."""
        raise NotImplementedError


def situation_of(number: int) -> str:
    """Return what the guard asks for: the care situation of a case."""
    return "" if number == UNGUARDED else SITUATION


def serve(peer: Peer) -> None:
    """Answer until the bench closes stdin; an error ends the process, so that the bench hears of it."""
    answers, sys.stdout = sys.stdout, sys.stderr  # what a package prints must not look like an answer
    for line in sys.stdin:
        print(json.dumps(_answer(peer, json.loads(line))), file=answers, flush=True)


def _answer(peer: Peer, asked: dict[str, Any]) -> dict[str, Any]:
    if asked["do"] == "lay":
        peer.lay(asked["options"])
        _try_guard(peer)
        return {package: version(package) for package in peer.packages}
    if asked["do"] == "count":
        return peer.count()
    numbers = range(asked["first"], asked["first"] + asked["count"])
    {"open": peer.open, "move": peer.move}[asked["do"]](numbers, asked["together"])
    return {}


def _try_guard(peer: Peer) -> None:
    alone = range(UNGUARDED, UNGUARDED + 1)
    for together in (False, True):
        if not together:
            peer.open(alone, together)
        try:
            peer.move(alone, together)
        except Exception as refusal:
            print(f"refused, as it must be: {refusal}", file=sys.stderr)
        if peer.count()["moved"]:
            raise RuntimeError("the guard lets a case pass of which nothing is known")
