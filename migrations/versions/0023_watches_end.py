"""A watch ends with its case: nobody ended it then, and those over cases that have ended by now end with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

NAME = "ck_case_watch_ended_by_somebody"
NOW, BEFORE = "ended_by IS NULL OR ended_at IS NOT NULL", "(ended_at IS NULL) = (ended_by IS NULL)"
_PARTS = sa.text("SELECT type, sql FROM sqlite_master WHERE tbl_name = 'case_watch' AND sql IS NOT NULL ORDER BY name")


def upgrade() -> None:
    """Let a watch end without anybody, and end those over cases that have ended."""
    _check(NOW)
    op.execute(
        "UPDATE case_watch SET ended_at = (SELECT closed_at FROM workflow_case WHERE id = case_watch.case_id) "
        "WHERE ended_at IS NULL AND case_id IN (SELECT id FROM workflow_case WHERE closed_at IS NOT NULL)"
    )


def downgrade() -> None:
    """Name whoever watched as the one who ended it."""
    op.execute("UPDATE case_watch SET ended_by = made_by WHERE ended_at IS NOT NULL AND ended_by IS NULL")
    _check(BEFORE)


def _check(condition: str) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "postgresql":
        op.drop_constraint(op.f(NAME), "case_watch", type_="check")
        op.create_check_constraint(op.f(NAME), "case_watch", sa.text(condition))
        return
    # By hand: a batch would write the table's links in another order each time, and two sites would differ.
    parts = {kind: [] for kind in ("table", "index", "trigger")}
    for kind, text in connection.execute(_PARTS):
        parts[kind].append(text)
    (table,) = parts["table"]
    former = BEFORE if condition == NOW else NOW
    assert former in table
    _, columns = table.replace(former, condition).split("(", 1)
    op.execute(f"CREATE TABLE _case_watch ({columns}")
    op.execute("INSERT INTO _case_watch SELECT * FROM case_watch")
    op.execute("DROP TABLE case_watch")
    op.execute("ALTER TABLE _case_watch RENAME TO case_watch")
    for text in (*parts["index"], *parts["trigger"]):
        op.execute(text)
