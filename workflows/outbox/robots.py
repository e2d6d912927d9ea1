"""Tells a group in WeCom or DingTalk through the robot that its members added."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any
from urllib.parse import urlencode

from workflows.outbox.connection import post
from workflows.outbox.letter import Letter
from workflows.outbox.outside import Account, Outside, Undelivered

LONGEST_TEXT = 2_000  # bytes of UTF-8; WeCom takes 2,048 in a text message
TOO_MANY = frozenset({45009, 130101, 660026})  # what both answer when a robot says too much in a minute
_JSON = {"Content-Type": "application/json; charset=utf-8"}


def text_of(letter: Letter) -> str:
    """Return what the group reads: title, lines and link, cut at a line's end."""
    room = LONGEST_TEXT - len(letter.link.encode()) - 1
    kept: list[str] = []
    for line in (letter.title, *letter.lines):
        room -= len(line.encode()) + 1
        if room < 0:
            break
        kept.append(line)
    return "\n".join([*kept, *([letter.link] if letter.link else [])])


def send_wecom(account: Account, letter: Letter, outside: Outside, moment: float) -> None:
    """Send a letter to a WeCom group; the channel's address is the robot's key."""
    body = {"msgtype": "text", "text": {"content": text_of(letter)}}
    _post(f"{outside.wecom}?{urlencode({'key': account.url})}", body, outside)


def send_dingtalk(account: Account, letter: Letter, outside: Outside, moment: float) -> None:
    """Send a letter to a DingTalk group; the address is the robot's token, the secret signs where the robot asks."""
    asked = {"access_token": account.url}
    if account.secret:
        asked |= _signed(account.secret, int(moment * 1000))
    body = {"msgtype": "text", "text": {"content": text_of(letter)}}
    _post(f"{outside.dingtalk}?{urlencode(asked)}", body, outside)


def _signed(secret: str, milliseconds: int) -> dict[str, str]:
    mark = hmac.digest(secret.encode(), f"{milliseconds}\n{secret}".encode(), "sha256")
    return {"timestamp": str(milliseconds), "sign": base64.b64encode(mark).decode()}


def _post(url: str, body: dict[str, Any], outside: Outside) -> None:
    answer = post(url, json.dumps(body, ensure_ascii=False).encode(), _JSON, outside)
    if answer.status != 200:
        raise Undelivered(f"http_{answer.status}")
    try:
        code = int(json.loads(answer.body)["errcode"])
    except (ValueError, KeyError, TypeError) as fault:
        raise Undelivered("strange_answer") from fault
    if code in TOO_MANY:
        raise Undelivered("too_many")
    if code != 0:
        raise Undelivered(f"robot_{code}")
