"""Builds registers for tests: invented children with right numbers, workbooks and text files in any layout."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import xlsxwriter
import xlwt

from admin_app.exchange.spreadsheet import read_grids
from workflows.roster import RosterReport, check_roster
from workflows.values.identity_number import check_digit

TODAY = date(2026, 9, 10)
INVENTED_REGION = "990101"


@dataclass(frozen=True)
class Pupil:
    """An invented child: enough to fill a register's row."""

    name: str
    born_on: date
    order: int

    @property
    def id_number(self) -> str:
        """Give a number with a right check digit and a region that does not exist."""
        first_17 = f"{INVENTED_REGION}{self.born_on:%Y%m%d}{self.order:03d}"
        return first_17 + check_digit(first_17)

    @property
    def sex(self) -> str:
        """Give the word for what the number says."""
        return "男" if self.order % 2 else "女"


PUPILS = [
    Pupil(name, date(2015, 1 + number, 3 + number), 101 + number)
    for number, name in enumerate(["安一帆", "白小满", "成冬青", "戴秋实", "方知夏"])
]


def workbook(
    sheets: Mapping[str, Sequence[Sequence[Any]]],
    *,
    merges: Sequence[tuple[int, int, int, int, Any]] = (),
    hidden_columns: str | None = None,
) -> bytes:
    """Give an .xlsx; `merges` are first row, first column, last row, last column (from 0), content; on each sheet."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, {"in_memory": True, "strings_to_formulas": False}) as book:
        as_date = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets.items():
            sheet = book.add_worksheet(name)
            for line, cells in enumerate(rows):
                for column, cell in enumerate(cells):
                    if isinstance(cell, date | datetime):
                        sheet.write_datetime(line, column, cell, as_date)
                    elif cell not in (None, ""):
                        sheet.write(line, column, cell)
            for top, left, bottom, right, content in merges:
                sheet.merge_range(top, left, bottom, right, content)
            if hidden_columns:
                sheet.set_column(hidden_columns, None, None, {"hidden": True})
    return stream.getvalue()


def old_workbook(rows: Sequence[Sequence[Any]]) -> bytes:
    """Give an .xls."""
    book = xlwt.Workbook()
    sheet = book.add_sheet("Sheet1")
    for line, cells in enumerate(rows):
        for column, cell in enumerate(cells):
            sheet.write(line, column, cell)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def separated(rows: Sequence[Sequence[Any]], *, separator: str = ",", encoding: str = "utf-8") -> bytes:
    """Give a .csv."""
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator).writerows(rows)
    return stream.getvalue().encode(encoding)


def checked(data: bytes, file: str = "register.xlsx", **options: Any) -> RosterReport:
    """Read and check a register as of a fixed day."""
    return check_roster(read_grids(data, file), file=file, today=TODAY, **options)


def codes(report: RosterReport) -> list[tuple[int, str]]:
    """Give row and code of every finding."""
    return sorted((finding.row, finding.code) for finding in [*report.refused, *report.warnings])
