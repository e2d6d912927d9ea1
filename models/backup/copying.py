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
    copy = path.with_name(f"{path.stem}-before-upgrade-{version}-{at:%Y%m%dT%H%M%SZ}{path.suffix}")
    with telling_disk_faults(), appearing(copy) as part:
        source = sqlite3.connect(path)
        with closing(source), closing(sqlite3.connect(part)) as target:
            source.backup(target)
    return copy
