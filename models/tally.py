"""Counts of cases and of children by school, kept by the database in the transaction that changes what is counted."""

from __future__ import annotations

from sqlalchemy import BigInteger, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base


class CaseTally(Base):
    """How many cases of a workflow and term stand in a state at a school or in a township: the sum over its slots.

    Triggers on the table of cases write it (migration 0007), so that no way of writing cases can forget it. SQLite has
    one writer and uses slot 0. On PostgreSQL a transaction adds to a slot that nobody else holds and opens another one
    where all are held, so that two people at one school neither wait for each other nor lock each other out.
    Confidential cases (with a circle) and cases outside a term are not counted.
    """

    __tablename__ = "case_tally"
    __table_args__ = (
        Index("ix_case_tally_township_code", "township_code", "workflow", "term_id", "level"),
        {"sqlite_with_rowid": False},
    )

    workflow: Mapped[str] = mapped_column(String(60), primary_key=True)
    term_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    level: Mapped[str] = mapped_column(String(60), primary_key=True)  # school, or township (which names no school)
    city_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    county_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    township_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    school_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    state: Mapped[str] = mapped_column(String(60), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount: Mapped[int]


class ChildTally(Base):
    """How many children on file live in a care situation, at a school or in a township: the sum over its slots.

    Triggers on the table of children write it (migration 0012), as those of `CaseTally` do.
    """

    __tablename__ = "child_tally"
    __table_args__ = (Index("ix_child_tally_township_code", "township_code", "level"), {"sqlite_with_rowid": False})

    level: Mapped[str] = mapped_column(String(60), primary_key=True)  # school, or township (which names no school)
    city_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    county_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    township_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    school_code: Mapped[str] = mapped_column(String(60), primary_key=True)
    care_situation: Mapped[str] = mapped_column(String(60), primary_key=True)
    slot: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    amount: Mapped[int]
