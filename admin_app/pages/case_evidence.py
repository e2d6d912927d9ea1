"""How often somebody talked, visited or called while a case ran, each figure with the records behind it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.desk import current_actor, current_policy, may, now, read_session
from admin_app.wording import say, say_day
from models.case import CaseMove
from models.reports.records import records_by_kind
from workflows.case_view import CaseView
from workflows.clock import local_day
from workflows.evidence import KINDS
from workflows.policy import Permission
from workflows.text import text

Span = tuple[date, date]
WORDS = {
    "evidence.talks": text("谈心"),
    "evidence.home_visits": text("家访"),
    "evidence.calls": text("通话"),
    "evidence.letters": text("书信"),
    "evidence.diaries": text("成长日记"),
}


def records_url(child_id: int, name: str, span: Span) -> str:
    """Return the list of the records that a count of evidence stands for."""
    kind = name.partition(".")[2]
    since, until = (day.isoformat() for day in span)
    return url_for("records.index_view", child=child_id, kind=kind, since=since, until=until)


def may_count(view: CaseView) -> bool:
    """Tell whether the person may open the records of the child that a case is about."""
    child = view.child
    if child is None or not may(Permission.RECORD_LIST):
        return False
    return current_policy().post_for(current_actor(), Permission.RECORD_LIST, child.level_codes) is not None


def evidence_cards(view: CaseView) -> list[dict[str, Any]]:
    """Return the card of the counts since the case was opened and since it was last checked; none for a place."""
    if not may_count(view):
        return []
    child, until = view.child.id, local_day(view.case.closed_at or now())
    spans = [(_("立案以来"), (local_day(view.case.opened_at), until))]
    since = local_day(view.case.state_since)
    if view.case.closed_at is None and since > spans[0][1][0]:
        spans.append((_since_word(view.moves), (since, until)))
    counts = [records_by_kind(read_session(Permission.RECORD_LIST), [child], *span) for _word, span in spans]
    head = [{"key": "span", "label": _("期间")}, *({"key": key, "label": say(WORDS[key])} for key in KINDS)]
    rows = [_row(child, word, span, found) for (word, span), found in zip(spans, counts, strict=True)]
    return [{"title": _("期间记录"), "sub": _("点数字看记录"), "table": {"columns": head, "rows": rows}}]


def _since_word(moves: Sequence[CaseMove]) -> str:
    last = moves[-1] if moves else None
    return str(_("上次检查以来") if last is not None and last.from_state == last.to_state else _("本环节以来"))


def _row(child: int, word: str, span: Span, found: dict[tuple[int, str], int]) -> dict[str, Any]:
    cells: list[dict[str, Any]] = [{"kind": "text", "value": word, "sub": _("%(day)s 起", day=say_day(span[0]))}]
    for name, kinds in KINDS.items():
        count = sum(found.get((child, kind), 0) for kind in kinds)
        url = records_url(child, name, span)
        cells.append({"kind": "link", "value": count, "url": url} if count else {"kind": "number", "value": 0})
    return {"id": word, "cells": cells}


def span_before(moves: Sequence[CaseMove], move_id: int) -> Span | None:
    """Return the days over which a form counted evidence when it was filled in: from the step before it to its own."""
    at = next((n for n, move in enumerate(moves) if move.id == move_id), 0)
    if at == 0:
        return None
    return local_day(moves[at - 1].at), local_day(moves[at].at)
