"""Cursors of a list: where the next page begins, sealed, because sort values are names and stand in the address."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from admin_app.office import current_office

NONCE = 12
LONGEST = 2000


@dataclass(frozen=True)
class Cursor:
    """The sort values of the row at an edge of a page, and whether the reader goes on or back from it."""

    forward: bool
    values: tuple[Any, ...]


def seal(place: str, cursor: Cursor) -> str:
    """Return a cursor for the address; it opens only at `place` (screen and sort order)."""
    nonce = secrets.token_bytes(NONCE)
    content = json.dumps([cursor.forward, *cursor.values], separators=(",", ":"), default=str).encode()
    return base64.urlsafe_b64encode(nonce + _cipher().encrypt(nonce, content, place.encode())).decode().rstrip("=")


def unseal(place: str, written: str | None, length: int) -> Cursor | None:
    """Return the cursor, or None for anything that this site did not write for this place."""
    if not written or len(written) > LONGEST:
        return None
    try:
        raw = base64.urlsafe_b64decode(written + "=" * (-len(written) % 4))
        forward, *values = json.loads(_cipher().decrypt(raw[:NONCE], raw[NONCE:], place.encode()))
    except (ValueError, InvalidTag):
        return None
    return Cursor(bool(forward), tuple(values)) if len(values) == length else None


def edge(row: Any, names: Sequence[str], forward: bool) -> Cursor:
    """Return the cursor at a row."""
    return Cursor(forward, tuple(getattr(row, name) for name in names))


def _cipher() -> AESGCM:
    keystore = current_office().database.keystore
    return AESGCM(hmac.new(keystore.cookie_key, b"list cursor", sha256).digest())
