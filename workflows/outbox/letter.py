"""What one message says outside: a title, lines and a link, in plain words, without anybody's name."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.engine.vocabulary import Label
from workflows.outbox.topics import topic_of
from workflows.text import Text, text

LONGEST_TITLE, LONGEST_LINE, MOST_LINES = 120, 200, 30
Say = Callable[[Text, str], str]
TOLD = frozenset(
    {"case", "transition", "from", "to", "opened", "lapsed", "created", "updated", "refused", "first_year"}
    | {"waiting", "overdue", "claimable", "percent", "workflow", "job", "moved", "of"}
)
"""Particulars of a message that a webhook is given; each is a key, a number or a code."""


@dataclass(frozen=True)
class Letter:
    """One message to be sent: `key` stays the same however often it is tried, `to` is an e-mail address."""

    key: str
    topic: str
    title: str
    lines: tuple[str, ...]
    made_at: datetime
    link: str = ""
    to: str = field(default="", repr=False)
    language: str = "zh"
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class CaseWords:
    """What may be told of a case outside: number, workflow and state; of a closed circle the number alone."""

    number: str
    title: Label | None
    state: Label | None


def plain(words: str, longest: int) -> str:
    """Return words on one line, without control characters, cut to a length."""
    kept = "".join(" " if unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp", "Cs") else c for c in words)
    line = " ".join(kept.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"


def case_letter(
    key: str, topic: str, case: CaseWords | None, payload: Mapping[str, Any], made_at: datetime, say: Say, *,
    link: str = "", to: str = "", language: str = "zh",
) -> Letter:  # fmt: skip
    """Return the letter of a message about a case, or about a place where there is no case."""
    about = topic_of(topic)
    lines = [say(about.line, language)]
    title = say(about.label, language)
    if case is not None:
        title = say(text("{topic}：{case}", topic=title, case=case.number), language)
        named = [label.say(language) for label in (case.title, case.state) if label is not None]
        lines.append(say(text("案号：{case}", case=case.number), language))
        lines += [" · ".join(named)] if named else []
    lines += [say(line, language) for line in _figures(payload)]
    return Letter(
        key,
        topic,
        plain(title, LONGEST_TITLE),
        tuple(plain(line, LONGEST_LINE) for line in lines[:MOST_LINES]),
        made_at,
        link,
        to,
        language,
        {name: payload[name] for name in TOLD if isinstance(payload.get(name), str | int)},
    )


def _figures(payload: Mapping[str, Any]) -> Sequence[Text]:
    shown = {
        "opened": text("新建 {n} 份", n=payload.get("opened")),
        "created": text("新增 {n} 人", n=payload.get("created")),
        "updated": text("更新 {n} 人", n=payload.get("updated")),
        "waiting": text("待办 {n} 件", n=payload.get("waiting")),
        "overdue": text("逾期 {n} 件", n=payload.get("overdue")),
        "claimable": text("待领 {n} 件", n=payload.get("claimable")),
    }
    return [line for key, line in shown.items() if isinstance(payload.get(key), int)]
