"""Messages to be sent after their transaction committed."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import Json, Line, Moment, UtcDateTime, Word, new_id

WAITING = "sent_at IS NULL AND given_up_at IS NULL"


class OutboxMessage(Base):
    """One message with its channel; the payload names subjects by number and holds no protected value.

    Operations write for the `inbox`; from there it is spread to the bells of those concerned and, as rows of their
    own, to the channels outside. `once` is taken by what must be made once only, however many workers make it.
    A message that was given up keeps its failure, a code without an address or a secret.
    """

    __tablename__ = "outbox_message"
    __table_args__ = (
        Index("ix_outbox_message_due", "sent_at", "due_at"),
        Index(
            "ix_outbox_message_waiting",
            "channel_id",
            "due_at",
            "id",
            sqlite_where=sql(WAITING),
            postgresql_where=sql(WAITING),
        ),
        Index("ux_outbox_message_once", "once", unique=True),
        Index("ix_outbox_message_given_up", "given_up_at", "channel_id"),
    )

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
    given_up_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    channel_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("channel.id"))
    once: Mapped[str | None] = mapped_column(String(80))
