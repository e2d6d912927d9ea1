"""Days that differ from their weekday: public holidays, and days off that are worked to make up for them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import Moment


class CalendarDay(Base):
    """A holiday, or a weekend day that is worked; every other day goes by its weekday."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    name: Mapped[str] = mapped_column(String(60))
    made_at: Mapped[Moment]
    made_by: Mapped[int] = mapped_column(BigInteger)
