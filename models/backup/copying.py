"""Copies the file of a SQLite database beside itself before its schema changes."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path

from models.backup.fault import BackupFault, telling_disk_faults
from models.whole_file import appearing

ROOM = 2.2  # times the file: the copy, and what a change of schema may write


def copy_beside(path: Path, version: str, at: datetime) -> Path:
    """Copy a database file whole under a name with its schema version and the moment, and return that name.

    Raises BackupFault `disk_full`, before anything is written where the room is known to be short.
    """
    size = sum(file.stat().st_size for file in (path, path.with_name(path.name + "-wal")) if file.exists())
    free = shutil.disk_usage(path.parent).free
    if free < size * ROOM:
        raise BackupFault("disk_full", reason=f"{size * ROOM / 1e6:.0f} MB > {free / 1e6:.0f} MB")
    copy = _free_name(path, f"{path.stem}-before-upgrade-{version}-{at:%Y%m%dT%H%M%SZ}")
    with telling_disk_faults(), appearing(copy) as part:
        source = sqlite3.connect(path)
        with closing(source), closing(sqlite3.connect(part)) as target:
            source.backup(target)
    return copy


def _free_name(path: Path, stem: str) -> Path:
    """Return a name that is not taken: an upgrade that died is often tried again within the same second."""
    names = (path.with_name(f"{stem}{mark}{path.suffix}") for mark in ("", *(f"-{number}" for number in range(2, 100))))
    return next((name for name in names if not name.exists()), path.with_name(f"{stem}{path.suffix}"))
