"""Makes the measured database once for a folder, with a fixed seed, and opens it for measurements."""

from __future__ import annotations

import gc
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

from admin_app.config import Settings
from admin_app.demo.calendar import start_of
from admin_app.demo.fill import demo_size, fill
from admin_app.demo.logins import draw_logins
from models.database import Database
from models.schema import upgrade
from models.schema_version import newest_version, present_version
from models.scope import system_scope
from models.vault import Keystore
from workflows.actor import Actor
from workflows.people import actor_by_login

SIZES = ("school", "county", "city")
AS_OF = date(2026, 11, 22)
NOW = start_of(AS_OF) + timedelta(hours=9, minutes=40)
EVERYWHERE = system_scope("bench")


@dataclass
class World:
    """The database under measurement, its settings, and log-ins with their passwords."""

    database: Database
    settings: Settings
    size: str
    folder: Path
    passwords: dict[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The database's kind: sqlite or postgresql."""
        return self.database.engine.dialect.name

    @property
    def now(self) -> datetime:
        """The moment at which everything is measured."""
        return NOW

    def actor(self, login: str) -> Actor:
        """Return one of the demonstration's people with the posts of the day."""
        with self.database.session(EVERYWHERE) as session:
            found = actor_by_login(session, login, AS_OF)
        if found is None:
            raise LookupError(login)
        return found


@contextmanager
def prepared(size: str, folder: Path | None, url: str | None) -> Iterator[World]:
    """Open the measured database, filling it first where it is empty; without a folder it is thrown away."""
    if folder is None:
        with tempfile.TemporaryDirectory(prefix="shouwang-bench-") as temporary:
            yield from _opened(size, Path(temporary), url)
        return
    folder.mkdir(parents=True, exist_ok=True)
    yield from _opened(size, folder, url)


def _is_upgraded(database: Database) -> bool:
    with database.engine.connect() as connection:
        return present_version(connection) == newest_version()


def _opened(size: str, folder: Path, url: str | None) -> Iterator[World]:
    keys = folder / "keys.json"
    if not keys.exists():
        Keystore.draw().save(keys)
    environment = {"SHOUWANG_KEYS": str(keys), "SHOUWANG_SECURE_COOKIES": "off"}
    address = url or f"sqlite:///{(folder / f'{size}.db').resolve()}"
    settings = Settings.from_environment(environment, instance=str(folder), database=address)
    database = Database(settings.database, Keystore.load(keys))
    if database.is_sqlite and not _is_upgraded(database):
        upgrade(database.engine)
    if demo_size(database) is None:
        fill(database, size, AS_OF, tell=lambda line: print(line, file=sys.stderr))
    gc.freeze()  # as site and worker do once they have started
    passwords = {login.login: login.password for login in draw_logins(database, NOW)}
    yield World(database, settings, size, folder, passwords)
    database.dispose()
