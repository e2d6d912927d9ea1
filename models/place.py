"""The organisation tree: city, counties, townships, schools and classes."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.scope import LEVELS, Placed
from models.types import Line, Word


class Place(Placed, Base):
    """A node of the tree. Its level codes name its ancestors and itself; a class knows its first-grade year."""

    __tablename__ = "place"
    scope_kind = "directory"
    __table_args__ = (
        CheckConstraint("kind IN ('city', 'county', 'township', 'school', 'class')", name="kind"),
        CheckConstraint("(kind = 'class') = (cohort IS NOT NULL)", name="class_has_cohort"),
        Index("ix_place_parent_id", "parent_id"),
        *(Index(f"ix_place_{level}_kind", f"{level}_code", "kind") for level in LEVELS),
    )

    code: Mapped[str] = mapped_column(String(40), unique=True)
    kind: Mapped[Word]
    name: Mapped[Line]
    parent_id: Mapped[int | None] = mapped_column(BigInteger, ForeignKey("place.id"))
    stage: Mapped[str | None] = mapped_column(String(20))  # of a school: primary, lower_secondary, nine_year, …
    cohort: Mapped[int | None]  # of a class: the year in which its pupils were in grade 1, so that it promotes itself
    number: Mapped[int | None]  # of a class: 1, 2, 3 …
    is_closed: Mapped[bool] = mapped_column(default=False)
    phone: Mapped[str | None] = mapped_column(String(40))  # an office's published number
    rev: Mapped[int] = mapped_column(default=1)

    __mapper_args__ = {"version_id_col": rev}

    @property
    def cohort_falling(self) -> int:
        """The cohort as it sorts classes by grade, the lowest first."""
        return -(self.cohort or 0)

    def grade(self, first_year: int) -> int:
        """Return the grade (1–12) of a class in the school year that begins in `first_year`."""
        if self.cohort is None:
            raise ValueError(f"{self.code} is not a class")
        return first_year - self.cohort + 1
