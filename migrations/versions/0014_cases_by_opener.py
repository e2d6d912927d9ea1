"""The cases that a person opened by one index."""

from __future__ import annotations

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    """Add the index."""
    op.create_index("ix_workflow_case_opened_by", "workflow_case", ["opened_by", "id"])


def downgrade() -> None:
    """Drop the index."""
    op.drop_index("ix_workflow_case_opened_by", "workflow_case")
