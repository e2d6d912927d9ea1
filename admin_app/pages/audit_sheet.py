"""The trail as a sheet: the filtered entries, masked as on the desk, fetched page by page."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, Any

from flask_babel import gettext as _

from admin_app.exchange.list_sheet import Value, write_list
from admin_app.pages.audit_entry import actor_role, actor_word, amount, differences, reason_of
from admin_app.pages.audit_filter import Asked
from admin_app.pages.audit_names import Entry, Names, read_entries, subject_word
from admin_app.wording import say, say_seconds
from models.database import OfficeSession
from models.reports.audit_trail import TrailFilter, trail
from workflows.audit import is_genuine
from workflows.audit_words import action_word

Record = Callable[[int, str], None]
MOST_ROWS = 50_000
BATCH = 500


def write_trail(session: OfficeSession, wanted: TrailFilter, record: Record, most: int = MOST_ROWS) -> IO[bytes]:
    """Return the open sheet of at most `most` entries, the newest, once its rows and SHA-256 (hex) are on record."""
    heads = [
        (_("条目"), 10),
        (_("时间"), 20),
        (_("人员"), 12),
        (_("岗位"), 14),
        (_("动作"), 14),
        (_("结果"), 8),
        (_("对象"), 24),
        (_("单位"), 26),
        (_("案号"), 16),
        (_("理由"), 36),
        (_("值"), 24),
        (_("改动"), 60),
        (_("授权"), 24),
        (_("来源"), 16),
        (_("请求"), 34),
        (_("校验"), 10),
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "trail.xlsx"
        count, digest = write_list(path, _("审计条目"), heads, _lines(session, wanted, most))
        record(count, digest)
        return path.open("rb")  # stays readable after the folder is gone


def _lines(session: OfficeSession, wanted: TrailFilter, most: int) -> Iterator[list[Value]]:
    before, left = None, most
    while left:
        events = trail(session, wanted, before=before, limit=min(BATCH, left))
        entries, names = read_entries(session, events)
        yield from (_line(names, entry) for entry in entries)
        if len(events) < BATCH:
            return
        left, before = left - len(events), events[-1].id
        session.expunge_all()


def _line(names: Names, entry: Entry) -> list[Value]:
    event = entry.event
    return [
        event.id,
        say_seconds(event.at),
        actor_word(entry),
        actor_role(entry),
        say(action_word(event.action).word),
        _("被拒") if event.outcome == "refused" else _("已办"),
        subject_word(names, entry),
        names.where(event),
        entry.facts.get("number"),
        reason_of(names, entry),
        amount(names, entry),
        str(_("；")).join(map(_written, differences(names, entry))) or None,
        event.grant_ref,
        entry.body["address"] or None,
        event.request_id,
        _("一致") if is_genuine(names.session, event) else _("不符"),
    ]


def _written(difference: dict[str, Any]) -> str:
    if difference.get("secret"):
        return f"{difference['field']}：{difference['secret']}"
    return f"{difference['field']}：{difference['old'] or '—'} → {difference['new'] or '—'}"


def export_facts(asked: Asked, condition: TrailFilter) -> dict[str, Any]:
    """Return the filters for the record of an export: whom typed words meant, never the words, which may be a name."""
    facts = {key: value for key, value in asked.parts.items() if key in ("action", "refused", "on_from", "on_to")}
    named = {"people": condition.actor_ids, "children": condition.child_ids}
    facts |= {key: list(map(str, ids)) for key, ids in named.items() if ids is not None}
    return {"filters": facts if condition.case_id is None else facts | {"case": str(condition.case_id)}}
