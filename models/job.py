"""Long work that a person started and a worker carries on: one transition over many cases, chunk by chunk."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import JsonValue, Moment, UtcDateTime, Word, new_id
from models.vault import Sealed

STATES = ("running", "done", "cancelled", "broken_off")


class Job(Base):
    """One transition over the cases that a person chose; what they wrote with it is sealed under their key.

    `broken_off` is a job whose person may not act any more. `key` is the request that started it: twice is once.
    """

    __tablename__ = "job"
    __table_args__ = (
        UniqueConstraint("made_by", "key"),
        CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name="state"),
        CheckConstraint("(state = 'running') = (ended_at IS NULL)", name="ended_when_over"),
        Index("ix_job_state", "state", "id"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    made_by: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    made_at: Mapped[Moment]
    key: Mapped[str] = mapped_column(String(80))
    workflow: Mapped[Word]
    transition: Mapped[str] = mapped_column(String(60))
    words_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    words = Sealed()
    total: Mapped[int]
    state: Mapped[Word] = mapped_column(default="running")
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    failure: Mapped[str | None] = mapped_column(String(200))

    @property
    def key_owner(self) -> int:
        """The data key that seals what was written: the person's."""
        return self.made_by


class JobChunk(Base):
    """Some hundred of a job's cases, done in one transaction together with what became of them.

    `cases` lists their numbers (`id`), `refused` triples of case number, code and the sentence with its values.
    """

    __tablename__ = "job_chunk"

    job_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("job.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    cases: Mapped[list[Any]] = mapped_column(JsonValue)
    done_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    moved: Mapped[int] = mapped_column(default=0)
    refused: Mapped[list[Any]] = mapped_column(JsonValue, default=list, server_default="[]")
