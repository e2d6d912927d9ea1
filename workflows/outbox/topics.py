"""What messages are about: each topic's words, whom of a case it tells, and whether channels outside may carry it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workflows.text import Text, text

ASKED, OPENER, COPIED, WATCHERS = "asked", "opener", "copied", "watchers"


@dataclass(frozen=True)
class Topic:
    """A kind of message: its words on a line of its own and in a sentence, and who of a case is told."""

    label: Text
    line: Text
    tells: frozenset[str] = frozenset({ASKED})
    icon: str = "bell"


def _of(*whom: str) -> frozenset[str]:
    return frozenset(whom)


TOPICS: Mapping[str, Topic] = {
    "case.opened": Topic(text("新事项"), text("有新事项待办理"), _of(ASKED, WATCHERS), "plus"),
    "case.moved": Topic(text("事项进展"), text("事项已到新的环节"), _of(ASKED, OPENER, WATCHERS), "arrow-right"),
    "case.asked": Topic(text("请你办理"), text("有事项请你办理"), _of(ASKED), "inbox"),
    "case.spoken": Topic(text("会签进展"), text("有人已就事项表态"), _of(ASKED, OPENER, WATCHERS), "messages"),
    "deputy.named": Topic(text("委托"), text("有人委托你代办"), frozenset(), "user-share"),
    "case.copied": Topic(text("抄送"), text("有事项抄送给你"), _of(COPIED), "copy"),
    "case.urged": Topic(text("催办"), text("有事项催你尽快办理"), _of(ASKED), "bell-ringing"),
    "case.watched": Topic(text("督办"), text("有事项被督办"), _of(ASKED), "eye"),
    "case.watch_ended": Topic(text("督办结束"), text("你督办的事项已经办结"), frozenset(), "eye-off"),
    "case.due": Topic(text("临期提醒"), text("有事项快到期限"), _of(ASKED), "clock"),
    "case.overdue": Topic(text("逾期"), text("有事项已经逾期"), _of(ASKED, OPENER, WATCHERS), "clock-exclamation"),
    "case.part_left": Topic(text("交接"), text("有事项的承办人离开，请指定接手人"), _of(ASKED), "user-share"),
    "wave.opened": Topic(text("摸底开展"), text("本学期摸底已开展"), icon="clipboard-list"),
    "roster.imported": Topic(text("名册导入"), text("名册已导入"), icon="table-import"),
    "school.turned": Topic(text("学年更替"), text("学年更替已办好"), icon="repeat"),
    "job.done": Topic(text("批量办理"), text("批量办理已办完"), frozenset(), "checks"),
    "digest": Topic(text("每日汇总"), text("今天待办汇总"), frozenset(), "list-check"),
    "test": Topic(text("试发"), text("这是一条试发的消息，收到即说明渠道可用"), frozenset(), "send"),
}
# A trial is sent by hand; what a person did in bulk is told to them alone.
OFFERED = tuple(key for key in TOPICS if key not in ("test", "job.done"))
OTHER = Topic(text("消息"), text("有一条新消息"), _of(ASKED))


def topic_of(key: str) -> Topic:
    """Return what is known of a topic; one that nobody described is told to those who are asked."""
    return TOPICS.get(key, OTHER)
