"""Marks what stands behind a person's own bell as read."""

from __future__ import annotations

from sqlalchemy import CursorResult, update

from models.notice import Notice
from workflows.refusal import Missing
from workflows.text import text
from workflows.transaction import Transaction


def read_notice(tx: Transaction, notice_id: int) -> int | None:
    """Mark one of the person's own notices as read and return its case's identifier; raises Missing for another's."""
    notice = tx.session.get(Notice, notice_id)
    if notice is None or notice.staff_id != tx.actor.staff_id:
        raise Missing("not_found", text("没有这条消息"))
    notice.read_at = notice.read_at or tx.now
    return notice.case_id


def read_all_notices(tx: Transaction) -> int:
    """Mark all of the person's own notices as read; returns how many were not."""
    own = (Notice.staff_id == tx.actor.staff_id, Notice.read_at.is_(None))
    done = tx.session.execute(update(Notice).where(*own).values(read_at=tx.now))
    assert isinstance(done, CursorResult)
    return done.rowcount
