"""Marks what stands behind a person's own bell as read."""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import CursorResult, update

from models.notice import Notice
from workflows.refusal import Missing
from workflows.text import text
from workflows.transaction import Transaction


class About(NamedTuple):
    """What a notice is about: a case or a job, by identifier."""

    case_id: int | None
    job_id: int | None


def read_notice(tx: Transaction, notice_id: int) -> About:
    """Mark one of the person's own notices as read and return what it is about; raises Missing for another's."""
    notice = tx.session.get(Notice, notice_id)
    if notice is None or notice.staff_id != tx.actor.staff_id:
        raise Missing("not_found", text("没有这条消息"))
    notice.read_at = notice.read_at or tx.now
    job = str(notice.facts.get("job", ""))
    return About(notice.case_id, int(job) if job.isdecimal() else None)


def read_all_notices(tx: Transaction) -> int:
    """Mark all of the person's own notices as read; returns how many were not."""
    own = (Notice.staff_id == tx.actor.staff_id, Notice.read_at.is_(None))
    done = tx.session.execute(update(Notice).where(*own).values(read_at=tx.now))
    assert isinstance(done, CursorResult)
    return done.rowcount
