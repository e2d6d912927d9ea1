"""What conditions in queries compute, as each database writes it; every argument stands once, so nests stay small."""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, Boolean, Date, Integer, String
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

from models.exact import LARGEST, UNIT, ZONE

# PostgreSQL's GREATEST and LEAST pass over NULL, so a missing number ends at a bound, and a bound is missing.
_BOUND = LARGEST * UNIT
_WITHIN = f"NULLIF(NULLIF(GREATEST(LEAST({{0}}, {_BOUND}), -{_BOUND}), {_BOUND}), -{_BOUND})"
_FIRST_DAY, _DAYS = "date '0001-01-01'", 3_652_059  # days from 0001-01-01 to 9999-12-31, both counted


class _Computed(FunctionElement[Any]):
    """A function whose arguments are put into a pattern of our own, one for each database."""

    sqlite: str
    postgresql: str

    def __init_subclass__(cls) -> None:
        cls.inherit_cache = True  # SQLAlchemy asks each class for itself


class Within(_Computed):
    """A number, missing beyond what is kept."""

    type = BigInteger()
    sqlite, postgresql = "exact_within({0})", f"CAST({_WITHIN} AS BIGINT)"


class Times(_Computed):
    """A product, half a millionth rounded away from zero."""

    type = BigInteger()
    sqlite = "exact_times({0}, {1})"
    postgresql = "CAST({within} AS BIGINT)".format(
        within=_WITHIN.format("ROUND(CAST({0} AS NUMERIC) * CAST({1} AS NUMERIC) * 0.000001)")
    )


class Over(_Computed):
    """A quotient, half a millionth rounded away from zero, missing by zero.

    The zeros after the point are the places to which PostgreSQL divides, before it rounds to a whole millionth.
    """

    type = BigInteger()
    sqlite = "exact_over({0}, {1})"
    postgresql = "CAST({within} AS BIGINT)".format(
        within=_WITHIN.format(f"ROUND(CAST({{0}} AS NUMERIC) * {UNIT}.{'0' * 24} / NULLIF(CAST({{1}} AS NUMERIC), 0))")
    )


class Rounded(_Computed):
    """A number as a whole one, half of one rounded away from zero."""

    type = BigInteger()
    sqlite = "exact_round({0})"
    postgresql = f"CAST(ROUND(CAST({{0}} AS NUMERIC) * 0.000001) * {UNIT} AS BIGINT)"


class DayMoved(_Computed):
    """A day moved by whole days, missing outside the calendar."""

    type = Date()
    sqlite = "day_moved({0}, {1})"
    postgresql = (
        f"{_FIRST_DAY} + CAST(NULLIF(NULLIF(LEAST(GREATEST(({{0}} - {_FIRST_DAY}) + {{1}} / {UNIT}, -1), {_DAYS}),"
        f" {_DAYS}), -1) AS INTEGER)"
    )


class DaysBetween(_Computed):
    """The days from the second day to the first one."""

    type = BigInteger()
    sqlite = f"CAST(julianday({{0}}) - julianday({{1}}) AS INTEGER) * {UNIT}"
    postgresql = f"CAST({{0}} - {{1}} AS BIGINT) * {UNIT}"


class YearsBetween(_Computed):
    """Completed years from the second day to the first one: year, month and day as one number, ten thousand a year."""

    type = BigInteger()
    _years = f"(({{0}} - {{1}} + 100000000) / 10000 - 10000) * {UNIT}"
    sqlite = _years.format("CAST(strftime('%Y%m%d', {0}) AS INTEGER)", "CAST(strftime('%Y%m%d', {1}) AS INTEGER)")
    postgresql = _years.format("CAST(to_char({0}, 'YYYYMMDD') AS BIGINT)", "CAST(to_char({1}, 'YYYYMMDD') AS BIGINT)")


class MonthOf(_Computed):
    """The month of a day."""

    type = BigInteger()
    sqlite = f"CAST(strftime('%m', {{0}}) AS INTEGER) * {UNIT}"
    postgresql = f"CAST(EXTRACT(MONTH FROM {{0}}) AS BIGINT) * {UNIT}"


class LocalDay(_Computed):
    """The day of a moment where the schools are."""

    type = Date()
    sqlite = "day_of_moment({0})"
    postgresql = f"CAST({{0}} AT TIME ZONE 'UTC' AT TIME ZONE '{ZONE}' AS DATE)"


class SmallLetters(_Computed):
    """A text with A to Z made small."""

    type = String()
    sqlite, postgresql = "lower({0})", 'lower({0} COLLATE "C")'


class Length(_Computed):
    """The characters of a text, in millionths."""

    type = BigInteger()
    sqlite = postgresql = f"length({{0}}) * CAST({UNIT} AS BIGINT)"


class PlaceIn(_Computed):
    """Where the second text stands in the first one, from 1; 0 where it does not."""

    type = Integer()
    sqlite, postgresql = "instr({0}, {1})", "strpos({0}, {1})"


class BeginsWith(_Computed):
    """Whether the first text begins with the second one."""

    type = Boolean()
    sqlite, postgresql = "(instr({0}, {1}) = 1)", "starts_with({0}, {1})"


@compiles(_Computed, "sqlite")
def _for_sqlite(element: _Computed, compiler: Any, **options: Any) -> str:
    return _written(element.sqlite, element, compiler, options)


@compiles(_Computed, "postgresql")
def _for_postgresql(element: _Computed, compiler: Any, **options: Any) -> str:
    return _written(element.postgresql, element, compiler, options)


def _written(pattern: str, element: _Computed, compiler: Any, options: dict[str, Any]) -> str:
    arguments = (f"({compiler.process(clause, **options)})" for clause in element.clauses)
    return f"({pattern.format(*arguments)})"
