"""Looks into a packed spreadsheet (.xlsx, .ods) before it is read: no bombs, no absurd sizes."""

from __future__ import annotations

import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator

from workflows.roster.fault import RosterFault
from workflows.text import Text, text

MOST_UNPACKED = 300 * 1024 * 1024
MOST_SHEET_ROWS = 100_000
MOST_COLUMNS = 1_000
MOST_CELLS = 5_000_000
_CHUNK = 1 << 20
# Cells that hold something; spreadsheet programs also note empty formatted cells far below and beside the table.
_FILLED_CELL = re.compile(rb"<(?:\w+:)?c\b[^>]*?\br=[\"']([A-Z]{1,4})([0-9]{1,9})[\"'][^>]*?(?<!/)>")
_REPEATED = re.compile(rb"number-(rows|columns)-repeated=[\"']([0-9]{1,12})[\"']")
_ODS_CELL = re.compile(rb"<table:table-(row|cell)\b([^>]*)>")
_DOCUMENTS = ("word/", "ppt/")


def check_packed(data: bytes, file: str) -> None:
    """Refuse what is no spreadsheet or would not fit into memory.

    Raises RosterFault `unreadable_file`, `file_too_big`, `too_many_rows`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            parts = packed.infolist()
            _check_parts(data, parts, file)
    except (zipfile.BadZipFile, zlib.error, struct.error, ValueError, NotImplementedError, EOFError, OSError) as error:
        if isinstance(error, RosterFault):
            raise
        raise _unreadable(text("文件“{file}”不完整或已损坏，请重新保存后再上传", file=file)) from error


def _check_parts(data: bytes, parts: list[zipfile.ZipInfo], file: str) -> None:
    names = [part.filename for part in parts]
    if any(name.startswith(_DOCUMENTS) for name in names):
        raise _unreadable(text("文件“{file}”是文档，不是表格；请把表格复制到 .xlsx 里再上传", file=file))
    if not any(name.startswith("xl/") or name == "content.xml" for name in names):
        raise _unreadable(text("文件“{file}”是压缩包，不是表格；请解压后上传里面的表格", file=file))
    unpacked = 0
    for part in parts:
        sheet = _SheetSize(part.filename)
        for chunk in _unpack(data, part):
            unpacked += len(chunk)
            if unpacked > MOST_UNPACKED:
                raise RosterFault("file_too_big", text("文件“{file}”展开后太大，可能不是普通表格", file=file))
            sheet.add(chunk)
            if sheet.is_too_big():
                raise RosterFault("too_many_rows", text("文件“{file}”的行数或列数超出上限", file=file))


def _unpack(data: bytes, part: zipfile.ZipInfo) -> Iterator[bytes]:
    """Unpack by the packed bytes themselves: the sizes that the archive declares may be untrue."""
    if part.flag_bits & 1:
        raise zipfile.BadZipFile("encrypted")
    name_size, extra_size = struct.unpack_from("<HH", data, part.header_offset + 26)
    start = part.header_offset + 30 + name_size + extra_size
    packed = data[start : start + part.compress_size]
    if part.compress_type == zipfile.ZIP_STORED:
        yield packed
        return
    if part.compress_type != zipfile.ZIP_DEFLATED:
        raise zipfile.BadZipFile("compression")
    unpacker = zlib.decompressobj(-15)
    while packed and not unpacker.eof:
        yield unpacker.decompress(packed, _CHUNK)
        packed = unpacker.unconsumed_tail


class _SheetSize:
    """Counts how far the filled cells of one sheet reach."""

    def __init__(self, name: str) -> None:
        self._is_xlsx = name.startswith("xl/worksheets/")
        self._is_ods = name == "content.xml"
        self._rest = b""
        self._rows = self._columns = self._cells = 0
        self._row_times = 1

    def add(self, chunk: bytes) -> None:
        if not (self._is_xlsx or self._is_ods):
            return
        seen = self._rest + chunk
        cut = seen.rfind(b"<") if len(seen) < 1 << 22 else len(seen)
        seen, self._rest = seen[:cut], seen[cut:]
        if self._is_xlsx:
            self._add_cells(seen)
        else:
            self._add_repeats(seen)

    def is_too_big(self) -> bool:
        is_wide = self._rows > MOST_SHEET_ROWS or self._columns > MOST_COLUMNS
        return is_wide or self._rows * self._columns > MOST_CELLS or self._cells > MOST_CELLS

    def _add_cells(self, seen: bytes) -> None:
        found = _FILLED_CELL.findall(seen)
        if not found:
            return
        self._rows = max(self._rows, max(int(row) for _, row in found))
        self._columns = max(
            self._columns, max(_column_number(letters) for letters in {letters for letters, _ in found})
        )

    def _add_repeats(self, seen: bytes) -> None:
        for kind, attributes in _ODS_CELL.findall(seen):
            repeats = {which: int(times) for which, times in _REPEATED.findall(attributes)}
            if kind == b"row":
                self._row_times = repeats.get(b"rows", 1)
            elif b"value-type" in attributes:
                self._cells += self._row_times * repeats.get(b"columns", 1)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _unreadable(message: Text) -> RosterFault:
    return RosterFault("unreadable_file", message)
