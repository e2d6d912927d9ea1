"""Builds what stands on a sheet of paper: cards of pairs, tables, wording and cells to sign in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from flask_babel import gettext as _

from admin_app.desk import current_actor, now
from admin_app.wording import say, say_moment
from workflows.engine.paper import Signer

Block = dict[str, Any]
LINE, SOME, MUCH = "", "some", "much"  # the height of a cell to write in


def cell(key: str, value: Any, *, wide: bool = False, height: str = LINE) -> dict[str, Any]:
    """Return a pair of a card: words, `{"secret": …}` or `{"boxes": [words]}` to tick."""
    return {"key": key, "value": value, "wide": wide, "height": height}


def card(title: str, cells: Sequence[dict[str, Any]], sub: str = "") -> Block:
    """Return a card: two pairs a line, wide ones and those left alone across; `{"group": …}` heads what follows."""
    rows: list[list[dict[str, Any]]] = []
    for one in cells:
        if "group" in one or one["wide"] or not rows or not _has_room(rows[-1]):
            rows.append([one])
        else:
            rows[-1].append(one)
    return {"kind": "card", "title": title, "sub": sub, "rows": rows}


def _has_room(row: Sequence[dict[str, Any]]) -> bool:
    return len(row) == 1 and "group" not in row[0] and not row[0]["wide"]


def table(title: str, heads: Sequence[tuple[str, str]], rows: Iterable[Sequence[Any]], sub: str = "") -> Block:
    """Return a table; a head is its words and how wide: `narrow`, `wide` or nothing."""
    named = [{"label": label, "width": width} for label, width in heads]
    return {"kind": "table", "title": title, "sub": sub, "heads": named, "rows": [list(row) for row in rows]}


def wording(title: str, lines: Sequence[str]) -> Block:
    """Return sentences under a heading, numbered where there are several."""
    return {"kind": "words", "title": title, "lines": list(lines)}


def signers(signed_by: Iterable[Signer]) -> list[dict[str, Any]]:
    """Return the cells to sign in."""
    return [{"label": say(one.label), "says": say(one.says), "seal": one.seal} for one in signed_by]


def secret() -> dict[str, str]:
    """Return what stands where a person may not read."""
    return {"secret": _("内容保密")}


def printed_by() -> str:
    """Return who prints, and when."""
    return str(_("打印：%(who)s %(when)s", who=current_actor().name, when=say_moment(now())))
