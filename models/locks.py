"""Locks of the length of a transaction, for rules that must count rows which the session itself may not see."""

from __future__ import annotations

from hashlib import sha256

from sqlalchemy import func, select
from sqlalchemy.orm import Session


def hold(session: Session, name: str) -> None:
    """Hold a named lock until the transaction ends; SQLite's only writer holds every lock already."""
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
        connection.execute(select(func.pg_advisory_xact_lock(number)))
