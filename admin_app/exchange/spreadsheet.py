"""Turns an uploaded spreadsheet or text file into grids, whatever its format; refuses what is no table or too big."""

from __future__ import annotations

import marshal
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

from admin_app.exchange.native_reader import SECONDS
from admin_app.exchange.packed import MOST_CELLS, MOST_COLUMNS, MOST_SHEET_ROWS, check_packed
from admin_app.exchange.separated import read_separated
from workflows.roster.fault import RosterFault
from workflows.roster.grid import Grid, Merge
from workflows.text import Text, text
from workflows.values import Cell

MOST_BYTES = 32 * 1024 * 1024
_READER = Path(__file__).with_name("native_reader.py")
_LIMITS = {"rows": MOST_SHEET_ROWS, "columns": MOST_COLUMNS}
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
    kind, content = _read_apart(data, file)
    if kind == "password":
        raise _locked(file)
    if kind == "too_many_rows":
        message = text("“{sheet}”的行数或列数超出上限（{rows} 行、{columns} 列）", sheet=content, **_LIMITS)
        raise RosterFault("too_many_rows", message)
    return [Grid(name, _with_dates(rows), tuple(Merge(*merge) for merge in merges)) for name, rows, merges in content]


def _read_apart(data: bytes, file: str) -> tuple[str, Any]:
    limits = [str(limit) for limit in (MOST_SHEET_ROWS, MOST_COLUMNS, MOST_CELLS)]
    command = [sys.executable, "-I", str(_READER), *limits]
    try:
        done = subprocess.run(command, input=data, capture_output=True, timeout=SECONDS, check=True)  # noqa: S603
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        message = text("文件“{file}”已损坏或不是表格；请用表格软件打开后另存为 .xlsx 再上传", file=file)
        raise _unreadable(message) from error
    answer: tuple[str, Any] = marshal.loads(done.stdout)  # noqa: S302  written by our own reader
    return answer


def _with_dates(rows: list[list[Any]]) -> list[list[Cell]]:
    for row in rows:
        for column, cell in enumerate(row):
            if type(cell) is tuple:
                row[column] = date(*cell)
    return rows


def _locked(file: str) -> RosterFault:
    return _unreadable(text("文件“{file}”有打开密码，请去掉密码后再上传", file=file))


def _unreadable(message: Text) -> RosterFault:
    return RosterFault("unreadable_file", message)
