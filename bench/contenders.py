"""Starts the peers, each a process of its own with its own tables, and speaks with them line by line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from click import ClickException, echo
from sqlalchemy import URL, Engine, text
from sqlalchemy.exc import ProgrammingError

from bench.data import World

SCRIPTS = Path(__file__).parent / "peers"
PEER_PYTHON = Path(__file__).resolve().parents[1] / ".venv-peers" / "bin" / "python"
PATIENCE_S = 900.0
GUARDED = 1  # the case with which a peer tries its own guard, opened before all others


class PeerDied(RuntimeError):
    """A peer's process ended before it answered."""


@dataclass(frozen=True, eq=False)
class Kind:
    """A peer: its name in the figures, its script, whether it has packages of its own, how it is to work."""

    name: str
    script: str
    has_own_packages: bool = True
    options: dict[str, Any] = field(default_factory=dict)

    @property
    def command(self) -> list[str]:
        """The command that starts it."""
        python = str(PEER_PYTHON) if self.has_own_packages else sys.executable
        return [python, str(SCRIPTS / f"{self.script}.py")]


FLOOR = Kind("floor", "floor", has_own_packages=False)
BARE = Kind("transitions + SQLAlchemy", "bare", has_own_packages=False)
FSM_HISTORY = Kind("django-fsm-2 + history", "fsm_history")
FSM_AUDITLOG = Kind("django-fsm-2 + auditlog", "fsm_auditlog")
VIEWFLOW = Kind("viewflow", "with_viewflow", options={"human": True})
VIEWFLOW_CODE = Kind("viewflow, from code", "with_viewflow")
SPIFF = Kind("SpiffWorkflow", "with_spiff")
SPIFF_TUNED = Kind("SpiffWorkflow, tuned", "with_spiff", options={"tuned": True})


class Contender:
    """A running peer; `versions` are those of the packages it stands on."""

    def __init__(self, kind: Kind, database: dict[str, Any]) -> None:
        self.kind, self.opened, self.moved = kind, 0, 0
        self._errors = tempfile.TemporaryFile(mode="w+")  # noqa: SIM115 - open as long as the process
        environment = os.environ | {"PEER_DATABASE": json.dumps(database), "PYTHONDONTWRITEBYTECODE": "1"}
        environment.pop("PYTHONPATH", None)  # neither sees the other's packages
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            kind.command, stdin=pipe, stdout=pipe, stderr=self._errors, text=True, env=environment
        )
        try:
            self.versions: dict[str, str] = self._ask("lay", options=kind.options)
        except BaseException:
            self.close()
            raise

    def open(self, count: int, *, together: bool) -> None:
        """Open the next cases."""
        self._ask("open", first=self.opened + 1, count=count, together=together)
        self.opened += count

    def move(self, count: int, *, together: bool) -> None:
        """Move the next of the cases that were opened."""
        self._ask("move", first=self.moved + 1, count=count, together=together)
        self.moved += count

    def check(self) -> None:
        """Raise PeerDied unless every case is there with its state and its trail, as ours are."""
        cases = self.opened + GUARDED
        rows = {step: len(self.kind.options.get(step, "1")) for step in ("open", "move")}
        owed = {"cases": cases, "moved": self.moved, "trail": cases * rows["open"] + self.moved * rows["move"]}
        if (found := self._ask("count")) != owed:
            raise PeerDied(f"{self.kind.name} has written {found}, but owes {owed}")

    def close(self) -> None:
        """End the process."""
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._errors.close()

    def _ask(self, do: str, **words: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        watch = threading.Timer(PATIENCE_S, self._process.kill)
        watch.start()
        try:
            self._process.stdin.write(json.dumps({"do": do, **words}) + "\n")
            self._process.stdin.flush()
            answer = self._process.stdout.readline()
        except BrokenPipeError:
            answer = ""
        finally:
            watch.cancel()
        if not answer:
            raise PeerDied(f"{self.kind.name} stopped while it was asked to {do}: {self._last_words()}")
        found: dict[str, Any] = json.loads(answer)
        return found

    def _last_words(self) -> str:
        self._errors.seek(0)
        return (self._errors.read().strip().splitlines() or ["no word"])[-1]


def installed(kinds: Iterable[Kind]) -> list[Kind]:
    """Return the peers whose packages are there; says in one line which are left out."""
    kinds = list(kinds)
    out = [kind.name for kind in kinds if kind.has_own_packages and not PEER_PYTHON.exists()]
    if out:
        echo(f"left out: {', '.join(out)}; `make bench-peers` installs what they need", err=True)
    return [kind for kind in kinds if kind.name not in out]


@contextmanager
def running(world: World, kinds: Sequence[Kind]) -> Iterator[list[Contender]]:
    """Start peers on the same disk or the same server as the program; what they wrote is removed afterwards."""
    with ExitStack() as stack:
        contenders = []
        for number, kind in enumerate(kinds):
            database = stack.enter_context(_database(world, f"bench_peer_{number}"))
            contender = Contender(kind, database)
            stack.callback(contender.close)
            contenders.append(contender)
        yield contenders


@contextmanager
def _database(world: World, name: str) -> Iterator[dict[str, Any]]:
    if world.kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix=f"{name}-", dir=world.folder) as folder:
            yield {"kind": "sqlite", "file": str(Path(folder) / "peer.db")}
        return
    engine = world.database.engine
    try:
        _run(engine, f"DROP SCHEMA IF EXISTS {name} CASCADE", f"CREATE SCHEMA {name}")
    except ProgrammingError as fault:
        asked = "each peer needs a schema of its own: GRANT CREATE ON DATABASE to the application's role"
        raise ClickException(f"{asked} ({fault.orig})") from fault
    try:
        yield _address(engine.url) | {"kind": "postgresql", "schema": name}
    finally:
        _run(engine, f"DROP SCHEMA {name} CASCADE")


def _run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))


def _address(url: URL) -> dict[str, Any]:
    host = url.host or url.query.get("host")
    return {"host": host, "port": url.port, "user": url.username, "password": url.password, "dbname": url.database}
