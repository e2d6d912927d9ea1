"""Children on file, their relatives, and the grams by which names are found."""

from __future__ import annotations

from datetime import date

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKeyConstraint,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
)
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from models.base import Base
from models.scope import LEVELS, ChildKeyed
from models.types import Line, Moment, Word
from models.vault import Sealed

CARE_SITUATIONS = ("grandparents", "one_parent", "relatives", "single_or_orphan")
LEVEL_COLUMNS = tuple(f"{level}_code" for level in LEVELS)


class Child(ChildKeyed, Base):
    """A child on file. The level codes follow the class; the residence codes follow the family's home."""

    __tablename__ = "child"
    __table_args__ = (
        UniqueConstraint("id", *LEVEL_COLUMNS, name="uq_child_place"),
        CheckConstraint("sex IS NULL OR sex IN ('male', 'female')", name="sex"),
        CheckConstraint(
            "care_situation IS NULL OR care_situation IN "
            "('grandparents', 'one_parent', 'relatives', 'single_or_orphan')",
            name="care_situation",
        ),
        CheckConstraint("status IN ('on_file', 'left', 'archived')", name="status"),
        CheckConstraint(
            "left_kind IS NULL OR left_kind IN ('graduated', 'transferred', 'moved_away', 'dropped_out', 'other')",
            name="left_kind",
        ),
        CheckConstraint("left_on IS NULL OR status <> 'on_file'", name="left_on"),
        CheckConstraint("risk IN ('high', 'medium', 'low')", name="risk"),
        CheckConstraint("focus_reason IS NULL OR is_focus", name="focus_reason"),
        *(
            Index(f"ix_child_{level}_roll", f"{level}_code", *_rest, "name_key", "id")
            for level, _rest in (
                ("city", ("school_code", "class_code")),
                ("county", ("school_code", "class_code")),
                ("township", ("school_code", "class_code")),
                ("school", ("class_code",)),
                ("class", ("school_code",)),
            )
        ),
        *(Index(f"ix_child_{level}_new", f"{level}_code", "id") for level in LEVELS),
        Index("ix_child_residence", "residence_township", "residence_village"),
        Index("ix_child_batch_id", "batch_id"),
    )

    name: Mapped[Line]
    name_key: Mapped[Line]  # pinyin, then the name: the order of a roll
    sex: Mapped[str | None] = mapped_column(String(10))
    birth_on: Mapped[date | None]
    id_number_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    id_number = Sealed()
    id_number_index: Mapped[bytes | None] = mapped_column(LargeBinary, unique=True)
    ethnicity: Mapped[str | None] = mapped_column(String(40))
    student_number: Mapped[str | None] = mapped_column(String(40))
    is_boarding: Mapped[bool | None]
    is_poor: Mapped[bool | None]
    is_focus: Mapped[bool] = mapped_column(default=False)
    focus_reason: Mapped[str | None] = mapped_column(String(200))
    care_situation: Mapped[str | None] = mapped_column(String(40))
    absence_since: Mapped[date | None]
    risk: Mapped[str] = mapped_column(String(10), default="low")
    status: Mapped[str] = mapped_column(String(10), default="on_file")
    left_kind: Mapped[str | None] = mapped_column(String(20))  # of one who left: why, when, where to
    left_on: Mapped[date | None]
    left_to: Mapped[str | None] = mapped_column(String(100))
    residence_township: Mapped[str] = mapped_column(String(40), default="-")
    residence_village: Mapped[str] = mapped_column(String(40), default="-")
    village: Mapped[str | None] = mapped_column(String(100))
    home_address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    home_address = Sealed()
    home_phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    home_phone = Sealed()
    parents_workplace_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    parents_workplace = Sealed()
    character_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    character = Sealed()
    interests: Mapped[str | None] = mapped_column(String(200))
    health_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    health = Sealed()
    note_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    note = Sealed()
    made_at_school: Mapped[str] = mapped_column(String(40))
    made_at: Mapped[Moment]
    batch_id: Mapped[int | None] = mapped_column(BigInteger)
    rev: Mapped[int] = mapped_column(default=1)

    child_id: Mapped[int] = synonym("id")
    relatives: Mapped[list[Relative]] = relationship(back_populates="child", order_by="Relative.call_order")
    __mapper_args__ = {"version_id_col": rev}

    @property
    def key_owner(self) -> int:
        """The data key that seals this child's protected values."""
        return self.id


class OfChild(ChildKeyed):
    """A row that belongs to a child; its table carries `of_child()`, so that its level codes are the child's."""

    child_id: Mapped[int] = mapped_column(BigInteger)


def of_child() -> ForeignKeyConstraint:
    """Return the key that ties a row to a child and its place, so that no link across schools can exist.

    When a child moves, the database carries the new level codes to every row of the child in the same statement.
    """
    own = ("child_id", *LEVEL_COLUMNS)
    return ForeignKeyConstraint(own, [f"child.{c}" for c in ("id", *LEVEL_COLUMNS)], onupdate="CASCADE")


class Relative(OfChild, Base):
    """A father, mother, guardian or other contact of a child, with the order in which to call."""

    __tablename__ = "relative"
    __table_args__ = (
        of_child(),
        Index(
            "uq_relative_slot",
            "child_id",
            "slot",
            unique=True,
            sqlite_where=sql("slot <> 'other'"),
            postgresql_where=sql("slot <> 'other'"),
        ),
        Index("ix_relative_call_order", "child_id", "call_order"),
        CheckConstraint("slot IN ('guardian', 'father', 'mother', 'other')", name="slot"),
    )

    slot: Mapped[Word]
    call_order: Mapped[int]
    name: Mapped[Line]
    relation: Mapped[str | None] = mapped_column(String(40))
    age: Mapped[int | None]
    education: Mapped[str | None] = mapped_column(String(40))
    occupation: Mapped[str | None] = mapped_column(String(100))
    phone_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    phone = Sealed()
    workplace_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    workplace = Sealed()
    address_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    address = Sealed()
    health_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    health = Sealed()
    discipline_sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    discipline = Sealed()
    rev: Mapped[int] = mapped_column(default=1)

    child: Mapped[Child] = relationship(
        back_populates="relatives", foreign_keys="Relative.child_id", primaryjoin="Relative.child_id == Child.id"
    )
    __mapper_args__ = {"version_id_col": rev}

    @property
    def key_owner(self) -> int:
        """The data key that seals this relative's protected values: the child's."""
        return self.child_id


class NameGram(Base):
    """A part, reading or initials of a child's name; equality on it finds the child inside a place."""

    __tablename__ = "name_gram"
    __table_args__ = (
        ForeignKeyConstraint(
            ("child_id", *LEVEL_COLUMNS),
            [f"child.{c}" for c in ("id", *LEVEL_COLUMNS)],
            onupdate="CASCADE",
            ondelete="CASCADE",
        ),
        Index("ix_name_gram_child_id", "child_id"),
        {"sqlite_with_rowid": False},
    )

    gram: Mapped[str] = mapped_column(String(60), primary_key=True)
    city_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    county_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    township_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    school_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    class_code: Mapped[str] = mapped_column(String(40), primary_key=True)
    child_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
