"""Plain answers of cases in typed columns, beside the case's JSON, so that conditions can be asked of the database."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index, String
from sqlalchemy import text as sql
from sqlalchemy.orm import Mapped, mapped_column

from models.base import Base
from models.child import of_child
from models.types import UtcDateTime

TYPED = ("text", "number", "day", "moment", "yes_no")
SINGLE = 0  # the position of an answer that is one value; the values of a list stand from 1 on
_GIVEN = " + ".join(f"CASE WHEN {column} IS NULL THEN 0 ELSE 1 END" for column in TYPED)


class FieldValue(Base):
    """One value of an answer of a case; an empty list is one row without a value.

    Written with the case's facts and following from them, so never read for itself: a condition asks for it by the
    number of a case in scope. `number` is in millionths (`models.exact`).
    """

    __tablename__ = "field_value"
    __table_args__ = (
        of_child(),
        CheckConstraint(f"{_GIVEN} <= 1 AND ({_GIVEN} = 1 OR position = 1)", name="one_value"),
        Index("ix_field_value_child_id", "child_id"),
        *(
            Index(
                f"ix_field_value_{column}",
                "field",
                column,
                sqlite_where=sql(f"{column} IS NOT NULL"),
                postgresql_where=sql(f"{column} IS NOT NULL"),
            )
            for column in ("text", "number", "day")
        ),
        {"sqlite_with_rowid": False},
    )

    case_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("workflow_case.id", ondelete="CASCADE"), primary_key=True
    )
    field: Mapped[str] = mapped_column(String(60), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    text: Mapped[str | None] = mapped_column(String(200))
    number: Mapped[int | None] = mapped_column(BigInteger)
    day: Mapped[date | None]
    moment: Mapped[datetime | None] = mapped_column(UtcDateTime())
    yes_no: Mapped[bool | None]
    child_id: Mapped[int | None] = mapped_column(BigInteger)
    circle: Mapped[str] = mapped_column(String(60), default="", server_default="")
    city_code: Mapped[str] = mapped_column(String(40))
    county_code: Mapped[str] = mapped_column(String(40))
    township_code: Mapped[str] = mapped_column(String(40))
    school_code: Mapped[str] = mapped_column(String(40))
    class_code: Mapped[str] = mapped_column(String(40))
