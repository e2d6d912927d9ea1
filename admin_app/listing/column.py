"""A column of a list: its label and how a row's cell is shown on the page and written into a sheet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from admin_app.wording import say
from workflows.text import Text, text

Cell = dict[str, Any]
Beside = Mapping[str, Any]
"""What a screen fetched beside the rows of a page, in a fixed number of queries."""


@dataclass(frozen=True)
class Column:
    """A column; `shown` gives the cell of a row (kinds: `templates/parts/tables.html`).

    `is_sticky` keeps it in sight, `align` is for numbers; a sheet takes the cell's plain value, so that what is masked
    on the page is masked there.
    """

    key: str
    label: Text
    shown: Callable[[Any, Beside], Cell]
    align: str = "left"
    is_sticky: bool = False
    is_wide: bool = False
    width: int = 14

    def head(self) -> dict[str, Any]:
        """Return the column's head for `parts/tables.html`."""
        return {
            "key": self.key,
            "label": say(self.label),
            "align": self.align,
            "is_sticky": self.is_sticky,
            "is_wide": self.is_wide,
        }

    def written(self, row: Any, beside: Beside) -> str | int | float | None:
        """Return the cell's value for a sheet: a number, or the words that the page shows."""
        cell = self.shown(row, beside)
        value = cell.get("value")
        if value is None and cell.get("items"):
            return say(text("、")).join(str(item["word"]) for item in cell["items"])
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value
        return None if value is None else f"{value} {cell['sub']}" if cell.get("sub") else str(value)


def words(value: object, **more: Any) -> Cell:
    """Return a plain cell; nothing is drawn as a dash."""
    if value is None or value == "":
        return {"kind": "empty"}
    shown = value.isoformat() if isinstance(value, date) else say(value) if isinstance(value, Text) else value
    return {"kind": "text", "value": shown} | more


def tag(kind: str, word: Text, icon: str | None = None) -> Cell:
    """Return a cell with a tag."""
    return {"kind": "tag", "tag_kind": kind, "value": say(word), "icon": icon}
