"""What checking a register gives: accepted rows, refusals, warnings, and what was seen for the mapping screen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from workflows.roster.row import RosterRow
from workflows.text import Text
from workflows.values.class_name import ClassName


@dataclass(frozen=True, slots=True)
class Finding:
    """One row's refusal or warning; `row` as the spreadsheet program shows it, `column` the header it is about."""

    sheet: str | None
    row: int
    code: str
    column: str | None
    message: Text

    def as_json(self, translate: Callable[[str], str]) -> dict[str, Any]:
        """Give the exact keys of the command's answer."""
        message = self.message.render(translate)
        return {"sheet": self.sheet, "row": self.row, "code": self.code, "column": self.column, "message": message}


@dataclass(frozen=True)
class HeaderSeen:
    """A column for the mapping screen: its place from 0, header, field guessed or chosen, first values under it."""

    column: int
    header: str
    field: str | None
    samples: tuple[str, ...]


@dataclass(frozen=True)
class TableSeen:
    """A table found: sheet, rows of its head as shown, columns, number of data rows, the class named beside it."""

    sheet: str | None
    head_from: int
    head_to: int
    headers: tuple[HeaderSeen, ...]
    rows: int
    class_around: ClassName | None = None


@dataclass
class RosterReport:
    """The answer of a check; `tables` and `sheets_without_table` serve the mapping screen."""

    file: str
    rows: int = 0
    accepted: list[RosterRow] = field(default_factory=list)
    refused: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    mapping: dict[str, str] = field(default_factory=dict)
    tables: list[TableSeen] = field(default_factory=list)
    sheets_without_table: list[str] = field(default_factory=list)

    def as_json(self, translate: Callable[[str], str] = str) -> dict[str, Any]:
        """Give the answer of `roster check --json`; `translate` turns a Chinese sentence into the user's language."""
        return {
            "file": self.file,
            "rows": self.rows,
            "accepted": len(self.accepted),
            "refused": [finding.as_json(translate) for finding in self.refused],
            "warnings": [finding.as_json(translate) for finding in self.warnings],
            "mapping": dict(self.mapping),
        }
