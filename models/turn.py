"""The turns of the school year that schools have made: each once for a school and year."""

from __future__ import annotations

from sqlalchemy import BigInteger, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.scope import LEVELS, PlaceKeyed
from models.types import Json, Moment


class SchoolTurn(PlaceKeyed, Base):
    """A school's step into a school year, named by the year's first calendar year, with the counts of what it did."""

    __tablename__ = "school_turn"
    __table_args__ = (
        UniqueConstraint("school_id", "first_year"),
        *(Index(f"ix_school_turn_{level}", f"{level}_code", "id") for level in LEVELS),
    )

    school_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("place.id"))
    first_year: Mapped[int]
    done_at: Mapped[Moment]
    done_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    counts: Mapped[Json]  # classes promoted, closed, merged and made; children who left or moved; cases ended
