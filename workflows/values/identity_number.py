"""Reads the citizen identity number (GB 11643): 18 places, the last a check digit, birth date and sex inside."""

from __future__ import annotations

import re
from datetime import date

from workflows.text import text
from workflows.values.parsed import Cell, Parsed, ValueRefused, as_text, half_width

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_DIGITS = "10X98765432"
_QUOTES = "'’‘`′\""
_EIGHTEEN = re.compile(r"[1-9][0-9]{16}[0-9X]")
_FIFTEEN = re.compile(r"[1-9][0-9]{14}")
_SCIENTIFIC = re.compile(r"[0-9](\.[0-9]+)?[Ee]\+?[0-9]{2}")
# A spreadsheet keeps 15 significant digits; a longer number in a number cell has lost its end.
_SAFE_NUMBER = 10**15


def check_digit(first_17: str) -> str:
    """Compute the 18th place from the first 17 digits (GB 11643, ISO 7064 MOD 11-2)."""
    return _CHECK_DIGITS[sum(weight * int(digit) for weight, digit in zip(_WEIGHTS, first_17, strict=True)) % 11]


def parse_identity_number(raw: Cell, *, born_on: date | None = None, today: date | None = None) -> Parsed[str]:
    """Give the 18 places in their usual form.

    Raises ValueRefused `bad_check_digit` (also for wrong length, impossible birth date, digits lost in a number cell)
    and `id_15_digits`, whose sentence offers the 18-digit form; `born_on` or `today` settle its century.
    """
    written, mended = _mend(raw)
    if _FIFTEEN.fullmatch(written):
        form = eighteen_digits(written, born_on=born_on, today=today)
        raise ValueRefused("id_15_digits", text("身份证号是旧的 15 位，请核对是否应为 18 位的 {number}", number=form))
    if not _EIGHTEEN.fullmatch(written):
        raise ValueRefused("bad_check_digit", text("身份证号应为 18 位，现有 {count} 位", count=len(written)))
    if check_digit(written[:17]) != written[17]:
        raise ValueRefused("bad_check_digit", text("身份证号校验位不对，请与户口簿核对"))
    if _date_inside(written[6:14]) is None:
        raise ValueRefused("bad_check_digit", text("身份证号中的出生日期 {digits} 不存在", digits=written[6:14]))
    return Parsed(written, mended)


def eighteen_digits(old: str, *, born_on: date | None = None, today: date | None = None) -> str:
    """Give the 18-digit form of a 15-digit number.

    The old form has no century: `born_on` decides; else the latest that is not after `today`; else 19 (GB 11643).
    """
    century = "19"
    if born_on is not None and born_on.strftime("%y") == old[6:8]:
        century = f"{born_on.year // 100:02d}"
    elif today is not None and int(f"20{old[6:8]}") <= today.year:
        century = "20"
    first_17 = f"{old[:6]}{century}{old[6:]}"
    return first_17 + check_digit(first_17)


def birth_date_of(number: str) -> date:
    """Give the birth date inside an 18-place number; ValueError if there is none."""
    found = _date_inside(number[6:14])
    if found is None:
        raise ValueError(number[6:14])
    return found


def sex_of(number: str) -> str:
    """Give `male` or `female` from the 17th place: odd is male."""
    return "male" if int(number[16]) % 2 else "female"


def find_fifteen_digits(raw: Cell) -> str | None:
    """Give the 15 digits if that is what was written."""
    written, _ = _mend(raw)
    # 29 February is the only day that one century has and the other lacks, in the year 00.
    return written if _FIFTEEN.fullmatch(written) and _date_inside("19" + written[6:12]) else None


def _mend(raw: Cell) -> tuple[str, tuple[str, ...]]:
    lost = isinstance(raw, int | float) and not isinstance(raw, bool) and abs(raw) >= _SAFE_NUMBER
    as_written = as_text(raw).replace(" ", "").strip(_QUOTES)
    if lost or _SCIENTIFIC.fullmatch(as_written):
        raise ValueRefused("bad_check_digit", text("身份证号按数字保存，末尾几位已丢失；请把该列设为文本后重新填写"))
    narrow = half_width(as_written).replace(" ", "").strip(_QUOTES)
    mended: tuple[str, ...] = ("fullwidth_id",) if narrow != as_written else ()
    if narrow.endswith("x"):
        mended += ("lowercase_x",)
    return narrow.upper(), mended


def _date_inside(digits: str) -> date | None:
    try:
        return date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
    except ValueError:
        return None
