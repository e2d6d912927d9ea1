"""Draws the first password of an account: printed once on a slip, changed at the first log-in, never kept."""

from __future__ import annotations

import secrets

from argon2 import PasswordHasher

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that print confuses: no 0 o, no 1 l i
GROUPS = 4
GROUP_LENGTH = 4
HASHER = PasswordHasher()  # the costs of RFC 9106 for machines with little memory


def draw_first_password() -> str:
    """Return a password of 16 characters in groups of four (79 bits), easy to copy from paper."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))


def hash_password(password: str) -> str:
    """Return the Argon2id digest that is stored instead of a password."""
    return HASHER.hash(password)
