"""Files of forms that were not accepted yet."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    """Add the table; its rows are found by the person's own number and open with the person's own key only."""
    op.create_table(
        "unfinished_file",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("field", sa.String(60), nullable=False),
        sa.Column("digest", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("name_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("content_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("kept_at", sa.DateTime(), nullable=False),
        sa.CheckConstraint("size > 0", name=op.f("ck_unfinished_file_size")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_unfinished_file_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_unfinished_file")),
        sa.UniqueConstraint(
            "staff_id", "place", "field", "digest", name=op.f("uq_unfinished_file_staff_id_place_field_digest")
        ),
    )
    op.create_index(op.f("ix_unfinished_file_kept_at"), "unfinished_file", ["kept_at"])


def downgrade() -> None:
    """Forget the files."""
    op.drop_table("unfinished_file")
