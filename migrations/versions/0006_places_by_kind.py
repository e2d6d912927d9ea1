"""Places of a kind under a place by one index."""

from __future__ import annotations

from alembic import op

revision = "0006"
down_revision = "0005"

LEVELS = ("city", "county", "township", "school", "class")


def upgrade() -> None:
    """Put the kind beside the level code in the indexes of the tree."""
    for level in LEVELS:
        op.create_index(f"ix_place_{level}_kind", "place", [f"{level}_code", "kind"])
        op.drop_index(f"ix_place_{level}", "place")


def downgrade() -> None:
    """Index the level codes alone."""
    for level in LEVELS:
        op.create_index(f"ix_place_{level}", "place", [f"{level}_code"])
        op.drop_index(f"ix_place_{level}_kind", "place")
