"""The keystore inside a backup: sealed under a passphrase, and told apart by prints that open nothing."""

from __future__ import annotations

import base64
import hmac
import json
import secrets
from hashlib import scrypt, sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from models.backup.fault import BackupFault
from models.vault import KeysMissing, Keystore

ALGORITHM = "scrypt-65536-8-1+aes-256-gcm"
SHORTEST_PASSPHRASE = 12
_COST = {"n": 65536, "r": 8, "p": 1, "maxmem": 128 * 1024 * 1024, "dklen": 32}
_SALT, _NONCE, _LABEL = 16, 12, b"shouwang backup"


def seal_keys(keystore: Keystore, passphrase: str) -> bytes:
    """Return the keystore sealed under a passphrase; raises BackupFault `weak_passphrase` for a short one."""
    if len(passphrase) < SHORTEST_PASSPHRASE:
        raise BackupFault("weak_passphrase", least=SHORTEST_PASSPHRASE)
    salt, nonce = secrets.token_bytes(_SALT), secrets.token_bytes(_NONCE)
    sealed = _cipher(passphrase, salt).encrypt(nonce, keystore.to_json().encode(), ALGORITHM.encode())
    parts = {"salt": salt, "nonce": nonce, "sealed": sealed}
    return json.dumps({"algorithm": ALGORITHM} | {k: base64.b64encode(v).decode() for k, v in parts.items()}).encode()


def open_keys(content: bytes, passphrase: str) -> Keystore:
    """Open a sealed keystore; raises BackupFault `wrong_passphrase`, `newer_program`, `damaged`."""
    try:
        parts = json.loads(content)
        algorithm = parts["algorithm"]
        salt, nonce, sealed = (base64.b64decode(parts[name]) for name in ("salt", "nonce", "sealed"))
    except (ValueError, KeyError, TypeError) as fault:
        raise BackupFault("damaged", member="keys") from fault
    if algorithm != ALGORITHM:
        raise BackupFault("newer_program")
    try:
        return Keystore.from_json(_cipher(passphrase, salt).decrypt(nonce, sealed, ALGORITHM.encode()).decode())
    except InvalidTag as fault:
        raise BackupFault("wrong_passphrase") from fault
    except (KeysMissing, ValueError) as fault:
        raise BackupFault("damaged", member="keys") from fault


def prints(keystore: Keystore) -> dict[str, str]:
    """Return a print of each key that data needs: equal for the same key, and no help in finding it."""
    keys = {f"wrapping {name}": key for name, key in keystore.wrapping.items()}
    keys |= {"index": keystore.index_key, "audit": keystore.audit_key}
    return {name: hmac.new(key, _LABEL, sha256).hexdigest()[:32] for name, key in keys.items()}


def mark_of(keystore: Keystore, manifest: bytes) -> str:
    """Return the HMAC of a manifest under the installation's audit key."""
    return keystore.mark(_LABEL + b" manifest\n" + manifest)


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    return AESGCM(scrypt(passphrase.encode(), salt=salt, **_COST))
