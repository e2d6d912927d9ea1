"""Unfinished forms, sealed, kept for the person who typed them."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import Moment, new_id


class Draft(Base):
    """What a person typed on one form (`place`: its path) and has not sent; sealed under that person's key."""

    __tablename__ = "draft"
    __table_args__ = (UniqueConstraint("staff_id", "place"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    place: Mapped[str] = mapped_column(String(200))
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    saved_at: Mapped[Moment]
