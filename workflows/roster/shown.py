"""Shows values of a register that is not stored yet: protected ones in part, counselling and health not at all."""

from __future__ import annotations

import re
from dataclasses import replace

from workflows.fields import CHILD, RELATIVE, Fact
from workflows.mask import HIDDEN, mask_line, masked
from workflows.roster.report import Finding
from workflows.text import Text

# Longer than a date or a year: numbers of people stand in columns under any heading (学籍号 holds the id-number).
_LONG_NUMBER = re.compile(r"[\dXx]{9,}")
_NUMBER = re.compile(r"\d[\d-]{2,}[\dXx]")
_QUOTED = frozenset({"written", "number", "digits", "raw", "value"})  # parameters of sentences that hold a cell's words


def fact_of(field: str | None) -> Fact | None:
    """Return the stored fact that a roster field becomes, None for a class or an unmapped column."""
    subject, _, key = (field or "").partition(".")
    return (CHILD if subject == "child" else RELATIVE).get(key) if key else None


def shown_sample(field: str | None, written: str) -> str | None:
    """Return a cell as the mapping screen shows it, None where its class is P3.

    Protection classes and masks: `access.md`. What an unmapped column holds is not known, so it is shown in part.
    """
    fact = fact_of(field)
    if fact is not None and fact.protection == "P3":
        return None
    if fact is not None and fact.protection == "P2":
        part = masked(fact, written)
        return _hide_numbers(part) if part == written else part
    plain = _LONG_NUMBER.sub(lambda found: _in_part(found[0]), written)
    return plain if field is not None else mask_line(plain)


def shown_message(finding: Finding, field: str | None) -> Text:
    """Return a finding's sentence with the numbers it quotes from protected cells masked."""
    fact = fact_of(field)
    if fact is not None and fact.protection < "P2":
        return finding.message
    params = {
        key: _hide_numbers(str(value)) if key in _QUOTED else value for key, value in finding.message.params.items()
    }
    return replace(finding.message, params=params)


def _hide_numbers(written: str) -> str:
    return _NUMBER.sub(lambda found: _in_part(found[0]), written)


def _in_part(number: str) -> str:
    return f"{number[:3]}{HIDDEN}{number[-4:]}" if len(number) > 9 else HIDDEN
