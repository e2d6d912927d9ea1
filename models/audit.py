"""The audit trail: events that nobody changes, those waiting for the seal, leaves and signed checkpoints."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, LargeBinary, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.scope import LEVELS, AuditScoped
from models.types import Line, Moment, UtcDateTime, Word


class AuditEvent(AuditScoped, Base):
    """Who did what to whom, when and why; `body` is the canonical text, `mark` its HMAC.

    No unique constraint beside the key: on SQLite a colliding REPLACE would delete an old event past the triggers.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        *(Index(f"ix_audit_event_{level}", f"{level}_code", "id") for level in LEVELS),
        Index("ix_audit_event_actor_id", "actor_id", "id"),
        Index("ix_audit_event_child_id", "child_id", "id"),
        Index("ix_audit_event_case_id", "case_id", "id"),
        Index("ix_audit_event_action", "action", "id"),
        Index("ix_audit_event_at", "at"),
    )

    at: Mapped[Moment]
    actor_id: Mapped[int | None] = mapped_column(BigInteger)
    actor_name: Mapped[Line]
    role: Mapped[Word]
    grant_ref: Mapped[str | None] = mapped_column(String(40))
    action: Mapped[str] = mapped_column(String(60))
    subject_type: Mapped[Word]
    subject_id: Mapped[int | None] = mapped_column(BigInteger)
    child_id: Mapped[int | None] = mapped_column(BigInteger)
    case_id: Mapped[int | None] = mapped_column(BigInteger)
    outcome: Mapped[Word]
    request_id: Mapped[str] = mapped_column(String(40))
    body: Mapped[str] = mapped_column(Text)
    mark: Mapped[str] = mapped_column(String(64))


class AuditPending(Base):
    """An event that is not sealed yet."""

    __tablename__ = "audit_pending"

    event_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("audit_event.id"), primary_key=True, autoincrement=False
    )


class AuditLeaf(Base):
    """A leaf of the Merkle tree: contiguous number, event and leaf hash (RFC 6962)."""

    __tablename__ = "audit_leaf"

    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("audit_event.id"))
    leaf_hash: Mapped[bytes] = mapped_column(LargeBinary)


class AuditCheckpoint(Base):
    """A signed statement of the tree's size and root at a moment, within one incarnation of the log."""

    __tablename__ = "audit_checkpoint"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    origin: Mapped[Line]
    incarnation: Mapped[int]
    size: Mapped[int] = mapped_column(BigInteger)
    root: Mapped[bytes] = mapped_column(LargeBinary)
    at: Mapped[Moment]
    signature: Mapped[bytes] = mapped_column(LargeBinary)
    cosigned_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
