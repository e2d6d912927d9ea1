"""Sends a test message through a channel at once, and says in words what was in the way."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select, update

from models.channel import Channel
from models.database import Database
from models.scope import system_scope
from models.types import new_id
from workflows.outbox.claim import ROBOTS, Claim, Parcel, account_of, allowed_now
from workflows.outbox.letter import case_letter
from workflows.outbox.outside import Outside
from workflows.outbox.send import attempt
from workflows.text import Text, text

FAILURES: Mapping[str, Text] = {
    "address_refused": text("地址在内网或没有加密，配置里没有列为可以访问"),
    "certificate": text("对方的证书不可信，或不是这个名字"),
    "no_tls": text("对方不支持加密连接"),
    "timeout": text("对方没有按时回答"),
    "refused": text("对方拒绝连接"),
    "unknown_host": text("找不到这个服务器名"),
    "broken_off": text("连接中断，或对方答得不完整"),
    "login_refused": text("账号或密码不对"),
    "too_many": text("发得太多，机器人暂时不收"),
    "too_large": text("消息太长"),
    "strange_answer": text("对方的回答看不懂"),
    "never_ended": text("发送多次没有结果"),
    "cannot_write": text("消息写不出来，密钥可能已销毁"),
    "cannot_send": text("程序发不出这条消息"),
    "cannot_spread": text("程序分不了这条消息"),
    "smtp_refused": text("邮件服务器不收"),
}
_NUMBERED: Mapping[str, Text] = {
    "http": text("对方答 HTTP {number}"),
    "smtp": text("邮件服务器答 {number}"),
    "robot": text("机器人答错误码 {number}"),
}
_CODE = re.compile(r"(http|smtp|robot)_(-?[0-9]+)")


def failure_words(code: str) -> Text:
    """Return what a failure's code means."""
    found = _CODE.fullmatch(code)
    if found is not None:
        return Text(_NUMBERED[found[1]].msgid, {"number": found[2]})
    return FAILURES.get(code, text("没有送到"))


def try_channel(database: Database, channel_id: int, to: str, now: datetime, outside: Outside) -> str | None:
    """Send a test message, by e-mail to one address, and return the code of what was in the way, None when it arrived.

    A robot's allowance counts it like any other.
    """
    with database.transaction(system_scope("outbox")) as session:
        channel = session.scalars(select(Channel).where(Channel.id == channel_id).with_for_update()).one()
        if channel.kind in ROBOTS:
            allowed = allowed_now(channel, now)
            if allowed < 1:
                return "too_many"
            spent = {"allowance": allowed - 1, "allowance_at": now}
            session.execute(update(Channel).where(Channel.id == channel.id).values(spent))
        account = account_of(session, channel)
    letter = case_letter(str(new_id()), "test", None, {}, now, outside.say, link=outside.site, to=to)
    fault = attempt(Claim("", account, ()), Parcel(letter, ()), now, outside)
    return None if fault is None else fault.code
