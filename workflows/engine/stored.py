"""Writes answers as JSON holds them, and gives those that were read their types again."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from workflows.engine.definition import FormField
from workflows.values.moments import read_moment, write_moment


def restored(f: FormField, value: Any) -> Any:
    """Return a stored answer with its type again: days, moments, decimals; anything unreadable as it stands."""
    try:
        if f.type == "date" and isinstance(value, str):
            return date.fromisoformat(value)
        if f.type == "datetime" and isinstance(value, str):
            return read_moment(value)
        if f.type == "number" and isinstance(value, str):
            return Decimal(value)
    except (ValueError, InvalidOperation):
        return value
    return value


def stored(value: Any) -> Any:
    """Return an answer as JSON holds it: days in ISO form, moments as the schools write them, decimals as text."""
    if isinstance(value, list):
        return [stored(one) for one in value]
    if isinstance(value, dict):
        return {key: stored(one) for key, one in value.items()}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return write_moment(value)
    return value.isoformat() if isinstance(value, date) else value
