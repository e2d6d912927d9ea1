"""Draws of places by lot, with the seal of their seed."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.walls import LEVELS, inside, raise_wall

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Add the table with its wall."""
    kind = sa.JSON().with_variant(JSONB(), "postgresql")
    op.create_table(
        "place_draw",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(f"{level}_code", sa.String(40), nullable=False) for level in LEVELS),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("place_name", sa.String(200), nullable=False),
        sa.Column("algorithm", sa.String(40), nullable=False),
        sa.Column("wanted", kind, nullable=False),
        sa.Column("candidates", kind, nullable=False),
        sa.Column("listed", sa.String(64), nullable=False),
        sa.Column("commitment", sa.String(64), nullable=False),
        sa.Column("seed_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("word", sa.String(60), nullable=True),
        sa.Column("drawn", kind, nullable=False, server_default=sa.text("'[]'")),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_by_name", sa.String(200), nullable=False),
        sa.Column("drawn_at", sa.DateTime(), nullable=True),
        sa.Column("drawn_by", sa.BigInteger(), nullable=True),
        sa.Column("drawn_by_name", sa.String(200), nullable=True),
        sa.CheckConstraint("(drawn_at IS NULL) = (word IS NULL)", name=op.f("ck_place_draw_drawn_with_word")),
        sa.CheckConstraint("(drawn_at IS NULL) = (drawn_by IS NULL)", name=op.f("ck_place_draw_drawn_by_somebody")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_place_draw_place_id_place")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_place_draw_made_by_staff")),
        sa.ForeignKeyConstraint(["drawn_by"], ["staff.id"], name=op.f("fk_place_draw_drawn_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_place_draw")),
        sa.UniqueConstraint("number", name=op.f("uq_place_draw_number")),
    )
    for level in LEVELS:
        op.create_index(f"ix_place_draw_{level}", "place_draw", [f"{level}_code", "id"])
    op.create_index("ix_place_draw_place_id", "place_draw", ["place_id", "id"])
    if op.get_bind().dialect.name == "postgresql":
        for statement in raise_wall("place_draw", inside("business")):
            op.execute(statement)


def downgrade() -> None:
    """Forget the draws."""
    op.drop_table("place_draw")
