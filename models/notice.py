"""What the bell shows a person: something happened to a case that concerns them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import Json, Moment, UtcDateTime, Word, new_id


class Notice(Base):
    """One line behind the bell; `facts` name the case by number and hold no protected value."""

    __tablename__ = "notice"
    __table_args__ = (
        Index("ix_notice_staff_id", "staff_id", "read_at", "id"),
        Index("ix_notice_made_at", "made_at"),
        Index("ix_notice_case_id", "case_id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    topic: Mapped[Word]
    case_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    facts: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    made_at: Mapped[Moment]
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
