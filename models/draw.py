"""Draws of places by lot: candidates and the seal of the seed before, seed and result after."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.scope import LEVELS, PlaceKeyed
from models.types import JsonValue, Line, Moment, UtcDateTime, Word
from models.vault import Sealed


class PlaceDraw(PlaceKeyed, Base):
    """A draw among the places below one place; it can be repeated by anybody from what stands here once it is drawn.

    `wanted` lists pairs (group, how many), `candidates` lists (group, code, name, place number) in the order of the
    codes, `drawn` the codes that were drawn, group by group. `commitment` is the SHA-256 of the seed, `listed` that of
    the list. `word` is what those present said before the seed was opened.
    """

    __tablename__ = "place_draw"
    __table_args__ = (
        CheckConstraint("(drawn_at IS NULL) = (word IS NULL)", name="drawn_with_word"),
        CheckConstraint("(drawn_at IS NULL) = (drawn_by IS NULL)", name="drawn_by_somebody"),
        *(Index(f"ix_place_draw_{level}", f"{level}_code", "id") for level in LEVELS),
        Index("ix_place_draw_place_id", "place_id", "id"),
    )

    number: Mapped[str] = mapped_column(String(40), unique=True)
    place_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("place.id"))
    place_name: Mapped[Line]
    algorithm: Mapped[Word]
    wanted: Mapped[list[Any]] = mapped_column(JsonValue)
    candidates: Mapped[list[Any]] = mapped_column(JsonValue)
    listed: Mapped[str] = mapped_column(String(64))
    commitment: Mapped[str] = mapped_column(String(64))
    seed_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    seed = Sealed()
    word: Mapped[str | None] = mapped_column(String(60))
    drawn: Mapped[list[Any]] = mapped_column(JsonValue, default=list, server_default="[]")
    made_at: Mapped[Moment]
    made_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    made_by_name: Mapped[Line]
    drawn_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    drawn_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    drawn_by_name: Mapped[str | None] = mapped_column(String(200))

    @property
    def key_owner(self) -> int:
        """The data key that seals the seed until it is opened: the draw's own."""
        return self.id

    @property
    def is_drawn(self) -> bool:
        """Tell whether the seed is open and the result stands."""
        return self.drawn_at is not None
