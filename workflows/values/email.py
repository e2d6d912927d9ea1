"""Reads an e-mail address as people write it: one plain address, nothing that could carry a header along."""

from __future__ import annotations

import re

from workflows.text import text
from workflows.values.parsed import Cell, Parsed, ValueRefused, as_text

LONGEST = 120
_ADDRESS = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*@(?P<host>.+)")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
HOST = re.compile(rf"(?=.{{1,190}}$){_LABEL}(?:\.{_LABEL})*")


def parse_email(written: Cell) -> Parsed[str]:
    """Return the address; raises ValueRefused `bad_email`."""
    address = as_text(written).replace("＠", "@")
    found = _ADDRESS.fullmatch(address)
    if found is None or len(address) > LONGEST or not HOST.fullmatch(found["host"]) or "." not in found["host"]:
        raise ValueRefused("bad_email", text("不是电子邮箱地址，例如 name@example.org"))
    return Parsed(address)
