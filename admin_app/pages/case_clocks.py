"""What the page of a case says of time: what is still to be done by when, what was missed, and what was fired."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.wording import say, say_moment
from models.case import Case
from models.clock import CaseClock, ClockFiring
from workflows.case_view import CaseView
from workflows.clock_plan import STATE, has_clocks

DAYS_FROM, HOURS_FROM = timedelta(days=2), timedelta(hours=2)


def due_tag(case: Case, now: datetime) -> dict[str, str] | None:
    """Return the tag of a case that is overdue, None for others."""
    if case.due_at is None or not case.is_overdue(now):
        return None
    return {"kind": "bad", "icon": "clock-exclamation", "word": _("逾期 %(time)s", time=say_span(now - case.due_at))}


def say_span(span: timedelta) -> str:
    """Return a length of time as people say it: in days, hours or minutes."""
    if span >= DAYS_FROM:
        return str(_("%(n)s 天", n=span.days))
    if span >= HOURS_FROM:
        return str(_("%(n)s 小时", n=int(span.total_seconds() // 3600)))
    return str(_("%(n)s 分钟", n=max(int(span.total_seconds() // 60), 1)))


def clock_lines(session: Session, view: CaseView, now: datetime) -> list[dict[str, Any]]:
    """Return the clocks worth seeing, running ones first by when they are due; what was kept long ago is left out."""
    if not has_clocks(view.version.workflow):
        return []
    rows = session.execute(
        select(CaseClock, ClockFiring)
        .outerjoin(ClockFiring, ClockFiring.clock_id == CaseClock.id)
        .where(CaseClock.case_id == view.case.id)
        .order_by(CaseClock.id, ClockFiring.rung)
    ).all()
    clocks = {clock.id: clock for clock, _fired in rows}
    fired: dict[int, list[ClockFiring]] = {}
    for clock, one in rows:
        if one is not None:
            fired.setdefault(clock.id, []).append(one)
    shown = [clock for clock in clocks.values() if clock.limit_key != STATE or _is_worth(clock)]
    in_order = sorted(shown, key=lambda clock: (clock.stopped_at is not None, clock.due_at))
    return [_line(view, clock, fired.get(clock.id, ()), now) for clock in in_order]


def _is_worth(clock: CaseClock) -> bool:
    return clock.stopped_at is None or clock.missed_at is not None


def _line(view: CaseView, clock: CaseClock, fired: Sequence[ClockFiring], now: datetime) -> dict[str, Any]:
    return {
        "label": _label(view, clock),
        "due": say_moment(clock.due_at),
        "tag": _tag(clock, now),
        "fired": [{"when": say_moment(one.at), "what": _done(one), "told": one.told} for one in reversed(fired)],
    }


def _label(view: CaseView, clock: CaseClock) -> str:
    workflow = view.version.workflow
    if clock.limit_key != STATE:
        limit = workflow.limits.get(clock.limit_key)
        return say(limit.label) if limit is not None else clock.limit_key
    entry = next((move for move in view.moves if move.id == clock.entry_id), None)
    state = workflow.states.get(entry.to_state if entry is not None else view.case.state)
    return say(state.label) if state is not None else ""


def _tag(clock: CaseClock, now: datetime) -> dict[str, str]:
    if clock.stopped_at is None:
        if clock.due_at < now:
            return {"kind": "bad", "word": _("逾期 %(time)s", time=say_span(now - clock.due_at))}
        left = clock.due_at - now
        kind = "warn" if clock.rung else "info"
        return {"kind": kind, "word": _("还有 %(time)s", time=say_span(left))}
    if clock.missed_at is not None:
        return {"kind": "bad", "word": _("超期 %(time)s", time=say_span(clock.stopped_at - clock.due_at))}
    return {"kind": "ok", "word": _("按时 %(when)s", when=say_moment(clock.stopped_at))}


def _done(one: ClockFiring) -> str:
    words = {"remind": _("已提醒"), "urge": _("已催办"), "assign": _("已转上级"), "miss": _("到期")}
    return str(words.get(one.action, one.action))
