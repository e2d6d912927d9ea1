"""Published definitions: immutable text with its digest, one version in force for each key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import Line, UtcDateTime, Word, new_id


class Definition(Base):
    """One version of a workflow, form or other definition."""

    __tablename__ = "definition"
    __table_args__ = (
        UniqueConstraint("kind", "key", "version"),
        CheckConstraint("state IN ('draft', 'in_force', 'superseded')", name="state"),
        CheckConstraint("(state = 'draft') = (published_at IS NULL)", name="published"),
        Index(
            "uq_definition_in_force",
            "kind",
            "key",
            unique=True,
            sqlite_where=sql("state = 'in_force'"),
            postgresql_where=sql("state = 'in_force'"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    kind: Mapped[Word]
    key: Mapped[Line]
    version: Mapped[int]
    state: Mapped[Word]
    digest: Mapped[str] = mapped_column(String(64))
    content: Mapped[str] = mapped_column(Text)
    published_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    published_by: Mapped[int | None] = mapped_column(BigInteger)
