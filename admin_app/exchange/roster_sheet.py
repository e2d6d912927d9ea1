"""Writes spreadsheets for the people who fill registers: the refused rows with their reasons, and an empty template."""

from __future__ import annotations

import io
import re
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import date

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from workflows.roster.fields import LABELS
from workflows.roster.grid import Grid
from workflows.roster.report import Finding, RosterReport, TableSeen
from workflows.text import text
from workflows.values import Cell
from workflows.values.words import shown_words

_TEMPLATE = (
    "sequence",
    "child.name",
    "child.sex",
    "child.birth_on",
    "child.ethnicity",
    "child.id_number",
    "child.class",
    "child.student_number",
    "child.village",
    "child.home_address",
    "child.home_phone",
    "father.name",
    "father.workplace",
    "father.phone",
    "mother.name",
    "mother.workplace",
    "mother.phone",
    "guardian.name",
    "guardian.relation",
    "guardian.age",
    "guardian.education",
    "guardian.phone",
    "guardian.health",
    "child.care_situation",
    "child.absence_since",
    "child.is_boarding",
    "child.is_poor",
    "child.is_focus",
    "child.note",
)
_CHOICES = {
    "child.sex": "sex",
    "child.care_situation": "care_situation",
    "guardian.relation": "relation",
    "guardian.education": "education",
    "child.is_boarding": "yes_no",
    "child.is_poor": "yes_no",
    "child.is_focus": "yes_no",
}
_AS_TEXT = frozenset(
    {
        "child.id_number",
        "child.student_number",
        "child.class",
        "child.home_phone",
        "father.phone",
        "mother.phone",
        "guardian.phone",
    }
)
_TEMPLATE_ROWS = 2_000
# A workbook whose strings are never read as formulas, links or numbers: what people typed stays what they typed.
_PLAIN_STRINGS = {
    "in_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "nan_inf_to_errors": True,
}
_GUIDE = (
    text("每名儿童一行；姓名必须填写，不要合并单元格。"),
    text("身份证号一列是文本格式：请直接键入 18 位，末位是 X 的用大写。"),
    text("出生日期写成 2019-04-05；与身份证号不一致的行会被退回。"),
    text("电话填 11 位手机号，或带区号的座机号（0851-82234567）。"),
    text("班级写成“3年级2班”；也可以写“三（2）班”“初一（3）班”“9.2”。"),
    text("有下拉框的列请从下拉框中选择：性别、监护类型、与儿童关系、文化程度、是否。"),
    text("列的次序可以改，不用的列可以删，也可以加列；系统按列名识别。"),
    text("上传后先给出检查结果，有问题的行连同原因可以下载，改好后再传一次即可。"),
)
_HEAD = {"bold": True, "text_wrap": True, "border": 1, "bg_color": "#EEF3F1", "valign": "vcenter"}
_NUMBERED = re.compile(r"#[0-9]+$")
_SHEET_NAME_LIMIT = 31
Translate = Callable[[str], str]


