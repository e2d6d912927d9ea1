"""The inbox: what waits for a person, may be claimed, was done, copied, opened and is watched, by keyset."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, current_policy, may, now, read_session, system_session
from admin_app.listing.cursor import Cursor, seal, unseal
from admin_app.listing.places import PlacePath
from admin_app.pages.inbox_rows import CLAIM, COPIES, DONE, OPENED, TABS, TODO, WAITING, WATCHED, beside, lines
from admin_app.wording import say
from models.database import OfficeSession
from models.reports.inbox import (
    MOST_COUNTED,
    Desk,
    Found,
    Listing,
    Narrowed,
    claimable_cases,
    copied_cases,
    count_claimable,
    count_unread,
    count_waiting,
    count_watched,
    handled_cases,
    keys_of,
    opened_cases,
    waiting_cases,
    watched_cases,
)
from models.scope import Branch
from models.search import find_children
from models.types import UtcDateTime
from workflows.clock import local_day
from workflows.engine.published import WorkflowVersion
from workflows.inbox import desk_of
from workflows.opening_view import workflows_in_force
from workflows.policy import Permission as P

PAGE = 50
LISTS: Mapping[str, Callable[[Desk, Narrowed], Listing]] = {
    TODO: waiting_cases,
    CLAIM: claimable_cases,
    DONE: handled_cases,
    COPIES: copied_cases,
    OPENED: opened_cases,
    WATCHED: watched_cases,
}
COUNTS: Mapping[str, Callable[[Session, Desk], int]] = {
    TODO: count_waiting,
    CLAIM: count_claimable,
    COPIES: count_unread,
    WATCHED: count_watched,
}
_NUMBER = re.compile(r"[A-Za-z]{2,6}-\d{4}-\d{1,12}")


@dataclass(frozen=True)
class Asked:
    """What an address asks for: a tab, and which of its cases."""

    tab: str
    narrowed: Narrowed
    words: str
    path: PlacePath

    @property
    def kept(self) -> dict[str, Any]:
        """What the links of the page carry on."""
        named = {"workflow": self.narrowed.workflow, "q": self.words, "overdue": self.narrowed.overdue_at and "1"}
        return {"tab": self.tab, **{key: value for key, value in named.items() if value}, **self.path.chosen}


def own_desk(session: OfficeSession, versions: list[WorkflowVersion]) -> Desk:
    """Return what may lie before the person who asks."""
    everything, day = system_session("confidential parts"), local_day(now())
    return desk_of(session, everything, current_actor(), current_policy(), versions, day)


def read_asked(session: OfficeSession, args: MultiDict[str, str], versions: list[WorkflowVersion]) -> Asked:
    """Return what an address asks for; whatever it names that does not exist narrows nothing."""
    tab, words = args.get("tab", ""), args.get("q", "").strip()
    path = PlacePath.read(session.info["scope"], args)
    known = {version.workflow.key for version in versions}
    number = words.upper() if _NUMBER.fullmatch(words) else None
    children = tuple(child.id for child in find_children(session, words)) if words and number is None else None
    lowest = list(path.chosen.items())[-1:]
    return Asked(
        tab if tab in TABS else TODO,
        Narrowed(
            workflow=args["workflow"] if args.get("workflow") in known else None,
            places=tuple(Branch(level, code) for level, code in lowest),
            overdue_at=now() if args.get("overdue") == "1" else None,
            child_ids=children,
            number=number,
        ),
        words,
        path,
    )


def inbox_page(args: MultiDict[str, str]) -> dict[str, Any]:
    """Return the context of `inbox/inbox.html` for the filters in an address."""
    session = read_session(P.CASE_LIST)
    versions = workflows_in_force(session)
    desk, asked = own_desk(session, versions), read_asked(session, args, versions)
    listing = LISTS[asked.tab](desk, asked.narrowed)
    cursor = _cursor(args.get("at"), asked.tab, listing)
    found = listing.fetch(session, cursor.values if cursor else None, cursor is None or cursor.forward, PAGE + 1)
    rows, has_more = _cut(found, cursor)
    known = beside(session, rows, asked.tab, asked.path)
    whole = len(rows) if cursor is None and not has_more and set(asked.kept) == {"tab"} else None
    counts = _counts(session, desk, asked.tab, whole)
    return {
        "tab": asked.tab,
        "tabs": [_tab(key, asked, counts.get(key, 0)) for key in TABS],
        "waiting": shown_count(counts[TODO]),
        "filters": _filters(asked, versions),
        "rows": lines(session, rows, asked.tab, known),
        "columns": _columns(asked.tab),
        "batch": _batch(asked.tab),
        "request_key": uuid.uuid4().hex,
        "pager": _pager(rows, asked, cursor, has_more),
        "empty": _empty(asked),
        "export_url": url_for("inbox.export", **asked.kept) if may(P.CHILD_EXPORT) else None,
    }


def waiting_now() -> int:
    """Return how many cases wait for the person who asks, for the menu."""
    session = read_session(P.CASE_LIST)
    return count_waiting(session, own_desk(session, workflows_in_force(session)))


def shown_count(number: int) -> str:
    """Return a count as a badge shows it: nothing for none, 99+ for more."""
    return f"{MOST_COUNTED}+" if number > MOST_COUNTED else str(number or "")


def tab_word(tab: str) -> str:
    """Return what a tab is called."""
    words = {TODO: _("待办"), CLAIM: _("待领"), DONE: _("已办"), COPIES: _("抄送我的"), OPENED: _("我发起的"),
             WATCHED: _("督办")}  # fmt: skip
    return str(words[tab])


def _counts(session: OfficeSession, desk: Desk, tab: str, whole: int | None) -> dict[str, int]:
    known = {tab: whole} if whole is not None and tab in WAITING else {}
    return {key: known[key] if key in known else count(session, desk) for key, count in COUNTS.items()}


def _tab(key: str, asked: Asked, count: int) -> dict[str, Any]:
    rest = {name: value for name, value in asked.kept.items() if name != "tab"}
    url = url_for("inbox.index", tab=key, **rest)
    return {"label": tab_word(key), "url": url, "count": shown_count(count), "is_current": key == asked.tab}


def _cursor(written: str | None, tab: str, listing: Listing) -> Cursor | None:
    keys = listing.keys[0]
    cursor = unseal(f"inbox:{tab}", written, len(keys))
    if cursor is None:
        return None
    values = (_stored(key.type, value) for key, value in zip(keys, cursor.values, strict=True))
    return Cursor(cursor.forward, tuple(values))


def _stored(kind: Any, value: Any) -> Any:
    return datetime.fromisoformat(value) if isinstance(kind, UtcDateTime) else value


def _cut(found: list[Found], cursor: Cursor | None) -> tuple[list[Found], bool]:
    has_more = len(found) > PAGE
    if cursor is not None and not cursor.forward:
        return found[-PAGE:], has_more
    return found[:PAGE], has_more


def _pager(rows: list[Found], asked: Asked, cursor: Cursor | None, has_more: bool) -> dict[str, Any] | None:
    if not rows:
        return None
    back = cursor is not None and not cursor.forward
    at = {forward: seal(f"inbox:{asked.tab}", Cursor(forward, keys_of(rows[-1 if forward else 0])))
          for forward in (False, True)}  # fmt: skip
    before, after = (has_more, True) if back else (cursor is not None, has_more)
    return {
        "first": url_for("inbox.index", **asked.kept) if cursor is not None else None,
        "previous": url_for("inbox.index", at=at[False], **asked.kept) if before else None,
        "next": url_for("inbox.index", at=at[True], **asked.kept) if after else None,
        "size": PAGE,
        "summary": _("本页 %(n)s 件", n=len(rows)),
    }


def _filters(asked: Asked, versions: list[WorkflowVersion]) -> dict[str, Any]:
    every = [{"value": "", "label": _("全部")}]
    chosen = [{"value": v.workflow.key, "label": say(v.workflow.title)} for v in versions]
    filters = [
        {"key": "workflow", "label": _("流程"), "kind": "select", "value": asked.narrowed.workflow or "",
         "options": every + chosen},
        *asked.path.controls(),
    ]  # fmt: skip
    if asked.tab != DONE:
        late = [*every, {"value": "1", "label": _("已逾期")}]
        value = "1" if asked.narrowed.overdue_at else ""
        filters.insert(1, {"key": "overdue", "label": _("到期"), "kind": "select", "value": value, "options": late})
    return {
        "action": url_for("inbox.index"),
        "search": {"name": "q", "value": asked.words, "placeholder": _("案号、姓名、首字母")},
        "filters": filters,
        "shown": 3,
        "hidden": [("tab", asked.tab)],
        "chips": [_chip(key, name, asked) for key, name in asked.path.chips()],
    }


def _chip(key: str, name: str, asked: Asked) -> dict[str, str]:
    rest = {kept: value for kept, value in asked.kept.items() if kept != key}
    return {"label": name, "remove_url": url_for("inbox.index", **rest)}


def _columns(tab: str) -> dict[str, str]:
    """Return the heads of a tab's columns; one without a head is left out."""
    last = {DONE: _("我办的"), COPIES: _("抄送人"), WATCHED: _("督办人")}
    return {
        "case": _("事项与要点"),
        "place": _("单位"),
        "state": _("环节") if tab != DONE else _("现在"),
        "opener": _("发起人 / 发起"),
        "since": _("收到") if tab in WAITING else _("进入环节"),
        "last": last.get(tab, ""),
        "due": _("到期") if tab != DONE else "",
    }


