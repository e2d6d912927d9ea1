"""The smallest or largest answer that a field accepts: a number, a day, or today."""

from __future__ import annotations

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Annotated, Any, Literal

from pydantic import PlainSerializer, PlainValidator

from workflows.engine.vocabulary import refusal


def read_bound(value: Any) -> Decimal | date | Literal["today"]:
    """Read a smallest or largest value: a number, an ISO date, or `today`.

    Raises ValueError for anything else.
    """
    if isinstance(value, (Decimal, date)):
        return value
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise refusal("bad_bound")
    if value == "today":
        return "today"
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        return _read_day(str(value))
    if not number.is_finite():
        raise refusal("bad_bound")
    return number


def _read_day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise refusal("bad_bound") from None


Bound = Annotated[Decimal | date | Literal["today"], PlainValidator(read_bound), PlainSerializer(str, return_type=str)]
