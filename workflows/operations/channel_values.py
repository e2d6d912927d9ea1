"""Reads what was typed about a channel: every kind has its own questions, and says at each what is wrong with it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qs, urlsplit

from models.channel import SECURITIES
from workflows.outbox.connection import target_of
from workflows.outbox.topics import OFFERED
from workflows.refusal import Refusal, Words
from workflows.text import Text, text
from workflows.values import ValueRefused, as_text
from workflows.values.email import HOST, parse_email

LONGEST_NAME, LONGEST_URL, SHORTEST_SECRET, LONGEST_SECRET = 60, 1_000, 16, 200
QUESTIONS: Mapping[str, tuple[str, ...]] = {
    "mail": ("name", "host", "port", "security", "sender", "login", "secret"),
    "webhook": ("name", "url", "secret"),
    "wecom": ("name", "url"),
    "dingtalk": ("name", "url", "secret"),
}
HIDDEN = frozenset({"url", "secret"})
_TOKEN = re.compile(r"[A-Za-z0-9_-]{8,200}")
_KEYS = {"wecom": "key", "dingtalk": "access_token"}


def read_channel(kind: str, written: Mapping[str, str], topics: Sequence[str], *, is_new: bool) -> dict[str, Any]:
    """Return the values to store; what is hidden and left empty on a channel that exists is not among them.

    Raises Refusal `bad_values` that names every field at fault.
    """
    values: dict[str, Any] = {}
    faults: dict[str, Words] = {}
    for key in QUESTIONS[kind]:
        typed = as_text(written.get(key, ""))
        if key in HIDDEN and not typed and not is_new:
            continue
        try:
            values[key] = _one(kind, key, typed)
        except ValueRefused as fault:
            faults[key] = fault.text
    unknown = [topic for topic in topics if topic not in OFFERED]
    if unknown:
        faults["topics"] = text("“{written}”不在可选范围内", written=unknown[0][:30])
    if faults:
        raise Refusal("bad_values", text("有 {count} 处填写不对", count=len(faults)), faults)
    return values | {"topics": [topic for topic in OFFERED if topic in topics]}


def _one(kind: str, key: str, typed: str) -> Any:
    if key == "port":
        return _port(typed)
    if key == "url":
        return _webhook(typed) if kind == "webhook" else _token(kind, typed)
    if key == "secret":
        return _secret(kind, typed)
    if key == "sender":
        return parse_email(typed).value
    if key == "host" and not HOST.fullmatch(typed):
        raise _refused(text("应为服务器名，例如 mail.example.org"))
    if key == "security" and typed not in SECURITIES:
        raise _refused(text("请选择加密方式"))
    if key == "login":
        return _at_most(typed, LONGEST_NAME * 2) or None
    if not typed:
        raise _refused(text("不能为空"))
    return _at_most(typed, LONGEST_NAME) if key == "name" else typed


def _refused(words: Text) -> ValueRefused:
    return ValueRefused("bad_value", words)


def _at_most(typed: str, longest: int) -> str:
    if len(typed) > longest:
        raise _refused(text("最多 {most} 个字，现有 {count} 个", most=longest, count=len(typed)))
    return typed


def _port(typed: str) -> int:
    if not (typed.isascii() and typed.isdigit() and len(typed) < 6 and 0 < int(typed) < 65_536):
        raise _refused(text("应为 {least} 至 {most} 的整数", least=1, most=65_535))
    return int(typed)


def _webhook(typed: str) -> str:
    try:
        target_of(_at_most(typed, LONGEST_URL))
    except ValueRefused:
        raise
    except ValueError as fault:
        raise _refused(text("应为 https:// 开头的地址")) from fault
    return typed


def _token(kind: str, typed: str) -> str:
    """Take the token alone, or the whole address that the group shows, out of which it is taken."""
    asked = parse_qs(urlsplit(typed).query) if typed.startswith("https://") else {}
    token = asked.get(_KEYS[kind], [typed])[0]
    if not _TOKEN.fullmatch(token):
        raise _refused(text("应为群机器人的 Webhook 地址，或其中的密钥"))
    return token


def _secret(kind: str, typed: str) -> str | None:
    if kind == "webhook" and len(typed) < SHORTEST_SECRET:
        raise _refused(text("签名密钥至少 {least} 个字符", least=SHORTEST_SECRET))
    return _at_most(typed, LONGEST_SECRET) or None
