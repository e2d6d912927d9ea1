"""People on the staff: accounts, appointments to posts, sessions and failed log-ins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.place import Place
from models.scope import LEVELS, NO_PLACE, PlaceKeyed
from models.types import Json, Line, Moment, UtcDateTime, Word
from models.vault import Sealed


class Staff(PlaceKeyed, Base):
    """A person with an account; the level codes are those of the place that employs them."""

    __tablename__ = "staff"
    __table_args__ = (
        CheckConstraint("language IN ('zh', 'en')", name="language"),
        CheckConstraint("told IN ('at_once', 'daily', 'never')", name="told"),
        CheckConstraint("sex IS NULL OR sex IN ('male', 'female')", name="sex"),
        *(Index(f"ix_staff_{level}_name", f"{level}_code", "name_key", "id") for level in LEVELS),
        *(Index(f"ix_staff_{level}_new", f"{level}_code", "id") for level in LEVELS),
    )

    login: Mapped[str] = mapped_column(String(60), unique=True)
    name: Mapped[Line]
    name_key: Mapped[Line]
    sex: Mapped[str | None] = mapped_column(String(10))
    place_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("place.id"))
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone = Sealed()
    email_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    email = Sealed()
    told: Mapped[str] = mapped_column(String(10), default="daily", server_default="daily")  # by e-mail
    password_hash: Mapped[str | None] = mapped_column(String(200))
    must_change_password: Mapped[bool] = mapped_column(default=True)
    is_active: Mapped[bool] = mapped_column(default=False)
    language: Mapped[str] = mapped_column(String(5), default="zh")
    theme: Mapped[str] = mapped_column(String(10), default="auto")
    text_size: Mapped[str] = mapped_column(String(10), default="normal")
    list_choices: Mapped[Json] = mapped_column(default=dict, server_default="{}")  # columns and saved views by screen
    made_at: Mapped[Moment]
    rev: Mapped[int] = mapped_column(default=1)

    appointments: Mapped[list[Appointment]] = relationship(
        back_populates="staff", foreign_keys="Appointment.staff_id", order_by="Appointment.from_on"
    )
    __mapper_args__ = {"version_id_col": rev}

    @property
    def key_owner(self) -> int:
        """The data key that seals this person's protected values."""
        return self.id


class Appointment(PlaceKeyed, Base):
    """A post held by a person at a place from one day to another; its number is the grant that reads cite."""

    __tablename__ = "appointment"
    __table_args__ = (
        CheckConstraint("until_on IS NULL OR until_on >= from_on", name="period"),
        Index("ix_appointment_staff_id", "staff_id"),
        *(Index(f"ix_appointment_{level}", f"{level}_code", "role") for level in LEVELS),
    )

    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    role: Mapped[Word]
    place_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("place.id"))
    from_on: Mapped[date]
    until_on: Mapped[date | None]
    approved_by: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("staff.id"))
    purpose: Mapped[str] = mapped_column(String(200), default="")
    rev: Mapped[int] = mapped_column(default=1)

    staff: Mapped[Staff] = relationship(back_populates="appointments", foreign_keys=[staff_id])
    place: Mapped[Place] = relationship()
    __mapper_args__ = {"version_id_col": rev}

    def holds_on(self, day: date) -> bool:
        """Tell whether the post is held on a day."""
        return self.from_on <= day and (self.until_on is None or day <= self.until_on)

    def covers(self, codes: Mapping[str, str]) -> bool:
        """Tell whether a row with these level codes lies at the post's place or below it."""
        own = self.level_codes
        level = next((level for level in reversed(LEVELS) if own[level] != NO_PLACE), None)
        return level is not None and codes[level] == own[level]


class LoginSession(Base):
    """A browser's session, found by the digest of its token; ending it works on the next request."""

    __tablename__ = "login_session"
    __table_args__ = (Index("ix_login_session_staff_id", "staff_id"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    token_digest: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    staff_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("staff.id"))
    began_at: Mapped[Moment]
    seen_at: Mapped[Moment]
    ended_at: Mapped[datetime | None] = mapped_column(UtcDateTime())
    address: Mapped[str] = mapped_column(String(60))
    agent: Mapped[str] = mapped_column(String(200))


class LoginFailures(Base):
    """Failed log-ins counted by account name or address (blind index), with the moment until which it waits."""

    __tablename__ = "login_failures"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    count: Mapped[int]
    last_at: Mapped[Moment]
    locked_until: Mapped[datetime | None] = mapped_column(UtcDateTime())
