"""School years and terms; their dates differ by place and year, so the office keeps them."""

from __future__ import annotations

from datetime import date

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from models.base import Base
from models.types import new_id


class SchoolYear(Base):
    """A school year, named by its first calendar year."""

    __tablename__ = "school_year"
    __table_args__ = (CheckConstraint("first_year BETWEEN 2000 AND 2100", name="first_year"),)

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    first_year: Mapped[int] = mapped_column(unique=True)
    rev: Mapped[int] = mapped_column(default=1)

    terms: Mapped[list[Term]] = relationship(back_populates="school_year", order_by="Term.number")
    __mapper_args__ = {"version_id_col": rev}

    @property
    def name(self) -> str:
        """The year as people write it: 2026–2027."""
        return f"{self.first_year}–{self.first_year + 1}"


class Term(Base):
    """The first (autumn) or second (spring) term of a school year, from its first to its last day."""

    __tablename__ = "term"
    __table_args__ = (
        UniqueConstraint("school_year_id", "number"),
        CheckConstraint("number IN (1, 2)", name="number"),
        CheckConstraint("last_on > first_on", name="period"),
    )

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)
    school_year_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("school_year.id"))
    number: Mapped[int]
    first_on: Mapped[date]
    last_on: Mapped[date]
    note: Mapped[str] = mapped_column(String(200), default="")
    rev: Mapped[int] = mapped_column(default=1)

    school_year: Mapped[SchoolYear] = relationship(back_populates="terms", lazy="joined")
    __mapper_args__ = {"version_id_col": rev}