def write_refused_rows(report: RosterReport, grids: Sequence[Grid], translate: Translate = str) -> bytes:
    """Give an .xlsx with the refused rows under their own headings, sheet by sheet, the reason in a last column."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, dict(_PLAIN_STRINGS)) as book:
        formats = {"head": book.add_format(_HEAD)}
        formats["date"] = book.add_format({"num_format": "yyyy-mm-dd"})
        formats["reason"] = book.add_format({"font_color": "#9B1C1C", "text_wrap": True})
        by_sheet: dict[str | None, list[Finding]] = defaultdict(list)
        for finding in report.refused:
            by_sheet[finding.sheet].append(finding)
        for number, grid in enumerate(grids, start=1):
            findings = by_sheet.pop(grid.name, None)
            if findings:
                sheet = book.add_worksheet(_sheet_name(book, grid.name, number, translate))
                _write_findings(sheet, grid, findings, report, formats, translate)
        if not book.worksheets():
            book.add_worksheet(text("没有退回的行").render(translate))
    return stream.getvalue()


def write_template(translate: Translate = str) -> bytes:
    """Give an empty register as .xlsx: one head row, drop-downs, number columns as text, a guide on a second sheet."""
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream, dict(_PLAIN_STRINGS)) as book:
        sheet = book.add_worksheet(text("登记表").render(translate))
        head = book.add_format(_HEAD)
        as_text = book.add_format({"num_format": 49})  # the built-in text format
        as_date = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet.freeze_panes(1, 2)
        sheet.set_row(0, 32)
        for column, key in enumerate(_TEMPLATE):
            sheet.write_string(0, column, LABELS[key].render(translate), head)
            shown = as_text if key in _AS_TEXT else as_date if key == "child.birth_on" else None
            sheet.set_column(column, column, _width(key), shown)
            if key in _CHOICES:
                _add_choices(sheet, column, shown_words(_CHOICES[key]), translate)
        _write_guide(book.add_worksheet(text("填写说明").render(translate)), translate)
    return stream.getvalue()


def _write_findings(
    sheet: Worksheet,
    grid: Grid,
    findings: Sequence[Finding],
    report: RosterReport,
    formats: dict[str, Format],
    translate: Translate,
) -> None:
    tables = [table for table in report.tables if table.sheet == grid.name]
    line = 0
    written: TableSeen | None = None
    for finding in findings:
        table = _table_over(tables, finding.row)
        if table is not written and (written is None or table.headers != written.headers):
            _write_head(sheet, line, table, formats["head"], translate)
            line += 1
        written = table
        _write_row(sheet, line, table, grid, finding, formats, translate)
        line += 1
    sheet.freeze_panes(1, 0)


def _table_over(tables: Sequence[TableSeen], row: int) -> TableSeen:
    return max((table for table in tables if table.head_to < row), key=lambda table: table.head_to)


def _write_head(sheet: Worksheet, line: int, table: TableSeen, shown: Format, translate: Translate) -> None:
    for column, header in enumerate(table.headers):
        sheet.write_string(line, column, _NUMBERED.sub("", header.header), shown)
        sheet.set_column(column, column, 20 if header.field == "child.id_number" else 12)
    last = len(table.headers)
    for column, words in enumerate(
        (text("班级"), text("原行号"), text("退回原因"))[0 if _has_class_around(table) else 1 :]
    ):
        sheet.write_string(line, last + column, words.render(translate), shown)
        sheet.set_column(last + column, last + column, 50 if words.msgid == "退回原因" else 10)


def _write_row(
    sheet: Worksheet,
    line: int,
    table: TableSeen,
    grid: Grid,
    finding: Finding,
    formats: dict[str, Format],
    translate: Translate,
) -> None:
    for column, header in enumerate(table.headers):
        _write_cell(sheet, line, column, grid.cell(finding.row - grid.first_row, header.column), formats["date"])
    last = len(table.headers)
    if _has_class_around(table) and table.class_around is not None:
        sheet.write_string(line, last, str(table.class_around))
        last += 1
    sheet.write_number(line, last, finding.row)
    sheet.write_string(line, last + 1, finding.message.render(translate), formats["reason"])


def _has_class_around(table: TableSeen) -> bool:
    """Say whether the class stood beside the table only: the row alone would lose it."""
    return table.class_around is not None and all(header.field != "child.class" for header in table.headers)


def _write_cell(sheet: Worksheet, line: int, column: int, cell: Cell, as_date: Format) -> None:
    if cell is None or cell == "":
        return
    if isinstance(cell, date) and cell.year > 1900:
        sheet.write_datetime(line, column, cell, as_date)
    elif isinstance(cell, int | float) and not isinstance(cell, bool):
        sheet.write_number(line, column, cell)
    else:
        sheet.write_string(line, column, str(cell))


def _add_choices(sheet: Worksheet, column: int, words: Sequence[str], translate: Translate) -> None:
    # A spreadsheet keeps at most 255 characters of a list in place; ours stay far below.
    sheet.data_validation(
        1,
        column,
        _TEMPLATE_ROWS,
        column,
        {
            "validate": "list",
            "source": list(words),
            "error_type": "warning",
            "error_title": text("请从下拉框选择").render(translate),
            "error_message": text("这个词可能无法识别，请从下拉框中选择。").render(translate),
        },
    )


def _write_guide(sheet: Worksheet, translate: Translate) -> None:
    sheet.set_column(0, 0, 90)
    for line, sentence in enumerate((text("填写说明"), *_GUIDE)):
        sheet.write_string(line, 0, sentence.render(translate))


def _width(key: str) -> int:
    return {"sequence": 6, "child.id_number": 22, "child.home_address": 28, "child.note": 24}.get(key, 13)


def _sheet_name(book: xlsxwriter.Workbook, name: str | None, number: int, translate: Translate) -> str:
    """Give a name that spreadsheets accept: some characters, long names, doubles and `history` are refused."""
    wanted = name or text("退回的行").render(translate)
    cleaned = "".join(" " if mark in "[]:*?/\\" else mark for mark in wanted).strip(" '")[:_SHEET_NAME_LIMIT]
    taken = {"", "history", *(sheet.get_name().lower() for sheet in book.worksheets())}
    return cleaned if cleaned.lower() not in taken else f"#{number}"
