"""The filters of a list: declared fields with closed values; anything else in the address is ignored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import ColumnElement

from admin_app.wording import say
from workflows.reading import code_list
from workflows.text import Text

Options = Sequence[tuple[str, str]]


@dataclass(frozen=True)
class Choice:
    """A filter by one of a few values; `options` gives value and label, `condition` the rows of a value."""

    key: str
    label: Text
    options: Callable[[], Options]
    condition: Callable[[str], ColumnElement[bool]]

    def read(self, written: str | None) -> str:
        """Return the value that was asked for, empty for anything not on offer."""
        return written if written and written in dict(self.options()) else ""

    def control(self, value: str) -> dict[str, Any]:
        """Return the filter for `parts/tables.html`."""
        options = [("", _("全部")), *self.options()]
        return {"key": self.key, "label": say(self.label), "kind": "select", "options": options, "value": value}

    def chip(self, value: str) -> str:
        """Return how an applied filter reads."""
        return f"{say(self.label)} {dict(self.options())[value]}"


def codes(name: str) -> Callable[[], Options]:
    """Return the options of a closed list of codes."""
    return lambda: [(code, say(label)) for code, label in code_list(name).items()]


def yes_no() -> Options:
    """Return the options yes and no."""
    return [("true", _("是")), ("false", _("否"))]
