"""What the page of a person on the staff shows: account, posts, sessions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from flask_babel import gettext as _

from admin_app.listing.column import Cell, tag, words
from admin_app.shell import role_word
from admin_app.wording import say, say_day, say_moment
from models.staff import Appointment, LoginSession, Staff
from workflows.fields import CODE_LISTS, STAFF
from workflows.mask import mask_phone, masked
from workflows.text import text


def state_cell(person: Staff) -> Cell:
    """Return whether a person can log in."""
    if not person.is_active:
        return tag("neutral", text("未启用"), "lock")
    return tag("warn", text("待改密码"), "key") if person.must_change_password else tag("ok", text("在用"))


def post_state(post: Appointment, day: date) -> Cell:
    """Return whether a post is held on a day."""
    if post.holds_on(day):
        return tag("ok", text("在任"))
    return tag("info", text("未到"), "clock") if post.from_on > day else tag("neutral", text("已结束"), "circle-check")


def posts_line(posts: Sequence[Appointment], places: Mapping[int, str], day: date) -> str:
    """Return the posts held on a day in one line."""
    held = (post for post in posts if post.holds_on(day))
    return str(_("、")).join(f"{places.get(post.place_id, '')} {role_word(post.role)}" for post in held)


class Held(NamedTuple):
    """A post with the names of its place and of whoever approved it, and the addresses to change and to end it."""

    post: Appointment
    place: str
    approved_by: str
    urls: tuple[str, str] | None


def staff_page(
    person: Staff,
    workplace: str,
    posts: Sequence[Held],
    sessions: Sequence[LoginSession],
    day: date,
    appoint_url: str | None,
) -> dict[str, Any]:
    """Return the page of a person for `office/detail.html`."""
    labels = [_("岗位"), _("单位"), _("起"), _("止"), _("批准人"), _("事由"), _("状态")]
    columns = labels + ([_("办理")] if appoint_url else [])
    rows = [
        {
            "id": post.id,
            "url": urls[0] if urls else None,
            "cells": [
                words(role_word(post.role), sub=f"G-{post.id}"),
                words(place),
                words(say_day(post.from_on)),
                words(say_day(post.until_on)) if post.until_on else words(_("未定")),
                words(approved_by),
                words(post.purpose),
                post_state(post, day),
                *([_ending(post, urls[1], day)] if urls else []),
            ],
        }
        for post, place, approved_by, urls in posts
    ]
    links = [{"label": _("任命"), "url": appoint_url, "icon": "plus"}] if appoint_url else []
    card: dict[str, Any] = {"title": _("岗位"), "links": links}
    if rows:
        card["table"] = {"columns": [{"key": str(n), "label": label} for n, label in enumerate(columns)], "rows": rows}
    else:
        card["empty"] = {"icon": "id", "title": _("还没有岗位")}
    state = state_cell(person)
    return {
        "title": person.name,
        "subtitle": person.login,
        "initial": person.name[:1],
        "tags": [{"kind": state["tag_kind"], "word": state["value"], "icon": state["icon"]}],
        "facts": [
            {"key": _("单位"), "value": workplace},
            {"key": _("性别"), "value": say(CODE_LISTS["sex"][person.sex]) if person.sex else None},
            {"key": _("电话"), "value": mask_phone(person.phone or "")},
            {"key": _("电子邮箱"), "value": masked(STAFF["email"], person.email)},
            {"key": _("建立"), "value": say_moment(person.made_at)},
        ],
        "cards": [card, _sessions(sessions)],
        "is_stacked": True,
    }


def _ending(post: Appointment, url: str, day: date) -> Cell:
    has_ended = post.until_on is not None and post.until_on < day
    return {"kind": "empty"} if has_ended else {"kind": "link", "value": _("解除"), "url": url}


def _sessions(sessions: Sequence[LoginSession]) -> dict[str, Any]:
    labels = (_("登录时间"), _("最近使用"), _("地址"), _("状态"))
    rows = [
        {
            "id": session.id,
            "cells": [
                words(say_moment(session.began_at)),
                words(say_moment(session.seen_at)),
                words(session.address),
                tag("neutral", text("已退出"), "logout") if session.ended_at else tag("ok", text("未退出")),
            ],
        }
        for session in sessions
    ]
    card: dict[str, Any] = {"title": _("登录"), "sub": _("最近 %(n)s 次", n=len(rows)) if rows else ""}
    if rows:
        card["table"] = {"columns": [{"key": str(n), "label": label} for n, label in enumerate(labels)], "rows": rows}
    else:
        card["empty"] = {"icon": "device-desktop", "title": _("还没有登录过")}
    return card
