"""Where messages go outside: mail servers, signed webhooks and group robots, each of one place."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Float, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.scope import LEVELS, PlaceKeyed
from models.types import JsonValue, Line, Moment, UtcDateTime, Word
from models.vault import Sealed

KINDS = ("mail", "webhook", "wecom", "dingtalk")
SECURITIES = ("tls", "starttls")


class Channel(PlaceKeyed, Base):
    """One way outside: it tells what happens at its place and below, as far as its topics go.

    A mail server writes to each person concerned; the others tell a group or another system. `url` holds a webhook's
    address or a robot's token, `secret` what signs or logs in; neither is ever shown again. `allowance` and
    `allowance_at` are a robot's bucket: how many messages it may send, counted at that moment.
    """

    __tablename__ = "channel"
    __table_args__ = (
        CheckConstraint(f"kind IN ({', '.join(map(repr, KINDS))})", name="kind"),
        CheckConstraint("security IS NULL OR security IN ('tls', 'starttls')", name="security"),
        CheckConstraint(
            "(kind = 'mail') = (host IS NOT NULL AND port IS NOT NULL AND security IS NOT NULL AND sender IS NOT NULL)",
            name="mail_has_server",
        ),
        CheckConstraint("(kind = 'mail') = (url_sealed IS NULL)", name="others_have_address"),
        CheckConstraint("kind <> 'webhook' OR secret_sealed IS NOT NULL", name="webhook_is_signed"),
        Index("ix_channel_place_id", "place_id"),
        *(Index(f"ix_channel_{level}", f"{level}_code", "id") for level in LEVELS),
    )

    place_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("place.id"))
    kind: Mapped[Word]
    name: Mapped[Line]
    is_on: Mapped[bool] = mapped_column(default=True)
    topics: Mapped[list[Any]] = mapped_column(JsonValue, default=list, server_default="[]")
    host: Mapped[str | None] = mapped_column(String(200))
    port: Mapped[int | None]
    security: Mapped[str | None] = mapped_column(String(10))
    sender: Mapped[str | None] = mapped_column(String(200))
    login: Mapped[str | None] = mapped_column(String(200))
    url_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    url = Sealed()
    secret_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    secret = Sealed()
    allowance: Mapped[float] = mapped_column(Float(), default=0.0, server_default="0")
    allowance_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    tried: Mapped[str | None] = mapped_column(String(200))
    made_at: Mapped[Moment]
    rev: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": rev}

    @property
    def key_owner(self) -> int:
        """The data key that seals address and secret."""
        return self.id
