"""What the screens of the message channels show: the list, one channel with what did not arrive, and its form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.listing.column import Cell, tag, words
from admin_app.wording import say, say_moment
from models.channel import KINDS, Channel
from models.outbox import OutboxMessage
from models.place import Place
from workflows.fields import CODE_LISTS
from workflows.outbox.topics import topic_of
from workflows.outbox.trial import failure_words
from workflows.text import text

MOST_SHOWN = 30
ICONS = {"mail": "mail", "webhook": "plug", "wecom": "messages", "dingtalk": "messages"}


def kind_word(kind: str) -> str:
    """Return what a kind of channel is called."""
    return say(CODE_LISTS["channel_kind"][kind])


def index_page(session: Session, can_add: bool) -> dict[str, Any]:
    """Return the list of the channels in scope for `office/list.html`."""
    rows = session.execute(
        select(Channel, Place.name)
        .join(Place, Place.id == Channel.place_id)
        .order_by(Place.code, Channel.kind, Channel.id)
        .limit(500)
    ).all()
    lost = _given_up(session, [channel.id for channel, _place in rows])
    labels = (_("名称"), _("渠道"), _("单位"), _("状态"), _("未送达"), _("上次试发"))
    listed = [
        {
            "id": channel.id,
            "url": url_for("channels.show", channel=channel.id),
            "cells": [
                words(channel.name),
                words(kind_word(channel.kind)),
                words(place),
                state_cell(channel),
                {"kind": "number", "value": lost.get(channel.id, 0)},
                _tried(channel),
            ],
        }
        for channel, place in rows
    ]
    adding = [{"label": kind_word(kind), "url": url_for("channels.new", kind=kind), "icon": "plus"} for kind in KINDS]
    return {
        "title": _("消息渠道"),
        "subtitle": _("本单位和下级的事项进展发到哪里"),
        "actions": adding if can_add else [],
        "columns": [{"key": str(n), "label": label, "is_sticky": n == 0} for n, label in enumerate(labels)],
        "rows": listed,
        "can_select": False,
        "pager": None,
        "empty": {
            "icon": "send",
            "title": _("还没有消息渠道"),
            "text": _("没有渠道时，消息只在铃铛里。"),
        },
    }


def _given_up(session: Session, channels: Sequence[int]) -> Mapping[int, int]:
    lost = select(OutboxMessage.channel_id, func.count()).where(
        OutboxMessage.channel_id.in_(channels), OutboxMessage.given_up_at.is_not(None)
    )
    return {int(key or 0): count for key, count in session.execute(lost.group_by(OutboxMessage.channel_id))}


def state_cell(channel: Channel) -> Cell:
    """Return whether a channel is in use."""
    return tag("ok", text("启用")) if channel.is_on else tag("neutral", text("停用"), "player-pause")


def _tried(channel: Channel) -> Cell:
    if channel.tried_at is None:
        return words(_("没有试过"))
    moment = say_moment(channel.tried_at)
    if channel.tried is None:
        return tag("ok", text("已送到"), "circle-check") | {"sub": moment}
    return tag("bad", failure_words(channel.tried), "alert-triangle") | {"sub": moment}


def channel_page(session: Session, channel: Channel, own_email: str | None) -> dict[str, Any]:
    """Return the page of a channel for `office/detail.html`."""
    place = session.get(Place, channel.place_id)
    state, tried = state_cell(channel), _tried(channel)
    trial = {"text": tried["value"], "sub": tried.get("sub")}
    facts = [
        {"key": _("渠道"), "value": kind_word(channel.kind)},
        {"key": _("单位"), "value": place.name if place else ""},
        *_server(channel),
        {"key": _("上次试发"), "value": trial},
    ]
    shown = [say(topic_of(topic).label) for topic in channel.topics]
    content = {"title": _("发送内容"), "text": str(_("、")).join(shown) or _("没有选"), "foot": _rules(channel.kind)}
    lost = _lost(session, channel)
    needs_address = channel.kind == "mail" and not own_email
    label, name = _("试发一条"), "channels.act"
    trying = {"label": label, "url": url_for(name, channel=channel.id, verb="try"), "icon": "send",
              "method": "post", "is_primary": True}  # fmt: skip
    refused = [{"label": label, "icon": "send", "reason": _("请先在“我的账号”填写电子邮箱，试发会发到那里")}]
    return {
        "title": channel.name,
        "subtitle": kind_word(channel.kind),
        "tags": [{"kind": state["tag_kind"], "word": state["value"], "icon": state["icon"]}],
        "facts": facts,
        "cards": [content, lost],
        "is_stacked": True,
        "back_url": url_for("channels.index"),
        "actions": _actions(channel, bool(lost.get("table"))),
        "foot_actions": [] if needs_address else [trying],
        "refused": refused if needs_address else [],
    }


def _server(channel: Channel) -> list[dict[str, Any]]:
    if channel.kind != "mail":
        secret = _("已保存，不再显示")
        return [{"key": _("地址和密钥"), "value": secret}]
    return [
        {"key": _("邮件服务器"), "value": f"{channel.host}:{channel.port}"},
        {"key": _("加密方式"), "value": say(CODE_LISTS["channel_security"][channel.security or "tls"])},
        {"key": _("发件地址"), "value": channel.sender},
        {"key": _("登录名"), "value": channel.login},
    ]


def _rules(kind: str) -> str:
    rules = {
        "mail": _("发给有关的人：本人填了邮箱，并选了随时提醒。保密事项只写案号。"),
        "webhook": _("另一系统收 JSON，按时间和内容签名；保密事项不发。"),
        "wecom": _("每分钟最多 20 条，多了合成一条；保密事项不发。"),
        "dingtalk": _("每分钟最多 20 条，多了合成一条；保密事项不发。"),
    }
    return str(rules[kind])


def _lost(session: Session, channel: Channel) -> dict[str, Any]:
    rows = session.scalars(
        select(OutboxMessage)
        .where(OutboxMessage.channel_id == channel.id, OutboxMessage.failure.is_not(None))
        .where(OutboxMessage.sent_at.is_(None))
        .order_by(OutboxMessage.id.desc())
        .limit(MOST_SHOWN)
    ).all()
    card: dict[str, Any] = {"title": _("没有送到"), "sub": _("最近 %(n)s 条", n=len(rows)) if rows else ""}
    if not rows:
        return card | {"empty": {"icon": "circle-check", "title": _("没有未送达的消息")}}
    labels = (_("内容"), _("时间"), _("原因"), _("试过"), _("状态"))
    lines = [
        {
            "id": row.id,
            "cells": [
                words(say(topic_of(row.topic).label)),
                words(say_moment(row.made_at)),
                words(say(failure_words(row.failure or ""))),
                words(_("%(n)s 次", n=row.tries)),
                tag("bad", text("已放弃"), "circle-x") if row.given_up_at else tag("warn", text("还会再试"), "clock"),
            ],
        }
        for row in rows
    ]
    columns = [{"key": str(n), "label": label, "is_wide": n == 2} for n, label in enumerate(labels)]
    return card | {"table": {"columns": columns, "rows": lines}}


def _actions(channel: Channel, has_lost: bool) -> list[dict[str, Any]]:
    def verb(name: str, label: str, icon: str) -> dict[str, Any]:
        address = url_for("channels.act", channel=channel.id, verb=name, rev=channel.rev)
        return {"label": label, "url": address, "icon": icon, "method": "post"}

    again = [verb("again", _("重发未送达的"), "refresh")] if has_lost else []
    switch = verb("off", _("停用"), "player-pause") if channel.is_on else verb("on", _("启用"), "player-play")
    edit = {"label": _("修改"), "url": url_for("channels.edit", channel=channel.id), "icon": "pencil"}
    drop = {"label": _("删除"), "url": url_for("channels.remove", channel=channel.id), "icon": "trash", "kind": "bad"}
    return [*again, edit, switch, drop]


def remove_page(channel: Channel) -> dict[str, Any]:
    """Return the question before a channel is removed, for `office/delete.html`."""
    back = url_for("channels.show", channel=channel.id)
    return {
        "title": _("删除消息渠道"),
        "subject": channel.name,
        "consequences": [_("地址和密钥一起删除"), _("还没发出的消息不再发")],
        "action": url_for("channels.act", channel=channel.id, verb="remove", rev=channel.rev),
        "cancel_url": back,
    }
