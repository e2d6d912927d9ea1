"""Plain answers of cases in typed columns, so that conditions can be asked of the database.

The rows of cases that are there already are written by `shouwang upgrade`, which knows their forms.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.walls import LEVELS, circle, inside, raise_wall

revision = "0018"
down_revision = "0017"

_GIVEN = " + ".join(
    f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in ("text", "number", "day", "moment", "yes_no")
)


def upgrade() -> None:
    """Add the table with its wall."""
    codes = [f"{level}_code" for level in LEVELS]
    theirs = [f"child.{column}" for column in ("id", *codes)]
    op.create_table(
        "field_value",
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("field", sa.String(60), nullable=False),
        sa.Column("position", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("text", sa.String(200), nullable=True),
        sa.Column("number", sa.BigInteger(), nullable=True),
        sa.Column("day", sa.Date(), nullable=True),
        sa.Column("moment", sa.DateTime(), nullable=True),
        sa.Column("yes_no", sa.Boolean(), nullable=True),
        sa.Column("child_id", sa.BigInteger(), nullable=True),
        sa.Column("circle", sa.String(60), server_default="", nullable=False),
        *(sa.Column(code, sa.String(40), nullable=False) for code in codes),
        sa.CheckConstraint(f"{_GIVEN} <= 1 AND ({_GIVEN} = 1 OR position = 1)", name=op.f("ck_field_value_one_value")),
        sa.ForeignKeyConstraint(
            ["case_id"],
            ["workflow_case.id"],
            name=op.f("fk_field_value_case_id_workflow_case"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["child_id", *codes], theirs, name=op.f("fk_field_value_child_id_child"), onupdate="CASCADE"
        ),
        sa.PrimaryKeyConstraint("case_id", "field", "position", name=op.f("pk_field_value")),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_field_value_child_id", "field_value", ["child_id"])
    for column in ("text", "number", "day"):
        given = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_field_value_{column}", "field_value", ["field", column], sqlite_where=given, postgresql_where=given
        )
    if op.get_bind().dialect.name == "postgresql":
        condition = inside("business", child="child_id", case="case_id")
        for statement in raise_wall("field_value", condition, circle("case_id")):
            op.execute(statement)


def downgrade() -> None:
    """Keep answers in the cases' JSON alone."""
    op.drop_table("field_value")
