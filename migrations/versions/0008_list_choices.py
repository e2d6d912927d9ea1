"""What people chose for their lists: columns and saved views, with their account."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Add the column; nobody has chosen anything yet."""
    kind = sa.JSON().with_variant(JSONB(), "postgresql")
    op.add_column("staff", sa.Column("list_choices", kind, nullable=False, server_default=sa.text("'{}'")))


def downgrade() -> None:
    """Forget what was chosen."""
    op.drop_column("staff", "list_choices")
