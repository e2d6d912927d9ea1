"""Runs alone as a process of its own: spreadsheet bytes on standard input, marshalled sheets on standard output.

The native reader can end its process on a damaged file (a false size asks for all memory); here that harms nobody.
"""

from __future__ import annotations

import io
import marshal
import sys
from datetime import date, datetime
from typing import Any

from python_calamine import CalamineWorkbook, PasswordError, SheetVisibleEnum

try:
    import resource
except ImportError:  # not on every system; the parent's time limit is there in any case
    resource = None  # type: ignore[assignment]

MEMORY = 1_500 * 1024 * 1024
SECONDS = 60


def main(most_rows: int, most_columns: int, most_cells: int) -> None:
    """Write `("sheets", [(name, rows, merges)])` or `(fault, sheet name)`; a date is written as year, month, day."""
    _limit_resources()
    data = sys.stdin.buffer.read()
    try:
        answer = _read(data, most_rows, most_columns, most_cells)
    except PasswordError:
        answer = ("password", "")
    sys.stdout.buffer.write(marshal.dumps(answer))


def _limit_resources() -> None:
    if resource is not None:
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _read(data: bytes, most_rows: int, most_columns: int, most_cells: int) -> tuple[str, Any]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    sheets: list[tuple[str, list[list[Any]], list[tuple[int, int, int, int]]]] = []
    for seen in book.sheets_metadata:
        if seen.visible != SheetVisibleEnum.Visible:
            continue
        sheet = book.get_sheet_by_name(seen.name)
        if sheet.start is None:
            sheets.append((seen.name, [], []))
            continue
        rows, columns = sheet.total_height, sheet.total_width
        if rows > most_rows or columns > most_columns or rows * columns > most_cells:
            return "too_many_rows", seen.name
        cells = [[_plain(cell) for cell in row] for row in sheet.to_python(skip_empty_area=False)]
        merges = [(*first, *last) for first, last in sheet.merged_cell_ranges or ()]
        sheets.append((seen.name, cells, merges))
    return "sheets", sheets


def _plain(cell: Any) -> Any:
    if type(cell) is str or type(cell) is float:
        return cell
    if isinstance(cell, date | datetime):
        return (cell.year, cell.month, cell.day)
    return cell if isinstance(cell, int | None) else str(cell)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
