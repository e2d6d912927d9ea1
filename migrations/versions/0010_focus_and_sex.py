"""Why a child was chosen as a focus child; the sex of people on the staff, where it is known."""

from __future__ import annotations

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Add both columns, empty."""
    # Written out, because SQLite adds a constraint together with its column or not at all.
    op.execute(
        "ALTER TABLE child ADD COLUMN focus_reason VARCHAR(200) CONSTRAINT ck_child_focus_reason "
        "CHECK (focus_reason IS NULL OR is_focus)"
    )
    op.execute(
        "ALTER TABLE staff ADD COLUMN sex VARCHAR(10) CONSTRAINT ck_staff_sex "
        "CHECK (sex IS NULL OR sex IN ('male', 'female'))"
    )


def downgrade() -> None:
    """Forget both."""
    op.execute("ALTER TABLE staff DROP COLUMN sex")
    op.execute("ALTER TABLE child DROP COLUMN focus_reason")
