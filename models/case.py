"""Cases, the moves they made and the records filled in on the way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    and_,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from models.base import Base
from models.child import Child, of_child
from models.definition import Definition
from models.scope import LEVELS, CaseKeyed
from models.types import Json, Line, Moment, UtcDateTime, Word
from models.vault import Sealed


class Case(CaseKeyed, Base):
    """A running or closed case of a workflow about one subject, bound to the definition version it began with."""

    __tablename__ = "workflow_case"
    __table_args__ = (
        of_child(),
        # At most one open case per workflow and subject: the slot holds the subject while the case is open.
        UniqueConstraint("workflow", "open_slot"),
        CheckConstraint("closed_at IS NULL OR open_slot IS NULL", name="closed_frees_slot"),
        Index("ix_workflow_case_child_id", "child_id"),
        Index("ix_workflow_case_subject", "subject_type", "subject_id"),
        Index("ix_workflow_case_batch_id", "batch_id"),
        Index("ix_workflow_case_opened_by", "opened_by", "id"),
        # What waits in a whole city or county: of the classes and schools their own indexes find it.
        Index(
            "ix_workflow_case_running",
            "workflow",
            "state",
            "city_code",
            "county_code",
            sqlite_where=sql("closed_at IS NULL"),
            postgresql_where=sql("closed_at IS NULL"),
        ),
        *(Index(f"ix_workflow_case_{level}_new", f"{level}_code", "workflow", "id") for level in LEVELS),
        *(
            Index(
                f"ix_workflow_case_{level}_term",
                f"{level}_code",
                "workflow",
                "term_id",
                "school_code",
                "class_code",
                "state",
            )
            for level in ("city", "county", "township")
        ),
        Index("ix_workflow_case_school_term", "school_code", "workflow", "term_id", "class_code", "state"),
        Index("ix_workflow_case_class_term", "class_code", "workflow", "term_id", "state"),
    )

    number: Mapped[str] = mapped_column(String(40), unique=True)
    definition_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("definition.id"))
    workflow: Mapped[Word]
    version: Mapped[int]
    subject_type: Mapped[Word]
    subject_id: Mapped[int] = mapped_column(BigInteger)
    child_id: Mapped[int | None] = mapped_column(BigInteger)
    open_slot: Mapped[str | None] = mapped_column(String(40))
    state: Mapped[str] = mapped_column(String(60))
    state_since: Mapped[Moment]
    due_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    opened_at: Mapped[Moment]
    opened_by: Mapped[int] = mapped_column(BigInteger)
    closed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    term_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("term.id"))
    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    made_at_school: Mapped[str] = mapped_column(String(40))
    facts: Mapped[Json] = mapped_column(default=dict, server_default="{}")
    urged: Mapped[int] = mapped_column(default=0, server_default="0")  # how often, since it stands where it stands
    urged_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    rev: Mapped[int] = mapped_column(default=1)

    case_id: Mapped[int] = synonym("id")
    definition: Mapped[Definition] = relationship()
    child: Mapped[Child | None] = relationship(primaryjoin="foreign(Case.child_id) == Child.id", viewonly=True)
    moves: Mapped[list[CaseMove]] = relationship(back_populates="case", order_by="CaseMove.id")
    participants: Mapped[list[CaseParticipant]] = relationship(back_populates="case", order_by="CaseParticipant.id")
    # The engine moves a case by its own guarded UPDATE, which counts the revision itself.
    __mapper_args__ = {"version_id_col": rev, "version_id_generator": False}

    @property
    def key_owner(self) -> int:
        """The data key that seals protected facts: the child's, or the case's own where no child is concerned."""
        return self.child_id or self.id

    def is_overdue(self, now: datetime) -> bool:
        """Tell whether a clock that runs on the case is past its time: the one definition of overdue, with the next."""
        return self.closed_at is None and self.due_at is not None and self.due_at < now

    @classmethod
    def overdue(cls, now: datetime) -> ColumnElement[bool]:
        """Return the condition of cases that are overdue."""
        return and_(cls.closed_at.is_(None), cls.due_at < now)

    @property
    def related_codes(self) -> dict[str, str]:
        """The level codes, the case and its child: who is related to any of these may be meant by a definition."""
        return self.level_codes | ({} if self.child_id is None else {"child": str(self.child_id)})


class CaseMove(CaseKeyed, Base):
    """One transition that a case made: from, to, who, when, and why."""

    __tablename__ = "case_move"
    __table_args__ = (
        of_child(),
        Index("ix_case_move_case_id", "case_id", "id"),
        Index("ix_case_move_child_id", "child_id", "id"),
        # What a person did, the last first; opening a wave of cases is no step.
        Index(
            "ix_case_move_actor_id",
            "actor_id",
            "at",
            "id",
            sqlite_where=sql("from_state IS NOT NULL"),
            postgresql_where=sql("from_state IS NOT NULL"),
        ),
    )

    child_id: Mapped[int | None] = mapped_column(BigInteger)
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    transition: Mapped[str] = mapped_column(String(60))
    from_state: Mapped[str | None] = mapped_column(String(60))
    to_state: Mapped[str] = mapped_column(String(60))
    actor_id: Mapped[int] = mapped_column(BigInteger)
    actor_name: Mapped[Line]
    actor_role: Mapped[Word]
    at: Mapped[Moment]
    reason_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    reason = Sealed()
    made_at_school: Mapped[str] = mapped_column(String(40))

    case: Mapped[Case] = relationship(back_populates="moves")

    @property
    def key_owner(self) -> int:
        """The data key that seals the reason: the child's, or the case's own where no child is concerned."""
        return self.child_id or self.case_id


class CaseRecord(CaseKeyed, Base):
    """What was filled in on one form of a case; protected fields stand sealed inside `data`."""

    __tablename__ = "case_record"
    __table_args__ = (
        of_child(),
        Index("ix_case_record_case_id", "case_id", "id"),
        Index("ix_case_record_child_id", "child_id", "id"),
        Index("ix_case_record_move_id", "move_id"),
    )

    child_id: Mapped[int | None] = mapped_column(BigInteger)
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    move_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("case_move.id"))
    form: Mapped[Line]
    form_version: Mapped[int]
    data: Mapped[Json]
    made_at: Mapped[Moment]
    made_by: Mapped[int] = mapped_column(BigInteger)
    made_at_school: Mapped[str] = mapped_column(String(40))


class CaseParticipant(CaseKeyed, Base):
    """Someone who takes part in a case: a person with an account, the holders of a role at a place, or a name alone.

    Rows stay when the part ends, so that a case tells who stood by the child and when.
    """

    __tablename__ = "case_participant"
    __table_args__ = (
        of_child(),
        CheckConstraint("until_at IS NULL OR until_at >= since_at", name="period"),
        CheckConstraint("(role IS NULL) = (place_id IS NULL)", name="role_at_place"),
        CheckConstraint("staff_id IS NULL OR place_id IS NULL", name="one_kind"),
        Index("ix_case_participant_case_id", "case_id", "id"),
        Index("ix_case_participant_child_id", "child_id", "id"),
        Index("ix_case_participant_staff_id", "staff_id", "until_at"),
        Index("ix_case_participant_place_id", "place_id", "role", "until_at"),
        *(Index(f"ix_case_participant_{level}", f"{level}_code", "id") for level in LEVELS),
    )

    child_id: Mapped[int | None] = mapped_column(BigInteger)
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    relation: Mapped[str] = mapped_column(String(60))
    works_as: Mapped[str | None] = mapped_column(String(60))  # the role whose permissions the part gives
    staff_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    place_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("place.id"))
    role: Mapped[str | None] = mapped_column(String(60))
    name: Mapped[Line]
    since_at: Mapped[Moment]
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    made_at_school: Mapped[str] = mapped_column(String(40))

    case: Mapped[Case] = relationship(back_populates="participants")


class CaseSlot(Base):
    """What an open case occupies alone: a workflow's rule of uniqueness with the values it is about."""

    __tablename__ = "case_slot"
    __table_args__ = (Index("ix_case_slot_case_id", "case_id"),)

    slot: Mapped[str] = mapped_column(String(200), primary_key=True)
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))


class CaseNumber(Base):
    """The last number drawn for a prefix and year, so that case numbers have no gaps by chance."""

    __tablename__ = "case_number"

    prefix: Mapped[str] = mapped_column(String(20), primary_key=True)
    year: Mapped[int] = mapped_column(primary_key=True)
    last: Mapped[int]


class RepeatedRequest(Base):
    """The answer given to a request key, so that the same request sent twice has one effect."""

    __tablename__ = "repeated_request"

    key: Mapped[str] = mapped_column(String(80), primary_key=True)
    staff_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    digest: Mapped[str] = mapped_column(String(64))
    answer: Mapped[Json]
    at: Mapped[Moment]
