"""Says what a photo or file is, with the addresses of it, of its thumbnail and of its removal."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _

from models.attachment import Attachment

KINDS = {"jpeg": "JPEG", "pdf": "PDF", "docx": "Word", "xlsx": "Excel"}
KILOBYTE = 1024


def file_entry(file: Attachment) -> dict[str, Any]:
    """Return a photo or file as `parts/files.html` shows it."""
    return {
        "name": file.name,
        "sub": f"{KINDS[file.kind]} · {size_line(file.size)} · {file.made_by_name}",
        "is_picture": file.is_picture,
        "width": file.width,
        "height": file.height,
        "url": url_for("attachments.show", attachment=file.id),
        "small_url": url_for("attachments.thumbnail", attachment=file.id),
        "remove_url": url_for("attachments.remove", attachment=file.id),
    }


def size_line(size: int) -> str:
    """Return the size of a file, given in bytes, in words."""
    return str(_("%(n)s KB", n=max(1, size // KILOBYTE)))
