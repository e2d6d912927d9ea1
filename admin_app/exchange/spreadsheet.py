"""Turns an uploaded spreadsheet or text file into grids, whatever its format; refuses what is no table or too big."""

from __future__ import annotations

import io
from datetime import date, datetime, time, timedelta
from typing import Any

from python_calamine import CalamineSheet, CalamineWorkbook, PasswordError, SheetVisibleEnum

from admin_app.exchange.packed import MOST_CELLS, MOST_COLUMNS, MOST_SHEET_ROWS, check_packed
from admin_app.exchange.separated import read_separated
from workflows.roster.fault import RosterFault
from workflows.roster.grid import Grid, Merge
from workflows.text import Text, text
from workflows.values import Cell

MOST_BYTES = 20 * 1024 * 1024
_OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")
_OTHER_FORMATS = (
    (b"%PDF", text("PDF 文件")),
    (b"\x89PNG", text("图片")),
    (b"\xff\xd8\xff", text("图片")),
    (b"GIF8", text("图片")),
    (b"Rar!", text("压缩包")),
    (b"7z\xbc\xaf", text("压缩包")),
    (b"\x1f\x8b", text("压缩包")),
    (b"{\\rtf", text("文档")),
)
_WEB_PAGE = (b"<html", b"<!doctype", b"<table", b"<?xml", b"<meta", b"<div")


def read_grids(data: bytes, file: str) -> list[Grid]:
    """Give the visible sheets of a file, told by its content and not by its name.

    Raises RosterFault `empty_file`, `unreadable_file`, `file_too_big`, `too_many_rows`.
    """
    if not data.strip():
        raise RosterFault("empty_file", text("文件“{file}”是空的", file=file))
    if len(data) > MOST_BYTES:
        raise RosterFault(
            "file_too_big", text("文件“{file}”超过 {most} MB", file=file, most=MOST_BYTES // 1024 // 1024)
        )
    if data.startswith(b"PK"):
        check_packed(data, file)
        return _sheets(data, file)
    if data.startswith(_OLE):
        if _ENCRYPTED in data:
            raise _locked(file)
        return _sheets(data, file)
    _refuse_other_formats(data, file)
    return [read_separated(data, file)]


def _refuse_other_formats(data: bytes, file: str) -> None:
    for start, kind in _OTHER_FORMATS:
        if data.startswith(start):
            raise _unreadable(
                text("文件“{file}”是{kind}，不是表格；请上传 .xlsx、.xls、.ods 或 .csv", file=file, kind=kind)
            )
    if data[:2048].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith(_WEB_PAGE):
        raise _unreadable(text("文件“{file}”其实是网页或 XML，请用表格软件打开后另存为 .xlsx", file=file))


def _sheets(data: bytes, file: str) -> list[Grid]:
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        visible = [sheet.name for sheet in book.sheets_metadata if sheet.visible == SheetVisibleEnum.Visible]
        return [_grid(book.get_sheet_by_name(name), file) for name in visible]
    except (RosterFault, KeyboardInterrupt, SystemExit, MemoryError):
        raise
    except PasswordError as error:
        raise _locked(file) from error
    except BaseException as error:  # the reader is native code: a panic on a damaged file is no Exception
        raise _unreadable(
            text("文件“{file}”已损坏或不是表格；请用表格软件打开后另存为 .xlsx 再上传", file=file)
        ) from error


def _grid(sheet: CalamineSheet, file: str) -> Grid:
    if sheet.start is None:
        return Grid(sheet.name, [])
    if sheet.total_height > MOST_SHEET_ROWS or sheet.total_height * sheet.total_width > MOST_CELLS:
        raise RosterFault("too_many_rows", text("“{sheet}”超过 {most} 行", sheet=sheet.name, most=MOST_SHEET_ROWS))
    if sheet.total_width > MOST_COLUMNS:
        raise RosterFault("too_many_rows", text("“{sheet}”超过 {most} 列", sheet=sheet.name, most=MOST_COLUMNS))
    rows: list[list[Cell]] = sheet.to_python(skip_empty_area=False)  # type: ignore[assignment]
    for row in rows:
        for column, cell in enumerate(row):
            if isinstance(cell, time | timedelta) or type(cell) is datetime:
                row[column] = _plain(cell)
    merges = tuple(Merge(top, left, bottom, right) for (top, left), (bottom, right) in sheet.merged_cell_ranges or ())
    return Grid(sheet.name, rows, merges)


def _plain(cell: Any) -> Cell:
    return date(cell.year, cell.month, cell.day) if isinstance(cell, datetime) else str(cell)


def _locked(file: str) -> RosterFault:
    return _unreadable(text("文件“{file}”有打开密码，请去掉密码后再上传", file=file))


def _unreadable(message: Text) -> RosterFault:
    return RosterFault("unreadable_file", message)
