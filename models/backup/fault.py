"""What a backup or a restoration stops with: a code for programs, and the facts of the case."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy.exc import DBAPIError

_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


class BackupFault(Exception):
    """The work stops and nothing is left half done.

    Codes: `exists`, `not_writable`, `disk_full`, `not_installed`, `unreadable_row`, `unknown_type`, `in_memory`,
    `not_a_backup`, `truncated`, `damaged`, `changed`, `wrong_product`, `newer_program`, `newer_schema`,
    `weak_passphrase`, `passphrase_needed`, `not_text`, `wrong_passphrase`, `keys_missing`, `other_keys`, `not_empty`,
    `log_left`, `not_owner`, `row_refused`, `broken_links`, `database_failed`.
    """

    def __init__(self, code: str, **facts: object) -> None:
        super().__init__(f"{code} {facts or ''}".strip())
        self.code = code
        self.facts = facts


@contextmanager
def telling_disk_faults() -> Iterator[None]:
    """Turn what is said of a full disk, and of files that cannot be written, into faults."""
    try:
        yield
    except FileExistsError as fault:
        raise BackupFault("exists", file=Path(fault.filename2 or str(fault)).name) from fault
    except OSError as fault:
        code = "disk_full" if fault.errno in _FULL else "not_writable"
        raise BackupFault(code, file=_folder_of(fault), reason=fault.strerror) from fault
    except DBAPIError as fault:
        if is_full(fault.orig):
            raise BackupFault("disk_full", reason=str(fault.orig)) from fault
        raise


def _folder_of(fault: OSError) -> str:
    """Return the folder that a fault is about; the file in it has a name of the moment."""
    return str(Path(fault.filename).parent) if isinstance(fault.filename, str | Path) else ""


def is_full(fault: BaseException | None) -> bool:
    """Tell whether a driver's error says that the disk is full."""
    state = getattr(fault, "sqlstate", None)
    name = getattr(fault, "sqlite_errorname", "") or ""
    return state == "53100" or name == "SQLITE_FULL" or name.startswith("SQLITE_IOERR_WRITE")
