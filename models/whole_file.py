"""Files that appear under their name whole or not at all, whatever interrupts their writing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

UNFINISHED = ".part"


@contextmanager
def appearing(path: Path, *, replace: bool = False) -> Iterator[Path]:
    """Yield an empty file of another name beside `path`, and give it its name when the block ends well.

    Its bytes are on the disk before it has the name. It is readable by its owner only, an existing file is overwritten
    with `replace` only (FileExistsError otherwise), and after an error nothing is left.
    """
    if path.exists() and not replace:
        raise FileExistsError(path)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}{UNFINISHED}")
    os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    try:
        yield part
        _flush(part)
        if replace:
            part.replace(path)
        else:
            _name(part, path)
        _flush(path.parent)
    finally:
        part.unlink(missing_ok=True)


def unfinished(folder: Path) -> list[str]:
    """Return the names of files that were broken off in a folder by a kill or a power cut; they may be removed."""
    return sorted(file.name for file in folder.glob(f".*{UNFINISHED}"))


def _name(part: Path, path: Path) -> None:
    try:
        path.hardlink_to(part)  # unlike a renaming, it never overwrites what appeared meanwhile
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links, such as that of a USB stick
        if path.exists():
            raise FileExistsError(path) from None
        part.rename(path)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
