"""Checks a register without storing anything: grids in, report out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date

from workflows.roster.fault import RosterFault
from workflows.roster.grid import Grid
from workflows.roster.headings import Synonyms, standard_synonyms
from workflows.roster.report import Finding, HeaderSeen, RosterReport, TableSeen
from workflows.roster.row import RosterRow
from workflows.roster.tables import Table, TableRow, find_tables, refuse_without_tables
from workflows.roster.verdict import REFUSALS, WARNINGS, Row, column_of
from workflows.text import Text, text
from workflows.values import as_text

MOST_ROWS = 50_000
SAMPLES = 3

OnFile = Callable[[RosterRow], Text | None]
"""Says why a child may not be taken again, None if it may."""

_Seen = dict[object, tuple[str | None, int]]


def check_roster(
    grids: Sequence[Grid],
    *,
    file: str,
    today: date,
    synonyms: Mapping[str, str] | None = None,
    chosen: Mapping[str, str] | None = None,
    on_file: OnFile | None = None,
) -> RosterReport:
    """Check every row of a register against the roster rules; store nothing.

    `synonyms`: an office's headings → field. `chosen`: this user's header path → field or `ignore`. `on_file` is asked
    for rows that are else in order. Raises RosterFault where the file as a whole cannot be used.
    """
    refuse_empty(grids, file)
    chosen = dict(chosen or {})
    words = words_for(synonyms, chosen)
    report = RosterReport(file)
    seen: _Seen = {}
    nameless: Text | None = None
    for grid in grids:
        tables, missing = find_tables(grid, words, chosen)
        nameless = nameless or missing
        if not tables and grid.name is not None:
            report.sheets_without_table.append(grid.name)
        for table in tables:
            _check_table(table, report, seen, today, on_file)
    if not report.tables:
        raise refuse_without_tables(nameless)
    if not report.rows:
        raise without_rows(file)
    return report


def refuse_empty(grids: Sequence[Grid], file: str) -> None:
    """Refuse a file without a word. Raises RosterFault `empty_file`."""
    if not any(as_text(cell) for grid in grids for row in grid.rows for cell in row):
        raise RosterFault("empty_file", text("文件“{file}”里没有内容", file=file))


def without_rows(file: str) -> RosterFault:
    """Make the fault for a file that has heads and nothing below."""
    return RosterFault("empty_file", text("文件“{file}”只有表头，没有数据行", file=file))


def too_many_rows() -> RosterFault:
    """Make the fault for a file with more rows than one import takes."""
    return RosterFault("too_many_rows", text("文件超过 {most} 行，请分成几个文件", most=MOST_ROWS))


def words_for(synonyms: Mapping[str, str] | None, chosen: Mapping[str, str]) -> Synonyms:
    """Give the table of words for one register: the standard one, the office's own, and what was chosen by hand."""
    words = standard_synonyms()
    # What the user chose by hand is a heading too: it lets a head be found in which we know no word.
    by_hand = {header: field for header, field in chosen.items() if field and "/" not in header and "#" not in header}
    added = {**by_hand, **(synonyms or {})}
    return words.with_added(added) if added else words


def _check_table(table: Table, report: RosterReport, seen: _Seen, today: date, on_file: OnFile | None) -> None:
    samples: dict[int, list[str]] = {column.index: [] for column in table.columns}
    rows = 0
    for data in table.rows():
        rows += 1
        report.rows += 1
        if report.rows > MOST_ROWS:
            raise too_many_rows()
        if rows <= SAMPLES:
            _add_samples(table, data, samples)
        _check_row(table, data, report, seen, today, on_file)
    _describe(table, rows, samples, report)


def _check_row(
    table: Table, data: TableRow, report: RosterReport, seen: _Seen, today: date, on_file: OnFile | None
) -> None:
    sheet, number = table.grid.name, table.grid.number_of(data.index)
    row = Row(data.cells, today)
    values = row.values(sheet, number, data.class_around)
    _note_duplicate(row, values, seen)
    problem = row.first(REFUSALS)
    if problem is None and on_file is not None and (reason := on_file(values)) is not None:
        problem = ("already_on_file", "child.id_number" if values.id_number else "child.name", reason)
    found = problem or row.first(WARNINGS)
    if problem is None:
        report.accepted.append(values)
    if found is not None:
        code, key, message = found
        finding = Finding(sheet, number, code, column_of(key, table.header_of(key)), message)
        (report.refused if problem else report.warnings).append(finding)


def _note_duplicate(row: Row, values: RosterRow, seen: _Seen) -> None:
    key = _identity(values)
    if key is None:
        return
    if key not in seen:
        seen[key] = (values.sheet, values.row)
        return
    sheet, number = seen[key]
    if sheet is not None and sheet != values.sheet:
        message = text("与“{sheet}”第 {row} 行是同一名儿童", sheet=sheet, row=number)
    else:
        message = text("与第 {row} 行是同一名儿童", row=number)
    row.report("duplicate_in_file", "child.id_number" if values.id_number else "child.name", message)


def _identity(values: RosterRow) -> object:
    """What makes two rows one child: the id-number; without one, name, sex, birth date and class together."""
    if values.id_number is not None:
        return values.id_number
    if values.name and values.birth_on is not None:
        return (values.name, values.sex, values.birth_on, values.grade, values.class_number)
    return None


def _add_samples(table: Table, data: TableRow, samples: dict[int, list[str]]) -> None:
    for column in table.columns:
        if written := as_text(table.grid.cell(data.index, column.index)):
            samples[column.index].append(written)


def _describe(table: Table, rows: int, samples: dict[int, list[str]], report: RosterReport) -> None:
    headers = tuple(HeaderSeen(c.index, c.header, c.field, tuple(samples[c.index])) for c in table.columns)
    top, bottom = table.grid.number_of(table.head.top), table.grid.number_of(table.head.bottom)
    report.tables.append(TableSeen(table.grid.name, top, bottom, headers, rows, table.class_above))
    for column in table.columns:
        if column.field is not None:
            report.mapping.setdefault(column.header, column.field)
