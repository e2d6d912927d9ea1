"""The file of a backup: a zip of lines of JSON, written as a stream and checked before anything is read from it."""

from __future__ import annotations

import json
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from models.backup.fault import BackupFault
from models.backup.manifest import FORMAT, KEYS, MANIFEST, MARK, PRODUCT, Manifest
from models.backup.sealed_keys import mark_of
from models.vault import Keystore

LEVEL = 4  # packs nearly as small as 6 in two thirds of the time
LONGEST_LINE = 64 * 1024 * 1024
LARGEST_MANIFEST = 8 * 1024 * 1024
CHUNK = 1 << 20
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError)


def write_member(pack: zipfile.ZipFile, name: str, lines: Iterable[bytes]) -> tuple[int, int, str]:
    """Write one member as a stream; returns lines, bytes and SHA-256."""
    count = size = 0
    digest = sha256()
    held = bytearray()

    def let_go() -> None:
        digest.update(held)
        member.write(held)
        held.clear()

    with pack.open(name, "w", force_zip64=True) as member:
        for line in lines:
            count, size = count + 1, size + len(line)
            held += line
            if len(held) >= CHUNK:
                let_go()
        let_go()
    return count, size, digest.hexdigest()


class Pack:
    """A backup that is being read; every broken file ends in a BackupFault."""

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except _BROKEN as fault:
            raise BackupFault(_why_unreadable(path), file=path.name) from fault
        self._raw = self._whole(MANIFEST, LARGEST_MANIFEST)
        self.manifest = _manifest(self._raw)

    def close(self) -> None:
        """Close the file."""
        self._zip.close()

    def sealed_keys(self) -> bytes | None:
        """Return the sealed keystore, None where it was left out."""
        expected = self.manifest.keys_sha256
        if expected is None:
            return None
        content = self._whole(KEYS, LARGEST_MANIFEST)
        if sha256(content).hexdigest() != expected:
            raise BackupFault("damaged", member=KEYS)
        return content

    def check(self, keystore: Keystore) -> None:
        """Check the manifest's mark, the list of members and every digest; raises BackupFault `changed`, `damaged`."""
        if self._whole(MARK, 1024).decode("ascii", "replace") != mark_of(keystore, self._raw):
            raise BackupFault("changed")
        expected = {MANIFEST, MARK, *(part.member for part in self.manifest.tables)}
        expected |= {KEYS} if self.manifest.keys_sha256 else set()
        if sorted(self._zip.namelist()) != sorted(expected):
            raise BackupFault("damaged", member=MANIFEST)
        for part in self.manifest.tables:
            rows = size = 0
            digest = sha256()
            for line in self.lines(part.member):
                rows, size = rows + 1, size + len(line)
                digest.update(line)
            if (rows, size, digest.hexdigest()) != (part.rows, part.bytes, part.sha256):
                raise BackupFault("damaged", member=part.member)

    def lines(self, name: str) -> Iterator[bytes]:
        """Yield the lines of a member; raises BackupFault `damaged` where it cannot be read on."""
        try:
            with self._zip.open(name) as member:
                while line := member.readline(LONGEST_LINE):
                    yield line
        except (*_BROKEN, KeyError) as fault:
            raise BackupFault("damaged", member=name) from fault

    def _whole(self, name: str, most: int) -> bytes:
        try:
            with self._zip.open(name) as member:
                return _at_most(member, most)
        except KeyError as fault:
            raise BackupFault("not_a_backup") from fault
        except _BROKEN as fault:
            raise BackupFault("damaged", member=name) from fault


def _at_most(member: IO[bytes], most: int) -> bytes:
    content = member.read(most + 1)
    if len(content) > most:
        raise BackupFault("not_a_backup")
    return content


def _why_unreadable(path: Path) -> str:
    """Tell a zip that lost its end from a file that never was one."""
    with path.open("rb") as file:
        return "truncated" if file.read(4) == b"PK\x03\x04" else "not_a_backup"


def _manifest(raw: bytes) -> Manifest:
    try:
        content: Any = json.loads(raw)
    except ValueError as fault:
        raise BackupFault("damaged", member=MANIFEST) from fault
    if not isinstance(content, dict) or content.get("product") != PRODUCT:
        raise BackupFault("wrong_product")
    if content.get("format") != FORMAT:
        raise BackupFault("newer_program", version=content.get("version"))
    try:
        return Manifest.model_validate_json(raw)
    except ValidationError as fault:
        raise BackupFault("damaged", member=MANIFEST) from fault


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    digest = sha256()
    with path.open("rb") as file:
        while chunk := file.read(CHUNK):
            digest.update(chunk)
    return digest.hexdigest()
