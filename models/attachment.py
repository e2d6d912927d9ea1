"""Photos and files about a child: what they are in one table, their sealed content in another."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.child import OfChild, of_child
from models.scope import LEVELS
from models.types import Line, Moment, UtcDateTime, Word
from models.vault import Sealed


class Attachment(OfChild, Base):
    """A photo or file that belongs to a record or to a case; of a removed one the content is gone."""

    __tablename__ = "attachment"
    __table_args__ = (
        of_child(),
        CheckConstraint("(record_id IS NULL) <> (case_id IS NULL)", name="of_one_thing"),
        CheckConstraint("size > 0", name="size"),
        CheckConstraint("(width IS NULL) = (height IS NULL)", name="width_and_height"),
        CheckConstraint("removed_at IS NULL OR reason_sealed IS NOT NULL", name="removed_says_why"),
        *(Index(f"ix_attachment_{level}", f"{level}_code", "id") for level in LEVELS),
        Index("ix_attachment_child_id", "child_id", "id"),
        Index("ix_attachment_record_id", "record_id", "id"),
        Index("ix_attachment_case_id", "case_id", "id"),
    )

    record_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("record.id"))
    case_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    name = Sealed()
    kind: Mapped[Word]
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    width: Mapped[int | None]
    height: Mapped[int | None]
    made_by: Mapped[int] = mapped_column(BigInteger)
    made_by_name: Mapped[Line]
    made_at: Mapped[Moment]
    removed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    reason = Sealed()
    made_at_school: Mapped[str] = mapped_column(String(40))

    @property
    def key_owner(self) -> int:
        """The data key that seals the file: the child's."""
        return self.child_id

    @property
    def is_picture(self) -> bool:
        """Tell whether it is a photo, which has a thumbnail."""
        return self.kind == "jpeg"


class AttachmentContent(OfChild, Base):
    """The sealed bytes of an attachment: the whole (`whole`) or the thumbnail (`small`)."""

    __tablename__ = "attachment_content"
    __table_args__ = (
        of_child(),
        CheckConstraint("part IN ('whole', 'small')", name="part"),
        *(Index(f"ix_attachment_content_{level}", f"{level}_code", "id") for level in LEVELS),
        Index("ix_attachment_content_child_id", "child_id"),
        Index("uq_attachment_content_part", "attachment_id", "part", unique=True),
    )

    attachment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("attachment.id"))
    part: Mapped[Word]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
