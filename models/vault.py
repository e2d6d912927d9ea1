"""Sealing of protected values: a data key for each child or person, wrapped by a key that never enters the database."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, overload

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import BigInteger, LargeBinary, String, bindparam, select
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from models.base import Base
from models.whole_file import appearing

AES_256_GCM = 1  # first byte of every sealed value, so that other ciphers (SM4) can follow
_CIPHER = bytes([AES_256_GCM])
_NONCE = 12
_NONCES = 64  # drawn at once


class KeysMissing(RuntimeError):
    """The keystore is absent, unreadable or lacks a key that the data needs."""


class SealBroken(RuntimeError):
    """A sealed value does not open: the key is destroyed, or the value was moved or changed."""


@dataclass(frozen=True)
class Keystore:
    """The installation's own keys: key-encryption keys by name, and keys for blind indexes, audit marks and cookies."""

    wrapping: dict[str, bytes]
    current: str
    index_key: bytes
    audit_key: bytes
    cookie_key: bytes

    @classmethod
    def draw(cls) -> Keystore:
        """Draw new keys."""
        return cls({"k1": secrets.token_bytes(32)}, "k1", *(secrets.token_bytes(32) for _ in range(3)))

    @classmethod
    def load(cls, path: Path) -> Keystore:
        """Read the keystore file; raises KeysMissing when it is absent or damaged."""
        try:
            return cls.from_json(path.read_text())
        except (OSError, ValueError, KeysMissing) as fault:
            raise KeysMissing(f"the keystore {path.name} cannot be read: {fault}") from fault

    @classmethod
    def from_json(cls, written: str) -> Keystore:
        """Read the keys from their text; raises KeysMissing when it is damaged."""
        try:
            raw = json.loads(written)
            keys = {name: base64.b64decode(value) for name, value in raw["wrapping"].items()}
            rest = (base64.b64decode(raw[name]) for name in ("index_key", "audit_key", "cookie_key"))
            return cls(keys, raw["current"], *rest)
        except (ValueError, KeyError, TypeError, AttributeError) as fault:
            raise KeysMissing(str(fault)) from fault

    def to_json(self) -> str:
        """Return the keys as text."""
        content = {
            "wrapping": {name: base64.b64encode(key).decode() for name, key in self.wrapping.items()},
            "current": self.current,
        } | {name: base64.b64encode(getattr(self, name)).decode() for name in ("index_key", "audit_key", "cookie_key")}
        return json.dumps(content, indent=1)

    def save(self, path: Path) -> None:
        """Write the keystore whole, readable by its owner only; an existing file is never overwritten."""
        path.parent.mkdir(parents=True, exist_ok=True)
        with appearing(path) as part:
            part.write_text(self.to_json())

    @cached_property
    def wrappers(self) -> dict[str, AESGCM]:
        """The ciphers of the key-encryption keys, by name."""
        return {name: AESGCM(key) for name, key in self.wrapping.items()}

    def blind_index(self, kind: str, value: str) -> bytes:
        """Return the keyed index of a value, equal for equal values of one kind and useless without the key."""
        return hmac.digest(self.index_key, f"{kind}:{value}".encode(), "sha256")

    def mark(self, content: bytes) -> str:
        """Return the audit mark (HMAC-SHA-256, hex) of an event's canonical bytes."""
        return hmac.digest(self.audit_key, content, "sha256").hex()


class DataKey(Base):
    """The wrapped data key of one child, person or import; its identifier is the owner's."""

    __tablename__ = "data_key"

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    wrapped_by: Mapped[str] = mapped_column(String(20))
    wrapped: Mapped[bytes] = mapped_column(LargeBinary)


class WrappedKey(NamedTuple):
    """A data key as its row holds it."""

    id: int
    wrapped_by: str
    wrapped: bytes


_KEYS = select(DataKey.id, DataKey.wrapped_by, DataKey.wrapped).where(
    DataKey.id.in_(bindparam("owners", expanding=True))
)


