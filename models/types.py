"""The column vocabulary: identifiers, UTC times, codes, sealed values and JSON."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime
from typing import Annotated, Any

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, LargeBinary, String
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import mapped_column
from sqlalchemy.types import TypeDecorator

_EPOCH_MS = 1_577_836_800_000  # 2020-01-01T00:00:00Z
_SEQUENCE_BITS = 22


class _Ids:
    """Identifiers that grow with time and need no round trip: milliseconds, then a run from a random start."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def next(self) -> int:
        fresh = (int(time.time() * 1000) - _EPOCH_MS) << _SEQUENCE_BITS
        with self._lock:
            if fresh > self._last:
                # Half of the run is left free, so that counting up does not reach the next millisecond.
                self._last = fresh | secrets.randbits(_SEQUENCE_BITS - 1)
            else:
                self._last += 1
            return self._last


_ids = _Ids()


def new_id() -> int:
    """Return a 63-bit identifier, unique over the installation, later ones larger.

    Sealed values are bound to the row's identifier, so it must be known before the row is written.
    """
    return _ids.next()


class UtcDateTime(TypeDecorator[datetime]):
    """A moment, stored without zone in UTC and returned aware; a naive value is refused."""

    impl = DateTime
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment needs a time zone")
        return value.astimezone(UTC).replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else value.replace(tzinfo=UTC)


JsonValue = JSON().with_variant(JSONB(), "postgresql")

Id = Annotated[int, mapped_column(BigInteger, primary_key=True, autoincrement=False, default=new_id)]
Ref = Annotated[int, mapped_column(BigInteger)]
Code = Annotated[str, mapped_column(String(40))]
Word = Annotated[str, mapped_column(String(40))]
Line = Annotated[str, mapped_column(String(200))]
Moment = Annotated[datetime, mapped_column(UtcDateTime())]
SealedBytes = Annotated[bytes, mapped_column(LargeBinary)]
Json = Annotated[dict[str, Any], mapped_column(JsonValue)]
