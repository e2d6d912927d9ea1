"""Who is asked to decide on a case, who was sent a copy of it, and who keeps an eye on it."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.child import of_child
from models.scope import LEVELS, CaseKeyed
from models.types import Line, Moment, UtcDateTime, Word, new_id
from models.vault import Sealed

ORIGINS = ("asked", "handed_over", "delegated", "added_before", "added_after")
PENDING = ("waiting", "open", "lent")  # statuses from which somebody may yet speak
STATUSES = ("waiting", "open", "lent", "done", "handed_over", "removed", "recused", "skipped", "over")


class CaseTask(CaseKeyed, Base):
    """One seat of a decision: a person, or the holders of a role at a place until one of them claims it.

    `entry_id` is the move by which the case entered the state, so that every return asks anew; `asked` is the
    definition's word for who is meant. `from_id` is the seat out of which this one was made, by its `origin`. A seat
    is `waiting` until its turn in a sequence, `lent` while somebody else was asked for an opinion on it, `over` when
    the decision fell without it. `answer` is the transition it voted for; `acted_for` the absent person whose
    deputy acted.
    """

    __tablename__ = "case_task"
    __table_args__ = (
        of_child(),
        CheckConstraint(f"origin IN ({', '.join(map(repr, ORIGINS))})", name="origin"),
        CheckConstraint(f"status IN ({', '.join(map(repr, STATUSES))})", name="status"),
        CheckConstraint("(role IS NULL) = (place_id IS NULL)", name="role_at_place"),
        CheckConstraint("staff_id IS NOT NULL OR place_id IS NOT NULL", name="somebody"),
        CheckConstraint("status <> 'done' OR acted_by IS NOT NULL", name="done_by_somebody"),
        Index("ix_case_task_case_id", "case_id", "entry_id", "id"),
        Index("ix_case_task_entry_id", "entry_id"),
        Index("ix_case_task_child_id", "child_id", "id"),
        Index("ix_case_task_staff_id", "staff_id", "status", "id"),
        Index("ix_case_task_place_id", "place_id", "role", "status", "id"),
        Index("ix_case_task_acted_by", "acted_by", "done_at"),
        *(Index(f"ix_case_task_{level}", f"{level}_code", "id") for level in LEVELS),
    )

    child_id: Mapped[int | None] = mapped_column(BigInteger)
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("case_move.id"))
    state: Mapped[str] = mapped_column(String(60))
    asked: Mapped[str] = mapped_column(String(130))
    origin: Mapped[Word]
    from_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("case_task.id"))
    position: Mapped[int] = mapped_column(default=0)
    staff_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    role: Mapped[str | None] = mapped_column(String(60))
    place_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("place.id"))
    name: Mapped[Line]
    status: Mapped[Word]
    answer: Mapped[str | None] = mapped_column(String(60))
    opinion_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    opinion = Sealed()
    signature_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("attachment.id"))
    acted_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    acted_name: Mapped[str | None] = mapped_column(String(200))
    acted_for: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    made_at: Mapped[Moment]
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    made_at_school: Mapped[str] = mapped_column(String(40))

    @property
    def key_owner(self) -> int:
        """The data key that seals the opinion: the child's, or the case's own where no child is concerned."""
        return self.child_id or self.case_id


class CaseWatch(CaseKeyed, Base):
    """A leader's eye on a case until a day, with what they want to see done; it ends with its case at the latest.

    `ended_by` is empty while it runs, and where it ended with its case.
    """

    __tablename__ = "case_watch"
    __table_args__ = (
        of_child(),
        CheckConstraint("ended_by IS NULL OR ended_at IS NOT NULL", name="ended_by_somebody"),
        Index("ix_case_watch_case_id", "case_id", "id"),
        Index("ix_case_watch_child_id", "child_id", "id"),
        Index("ix_case_watch_made_by", "made_by", "ended_at", "id"),
        *(Index(f"ix_case_watch_{level}", f"{level}_code", "ended_at", "id") for level in LEVELS),
    )

    child_id: Mapped[int | None] = mapped_column(BigInteger)
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    made_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    made_by_name: Mapped[Line]
    made_at: Mapped[Moment]
    due_on: Mapped[date | None]
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    note = Sealed()
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    ended_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    made_at_school: Mapped[str] = mapped_column(String(40))

    @property
    def key_owner(self) -> int:
        """The data key that seals the note: the child's, or the case's own where no child is concerned."""
        return self.child_id or self.case_id


class CaseCopy(Base):
    """A case that was sent to a person to be read."""

    __tablename__ = "case_copy"
    __table_args__ = (Index("ix_case_copy_staff_id", "staff_id", "id"), Index("ix_case_copy_case_id", "case_id", "id"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    made_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    made_by_name: Mapped[Line]
    made_at: Mapped[Moment]
    read_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
