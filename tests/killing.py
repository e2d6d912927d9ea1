"""Workers in processes of their own, killed at any moment, under a clock that a test moves through a file."""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path
from threading import Event

from models.database import Database
from models.vault import Keystore
from workflows.operations.firing import fire_due
from workflows.worker.loop import work
from workflows.worker.pieces import Piece, Tools

FORKING = multiprocessing.get_context("forkserver")
FORKING.set_forkserver_preload(["tests.killing"])
PIECES = (Piece("timers", lambda tools, now: fire_due(tools.database, now, most=20)),)


def works(url: str, keys: str, clock: str) -> None:
    """Work until killed, at the moment that a file tells."""

    def moment() -> datetime:
        return datetime.fromisoformat(Path(clock).read_text(encoding="utf-8"))

    database = Database(url, Keystore.load(Path(keys)), pooled=False)
    work(Tools(database, moment), Event(), pieces=PIECES, pause=0.02)


@dataclass
class Gang:
    """Several workers at one database; whoever is killed is followed by another."""

    url: str
    folder: Path
    chance: random.Random
    running: list[BaseProcess] = field(default_factory=list)
    killed: int = 0

    def at(self, moment: datetime) -> None:
        """Move the clock of all, at one stroke."""
        fresh = self.folder / "clock.new"
        fresh.write_text(moment.isoformat(), encoding="utf-8")
        fresh.replace(self.folder / "clock")

    def hire(self) -> None:
        """Start one more."""
        told = (self.url, str(self.folder / "keys.json"), str(self.folder / "clock"))
        worker = FORKING.Process(target=works, args=told, daemon=True)
        worker.start()
        self.running.append(worker)

    def kill_one(self, after: float) -> None:
        """Kill one by chance, some seconds from now, and let another follow."""
        victim = self.running.pop(self.chance.randrange(len(self.running)))
        victim.join(after)  # nobody leaves by themselves: this waits
        assert victim.exitcode is None, victim.exitcode
        assert victim.pid is not None
        os.kill(victim.pid, signal.SIGKILL)
        victim.join()
        self.killed += 1
        self.hire()


@contextmanager
def gang(database: Database, keystore: Keystore, folder: Path, workers: int, moment: datetime) -> Iterator[Gang]:
    """Let workers work at a database, and kill all of them at the end."""
    keystore.save(folder / "keys.json")
    found = Gang(database.url.render_as_string(hide_password=False), folder, random.Random(5))
    found.at(moment)
    for _ in range(workers):
        found.hire()
    try:
        yield found
    finally:
        for worker in found.running:
            worker.kill()
            worker.join()


def wandering(chance: random.Random, start: datetime, steps: int, end: datetime) -> Iterator[datetime]:
    """Yield moments from start to end, now and then a day too early or too late."""
    for number in range(steps):
        moment = start + (end - start) * number / steps
        yield moment + timedelta(days=chance.choice((0, 0, 0, -1, 1)))
