"""Standing deputies: who acts for an absent person, from which day to which, in which workflows."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import JsonValue, Moment, UtcDateTime, new_id


class Delegation(Base):
    """One deputy for one absence; no workflow named means all of them."""

    __tablename__ = "delegation"
    __table_args__ = (
        CheckConstraint("last_on >= first_on", name="period"),
        CheckConstraint("deputy_id <> staff_id", name="somebody_else"),
        Index("ix_delegation_staff_id", "staff_id", "last_on"),
        Index("ix_delegation_deputy_id", "deputy_id", "last_on"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    deputy_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    first_on: Mapped[date]
    last_on: Mapped[date]
    workflows: Mapped[list[Any]] = mapped_column(JsonValue, default=list, server_default="[]")
    made_at: Mapped[Moment]
    made_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
