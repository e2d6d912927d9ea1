"""Seats of decisions, copies, urging, cases under watch, deputies and what the bell shows."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.walls import LEVELS, circle, inside, raise_wall

revision = "0015"
down_revision = "0014"

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")


def upgrade() -> None:
    """Add the tables with their walls."""
    _case_task()
    _case_watch()
    _case_copy()
    _delegation()
    _notice()
    op.add_column("workflow_case", sa.Column("urged", sa.Integer(), nullable=False, server_default="0"))
    op.add_column("workflow_case", sa.Column("urged_at", sa.DateTime(), nullable=True))
    if op.get_bind().dialect.name == "postgresql":
        for table in ("case_task", "case_watch"):
            for statement in raise_wall(table, inside("business", child="child_id", case="case_id"), circle("case_id")):
                op.execute(statement)


def downgrade() -> None:
    """Forget who was asked, told and deputed."""
    for column in ("urged_at", "urged"):
        op.drop_column("workflow_case", column)
    for table in ("notice", "delegation", "case_copy", "case_watch", "case_task"):
        op.drop_table(table)


def _codes() -> list[sa.Column[str]]:
    return [sa.Column(f"{level}_code", sa.String(40), nullable=False) for level in LEVELS]


def _of_child(table: str) -> sa.ForeignKeyConstraint:
    codes = [f"{level}_code" for level in LEVELS]
    theirs = [f"child.{column}" for column in ("id", *codes)]
    return sa.ForeignKeyConstraint(
        ["child_id", *codes], theirs, name=op.f(f"fk_{table}_child_id_child"), onupdate="CASCADE"
    )


def _rules_of_tasks() -> list[sa.Constraint]:
    return [
        sa.CheckConstraint(
            "origin IN ('asked', 'handed_over', 'delegated', 'added_before', 'added_after')",
            name=op.f("ck_case_task_origin"),
        ),
        sa.CheckConstraint("status <> 'done' OR acted_by IS NOT NULL", name=op.f("ck_case_task_done_by_somebody")),
        sa.CheckConstraint(
            "status IN ('waiting', 'open', 'lent', 'done', 'handed_over', 'removed', 'recused', 'skipped', 'over')",
            name=op.f("ck_case_task_status"),
        ),
        sa.CheckConstraint("(role IS NULL) = (place_id IS NULL)", name=op.f("ck_case_task_role_at_place")),
        sa.CheckConstraint("staff_id IS NOT NULL OR place_id IS NOT NULL", name=op.f("ck_case_task_somebody")),
        sa.ForeignKeyConstraint(["acted_by"], ["staff.id"], name=op.f("fk_case_task_acted_by_staff")),
        sa.ForeignKeyConstraint(["acted_for"], ["staff.id"], name=op.f("fk_case_task_acted_for_staff")),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=op.f("fk_case_task_case_id_workflow_case")),
        _of_child("case_task"),
        sa.ForeignKeyConstraint(["entry_id"], ["case_move.id"], name=op.f("fk_case_task_entry_id_case_move")),
        sa.ForeignKeyConstraint(["from_id"], ["case_task.id"], name=op.f("fk_case_task_from_id_case_task")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_case_task_place_id_place")),
        sa.ForeignKeyConstraint(["signature_id"], ["attachment.id"], name=op.f("fk_case_task_signature_id_attachment")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_task_staff_id_staff")),
    ]


def _case_task() -> None:
    op.create_table(
        "case_task",
        sa.Column("child_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("entry_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(60), nullable=False),
        sa.Column("asked", sa.String(130), nullable=False),
        sa.Column("origin", sa.String(40), nullable=False),
        sa.Column("from_id", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=True),
        sa.Column("role", sa.String(60), nullable=True),
        sa.Column("place_id", sa.BigInteger(), nullable=True),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("status", sa.String(40), nullable=False),
        sa.Column("answer", sa.String(60), nullable=True),
        sa.Column("opinion_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("signature_id", sa.BigInteger(), nullable=True),
        sa.Column("acted_by", sa.BigInteger(), nullable=True),
        sa.Column("acted_name", sa.String(200), nullable=True),
        sa.Column("acted_for", sa.BigInteger(), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("done_at", sa.DateTime(), nullable=True),
        sa.Column("made_at_school", sa.String(40), nullable=False),
        sa.Column("circle", sa.String(60), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *_codes(),
        *_rules_of_tasks(),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_task")),
    )
    op.create_index("ix_case_task_acted_by", "case_task", ["acted_by", "done_at"])
    op.create_index("ix_case_task_case_id", "case_task", ["case_id", "entry_id", "id"])
    op.create_index("ix_case_task_child_id", "case_task", ["child_id", "id"])
    for level in LEVELS:
        op.create_index(f"ix_case_task_{level}", "case_task", [f"{level}_code", "id"])
    op.create_index("ix_case_task_place_id", "case_task", ["place_id", "role", "status", "id"])
    op.create_index("ix_case_task_staff_id", "case_task", ["staff_id", "status", "id"])


def _case_watch() -> None:
    op.create_table(
        "case_watch",
        sa.Column("child_id", sa.BigInteger(), nullable=True),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_by_name", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("note_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.Column("ended_by", sa.BigInteger(), nullable=True),
        sa.Column("made_at_school", sa.String(40), nullable=False),
        sa.Column("circle", sa.String(60), server_default="", nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *_codes(),
        sa.CheckConstraint("(ended_at IS NULL) = (ended_by IS NULL)", name=op.f("ck_case_watch_ended_by_somebody")),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=op.f("fk_case_watch_case_id_workflow_case")),
        _of_child("case_watch"),
        sa.ForeignKeyConstraint(["ended_by"], ["staff.id"], name=op.f("fk_case_watch_ended_by_staff")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_case_watch_made_by_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_watch")),
    )
    op.create_index("ix_case_watch_case_id", "case_watch", ["case_id", "id"])
    op.create_index("ix_case_watch_child_id", "case_watch", ["child_id", "id"])
    for level in LEVELS:
        op.create_index(f"ix_case_watch_{level}", "case_watch", [f"{level}_code", "ended_at", "id"])
    op.create_index("ix_case_watch_made_by", "case_watch", ["made_by", "ended_at", "id"])


def _case_copy() -> None:
    op.create_table(
        "case_copy",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("made_by_name", sa.String(200), nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=op.f("fk_case_copy_case_id_workflow_case")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_case_copy_made_by_staff")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_case_copy_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_copy")),
    )
    op.create_index("ix_case_copy_case_id", "case_copy", ["case_id", "id"])
    op.create_index("ix_case_copy_staff_id", "case_copy", ["staff_id", "id"])


def _delegation() -> None:
    op.create_table(
        "delegation",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("deputy_id", sa.BigInteger(), nullable=False),
        sa.Column("first_on", sa.Date(), nullable=False),
        sa.Column("last_on", sa.Date(), nullable=False),
        sa.Column("workflows", _JSON, server_default="[]", nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("made_by", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.DateTime(), nullable=True),
        sa.CheckConstraint("deputy_id <> staff_id", name=op.f("ck_delegation_somebody_else")),
        sa.CheckConstraint("last_on >= first_on", name=op.f("ck_delegation_period")),
        sa.ForeignKeyConstraint(["deputy_id"], ["staff.id"], name=op.f("fk_delegation_deputy_id_staff")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_delegation_made_by_staff")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_delegation_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delegation")),
    )
    op.create_index("ix_delegation_deputy_id", "delegation", ["deputy_id", "last_on"])
    op.create_index("ix_delegation_staff_id", "delegation", ["staff_id", "last_on"])


def _notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("staff_id", sa.BigInteger(), nullable=False),
        sa.Column("topic", sa.String(40), nullable=False),
        sa.Column("case_id", sa.BigInteger(), nullable=True),
        sa.Column("facts", _JSON, server_default="{}", nullable=False),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("read_at", sa.DateTime(), nullable=True),
        sa.ForeignKeyConstraint(["case_id"], ["workflow_case.id"], name=op.f("fk_notice_case_id_workflow_case")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_notice_staff_id_staff")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notice")),
    )
    op.create_index("ix_notice_staff_id", "notice", ["staff_id", "read_at", "id"])
