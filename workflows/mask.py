"""Shows protected values in part: enough to recognise one that is known, never enough to use one that is not."""

from __future__ import annotations

import re
from datetime import date

from workflows.fields import Fact, stored

HIDDEN = "****"
_PHONE = re.compile(r"\d[\d-]{6,}\d")


def mask_phone(phone: str) -> str:
    """Show the first three and the last four digits of every number in a phone field."""
    return _PHONE.sub(lambda found: f"{found[0][:3]}{HIDDEN}{found[0][-4:]}", phone)


def mask_email(address: str) -> str:
    """Show the first character and the host."""
    name, _at, host = address.rpartition("@")
    return f"{name[:1]}{HIDDEN}@{host}"


def mask_id_number(number: str) -> str:
    """Show the first three and the last four places of an id-number; the birth date inside stays hidden."""
    return f"{number[:3]}{'*' * 11}{number[-4:]}" if len(number) == 18 else HIDDEN


def mask_date(day: date | str) -> str:
    """Show the year of a protected date."""
    return f"{str(day)[:4]}-**-**"


def mask_line(words: str) -> str:
    """Show the first three characters of an address or a workplace."""
    return words[:3] + HIDDEN if len(words) > 3 else HIDDEN


def masked(fact: Fact, value: object) -> str:
    """Return how a stored value of class P2 is shown to people who have not asked for it; others as they are.

    Protection classes and masks: `access.md`, field classes.
    """
    written = stored(value) or ""
    if fact.protection != "P2" or not written:
        return written
    if fact.kind == "phone":
        return mask_phone(written)
    if fact.kind == "email":
        return mask_email(written)
    if fact.kind == "id_number":
        return mask_id_number(written)
    return mask_date(written) if fact.kind == "date" else mask_line(written)
