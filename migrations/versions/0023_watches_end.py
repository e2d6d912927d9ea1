"""A watch ends with its case: nobody ended it then, and those over cases that have ended by now end with them."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"

NAME = "ck_case_watch_ended_by_somebody"
NOW, BEFORE = "ended_by IS NULL OR ended_at IS NOT NULL", "(ended_at IS NULL) = (ended_by IS NULL)"


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
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(NAME), "case_watch", type_="check")
        op.create_check_constraint(op.f(NAME), "case_watch", sa.text(condition))
        return
    with op.batch_alter_table("case_watch", recreate="always") as table:  # the old check is not taken along
        table.create_check_constraint(op.f(NAME), sa.text(condition))
