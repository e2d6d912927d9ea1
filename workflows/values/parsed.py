"""The answer of every value parser: the value with what was mended, or a refusal with its reason."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from typing import Generic, TypeVar

from workflows.text import Text

Cell = str | int | float | bool | date | datetime | None
"""What a spreadsheet cell or a form field can hold."""

T = TypeVar("T")

# Invisible characters that spreadsheets and chat programs leave in copied text.
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\ufeff\x00-\x08\x0b-\x1f\x7f]")
_NOTHING = frozenset(
    {"", "无", "没有", "暂无", "空", "不详", "未知", "-", "--", "---", "—", "——", "/", "//", "\\", "、", "."}
)


@dataclass(frozen=True)
class Parsed(Generic[T]):
    """A value and the codes of what was mended to get it."""

    value: T
    mended: tuple[str, ...] = ()


class ValueRefused(ValueError):
    """A value that cannot be taken: the code of the rule and a sentence for people."""

    def __init__(self, code: str, text: Text) -> None:
        super().__init__(f"{code}: {text}")
        self.code = code
        self.text = text


def as_text(raw: Cell) -> str:
    """Give the cell as one line of text: whole numbers without `.0`, outer spaces and invisible characters gone."""
    if isinstance(raw, str):
        is_clean = raw.isprintable() and " " not in raw
        return raw if is_clean else " ".join(_INVISIBLE.sub(" ", raw).split())
    if raw is None:
        return ""
    if isinstance(raw, bool):
        return "是" if raw else "否"
    if isinstance(raw, float) and raw.is_integer() and abs(raw) < 1e15:
        return str(int(raw))
    if isinstance(raw, date):
        return raw.isoformat()
    return str(raw)


def half_width(written: str) -> str:
    """Give full-width digits, letters, brackets and spaces their usual width."""
    return unicodedata.normalize("NFKC", written)


def is_blank(raw: Cell) -> bool:
    """Say whether nothing was written."""
    if not isinstance(raw, str):
        return raw is None
    return not raw or raw.isspace() or not (raw.isprintable() or as_text(raw))


def is_nothing(raw: Cell) -> bool:
    """Say whether nothing was written, or a word or stroke that stands for nothing (无, /, —)."""
    if not isinstance(raw, str):
        return raw is None
    if raw in _NOTHING:
        return True
    # Long printable text is something; this is asked of every cell.
    return (len(raw) < 4 or not raw.isprintable() or raw.isspace()) and half_width(as_text(raw)) in _NOTHING
