"""Channels outside with their secrets, messages given up or made once, and how people want to be told."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from migrations.walls import LEVELS, inside, raise_wall

revision = "0019"
down_revision = "0018"

_JSON = sa.JSON().with_variant(JSONB(), "postgresql")
_WAITING = sa.text("sent_at IS NULL AND given_up_at IS NULL")


def upgrade() -> None:
    """Add the table with its wall, and the columns."""
    _channel()
    op.add_column("outbox_message", sa.Column("given_up_at", sa.DateTime(), nullable=True))
    # Written out, because SQLite adds a constraint together with its column or not at all.
    op.execute(
        "ALTER TABLE outbox_message ADD COLUMN channel_id BIGINT "
        "CONSTRAINT fk_outbox_message_channel_id_channel REFERENCES channel (id)"
    )
    op.add_column("outbox_message", sa.Column("once", sa.String(80), nullable=True))
    op.create_index("ux_outbox_message_once", "outbox_message", ["once"], unique=True)
    op.create_index("ix_outbox_message_given_up", "outbox_message", ["given_up_at", "channel_id"])
    op.create_index(
        "ix_outbox_message_waiting",
        "outbox_message",
        ["channel_id", "due_at", "id"],
        sqlite_where=_WAITING,
        postgresql_where=_WAITING,
    )
    op.create_index("ix_notice_made_at", "notice", ["made_at"])
    op.create_index("ix_notice_case_id", "notice", ["case_id"])
    op.add_column("staff", sa.Column("email_sealed", sa.LargeBinary(), nullable=True))
    op.execute(
        "ALTER TABLE staff ADD COLUMN told VARCHAR(10) DEFAULT 'daily' NOT NULL CONSTRAINT ck_staff_told "
        "CHECK (told IN ('at_once', 'daily', 'never'))"
    )
    if op.get_bind().dialect.name == "postgresql":
        for statement in raise_wall("channel", inside("business")):
            op.execute(statement)


def downgrade() -> None:
    """Forget channels, failures and wishes; what waited for a channel is forgotten with it."""
    op.execute("DELETE FROM outbox_message WHERE channel_id IS NOT NULL")
    op.execute("ALTER TABLE staff DROP COLUMN told")
    op.drop_column("staff", "email_sealed")
    for index in ("ix_notice_made_at", "ix_notice_case_id"):
        op.drop_index(index, "notice")
    for index in ("ix_outbox_message_waiting", "ix_outbox_message_given_up", "ux_outbox_message_once"):
        op.drop_index(index, "outbox_message")
    with op.batch_alter_table("outbox_message") as table:
        for column in ("once", "channel_id", "given_up_at"):
            table.drop_column(column)
    op.drop_table("channel")


def _channel() -> None:
    op.create_table(
        "channel",
        sa.Column("place_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("is_on", sa.Boolean(), nullable=False),
        sa.Column("topics", _JSON, server_default="[]", nullable=False),
        sa.Column("host", sa.String(200), nullable=True),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("security", sa.String(10), nullable=True),
        sa.Column("sender", sa.String(200), nullable=True),
        sa.Column("login", sa.String(200), nullable=True),
        sa.Column("url_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("allowance", sa.Float(), server_default="0", nullable=False),
        sa.Column("allowance_at", sa.DateTime(), nullable=True),
        sa.Column("tried_at", sa.DateTime(), nullable=True),
        sa.Column("tried", sa.String(200), nullable=True),
        sa.Column("made_at", sa.DateTime(), nullable=False),
        sa.Column("rev", sa.Integer(), nullable=False),
        sa.Column("id", sa.BigInteger(), autoincrement=False, nullable=False),
        *(sa.Column(f"{level}_code", sa.String(40), nullable=False) for level in LEVELS),
        sa.CheckConstraint("kind IN ('mail', 'webhook', 'wecom', 'dingtalk')", name=op.f("ck_channel_kind")),
        sa.CheckConstraint("security IS NULL OR security IN ('tls', 'starttls')", name=op.f("ck_channel_security")),
        sa.CheckConstraint(
            "(kind = 'mail') = (host IS NOT NULL AND port IS NOT NULL AND security IS NOT NULL AND sender IS NOT NULL)",
            name=op.f("ck_channel_mail_has_server"),
        ),
        sa.CheckConstraint("(kind = 'mail') = (url_sealed IS NULL)", name=op.f("ck_channel_others_have_address")),
        sa.CheckConstraint("kind <> 'webhook' OR secret_sealed IS NOT NULL", name=op.f("ck_channel_webhook_is_signed")),
        sa.ForeignKeyConstraint(["place_id"], ["place.id"], name=op.f("fk_channel_place_id_place")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channel")),
    )
    op.create_index("ix_channel_place_id", "channel", ["place_id"])
    for level in LEVELS:
        op.create_index(f"ix_channel_{level}", "channel", [f"{level}_code", "id"])
