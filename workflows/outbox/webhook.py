"""Tells another system by a signed request; it answers 2xx when it has taken the message."""

from __future__ import annotations

import hmac
import json

from workflows.outbox.connection import post
from workflows.outbox.letter import Letter
from workflows.outbox.outside import Account, Outside, Undelivered

DELIVERY, TIMESTAMP, SIGNATURE = "Shouwang-Delivery", "Shouwang-Timestamp", "Shouwang-Signature"


def signature(secret: str, timestamp: str, body: bytes) -> str:
    """Return the mark that proves sender and moment: HMAC-SHA-256 (hex) over timestamp, a full stop and the body."""
    return "sha256=" + hmac.digest(secret.encode(), timestamp.encode() + b"." + body, "sha256").hex()


def body_of(letter: Letter) -> bytes:
    """Return the request's body: JSON in UTF-8."""
    told = {
        "id": letter.key,
        "topic": letter.topic,
        "made_at": letter.made_at.isoformat(),
        "title": letter.title,
        "lines": letter.lines,
        "link": letter.link,
        "facts": letter.facts,
    }
    return json.dumps(told, ensure_ascii=False, sort_keys=True).encode()


def send_webhook(account: Account, letter: Letter, outside: Outside, moment: float) -> None:
    """Post a letter; the delivery number stays the same at every try, so the other side can tell a repetition."""
    body, timestamp = body_of(letter), str(int(moment))
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        DELIVERY: letter.key,
        TIMESTAMP: timestamp,
        SIGNATURE: signature(account.secret, timestamp, body),
    }
    answer = post(account.url, body, headers, outside)
    if not 200 <= answer.status < 300:
        raise Undelivered(f"http_{answer.status}", is_final=answer.status == 410)
