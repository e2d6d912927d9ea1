"""A sheet as cells, whatever file it came from."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from workflows.values import Cell


class Merge(NamedTuple):
    """Cells shown as one: first row, first column, last row, last column, counted from 0 within `Grid.rows`."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(frozen=True)
class Grid:
    """Rows of cells; `first_row` is the number that people see beside `rows[0]`; plain text has no name."""

    name: str | None
    rows: list[list[Cell]]
    merges: tuple[Merge, ...] = field(default=())
    first_row: int = 1

    def cell(self, row: int, column: int) -> Cell:
        """Give a cell, None outside."""
        if 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row]):
            return self.rows[row][column]
        return None

    def number_of(self, row: int) -> int:
        """Give the number people see beside a row."""
        return self.first_row + row
