"""The clocks that run on cases, what they fired, and the workers that look at them."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.types import Json, Line, Moment, UtcDateTime, Word, new_id


class CaseClock(Base):
    """One running deadline: that of the state a case stands in, or a limit of the case named by `limit_key`.

    `entry_id` is the move that started it. `rung` counts what its ladder fired, `next_at` is when the next rung is
    due, empty when none is left or the clock has stopped. It was kept when it stopped without `missed_at`. The state
    moves on only together with `rung`, so however many workers look, each rung fires once.
    """

    __tablename__ = "case_clock"
    __table_args__ = (
        UniqueConstraint("case_id", "limit_key", "entry_id"),
        Index("ix_case_clock_entry_id", "entry_id"),
        CheckConstraint("stopped_at IS NULL OR next_at IS NULL", name="stopped_fires_nothing"),
        Index("ix_case_clock_next_at", "next_at", sqlite_where=sql("next_at IS NOT NULL"),
              postgresql_where=sql("next_at IS NOT NULL")),
    )  # fmt: skip

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    limit_key: Mapped[str] = mapped_column(String(60), default="")
    entry_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("case_move.id"))
    started_at: Mapped[Moment]
    due_at: Mapped[Moment]
    rung: Mapped[int] = mapped_column(default=0)
    next_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    missed_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    stopped_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    tries: Mapped[int] = mapped_column(default=0)
    failure: Mapped[str | None] = mapped_column(String(200))


class ClockFiring(Base):
    """One rung that fired: what it did, to whom, and when."""

    __tablename__ = "clock_firing"
    __table_args__ = (UniqueConstraint("clock_id", "rung"), Index("ix_clock_firing_case_id", "case_id", "id"))

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    clock_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("case_clock.id"))
    case_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("workflow_case.id"))
    rung: Mapped[int]
    percent: Mapped[int]
    action: Mapped[Word]
    told: Mapped[Line]
    due_at: Mapped[Moment]
    at: Mapped[Moment]


class WorkerBeat(Base):
    """A worker that is alive, with what it did since it began."""

    __tablename__ = "worker_beat"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    began_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    did: Mapped[Json] = mapped_column(default=dict, server_default="{}")
