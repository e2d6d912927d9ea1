"""The same request sent twice has one effect: its answer is kept under the key that the form carries."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.case import RepeatedRequest
from models.locks import hold
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction


def answer_before(tx: Transaction, key: str | None, mark: str) -> Mapping[str, Any] | None:
    """Return what the person's request with this key was answered, None for a new one; `mark` tells requests apart.

    The second of two at once waits for the first. Raises Refusal `key_reused` where the key stood for something else.
    """
    if key is None or tx.actor.staff_id is None:
        return None
    hold(tx.session, f"request:{tx.actor.staff_id}:{key}")
    kept = tx.session.get(RepeatedRequest, (key, tx.actor.staff_id))
    if kept is None:
        return None
    if kept.digest != mark:
        raise Refusal("key_reused", text("这个请求编号已用于另一件事"))
    return kept.answer


def remember_answer(tx: Transaction, key: str | None, mark: str, answer: Mapping[str, Any]) -> None:
    """Keep the answer to a request that has a key."""
    if key is not None and tx.actor.staff_id is not None:
        row = RepeatedRequest(key=key, staff_id=tx.actor.staff_id, digest=mark, answer=dict(answer), at=tx.now)
        tx.session.add(row)
