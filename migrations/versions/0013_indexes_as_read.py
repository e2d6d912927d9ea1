"""Indexes as they are read: moves and answers by their case, relatives by their child, never by place."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"

LEVELS = ("city", "county", "township", "school", "class")
TABLES = ("case_move", "case_record", "relative")


def upgrade() -> None:
    """Drop what every transition and every import wrote and nothing read; find the answers of a move."""
    op.create_index("ix_case_record_move_id", "case_record", ["move_id"])
    for table in TABLES:
        for level in LEVELS:
            op.drop_index(f"ix_{table}_{level}", table)


def downgrade() -> None:
    """Make them again."""
    op.drop_index("ix_case_record_move_id", "case_record")
    for table in TABLES:
        for level in LEVELS:
            op.create_index(f"ix_{table}_{level}", table, [f"{level}_code", "id"])
