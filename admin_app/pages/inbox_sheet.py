"""A tab of the inbox as a sheet: the rows of the page, as far as the person may export, fetched page by page."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from flask_babel import gettext as _

from admin_app.desk import current_actor, now
from admin_app.exchange.list_sheet import Value, write_list
from admin_app.pages.inbox import LISTS, Asked, own_desk, tab_word
from admin_app.pages.inbox_rows import beside, lines
from models.database import OfficeSession
from models.reports.inbox import Listing, keys_of
from workflows.engine.published import WorkflowVersion

MOST_ROWS = 50_000
BATCH = 500


def write_inbox(
    session: OfficeSession, asked: Asked, versions: list[WorkflowVersion], most: int = MOST_ROWS
) -> tuple[IO[bytes], int, str]:
    """Return the open sheet of a tab with at most `most` rows, their number and the file's SHA-256 (hex)."""
    heads = [(_("流程"), 16), (_("编号"), 16), (_("儿童或单位"), 16), (_("单位"), 28), (_("环节"), 12), (_("要点"), 40),
             (_("发起人"), 12), (_("发起"), 10), (_("进入环节"), 10), (_("到期"), 12), (_("时限"), 18), (_("标记"), 24),
             (_("说明"), 30)]  # fmt: skip
    listing = LISTS[asked.tab](own_desk(session, versions), asked.narrowed)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "inbox.xlsx"
        count, digest = write_list(path, tab_word(asked.tab), heads, _lines(session, listing, asked, most))
        return path.open("rb"), count, digest  # stays readable after the folder is gone


def _lines(session: OfficeSession, listing: Listing, asked: Asked, most: int) -> Iterator[list[Value]]:
    at, left = None, most
    while left:
        size = min(BATCH, left)
        rows = listing.fetch(session, at, True, size)
        known = beside(session, rows, asked.tab, asked.path)
        yield from (_line(line) for line in lines(session, rows, asked.tab, known))
        if len(rows) < size:
            return
        left, at = left - len(rows), keys_of(rows[-1])
        session.expunge_all()


def _line(line: dict[str, Any]) -> list[Value]:
    due, last = line["due"], line["last"]
    return [
        line["workflow"],
        line["number"],
        line["title"],
        line["place"],
        line["state"]["word"],
        str(_("；")).join(f"{fact['key']}：{fact['value']}" for fact in line["facts"]),
        line["opener"],
        line["opened"],
        line["since"],
        due["full"] if due else None,
        due["word"] if due else None,
        str(_("、")).join(mark["word"] for mark in line["marks"]),
        f"{last['word']} {last['sub']}".strip() if last else None,
    ]


def export_facts(asked: Asked, rows: int, digest: str) -> dict[str, Any]:
    """Return the record of an export: which tab and filters (never the words, which may be a name), how much."""
    filters = {key: value for key, value in asked.kept.items() if key in ("tab", "workflow", "overdue")}
    children = asked.narrowed.child_ids
    filters |= {"children": list(map(str, children))} if children is not None else {}
    filters |= {"case": asked.narrowed.number} if asked.narrowed.number else {}
    grants = [post.grant for post in current_actor().posts]
    return {"screen": "inbox", "rows": rows, "sha256": digest, "filters": filters, "places": asked.path.chosen,
            "grants": grants}  # fmt: skip


def sheet_name() -> str:
    """Return what the file is called."""
    return f"inbox-{now():%Y%m%d}.xlsx"