def _batch(tab: str) -> dict[str, Any] | None:
    if tab == TODO and may(P.CASE_ACT):
        verbs = [{"label": _("批量办理"), "icon": "checks", "is_primary": True}]
        return {"url": url_for("inbox.check"), "what": _("同一流程、同一环节的一起办"), "verbs": verbs}
    if tab == CLAIM and may(P.CASE_ACT):
        return {
            "url": url_for("inbox.claim"),
            "verbs": [{"label": _("认领"), "icon": "user-check", "is_primary": True}],
        }
    return None


def _empty(asked: Asked) -> dict[str, Any]:
    if set(asked.kept) != {"tab"}:
        back = {"label": _("看全部"), "url": url_for("inbox.index", tab=asked.tab)}
        return {"icon": "search", "title": _("没有符合条件的事项"), "text": _("换个条件试试"), "action": back}
    title, text = {
        TODO: (_("没有轮到你办的事项"), _("轮到你的下一步会列在这里")),
        CLAIM: (_("没有可以认领的事项"), _("同岗位几个人都能办的事项列在这里，谁认领谁办")),
        DONE: (_("你还没有办过事项"), _("你办过的每一步和它后来的结果会列在这里")),
        COPIES: (_("没有抄送给你的事项"), _("别人请你看的事项会列在这里，打开即为已读")),
        OPENED: (_("你还没有发起过事项"), _("可以在儿童或单位的页面上发起")),
        WATCHED: (_("没有督办的事项"), _("在事项页面上点“督办”后会列在这里，逾期的在前，结束的在后")),
    }[asked.tab]
    return {"icon": "circle-check" if asked.tab == TODO else "inbox", "title": title, "text": text, "action": None}
