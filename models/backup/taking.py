"""Takes a backup: every table in one consistent snapshot, row by row, while the site goes on working."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import Connection, text

from models.backup.fault import BackupFault, telling_disk_faults
from models.backup.manifest import KEYS, MANIFEST, MARK, Manifest, Part
from models.backup.pack import LEVEL, digest_of, write_member
from models.backup.sealed_keys import mark_of, prints, seal_keys
from models.backup.shape import Lines, Shape, shapes
from models.database import Database
from models.schema_version import present_version
from models.scope import system_scope
from models.tables import AUDIT_SCOPED
from models.whole_file import appearing

BATCH = 2000
BATCH_WITH_BYTES = 8  # a row may hold a whole file
_AUDIT_TABLES = frozenset(cls.__tablename__ for cls in AUDIT_SCOPED)


@dataclass(frozen=True)
class Taken:
    """A finished backup: its manifest, the SHA-256 and the bytes of the file."""

    manifest: Manifest
    sha256: str
    size: int


def take_backup(database: Database, path: Path, *, version: str, passphrase: str | None, at: datetime) -> Taken:
    """Write a backup under a name that does not exist yet; the keys go in only sealed under a passphrase.

    `version` is that of the program. Raises BackupFault; then no file of that name is left.
    """
    sealed = seal_keys(database.keystore, passphrase) if passphrase is not None else None
    with telling_disk_faults(), appearing(path) as part:
        with (
            _snapshot(database) as connection,
            zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED, compresslevel=LEVEL) as pack,
        ):
            manifest = _manifest(connection, pack, prints(database.keystore), version, at)
            if sealed is not None:
                _, _, digest = write_member(pack, KEYS, [sealed])
                manifest = manifest.model_copy(update={"keys_sha256": digest})
            content = json.dumps(manifest.model_dump(), ensure_ascii=False, indent=1).encode()
            pack.writestr(MANIFEST, content)
            pack.writestr(MARK, mark_of(database.keystore, content))
        return Taken(manifest, digest_of(part), part.stat().st_size)


@contextmanager
def _snapshot(database: Database) -> Iterator[Connection]:
    """Open a transaction that sees one moment of the whole database and can write nothing."""
    with database.session(system_scope("backup")) as session:
        options = {} if database.is_sqlite else {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        connection = session.connection(execution_options=options)
        if database.is_sqlite:
            connection.exec_driver_sql("PRAGMA mmap_size = 0")  # every page is read once: none need stay in memory
        yield connection


def _manifest(
    connection: Connection, pack: zipfile.ZipFile, key_prints: dict[str, str], version: str, at: datetime
) -> Manifest:
    schema = present_version(connection)
    if schema is None:
        raise BackupFault("not_installed")
    return Manifest(
        product="shouwang",
        format=1,
        version=version,
        schema_version=schema,
        database="sqlite" if connection.dialect.name == "sqlite" else "postgresql",
        made_at=at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        key_prints=key_prints,
        keys_sha256=None,
        tables=[_part(connection, pack, shape) for shape in shapes(connection)],
    )


def _part(connection: Connection, pack: zipfile.ZipFile, shape: Shape) -> Part:
    columns = [[name, kind] for name, kind in shape.columns]
    part = Part(name=shape.name, rows=0, bytes=0, sha256="0" * 64, columns=columns)
    rows, size, digest = write_member(pack, part.member, _lines(connection, shape))
    return part.model_copy(update={"rows": rows, "bytes": size, "sha256": digest})


def _lines(connection: Connection, shape: Shape) -> Iterator[bytes]:
    if connection.dialect.name == "postgresql":  # its walls show rows of one kind at a time
        kind = "audit" if shape.name in _AUDIT_TABLES else "business"
        connection.execute(text("SELECT set_config('shouwang.kind', :kind, true)"), {"kind": kind})
    batch = BATCH_WITH_BYTES if "bytes" in dict(shape.columns).values() else BATCH
    write = Lines(shape.columns).write
    row = None
    try:
        for row in connection.exec_driver_sql(
            _select(connection, shape), execution_options={"stream_results": True, "yield_per": batch}
        ):
            yield write(tuple(row))
    except (ValueError, TypeError, AttributeError) as fault:
        place = dict(zip(shape.key, tuple(row or ()), strict=False))
        raise BackupFault("unreadable_row", table=shape.name, row=str(place), reason=str(fault)) from fault


def _select(connection: Connection, shape: Shape) -> str:
    quote = connection.dialect.identifier_preparer.quote
    columns = [
        f"CAST({quote(name)} AS TEXT)" if kind == "json" else quote(name) for name, kind in shape.columns
    ]  # drivers would take JSON apart
    order = f" ORDER BY {', '.join(map(quote, shape.key))}" if shape.key else ""
    return f"SELECT {', '.join(columns)} FROM {quote(shape.name)}{order}"  # noqa: S608 (names come from the catalogue)
