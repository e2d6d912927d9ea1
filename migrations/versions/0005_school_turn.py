"""Why, when and where to a child left; the turns of the school year that schools made."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.walls import LEVELS, inside, raise_wall

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Add the columns and the table."""
    # Written out, because SQLite adds a constraint together with its column or not at all.
    op.execute(
        "ALTER TABLE child ADD COLUMN left_kind VARCHAR(20) CONSTRAINT ck_child_left_kind "
        "CHECK (left_kind IS NULL OR left_kind IN ('graduated', 'transferred', 'moved_away', 'dropped_out', 'other'))"
    )
    op.execute(
        "ALTER TABLE child ADD COLUMN left_on DATE CONSTRAINT ck_child_left_on "
        "CHECK (left_on IS NULL OR status <> 'on_file')"
    )
    op.add_column("child", sa.Column("left_to", sa.String(100)))
    op.create_table(
        "school_turn",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(f"{level}_code", sa.String(40), nullable=False) for level in LEVELS),
        sa.Column("school_id", sa.BigInteger(), nullable=False),
        sa.Column("first_year", sa.Integer(), nullable=False),
        sa.Column("done_at", sa.DateTime(), nullable=False),
        sa.Column("done_by", sa.BigInteger(), nullable=True),
        sa.Column("counts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.ForeignKeyConstraint(["school_id"], ["place.id"], name=op.f("fk_school_turn_school_id_place")),
        sa.ForeignKeyConstraint(["done_by"], ["staff.id"], name=op.f("fk_school_turn_done_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_school_turn")),
        sa.UniqueConstraint("school_id", "first_year", name=op.f("uq_school_turn_school_id_first_year")),
    )
    for level in LEVELS:
        op.create_index(f"ix_school_turn_{level}", "school_turn", [f"{level}_code", "id"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in raise_wall("school_turn", inside("business")):
            op.execute(statement)


def downgrade() -> None:
    """Take the table and the columns away again."""
    op.drop_table("school_turn")
    for column in ("left_to", "left_on", "left_kind"):
        op.execute(f"ALTER TABLE child DROP COLUMN {column}")
