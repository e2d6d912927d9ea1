"""Clocks of cases, what they fired, workers, and the days that differ from their weekday."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0016"
down_revision = "0015"

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    _calendar_day()
    _worker_beat()
    _case_clock()
    _clock_firing()


def downgrade() -> None:
    """Stop every clock."""
    for table in ("clock_firing", "case_clock", "worker_beat", "calendar_day"):
        op.drop_table(table)


def _calendar_day() -> None:
    op.create_table(
        "calendar_day",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("is_working", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_calendar_day")),
    )


def _worker_beat() -> None:
    op.create_table(
        "worker_beat",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("began_at", sa.DateTime(), nullable=False),
        sa.Column("seen_at", sa.DateTime(), nullable=False),
        sa.Column("did", _JSON, server_default="{}", nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_worker_beat")),
    )


def _case_clock() -> None:
    op.create_table(
        "case_clock",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("limit_key", sa.String(60), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("started_at", sa.DateTime(), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.DateTime(), nullable=True),
        sa.Column("missed_at", sa.DateTime(), nullable=True),
        sa.Column("stopped_at", sa.DateTime(), nullable=True),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("failure", sa.String(200), nullable=True),
        sa.CheckConstraint("stopped_at IS NULL OR next_at IS NULL", name=op.f("ck_case_clock_stopped_fires_nothing")),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=op.f("fk_case_clock_case_id_workflow_case")),
        sa.ForeignKeyConstraint(["entry_id"], ["case_move.id"], name=op.f("fk_case_clock_entry_id_case_move")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_clock")),
        sa.UniqueConstraint("case_id", "limit_key", "entry_id", name=op.f("uq_case_clock_case_id_limit_key_entry_id")),
    )
    op.create_index(
        "ix_case_clock_next_at",
        "case_clock",
        ["next_at"],
        sqlite_where=sa.text("next_at IS NOT NULL"),
        postgresql_where=sa.text("next_at IS NOT NULL"),
    )


def _clock_firing() -> None:
    op.create_table(
        "clock_firing",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("clock_id", sa.BigInteger(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("action", sa.String(40), nullable=False),
        sa.Column("told", sa.String(200), nullable=False),
        sa.Column("due_at", sa.DateTime(), nullable=False),
        sa.Column("at", sa.DateTime(), nullable=False),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=op.f("fk_clock_firing_case_id_workflow_case")),
        sa.ForeignKeyConstraint(["clock_id"], ["case_clock.id"], name=op.f("fk_clock_firing_clock_id_case_clock")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clock_firing")),
        sa.UniqueConstraint("clock_id", "rung", name=op.f("uq_clock_firing_clock_id_rung")),
    )
    op.create_index("ix_clock_firing_case_id", "clock_firing", ["case_id", "id"])
