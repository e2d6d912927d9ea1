"""Reads row numbers from addresses and forms; whatever is no number is a row that does not exist."""

from __future__ import annotations

import re

from flask import request

from workflows.refusal import Missing
from workflows.text import text

LARGEST = 2**63 - 1
_ID = re.compile(r"[0-9]{1,19}")


def row_id(name: str = "id") -> int:
    """Return the row number that the request names; raises Missing."""
    found = number(request.args.get(name) or request.form.get(name))
    if found is None:
        raise Missing("not_found", text("没有这条记录"))
    return found


def row_ids(most: int) -> list[int]:
    """Return the row numbers that a batch names, at most so many; raises Missing for none or too many."""
    written = request.form.getlist("id") or request.args.getlist("id")
    found = [parsed for one in written[: most + 1] if (parsed := number(one)) is not None]
    if not found or len(found) != len(written):
        raise Missing("not_found", text("没有这条记录"))
    return list(dict.fromkeys(found))


def rev() -> int:
    """Return the revision that a form was made from; 0, which no row has, when it does not say."""
    return number(request.form.get("rev") or request.args.get("rev")) or 0


def number(written: str | None) -> int | None:
    """Return a row number, None for anything else."""
    if written is None or not _ID.fullmatch(written) or int(written) > LARGEST:
        return None
    return int(written)
