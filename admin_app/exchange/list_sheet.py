"""Writes a list into a spreadsheet, row by row, with every word as text, so that no cell is taken for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from hashlib import sha256
from pathlib import Path

import xlsxwriter

Value = str | int | float | None
LONGEST_CELL = 32_767  # what a spreadsheet cell holds
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


def write_list(
    path: Path, title: str, heads: Sequence[tuple[str, int]], rows: Iterable[Sequence[Value]]
) -> tuple[int, str]:
    """Write heads (label, width) and rows into a file; return the number of rows and the file's SHA-256 (hex).

    Rows go to disk as they come, so memory does not grow with them.
    """
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    book = xlsxwriter.Workbook(str(path), options)
    head = book.add_format({"bold": True, "bg_color": "#F6F9F8", "bottom": 1})
    # Marks the cell as typed text: it stays one when the sheet is saved as CSV and opened again.
    quoted = book.add_format({"quote_prefix": True})
    sheet = book.add_worksheet(title[:31])
    sheet.freeze_panes(1, 1)
    for column, (label, width) in enumerate(heads):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, label, head)
    count = 0
    for row in rows:
        count += 1
        for column, value in enumerate(row):
            if value is None:
                continue
            if isinstance(value, str):
                risky = value.startswith(FORMULA_STARTS)
                sheet.write_string(count, column, value[:LONGEST_CELL], quoted if risky else None)
            else:
                sheet.write_number(count, column, value)
    book.close()
    with path.open("rb") as file:
        digest = sha256()
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return count, digest.hexdigest()
