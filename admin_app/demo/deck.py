"""Puts sentences together so that none comes twice before all have come once."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from random import Random


class Decks:
    """Sentences drawn from shuffled decks, one deck for each set of parts."""

    def __init__(self, rng: Random) -> None:
        self._rng = rng
        self._decks: dict[tuple[Sequence[str], ...], list[str]] = {}

    def draw(self, *parts: Sequence[str]) -> str:
        """Return one part of each pool, joined; the same sentence returns only when the deck is used up."""
        deck = self._decks.setdefault(parts, [])
        if not deck:
            deck.extend("".join(chosen) for chosen in product(*parts))
            self._rng.shuffle(deck)
        return deck.pop()