class Vault:
    """Opens and seals with data keys; lives as long as one session and keeps unwrapped keys no longer."""

    def __init__(self, keystore: Keystore) -> None:
        self.keystore = keystore
        self._ciphers: dict[int, AESGCM] = {}
        self._nonces: list[bytes] = []

    def new_key(self, owner_id: int) -> DataKey:
        """Draw a data key for an owner and return its wrapped row, to be added by the caller."""
        return DataKey(**self.new_key_row(owner_id))

    def new_key_row(self, owner_id: int) -> dict[str, Any]:
        """Draw a data key for an owner and return its wrapped row by column name, for a bulk insert."""
        key = secrets.token_bytes(32)
        self._ciphers[owner_id] = AESGCM(key)
        name = self.keystore.current
        nonce = self._nonce()
        wrapped = nonce + self.keystore.wrappers[name].encrypt(nonce, key, f"data_key:{owner_id}".encode())
        return {"id": owner_id, "wrapped_by": name, "wrapped": wrapped}

    def learn(self, row: DataKey | WrappedKey) -> None:
        """Unwrap a data key for this session."""
        if row.id in self._ciphers:
            return
        try:
            outer = self.keystore.wrappers[row.wrapped_by]
            key = outer.decrypt(row.wrapped[:_NONCE], row.wrapped[_NONCE:], f"data_key:{row.id}".encode())
        except (KeyError, InvalidTag) as fault:
            raise KeysMissing("the keystore does not hold the key that wraps this record") from fault
        self._ciphers[row.id] = AESGCM(key)

    def knows(self, owner_id: int) -> bool:
        """Tell whether the owner's key is at hand."""
        return owner_id in self._ciphers

    def forget(self, owner_ids: Iterable[int]) -> None:
        """Drop the unwrapped keys of owners who are done with."""
        for owner_id in owner_ids:
            self._ciphers.pop(owner_id, None)

    def seal(self, owner_id: int, place: str, value: str) -> bytes:
        """Seal a value for `place` (`table:id:field`), so that it opens nowhere else."""
        return self.seal_bytes(owner_id, place, value.encode())

    def seal_bytes(self, owner_id: int, place: str, content: bytes) -> bytes:
        """Seal a file for `place` (`table:id`), so that it opens nowhere else."""
        nonce = self._nonce()
        return _CIPHER + nonce + self._ciphers[owner_id].encrypt(nonce, content, place.encode())

    def _nonce(self) -> bytes:
        """Return a nonce that was never used; many come from one call, and they die with the vault."""
        if not self._nonces:
            drawn = secrets.token_bytes(_NONCE * _NONCES)
            self._nonces = [drawn[at : at + _NONCE] for at in range(0, len(drawn), _NONCE)]
        return self._nonces.pop()

    def open(self, owner_id: int, place: str, sealed: bytes) -> str:
        """Open a sealed value; raises SealBroken when key, place or content do not match."""
        return self.open_bytes(owner_id, place, sealed).decode()

    def open_bytes(self, owner_id: int, place: str, sealed: bytes) -> bytes:
        """Open a sealed file; raises SealBroken when key, place or content do not match."""
        if not sealed or sealed[0] != AES_256_GCM or owner_id not in self._ciphers:
            raise SealBroken(f"{place} cannot be opened")
        try:
            nonce, content = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
            return self._ciphers[owner_id].decrypt(nonce, content, place.encode())
        except InvalidTag as fault:
            raise SealBroken(f"{place} cannot be opened") from fault


def vault_of(session: Session) -> Vault:
    """Return the session's vault."""
    vault: Vault = session.info["vault"]
    return vault


def learn_keys(session: Session, owner_ids: list[int]) -> None:
    """Fetch and unwrap the data keys of several owners with one query."""
    vault = vault_of(session)
    missing = [owner for owner in set(owner_ids) if not vault.knows(owner)]
    for start in range(0, len(missing), 500):
        for row in session.execute(_KEYS, {"owners": missing[start : start + 500]}):
            vault.learn(WrappedKey(*row))


class Sealed:
    """A protected text attribute, kept sealed in the column `<name>_sealed` under the row's `key_owner` key."""

    def __set_name__(self, owner: type, name: str) -> None:
        self.name, self.column = name, f"{name}_sealed"

    @overload
    def __get__(self, row: None, owner: type) -> Sealed: ...
    @overload
    def __get__(self, row: Any, owner: type) -> str | None: ...
    def __get__(self, row: Any, owner: type) -> Sealed | str | None:
        """Open the value; raises SealBroken after the owner's key was destroyed."""
        if row is None:
            return self
        sealed = getattr(row, self.column)
        return None if sealed is None else _vault_for(row).open(row.key_owner, self._place(row), sealed)

    def __set__(self, row: Any, value: str | None) -> None:
        """Seal the value, or clear it; an unchanged value keeps its bytes."""
        if value is None or value == "":
            setattr(row, self.column, None)
        elif getattr(row, self.column) is None or self.__get__(row, type(row)) != value:
            setattr(row, self.column, _vault_for(row).seal(row.key_owner, self._place(row), value))

    def _place(self, row: Any) -> str:
        return f"{row.__tablename__}:{row.id}:{self.name}"


def _vault_for(row: Any) -> Vault:
    session = object_session(row)
    if session is None:
        raise SealBroken("a protected value needs its session")
    vault = vault_of(session)
    if not vault.knows(row.key_owner):
        key = session.get(DataKey, row.key_owner)
        if key is None:
            raise SealBroken("the key of this record is destroyed")
        vault.learn(key)
    return vault
