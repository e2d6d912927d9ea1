"""The table of contents of a backup: whose it is, of which schema, when, and what each part must be."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

PRODUCT = "shouwang"
FORMAT = 1
MANIFEST, MARK, KEYS = "manifest.json", "manifest.mark", "keys.sealed"
Digest = Field(pattern=r"^[0-9a-f]{64}$")


class Part(BaseModel):
    """One table: rows, bytes before packing, their SHA-256, and the columns with their kinds."""

    model_config = ConfigDict(extra="forbid", strict=True)

    name: str = Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")
    rows: int = Field(ge=0)
    bytes: int = Field(ge=0)
    sha256: str = Digest
    columns: list[list[str]]

    @property
    def member(self) -> str:
        """The name of its member."""
        return f"tables/{self.name}.jsonl"

    @property
    def shape(self) -> tuple[tuple[str, str], ...]:
        """Its columns with their kinds."""
        return tuple((name, kind) for name, kind in self.columns)


class Manifest(BaseModel):
    """The whole backup; `made_at` is UTC, `keys_sha256` is that of the sealed keystore where there is one."""

    model_config = ConfigDict(extra="forbid", strict=True)

    product: Literal["shouwang"]
    format: Literal[1]
    version: str
    schema_version: str
    database: Literal["sqlite", "postgresql"]
    made_at: str
    key_prints: dict[str, str]
    keys_sha256: str | None
    tables: list[Part]

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(part.rows for part in self.tables)
