"""Imports of registers: the batch, its rows with their verdicts, and the office's own heading words."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.scope import LEVELS, PlaceKeyed
from models.types import Json, Line, Moment, UtcDateTime, Word, new_id


class RosterBatch(PlaceKeyed, Base):
    """One uploaded register on its way from upload to import; the file is sealed under the batch's own key."""

    __tablename__ = "roster_batch"
    __table_args__ = (
        CheckConstraint("state IN ('checked', 'imported', 'undone', 'dropped')", name="state"),
        *(Index(f"ix_roster_batch_{level}", f"{level}_code", "id") for level in LEVELS),
    )

    file_name: Mapped[Line]
    digest: Mapped[str] = mapped_column(String(64))
    content_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    school_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("place.id"))
    state: Mapped[Word]
    mapping: Mapped[Json]  # header → field, as chosen by the person; headers are no protected values
    counts: Mapped[Json]  # rows, accepted, refused, warnings, created, updated
    made_at: Mapped[Moment]
    made_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    imported_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    undone_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    rev: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": rev}

    @property
    def key_owner(self) -> int:
        """The data key that seals the file; destroyed with the batch's content."""
        return self.id


class HeadingSynonym(Base):
    """A heading word that the office taught the importer, for one field."""

    __tablename__ = "heading_synonym"
    __table_args__ = (UniqueConstraint("word"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    word: Mapped[str] = mapped_column(String(100))
    field: Mapped[Word]
    rev: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": rev}
