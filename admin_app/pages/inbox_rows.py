"""What a row of the inbox says: the case and its key facts, where it stands, since when, by when, in whose place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.desk import current_actor, now, system_session
from admin_app.listing.places import PlacePath
from admin_app.pages.case import state_tag
from admin_app.pages.case_words import Names, key_facts, names_on
from admin_app.pages.due import due_tag
from admin_app.shell_year import school_year_shown
from admin_app.wording import say, say_day, say_moment, say_short
from models.case import Case
from models.child import Child
from models.database import OfficeSession
from models.reports.inbox import Found, openers, watched_among
from models.scope import LEVELS, NO_PLACE
from workflows.calendar import calendar_in_force
from workflows.engine.decision import Seat
from workflows.engine.machine import WITHDRAWN
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.inbox import for_whom, seats_waiting
from workflows.working_time import WorkingCalendar

MOST_FACTS = 3
TODO, CLAIM, DONE, COPIES, OPENED, WATCHED = TABS = ("todo", "claim", "done", "copies", "opened", "watched")
WAITING = (TODO, CLAIM)


@dataclass(frozen=True)
class Beside:
    """What stands beside the cases of a page."""

    path: PlacePath
    names: Names
    openers: Mapping[int, str]
    seats: Mapping[int, tuple[Seat, ...]]
    watched: frozenset[int]
    calendar: WorkingCalendar


def beside(session: OfficeSession, rows: Sequence[Found], tab: str, path: PlacePath) -> Beside:
    """Fetch what the rows of a page name: places, people, seats, whether somebody watches."""
    cases = [row[0] for row in rows]
    ids = [case.id for case in cases]
    path.learn(session, {code for case in cases for code in _codes(case)}, school_year_shown())
    return Beside(
        path,
        names_on(session, cases) if cases else {},
        openers(session, ids),
        seats_waiting(session, cases) if tab in WAITING else {},
        watched_among(session, ids) if tab in WAITING else frozenset(),
        calendar_in_force(system_session()),
    )


def lines(session: OfficeSession, rows: Sequence[Found], tab: str, known: Beside) -> list[dict[str, Any]]:
    """Return the rows as the templates draw them and the sheet writes them."""
    return [_line(workflow_version(session, row[0].definition_id), row, tab, known) for row in rows]


def _line(version: WorkflowVersion, row: Found, tab: str, known: Beside) -> dict[str, Any]:
    case: Case = row[0]
    child: Child | None = row[1]
    return {
        "id": str(case.id),
        "number": case.number,
        "url": url_for("cases.show", number=case.number),
        "workflow": say(version.workflow.title),
        "title": child.name if child is not None else known.path.name(_codes(case)[0]) or case.number,
        "facts": key_facts(version, case, known.names)[:MOST_FACTS],
        "state": state_tag(version.workflow, case.state),
        "place": _place(case, known.path),
        "opener": known.openers.get(case.id, ""),
        "opened": say_short(case.opened_at),
        "since": say_short(case.state_since),
        "due": due_tag(case, now(), known.calendar),
        "marks": _marks(version, case, tab, known),
        "last": _last(version, row, tab),
        "is_new": row[3] == "unread",
    }


def _codes(case: Case) -> list[str]:
    """Return the places of a case, the lowest first."""
    codes = case.level_codes
    return [codes[level] for level in reversed(LEVELS) if codes[level] != NO_PLACE][:2]


def _place(case: Case, path: PlacePath) -> str:
    return " ".join(name for code in reversed(_codes(case)) if (name := path.name(code)))


def _marks(version: WorkflowVersion, case: Case, tab: str, known: Beside) -> list[dict[str, Any]]:
    if tab not in WAITING:
        return []
    found = []
    behalf = for_whom(current_actor(), version.workflow, case, known.seats.get(case.id, ()))
    if behalf is not None:
        found.append({"kind": "info", "word": _("代 %(name)s", name=behalf.name), "icon": "user-share"})
    if case.urged:
        found.append({"kind": "warn", "word": _("催办 %(n)s 次", n=case.urged), "icon": "bell-ringing"})
    if case.id in known.watched:
        found.append({"kind": "warn", "word": _("督办"), "icon": "eye"})
    return found


def _last(version: WorkflowVersion, row: Found, tab: str) -> dict[str, str] | None:
    """Return what the last column of a tab says beside a case: what was done, who sent it, who watches."""
    what, kind = row[2], row[3]
    if tab == DONE:
        return {"word": _act(version, what, kind), "sub": say_moment(row[4])}
    if tab == COPIES:
        return {"word": what, "sub": _("未读") if kind == "unread" else _("已读")}
    if tab == WATCHED:
        return {"word": what, "sub": _("已结束") if row[4] else _("要求 %(day)s 前", day=say_day(kind)) if kind else ""}
    return None


def _act(version: WorkflowVersion, what: str | None, kind: str) -> str:
    if kind in ("handed_over", "recused"):
        return str(_("转办") if kind == "handed_over" else _("回避"))
    if what is None:
        return str(_("回复意见"))
    if what == WITHDRAWN:
        return str(_("撤回"))
    taken = version.workflow.transitions.get(what)
    return say(taken.label) if taken is not None and taken.label else what
