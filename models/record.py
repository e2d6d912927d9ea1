"""Dated records about children: talks, visits, calls, letters, diary entries, test results, meetings, help plans."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.child import OfChild, of_child
from models.scope import LEVELS, Circled
from models.types import Json, Line, Moment, Word
from models.vault import Sealed

DAY = ("happened_on", "id")


class Record(OfChild, Circled, Base):
    """What happened with one child on one day, on one form; protected answers stand sealed inside `data`.

    A record that was written for several children is a row for each of them, joined by `occasion_id`. A corrected row
    stays as it was and the row that replaces it names it. One that belongs to a confidential case stays in its circle.
    """

    __tablename__ = "record"
    __table_args__ = (
        of_child(),
        CheckConstraint("state IN ('active', 'corrected', 'voided')", name="state"),
        CheckConstraint("state <> 'voided' OR reason_sealed IS NOT NULL", name="voided_says_why"),
        CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name="replaces_another"),
        *(Index(f"ix_record_{level}_day", f"{level}_code", *DAY) for level in LEVELS),
        *(Index(f"ix_record_{level}_form", f"{level}_code", "form", *DAY) for level in LEVELS),
        Index("ix_record_child_day", "child_id", *DAY),
        Index("ix_record_author_day", "made_by", *DAY),
        Index("ix_record_occasion", "occasion_id"),
        Index("ix_record_case", "case_id"),
        Index("uq_record_replaces_id", "replaces_id", unique=True),
    )

    form: Mapped[str] = mapped_column(String(60))
    form_version: Mapped[int]
    counts_as: Mapped[str | None] = mapped_column(String(40))
    happened_on: Mapped[date]
    data: Mapped[Json]
    occasion_id: Mapped[int] = mapped_column(BigInteger)
    state: Mapped[Word] = mapped_column(default="active")
    replaces_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("record.id"))
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    reason = Sealed()
    made_by: Mapped[int] = mapped_column(BigInteger)
    made_by_name: Mapped[Line]
    made_by_role: Mapped[Word]
    made_at: Mapped[Moment]
    case_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    term_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("term.id"))
    made_at_school: Mapped[str] = mapped_column(String(40))
    rev: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": rev}

    @property
    def key_owner(self) -> int:
        """The data key that seals the record: the child's."""
        return self.child_id
