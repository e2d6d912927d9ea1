"""Messages to be sent after their transaction committed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import Json, Line, Moment, UtcDateTime, Word, new_id


class OutboxMessage(Base):
    """One message with its channel; the payload names subjects by number and holds no protected value."""

    __tablename__ = "outbox_message"
    __table_args__ = (Index("ix_outbox_message_due", "sent_at", "due_at"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    topic: Mapped[str] = mapped_column(String(60))
    channel: Mapped[Word]
    recipient: Mapped[Line]
    payload: Mapped[Json]
    made_at: Mapped[Moment]
    due_at: Mapped[Moment]
    tries: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
    leased_by: Mapped[str | None] = mapped_column(String(60))
    sent_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    failure: Mapped[str | None] = mapped_column(String(200))
