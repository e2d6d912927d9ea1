"""Tells what a file is by its content, never by its name: a photo, a PDF, a Word or Excel document without macros."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass

from workflows.refusal import Refusal
from workflows.text import text

LARGEST = 10 * 1024 * 1024
PICTURES = (b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"RIFF")
PICTURE = "picture"
MOST_PARTS = 5000
DOCUMENTS = {
    "pdf": "application/pdf",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
TYPES = {"jpeg": "image/jpeg", **DOCUMENTS}


@dataclass(frozen=True)
class Upload:
    """A file that somebody sends along: its name and content."""

    name: str
    content: bytes


def kind_of(file: Upload) -> str:
    """Return `picture`, `pdf`, `docx` or `xlsx`; raises Refusal `empty_file`, `file_too_large`, `kind_not_allowed`."""
    if not file.content:
        raise Refusal("empty_file", text("“{name}”是空文件", name=file.name[:60]))
    if len(file.content) > LARGEST:
        most = LARGEST // (1024 * 1024)
        raise Refusal("file_too_large", text("“{name}”超过 {most} MB", name=file.name[:60], most=most))
    if file.content.startswith(PICTURES):
        return PICTURE
    if file.content.startswith(b"%PDF-"):
        return "pdf"
    if (found := _office_kind(file.content)) is not None:
        return found
    message = text("“{name}”不能上传；可以是照片、PDF、Word（docx）、Excel（xlsx）", name=file.name[:60])
    raise Refusal("kind_not_allowed", message)


def _office_kind(content: bytes) -> str | None:
    if not content.startswith(b"PK\x03\x04"):
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as book:
            names = book.namelist()[: MOST_PARTS + 1]
    except (zipfile.BadZipFile, ValueError, NotImplementedError):
        return None
    if len(names) > MOST_PARTS or "[Content_Types].xml" not in names or any("vbaProject" in name for name in names):
        return None
    return "docx" if "word/document.xml" in names else "xlsx" if "xl/workbook.xml" in names else None
