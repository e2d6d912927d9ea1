"""What waits in a whole city, and what a person did, by one index each."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0022"
down_revision = "0021"

RUNNING, STEPS = sa.text("closed_at IS NULL"), sa.text("from_state IS NOT NULL")


def upgrade() -> None:
    """Add the indexes."""
    columns = ["workflow", "state", "city_code", "county_code"]
    op.create_index(
        "ix_workflow_case_running", "workflow_case", columns, sqlite_where=RUNNING, postgresql_where=RUNNING
    )
    op.create_index(
        "ix_case_move_actor_id", "case_move", ["actor_id", "at", "id"], sqlite_where=STEPS, postgresql_where=STEPS
    )


def downgrade() -> None:
    """Drop the indexes."""
    op.drop_index("ix_case_move_actor_id", "case_move")
    op.drop_index("ix_workflow_case_running", "workflow_case")
