"""Long work that persons started, in chunks that are done whole or not at all."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0021"
down_revision = "0020"

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Add the tables."""
    op.create_table(
        "job",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("workflow", sa.String(40), nullable=False),
        sa.Column("transition", sa.String(60), nullable=False),
        sa.Column("words_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("failure", sa.String(200), nullable=True),
        sa.CheckConstraint("state IN ('running', 'done', 'cancelled', 'broken_off')", name=op.f("ck_job_state")),
        sa.CheckConstraint("(state = 'running') = (ended_at IS NULL)", name=op.f("ck_job_ended_when_over")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_job_made_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_job")),
        sa.UniqueConstraint("made_by", "key", name=op.f("uq_job_made_by_key")),
    )
    op.create_index("ix_job_state", "job", ["state", "id"])
    op.create_table(
        "job_chunk",
        sa.Column("job_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("cases", _JSON, nullable=False),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.Column("moved", sa.Integer(), nullable=False),
        sa.Column("refused", _JSON, nullable=False, server_default=sa.text("'[]'")),
        sa.ForeignKeyConstraint(["job_id"], ["job.id"], name=op.f("fk_job_chunk_job_id_job")),
        sa.PrimaryKeyConstraint("job_id", "number", name=op.f("pk_job_chunk")),
    )


def downgrade() -> None:
    """Forget the jobs; what they moved stays moved."""
    op.drop_table("job_chunk")
    op.drop_table("job")
