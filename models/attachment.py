"""Photos and files of records and cases: what they are in one table, their sealed content in another."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.child import of_child
from models.scope import LEVELS, EitherKeyed
from models.types import Line, Moment, UtcDateTime, Word
from models.vault import Sealed


class Attachment(EitherKeyed, Base):
    """A photo or file that belongs to a record or to a case; of a removed one the content is gone.

    `field` names the question of a case's form that it answers; `protection` is the class of who may look at it. A
    record's photo names the record's case too where that is confidential, to stay in its circle.
    """

    __tablename__ = "attachment"
    __table_args__ = (
        of_child(),
        CheckConstraint("record_id IS NOT NULL OR case_id IS NOT NULL", name="of_something"),
        CheckConstraint("record_id IS NULL OR child_id IS NOT NULL", name="of_a_child"),
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
    field: Mapped[str | None] = mapped_column(String(60))
    protection: Mapped[Word] = mapped_column(default="P2", server_default="P2")
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
        """The data key that seals the file: the child's, or the case's own where no child is concerned."""
        return self.child_id or self.case_id or 0

    @property
    def is_picture(self) -> bool:
        """Tell whether it is a photo, which has a thumbnail."""
        return self.kind == "jpeg"


class AttachmentContent(EitherKeyed, Base):
    """The sealed bytes of an attachment: the whole (`whole`) or the thumbnail (`small`)."""

    __tablename__ = "attachment_content"
    __table_args__ = (
        of_child(),
        CheckConstraint("part IN ('whole', 'small')", name="part"),
        *(Index(f"ix_attachment_content_{level}", f"{level}_code", "id") for level in LEVELS),
        Index("ix_attachment_content_child_id", "child_id"),
        Index("ix_attachment_content_case_id", "case_id"),
        Index("uq_attachment_content_part", "attachment_id", "part", unique=True),
    )

    case_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    attachment_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("attachment.id"))
    part: Mapped[Word]
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
