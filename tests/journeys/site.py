"""A site on loopback over a copy of the peopled database, served by threads, with a clock that the test moves."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from werkzeug.serving import WSGIRequestHandler, make_server

from admin_app import create_app
from admin_app.config import Settings
from models.database import Database
from models.school_year import SchoolYear, Term
from models.scope import system_scope
from models.vault import Keystore
from tests.cast import NOW, Cast
from workflows.clock import LOCAL
from workflows.worker.loop import work_once
from workflows.worker.pieces import Tools


class Clock:
    """The hour at which the site believes to be; it stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = NOW

    def __call__(self) -> datetime:
        return self.moment

    def forward(self, **by: int) -> None:
        """Move the clock by days, hours or minutes."""
        self.moment += timedelta(**by)

    def strikes(self, written: str) -> None:
        """Set the clock to a moment as people where the schools are write it: 2027-10-02 23:50."""
        self.moment = datetime.fromisoformat(written).replace(tzinfo=LOCAL)


@dataclass(frozen=True)
class Site:
    """A running site: its address, its clock, and the cast over the same database for what tests prepare and check."""

    url: str
    clock: Clock
    cast: Cast

    def works(self) -> None:
        """Have a worker do whatever is due at the site's hour."""
        work_once(Tools(self.cast.database, self.clock))

    def enters_autumn(self) -> None:
        """Enter the autumn term of the next school year, to which the story moves."""
        with self.cast.database.transaction(system_scope("tests")) as session:
            year = SchoolYear(first_year=2027)
            session.add(year)
            session.flush()
            first_on, last_on = date(2027, 9, 1), date(2028, 1, 20)
            session.add(Term(school_year_id=year.id, number=1, first_on=first_on, last_on=last_on))


class _Silent(WSGIRequestHandler):
    timeout = 3  # seconds for which a browser may hold a connection open without asking for anything

    def log(self, type: str, message: str, *args: object) -> None:
        """Write no line for every request."""


@contextmanager
def running_site(folder: Path, peopled: tuple[Path, Cast], keystore: Keystore) -> Iterator[Site]:
    """Serve a copy of a peopled database until the block ends."""
    template, people = peopled
    path, keys, clock = folder / "office.db", folder / "keys.json", Clock()
    shutil.copy(template, path)
    keystore.save(keys)
    environment = {"SHOUWANG_KEYS": str(keys), "SHOUWANG_SECURE_COOKIES": "off"}  # plain HTTP on loopback
    settings = Settings.from_environment(environment, instance=str(folder), database=f"sqlite:///{path}")
    app = create_app(settings, clock=clock)
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Silent)
    server.daemon_threads = False  # closing waits for whoever is still being answered, with the file that is sent
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    database = Database(settings.database, keystore)
    yield Site(f"http://127.0.0.1:{server.server_port}", clock, replace(people, database=database))
    server.shutdown()
    thread.join()
    server.server_close()
    database.dispose()
    app.extensions["shouwang"].database.dispose()
