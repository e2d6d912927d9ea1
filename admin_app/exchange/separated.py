"""Reads separated text (.csv, .txt): guesses encoding and separator, keeps the line numbers true."""

from __future__ import annotations

import codecs
import csv
import io
import re
from typing import Literal

from workflows.roster.fault import RosterFault
from workflows.roster.grid import Grid
from workflows.text import text
from workflows.values import Cell

_MOST_LINES = 100_000
_MOST_COLUMNS = 1_000
_SEPARATORS = ",;\t|"
_LONGEST_QUOTED = 50
_AS_TEXT_FORMULA = re.compile(r'="([^"]*)"')
_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_separated(data: bytes, file: str) -> Grid:
    """Give the lines as a nameless grid: `rows[n]` begins on line n + 1, lines inside quotes leave empty rows.

    Raises RosterFault `unreadable_file`, `too_many_rows`.
    """
    written = _decode(data, file)
    separator = _separator(written)
    rows = _rows(written, separator, csv.QUOTE_MINIMAL, file)
    if rows is None:
        # A stray quotation mark would swallow the lines after it: read it as a plain character then.
        rows = _rows(written, separator, csv.QUOTE_NONE, file) or []
    return Grid(None, rows)


def _decode(data: bytes, file: str) -> str:
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return data[len(bom) :].decode(encoding, errors="replace")
    zeros = data[:2000].count(0)
    if zeros * 5 > len(data[:2000]):
        return data.decode("utf-16-be" if data[0] == 0 else "utf-16-le", errors="replace")
    if zeros == 0:
        for encoding in ("utf-8", "gb18030"):
            try:
                # Not final: a file cut inside its last character is still read.
                return codecs.getincrementaldecoder(encoding)().decode(data, final=False)
            except UnicodeDecodeError:
                continue
    raise RosterFault(
        "unreadable_file", text("文件“{file}”不是表格，也不是能识别编码的文本；请另存为 .xlsx 再上传", file=file)
    )


def _separator(written: str) -> str:
    lines = [re.sub(r'"[^"]*"', "", line) for line in written[:50_000].splitlines()[:50] if line.strip()]
    counts = {mark: sorted(line.count(mark) for line in lines) for mark in _SEPARATORS}
    return max(_SEPARATORS, key=lambda mark: (counts[mark][len(lines) // 2] if lines else 0, sum(counts[mark])))


def _rows(written: str, separator: str, quoting: Literal[0, 3], file: str) -> list[list[Cell]] | None:
    reader = csv.reader(io.StringIO(written.replace("\0", ""), newline=""), delimiter=separator, quoting=quoting)
    rows: list[list[Cell]] = []
    try:
        for cells in reader:
            if reader.line_num - len(rows) > _LONGEST_QUOTED and quoting == csv.QUOTE_MINIMAL:
                return None
            if reader.line_num > _MOST_LINES or len(cells) > _MOST_COLUMNS:
                raise RosterFault("too_many_rows", text("文件“{file}”的行数或列数超出上限", file=file))
            rows.append([_cell(cell) for cell in cells])
            rows.extend([] for _ in range(reader.line_num - len(rows)))
    except csv.Error as error:
        if quoting == csv.QUOTE_MINIMAL:
            return None
        raise RosterFault(
            "unreadable_file", text("文件“{file}”第 {row} 行太长，不像表格", file=file, row=len(rows) + 1)
        ) from error
    return rows


def _cell(written: str) -> str:
    as_formula = _AS_TEXT_FORMULA.fullmatch(written) if written.startswith("=") else None
    return as_formula[1] if as_formula else written
