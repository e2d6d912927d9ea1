"""Cases counted by school, term and state, in the transaction that moves them."""

from __future__ import annotations

from alembic import op

from migrations.tallies import Tally, drop, keep

revision = "0007"
down_revision = "0006"

CASES = Tally(
    "case_tally",
    source="workflow_case",
    prefix="tally",
    key=("workflow", "term_id", "level", "city_code", "county_code", "township_code", "school_code", "state"),
    counted="{row}.term_id IS NOT NULL AND {row}.circle = ''",
    watched="circle",
)


def upgrade() -> None:
    """Make the table, count what is there, and let the database keep the counts."""
    keep(CASES)
    op.create_index("ix_case_tally_township_code", "case_tally", ["township_code", "workflow", "term_id", "level"])


def downgrade() -> None:
    """Count no more."""
    drop(CASES)
