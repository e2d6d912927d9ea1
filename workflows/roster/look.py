"""Looks at a register's heads before its rows are judged, so that a person can say what each column means."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from workflows.roster.check import MOST_ROWS, SAMPLES, refuse_empty, too_many_rows, without_rows, words_for
from workflows.roster.fault import RosterFault
from workflows.roster.fields import NAME
from workflows.roster.grid import Grid
from workflows.roster.headings import Synonyms
from workflows.roster.report import HeaderSeen, TableSeen
from workflows.roster.tables import Table, find_tables, propose_tables, refuse_without_tables
from workflows.text import Text
from workflows.values import as_text


@dataclass(frozen=True)
class Look:
    """The tables of a register; `fault` is what the mapping still lacks before rows can be checked."""

    tables: tuple[TableSeen, ...]
    sheets_without_table: tuple[str, ...]
    fault: RosterFault | None

    @property
    def rows(self) -> int:
        """Give the number of data rows in all tables."""
        return sum(table.rows for table in self.tables)


def look_at_tables(
    grids: Sequence[Grid],
    *,
    file: str,
    synonyms: Mapping[str, str] | None = None,
    chosen: Mapping[str, str] | None = None,
) -> Look:
    """Describe a register's tables; a missing name or two columns for one field do not stop it.

    Raises RosterFault where a person cannot mend the mapping either: `empty_file`, `no_heading_found`,
    `too_many_rows`, `unknown_field`.
    """
    refuse_empty(grids, file)
    chosen = dict(chosen or {})
    words = words_for(synonyms, chosen)
    kept, fault = _mapped(grids, words, chosen)
    if fault is not None:
        kept = _proposed(grids, words, chosen)
    if not kept:
        raise refuse_without_tables(None)
    seen = tuple(_describe(table) for table in kept)
    rows = sum(table.rows for table in seen)
    if not rows:
        raise without_rows(file)
    if rows > MOST_ROWS:
        raise too_many_rows()
    with_table = {table.sheet for table in seen}
    without = tuple(grid.name for grid in grids if grid.name is not None and grid.name not in with_table)
    return Look(seen, without, fault)


def _describe(table: Table) -> TableSeen:
    rows = _rows(table)
    headers = tuple(HeaderSeen(c.index, c.header, c.field, _samples(table, c.index, rows)) for c in table.columns)
    top, bottom = table.grid.number_of(table.head.top), table.grid.number_of(table.head.bottom)
    return TableSeen(table.grid.name, top, bottom, headers, len(rows), table.class_above)


def _rows(table: Table) -> list[int]:
    if NAME in table.by_field:
        return [row.index for row in table.rows()]
    below = range(table.head.bottom + 1, table.end)
    return [row for row in below if any(as_text(cell) for cell in table.grid.rows[row])]


def _samples(table: Table, column: int, rows: Sequence[int]) -> tuple[str, ...]:
    """Give the first values of a column; a column that begins empty still shows what it holds."""
    found: list[str] = []
    for row in rows:
        if written := as_text(table.grid.cell(row, column)):
            found.append(written)
            if len(found) == SAMPLES:
                break
    return tuple(found)


def _mapped(
    grids: Sequence[Grid], words: Synonyms, chosen: Mapping[str, str]
) -> tuple[list[Table], RosterFault | None]:
    """Give the tables whose rows can be checked, and what the mapping still lacks."""
    found: list[Table] = []
    nameless: Text | None = None
    for grid in grids:
        try:
            tables, missing = find_tables(grid, words, chosen)
        except RosterFault as fault:
            return [], fault
        found += tables
        nameless = nameless or missing
    return found, None if found else refuse_without_tables(nameless)


def _proposed(grids: Sequence[Grid], words: Synonyms, chosen: Mapping[str, str]) -> list[Table]:
    """Give the tables to be mended; where one names the child, the others are lists beside it (signatures, notes)."""
    found = [table for grid in grids for table in propose_tables(grid, words, chosen)]
    return [table for table in found if NAME in table.by_field] or [t for t in found if len(t.columns) > 1]
