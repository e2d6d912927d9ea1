"""Counts of cases by school, term and state, kept by the database in the transaction that moves a case."""

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
