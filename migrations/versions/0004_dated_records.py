"""Dated records about children, and photos and files that belong to records or cases."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.walls import LEVELS, inside, raise_wall

revision = "0004"
down_revision = "0003"

CODES = tuple(f"{level}_code" for level in LEVELS)
TABLES = ("record", "attachment", "attachment_content")
DAY = ["happened_on", "id"]


def upgrade() -> None:
    """Add the tables, their indexes and their walls."""
    _create_record()
    _create_attachment()
    _create_content()
    if op.get_bind().dialect.name == "postgresql":
        for table in TABLES:
            for statement in raise_wall(table, inside("business", child="child_id")):
                op.execute(statement)


def _own() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        *(sa.Column(code, sa.String(40), nullable=False) for code in CODES),
        sa.Column("child_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ("child_id", *CODES), [f"child.{column}" for column in ("id", *CODES)], onupdate="CASCADE"
        ),
    ]


def _create_record() -> None:
    op.create_table(
        "record",
        *_own(),
        sa.Column("form", sa.String(60), nullable=False),
        sa.Column("form_version", sa.Integer(), nullable=False),
        sa.Column("counts_as", sa.String(40)),
        sa.Column("happened_on", sa.Date(), nullable=False),
        sa.Column("data", sa.JSON().with_variant(JSONB(), "postgresql"), nullable=False),
        sa.Column("occasion_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(40), nullable=False),
        sa.Column("replaces_id", sa.BigInteger(), sa.ForeignKey("record.id")),
        sa.Column("reason_sealed", sa.LargeBinary()),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_by_name", sa.String(200), nullable=False),
        sa.Column("made_by_role", sa.String(40), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("case_id", sa.BigInteger(), sa.ForeignKey("workflow_case.id")),
        sa.Column("term_id", sa.BigInteger(), sa.ForeignKey("term.id")),
        sa.Column("made_at_school", sa.String(40), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.CheckConstraint("state IN ('active', 'corrected', 'voided')", name="state"),
        sa.CheckConstraint("state <> 'voided' OR reason_sealed IS NOT NULL", name="voided_says_why"),
        sa.CheckConstraint("replaces_id IS NULL OR replaces_id <> id", name="replaces_another"),
    )
    for level in LEVELS:
        op.create_index(f"ix_record_{level}_day", "record", [f"{level}_code", *DAY])
        op.create_index(f"ix_record_{level}_form", "record", [f"{level}_code", "form", *DAY])
    op.create_index("ix_record_child_day", "record", ["child_id", *DAY])
    op.create_index("ix_record_author_day", "record", ["made_by", *DAY])
    op.create_index("ix_record_occasion", "record", ["occasion_id"])
    op.create_index("ix_record_case", "record", ["case_id"])
    op.create_index("uq_record_replaces_id", "record", ["replaces_id"], unique=True)


def _create_attachment() -> None:
    op.create_table(
        "attachment",
        *_own(),
        sa.Column("record_id", sa.BigInteger(), sa.ForeignKey("record.id")),
        sa.Column("case_id", sa.BigInteger(), sa.ForeignKey("workflow_case.id")),
        sa.Column("name_sealed", sa.LargeBinary()),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("width", sa.Integer()),
        sa.Column("height", sa.Integer()),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_by_name", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("removed_at", sa.DateTime()),
        sa.Column("reason_sealed", sa.LargeBinary()),
        sa.Column("made_at_school", sa.String(40), nullable=False),
        sa.CheckConstraint("(record_id IS NULL) <> (case_id IS NULL)", name="of_one_thing"),
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("(width IS NULL) = (height IS NULL)", name="width_and_height"),
        sa.CheckConstraint("removed_at IS NULL OR reason_sealed IS NOT NULL", name="removed_says_why"),
    )
    for column in ("child_id", "record_id", "case_id"):
        op.create_index(f"ix_attachment_{column}", "attachment", [column, "id"])
    for level in LEVELS:
        op.create_index(f"ix_attachment_{level}", "attachment", [f"{level}_code", "id"])


def _create_content() -> None:
    op.create_table(
        "attachment_content",
        *_own(),
        sa.Column("attachment_id", sa.BigInteger(), sa.ForeignKey("attachment.id"), nullable=False),
        sa.Column("part", sa.String(40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("part IN ('whole', 'small')", name="part"),
    )
    op.create_index("ix_attachment_content_child_id", "attachment_content", ["child_id"])
    op.create_index("uq_attachment_content_part", "attachment_content", ["attachment_id", "part"], unique=True)
    for level in LEVELS:
        op.create_index(f"ix_attachment_content_{level}", "attachment_content", [f"{level}_code", "id"])


def downgrade() -> None:
    """Take the tables away with what stands in them."""
    for table in reversed(TABLES):
        op.drop_table(table)
