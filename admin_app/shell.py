"""The frame around every page: menu, term bar, person, language and looks."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Flask, g, request, url_for
from flask_babel import format_date
from flask_babel import gettext as _

from admin_app.desk import current_actor, current_policy, may, now, system_session
from admin_app.language import chosen
from admin_app.menu import ITEMS, Item
from models.school_year import Term
from models.terms import latest_term, week_number, weeks
from workflows.actor import Actor
from workflows.clock import local_day
from workflows.operations.account import IDLE
from workflows.policy import Permission

PRODUCT = "守望"


def present_term() -> Term | None:
    """Return the term that lists default to."""
    if "term" not in g:
        g.term = latest_term(system_session(), local_day(now()))
    term: Term | None = g.term
    return term


def term_label(term: Term) -> str:
    """Return a term as people say it: 2026–2027 学年 第一学期."""
    which = _("第一学期") if term.number == 1 else _("第二学期")
    return str(_("%(year)s 学年 %(term)s", year=term.school_year.name, term=which))


def _term(day: date) -> dict[str, Any] | None:
    term = present_term()
    if term is None:
        return None
    mondays, here = weeks(term), week_number(term, day)
    number = here or len(mondays) + 1
    return {
        "label": term_label(term),
        "weeks": [{"kind": _kind(n, number), "title": _("第 %(n)s 周", n=n)} for n in range(1, len(mondays) + 1)],
        "week_no": here,
        "week_total": len(mondays),
        "today": format_date(day, "M月d日 EEEE" if chosen() == "zh" else "EEE d MMM"),
    }


def _kind(week: int, here: int) -> str:
    return "current" if week == here else ("past" if week < here else "future")


def _allowed() -> list[Item]:
    return [item for item in ITEMS if item.permission is None or may(item.permission)]


def _line(item: Item) -> dict[str, Any]:
    own = item.endpoint.split(".")[0]
    return {
        "label": item.label,
        "url": url_for(item.endpoint),
        "icon": item.icon,
        "is_current": _family() == own,
        "count": None,
        "count_url": url_for("inbox.count") if item.endpoint == "inbox.index" else None,
    }


def _family() -> str:
    """Return the family of screens that is open; what has no line of its own in the menu belongs to another's."""
    family = (request.endpoint or "").split(".")[0]
    return {"bulk": "cases"}.get(family, family)


def _menu(items: list[Item]) -> list[dict[str, Any]]:
    groups: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        groups.setdefault(str(item.group), []).append(_line(item))
    return [{"label": label, "items": lines} for label, lines in groups.items()]


def role_word(role: str) -> str:
    """Return a role as people say it."""
    rules = current_policy().roles.get(role)
    return role if rules is None else rules.label["en" if chosen() == "en" else "zh"]


def _person(actor: Actor) -> dict[str, Any]:
    post = actor.posts[0] if actor.posts else None
    return {
        "name": actor.name,
        "post": f"{post.place_name} {role_word(post.role)}" if post else _("没有岗位"),
        "initial": actor.name[:1],
        "profile_url": url_for("account.settings"),
        "logout_url": url_for("account.log_out"),
    }


def frame() -> dict[str, Any]:
    """Return the `shell` that base.html and bare.html draw."""
    actor = current_actor()
    looks = {"theme": actor.preferences.get("theme", "auto"), "size": actor.preferences.get("size", "normal")}
    language_url = url_for("account.switch_language", to="zh" if chosen() == "en" else "en", next=request.full_path)
    bare = {"product": PRODUCT, "language": chosen(), "language_url": language_url, **looks}
    if actor.staff_id is None or g.get("is_frameless"):
        return bare
    items = _allowed()
    return bare | {
        "menu": _menu(items),
        "phone_tabs": [_line(item) for item in items if item.is_tab][:5],
        "term": _term(local_day(now())),
        "search_url": url_for("search.index") if may(Permission.CHILD_LIST) else None,
        "person": _person(actor),
        "posts": [],
        "bell": {"count": g.get("unread", 0), "url": url_for("notices.index")},
        "place_line": actor.posts[0].place_name if actor.posts else "",
        # access.md: a small school may work without separate officers, but visibly.
        "worker_line": "" if current_policy().separate_officers else _("三员未分设"),
        "sessions_url": url_for("account.sessions"),
        "appearance_url": url_for("account.appearance"),
        "idle": {"minutes_left": int(IDLE.total_seconds() // 60), "url": url_for("account.stay")},
    }


def bind(app: Flask) -> None:
    """Give every template the frame."""

    @app.context_processor
    def shell() -> dict[str, Any]:
        return {"shell": frame()}
