"""Records and files of a confidential case stay in its circle; files may belong to a case that is about no child."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from migrations.walls import LEVELS, circle, inside

revision = "0011"
down_revision = "0010"

CODES = tuple(f"{level}_code" for level in LEVELS)
FILES = ("attachment", "attachment_content")
OF_SOMETHING = "record_id IS NOT NULL OR case_id IS NOT NULL"
OF_A_CHILD = "record_id IS NULL OR child_id IS NOT NULL"
OF_ONE_THING = "(record_id IS NULL) <> (case_id IS NULL)"
_ATTACHMENT = (
    "id", *CODES, "child_id", "record_id", "case_id", "name_sealed", "kind", "size", "sha256", "width", "height",
    "made_by", "made_by_name", "made_at", "removed_at", "reason_sealed", "made_at_school",
)  # fmt: skip
_CONTENT = ("id", *CODES, "child_id", "attachment_id", "part", "sealed")
COPIED = {"attachment": _ATTACHMENT, "attachment_content": _CONTENT}


def upgrade() -> None:
    """Add the circle, take over that of the cases that records belong to, and let a file do without a child."""
    op.add_column("record", sa.Column("circle", sa.String(60), nullable=False, server_default=""))
    op.execute(
        "UPDATE record SET circle = (SELECT c.circle FROM workflow_case AS c WHERE c.id = record.case_id) "
        "WHERE case_id IS NOT NULL"
    )
    if op.get_bind().dialect.name == "postgresql":
        _widen()
        _raise_walls()
    else:
        _rebuild({"attachment": _attachment(), "attachment_content": _content()}, child_is_optional=True)
    op.create_index("ix_attachment_content_case_id", "attachment_content", ["case_id"])
    op.execute(
        "UPDATE attachment SET circle = (SELECT c.circle FROM workflow_case AS c WHERE c.id = attachment.case_id) "
        "WHERE case_id IS NOT NULL"
    )
    op.execute(
        "UPDATE attachment_content SET case_id = (SELECT a.case_id FROM attachment AS a WHERE a.id = attachment_id), "
        "circle = (SELECT a.circle FROM attachment AS a WHERE a.id = attachment_id)"
    )


def _widen() -> None:
    for table in FILES:
        op.add_column(table, sa.Column("circle", sa.String(60), nullable=False, server_default=""))
        op.alter_column(table, "child_id", nullable=True)
    op.add_column("attachment", sa.Column("field", sa.String(60)))
    op.add_column("attachment", sa.Column("protection", sa.String(40), nullable=False, server_default="P2"))
    op.drop_constraint(op.f("ck_attachment_of_one_thing"), "attachment")
    op.create_check_constraint("of_something", "attachment", OF_SOMETHING)
    op.create_check_constraint("of_a_child", "attachment", OF_A_CHILD)
    op.add_column("attachment_content", sa.Column("case_id", sa.BigInteger()))
    op.create_foreign_key(
        op.f("fk_attachment_content_case_id_workflow_case"), "attachment_content", "workflow_case", ["case_id"], ["id"]
    )


def _raise_walls() -> None:
    for table in FILES:
        condition = inside("business", child="child_id", case="case_id")
        op.execute(f"DROP POLICY inside_scope ON {table}")
        op.execute(f"CREATE POLICY inside_scope ON {table} USING ({condition}) WITH CHECK ({condition})")
    for table in ("record", *FILES):
        op.execute(f"CREATE POLICY own_circle ON {table} AS RESTRICTIVE USING ({circle('case_id')}) WITH CHECK (true)")


def _rebuild(items: dict[str, list[sa.schema.SchemaItem]], *, child_is_optional: bool) -> None:
    """Make both tables anew with what stands in them: SQLite cannot let a column be empty afterwards."""
    for table, columns in COPIED.items():
        for found in sa.inspect(op.get_bind()).get_indexes(table):
            op.drop_index(found["name"], table)
        op.rename_table(table, f"{table}_before")
        op.create_table(table, *_own(child_is_optional=child_is_optional), *items[table])
        names = ", ".join(columns)
        op.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM {table}_before")  # noqa: S608 (our own names)
    for table in reversed(FILES):
        op.drop_table(f"{table}_before")
    _create_indexes()


def _create_indexes() -> None:
    for column in ("child_id", "record_id", "case_id"):
        op.create_index(f"ix_attachment_{column}", "attachment", [column, "id"])
    for table in FILES:
        for level in LEVELS:
            op.create_index(f"ix_{table}_{level}", table, [f"{level}_code", "id"])
    op.create_index("ix_attachment_content_child_id", "attachment_content", ["child_id"])
    op.create_index("uq_attachment_content_part", "attachment_content", ["attachment_id", "part"], unique=True)


def _own(*, child_is_optional: bool) -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("id", sa.BigInteger(), primary_key=True, autoincrement=False),
        *(sa.Column(code, sa.String(40), nullable=False) for code in CODES),
        sa.Column("child_id", sa.BigInteger(), nullable=child_is_optional),
        sa.ForeignKeyConstraint(
            ("child_id", *CODES), [f"child.{column}" for column in ("id", *CODES)], onupdate="CASCADE"
        ),
    ]


def _attachment_before() -> list[sa.schema.SchemaItem]:
    return [
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
        sa.CheckConstraint("size > 0", name="size"),
        sa.CheckConstraint("(width IS NULL) = (height IS NULL)", name="width_and_height"),
        sa.CheckConstraint("removed_at IS NULL OR reason_sealed IS NOT NULL", name="removed_says_why"),
    ]


def _attachment() -> list[sa.schema.SchemaItem]:
    return [
        *_attachment_before(),
        sa.Column("circle", sa.String(60), nullable=False, server_default=""),
        sa.Column("field", sa.String(60)),
        sa.Column("protection", sa.String(40), nullable=False, server_default="P2"),
        sa.CheckConstraint(OF_SOMETHING, name="of_something"),
        sa.CheckConstraint(OF_A_CHILD, name="of_a_child"),
    ]


def _content_before() -> list[sa.schema.SchemaItem]:
    return [
        sa.Column("attachment_id", sa.BigInteger(), sa.ForeignKey("attachment.id"), nullable=False),
        sa.Column("part", sa.String(40), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("part IN ('whole', 'small')", name="part"),
    ]


def _content() -> list[sa.schema.SchemaItem]:
    return [
        *_content_before(),
        sa.Column("circle", sa.String(60), nullable=False, server_default=""),
        sa.Column("case_id", sa.BigInteger(), sa.ForeignKey("workflow_case.id")),
    ]


def downgrade() -> None:
    """Forget the circles; files of cases that are about no child go with them."""
    op.drop_index("ix_attachment_content_case_id", "attachment_content")
    op.execute("DELETE FROM attachment_content WHERE child_id IS NULL")
    op.execute("DELETE FROM attachment WHERE child_id IS NULL")
    op.execute("UPDATE attachment SET case_id = NULL WHERE record_id IS NOT NULL")
    if op.get_bind().dialect.name == "postgresql":
        _take_walls_down()
        _narrow()
    else:
        attachment = [*_attachment_before(), sa.CheckConstraint(OF_ONE_THING, name="of_one_thing")]
        _rebuild({"attachment": attachment, "attachment_content": _content_before()}, child_is_optional=False)
    op.drop_column("record", "circle")


def _take_walls_down() -> None:
    for table in ("record", *FILES):
        op.execute(f"DROP POLICY own_circle ON {table}")
    for table in FILES:
        condition = inside("business", child="child_id")
        op.execute(f"DROP POLICY inside_scope ON {table}")
        op.execute(f"CREATE POLICY inside_scope ON {table} USING ({condition}) WITH CHECK ({condition})")


def _narrow() -> None:
    op.drop_constraint(op.f("ck_attachment_of_something"), "attachment")
    op.drop_constraint(op.f("ck_attachment_of_a_child"), "attachment")
    op.create_check_constraint("of_one_thing", "attachment", OF_ONE_THING)
    for column in ("field", "protection", "circle"):
        op.drop_column("attachment", column)
    for column in ("case_id", "circle"):
        op.drop_column("attachment_content", column)
    for table in FILES:
        op.alter_column(table, "child_id", nullable=False)
