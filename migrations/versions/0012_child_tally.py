"""Children on file counted by school and care situation, in the transaction that changes them."""

from __future__ import annotations

from alembic import op

from migrations.tallies import Tally, drop, keep

revision = "0012"
down_revision = "0011"

CHILDREN = Tally(
    "child_tally",
    source="child",
    prefix="child_tally",
    key=("level", "city_code", "county_code", "township_code", "school_code", "care_situation"),
    counted="{row}.status = 'on_file' AND {row}.care_situation IS NOT NULL",
    watched="status",
)


def upgrade() -> None:
    """Make the table, count what is there, and let the database keep the counts."""
    keep(CHILDREN)
    op.create_index("ix_child_tally_township_code", "child_tally", ["township_code", "level"])


def downgrade() -> None:
    """Count no more."""
    drop(CHILDREN)
