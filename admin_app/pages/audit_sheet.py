"""The trail as a sheet: the filtered entries, masked as on the desk, fetched page by page."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from flask_babel import gettext as _

from admin_app.exchange.list_sheet import Value, write_list
from admin_app.pages.audit import reader_over
from admin_app.pages.audit_entry import learn_owners, place_word, reason_of, subject_word
from admin_app.shell import role_word
from admin_app.wording import say, say_seconds
from models.database import OfficeSession
from models.reports.audit_trail import TrailFilter, trail
from workflows.audit_words import action_word

MOST_ROWS = 50_000
BATCH = 500


def write_trail(session: OfficeSession, wanted: TrailFilter) -> tuple[bytes, int, str]:
    """Return the sheet's bytes, its number of rows and its SHA-256 (hex); at most 50,000 rows."""
    heads = [
        (_("编号"), 10),
        (_("时间"), 20),
        (_("人员"), 12),
        (_("岗位"), 14),
        (_("授权"), 24),
        (_("动作"), 14),
        (_("对象"), 24),
        (_("单位"), 28),
        (_("理由"), 40),
        (_("字段"), 40),
        (_("结果"), 8),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trail.xlsx"
        count, digest = write_list(path, _("审计"), heads, _lines(session, wanted))
        return path.read_bytes(), count, digest


def _lines(session: OfficeSession, wanted: TrailFilter) -> Iterator[list[Value]]:
    before, count = None, 0
    while count < MOST_ROWS:
        events = trail(session, wanted, before=before, limit=min(BATCH, MOST_ROWS - count))
        if not events:
            return
        reader = reader_over(session, events)
        bodies = [json.loads(event.body) for event in events]
        learn_owners(session, bodies)
        for event, body in zip(events, bodies, strict=True):
            yield [
                event.id,
                say_seconds(event.at),
                event.actor_name,
                role_word(event.role),
                event.grant_ref,
                say(action_word(event.action).word),
                subject_word(event, body),
                place_word(event, reader.places),
                reason_of(reader, event, body),
                " ".join(change["field"] for change in body["changes"]) or None,
                _("被拒") if event.outcome == "refused" else _("已办"),
            ]
        count += len(events)
        before = events[-1].id
        session.expunge_all()
