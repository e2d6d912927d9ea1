"""What the address of a list asks for: size, order, words, filters, cursor; what is not declared is dropped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from flask import request

from admin_app.listing.cursor import Cursor, seal, unseal
from admin_app.listing.filters import Choice
from admin_app.listing.page import SortOrder
from admin_app.listing.places import PlacePath
from models.scope import LEVELS, Scope

LONGEST_WORDS = 60
LONGEST_CODE = 40


@dataclass
class Asked:
    """One request for a list, in declared values only."""

    screen: str
    path: str
    sizes: Sequence[int]
    size: int
    order: SortOrder
    words: str
    filters: dict[str, str]
    places: PlacePath | None
    parent: dict[str, str] = field(default_factory=dict)
    cursor: Cursor | None = None
    chosen_order: str = ""

    def settle(self, order: SortOrder) -> None:
        """Take the order in which the rows come (a search has its own), and the cursor, which holds for that order."""
        self.order = order
        self.cursor = unseal(self.mark, request.args.get("at"), len(order.columns))

    @property
    def mark(self) -> str:
        """Where a cursor of this list opens: the screen and its order."""
        return f"{self.screen}:{self.order.key}"

    @property
    def is_narrowed(self) -> bool:
        """Tell whether anything narrows the list."""
        return bool(self.words or any(self.filters.values()) or (self.places and self.places.chosen))

    def url(self, cursor: Cursor | None = None, **changes: Any) -> str:
        """Return the list's address with some values changed; the cursor goes unless one is given."""
        chosen: dict[str, Any] = {**self.parent, "q": self.words, **self.filters}
        if self.places:
            chosen |= self.places.chosen
        chosen |= {"size": self.size if self.size != self.sizes[0] else "", "order": self.chosen_order}
        chosen |= changes
        if cursor is not None:
            chosen["at"] = seal(self.mark, cursor)
        query = urlencode({key: value for key, value in chosen.items() if value not in ("", None)})
        return f"{self.path}?{query}" if query else self.path

    def narrowing(self) -> dict[str, str]:
        """Return the filters and places that stand, without what they do not need."""
        places = self.places.chosen if self.places else {}
        return {key: value for key, value in {**self.filters, **places}.items() if value}

    def kept(self) -> dict[str, str]:
        """Return what a saved view keeps: filters, places, size and order, never the words searched for."""
        shown = {"size": str(self.size) if self.size != self.sizes[0] else "", "order": self.chosen_order}
        return self.narrowing() | {key: value for key, value in shown.items() if value}

    def url_of(self, query: Mapping[str, str]) -> str:
        """Return the address of the list as a saved view keeps it."""
        return f"{self.path}?{urlencode(query)}" if query else self.path

    def url_without(self, name: str) -> str:
        """Return the list's address without one filter; without a place, those below it go too."""
        dropped: dict[str, Any] = {name: ""}
        if self.places and name in self.places.chosen:
            levels = list(self.places.chosen)
            dropped = dict.fromkeys(levels[levels.index(name) :], "")
        return self.url(**dropped)


def read_asked(
    screen: str,
    path: str,
    sizes: Sequence[int],
    orders: Sequence[SortOrder],
    filters: Sequence[Choice],
    scope: Scope | None,
    parent: Mapping[str, str],
    lowest: str,
) -> Asked:
    """Read the request's address; unknown sizes, orders, values and cursors fall back to the list's first page."""
    args = request.args
    order = next((order for order in orders if order.key == args.get("order")), orders[0])
    return Asked(
        screen=screen,
        path=path,
        sizes=sizes,
        size=next((offered for offered in sizes if str(offered) == args.get("size")), sizes[0]),
        order=order,
        words=args.get("q", "").replace("\x00", "").strip()[:LONGEST_WORDS],
        filters={choice.key: choice.read(args.get(choice.key)) for choice in filters},
        places=PlacePath.read(scope, args, lowest) if scope is not None else None,
        parent=dict(parent),
        chosen_order=order.key if order is not orders[0] else "",
    )


def declared_query(
    args: Mapping[str, str],
    sizes: Sequence[int],
    orders: Sequence[SortOrder],
    filters: Sequence[Choice],
    lowest: str | None,
) -> dict[str, str]:
    """Return what of an address a saved view keeps; what the list does not declare is dropped."""
    offered = LEVELS[1 : LEVELS.index(lowest) + 1] if lowest is not None else ()
    found = {choice.key: choice.read(args.get(choice.key)) for choice in filters}
    found |= {level: args.get(level, "")[:LONGEST_CODE] for level in offered}
    found["size"] = next((str(size) for size in sizes[1:] if str(size) == args.get("size")), "")
    found["order"] = next((order.key for order in orders[1:] if order.key == args.get("order")), "")
    return {key: value for key, value in found.items() if value}
