"""What refers to a move is found by an index when an import is taken back."""

from __future__ import annotations

from alembic import op

revision = "0020"
down_revision = "0019"

INDEXES = {
    "ix_case_clock_entry_id": ("case_clock", ["entry_id"]),
    "ix_case_task_entry_id": ("case_task", ["entry_id"]),
}


def upgrade() -> None:
    """Add the indexes."""
    for name, (table, columns) in INDEXES.items():
        op.create_index(name, table, columns)


def downgrade() -> None:
    """Drop the indexes."""
    for name, (table, _columns) in INDEXES.items():
        op.drop_index(name, table)
