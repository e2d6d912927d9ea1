"""People take part in cases: participants, occupied slots, facts kept on the case, and circles of confidential ones."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.walls import LEVELS, circle, inside, raise_wall

revision = "0003"
down_revision = "0002"

CIRCLED = ("workflow_case", "case_move", "case_record", "audit_event")
CODES = tuple(f"{level}_code" for level in LEVELS)
BY_CHILD = {"child": "id", "name_gram": "child_id", "relative": "child_id"}
BY_CASE = {"workflow_case": "id", "case_move": "case_id", "case_record": "case_id"}


def upgrade() -> None:
    """Add the tables and columns, and let the walls know children and cases."""
    for table in CIRCLED:
        op.add_column(table, sa.Column("circle", sa.String(60), nullable=False, server_default=""))
    op.add_column(
        "workflow_case",
        sa.Column("facts", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False, server_default="{}"),
    )
    _create_tables()
    if op.get_bind().dialect.name == "postgresql":
        _rebuild_walls()


def _create_tables() -> None:
    op.create_table(
        "case_participant",
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        *(sa.Column(code, sa.String(40), nullable=False) for code in CODES),
        sa.Column("circle", sa.String(60), nullable=False, server_default=""),
        sa.Column("child_id", sa.BigInteger()),
        sa.Column("case_id", sa.BigInteger(), sa.ForeignKey("workflow_case.id"), nullable=False),
        sa.Column("relation", sa.String(60), nullable=False),
        sa.Column("works_as", sa.String(60)),
        sa.Column("staff_id", sa.BigInteger(), sa.ForeignKey("staff.id")),
        sa.Column("place_id", sa.BigInteger(), sa.ForeignKey("place.id")),
        sa.Column("role", sa.String(60)),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("since_at", sa.DateTime(), nullable=False),
        sa.Column("until_at", sa.DateTime()),
        sa.Column("made_at_school", sa.String(40), nullable=False),
        sa.CheckConstraint("until_at IS NULL OR until_at >= since_at", name="period"),
        sa.CheckConstraint("(role IS NULL) = (place_id IS NULL)", name="role_at_place"),
        sa.CheckConstraint("staff_id IS NULL OR place_id IS NULL", name="one_kind"),
        sa.ForeignKeyConstraint(
            ("child_id", *CODES), [f"child.{column}" for column in ("id", *CODES)], onupdate="CASCADE"
        ),
    )
    for column, *rest in (
        ("case_id", "id"),
        ("child_id", "id"),
        ("staff_id", "until_at"),
        ("place_id", "role", "until_at"),
    ):
        op.create_index(f"ix_case_participant_{column}", "case_participant", [column, *rest])
    for level in LEVELS:
        op.create_index(f"ix_case_participant_{level}", "case_participant", [f"{level}_code", "id"])
    op.create_table(
        "case_slot",
        sa.Column("slot", sa.String(200), primary_key=True),
        sa.Column("case_id", sa.BigInteger(), sa.ForeignKey("workflow_case.id"), nullable=False),
    )
    op.create_index("ix_case_slot_case_id", "case_slot", ["case_id"])


def _rebuild_walls() -> None:
    for table in (*BY_CHILD, *BY_CASE):
        op.execute(f"DROP POLICY inside_scope ON {table}")
    for table, column in BY_CHILD.items():
        _raise(table, inside("business", child=column))
    for table, column in {**BY_CASE, "case_participant": "case_id"}.items():
        _raise(table, inside("business", case=column), circle(column))
    op.execute(f"CREATE POLICY own_circle ON audit_event AS RESTRICTIVE FOR SELECT USING ({circle('case_id')})")


def _raise(table: str, condition: str, also: str | None = None) -> None:
    for statement in raise_wall(table, condition, also):
        op.execute(statement)


def downgrade() -> None:
    """Take the parts away; the cases stay."""
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP POLICY own_circle ON audit_event")
        for table in (*BY_CHILD, *BY_CASE):
            op.execute(f"DROP POLICY inside_scope ON {table}")
            op.execute(f"CREATE POLICY inside_scope ON {table} USING ({inside('business')})")
        for table in BY_CASE:
            op.execute(f"DROP POLICY own_circle ON {table}")
    op.drop_table("case_slot")
    op.drop_table("case_participant")
    op.drop_column("workflow_case", "facts")  # not in batch mode, which would drop tables that others refer to
    for table in CIRCLED:
        op.drop_column(table, "circle")
