"""Files of forms that were not accepted yet, sealed, kept a day for the person who sent them."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import Moment, Word, new_id
from models.vault import Sealed


class UnfinishedFile(Base):
    """A file sent with one form (`place`: its path) for one of its questions; sealed under that person's key.

    `digest` is that of the file as it was sent, so that the same one sent twice is kept once.
    """

    __tablename__ = "unfinished_file"
    __table_args__ = (
        UniqueConstraint("staff_id", "place", "field", "digest"),
        CheckConstraint("size > 0", name="size"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    place: Mapped[str] = mapped_column(String(200))
    field: Mapped[str] = mapped_column(String(60))
    digest: Mapped[str] = mapped_column(String(64))
    kind: Mapped[Word]
    size: Mapped[int]
    name_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    name = Sealed()
    content_sealed: Mapped[bytes] = mapped_column(LargeBinary)
    kept_at: Mapped[Moment] = mapped_column(index=True)

    @property
    def key_owner(self) -> int:
        """The data key that seals name and content: the person's own."""
        return self.staff_id
