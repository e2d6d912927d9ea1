"""Carries a worker along inside the one process of a small site, so that nobody has to look after a second one."""

from __future__ import annotations

import multiprocessing
import os
from threading import Event, Thread

from admin_app.config import Settings
from admin_app.outside import outside_of
from models.database import Database
from models.vault import Keystore
from workflows.clock import system_clock
from workflows.worker.loop import work
from workflows.worker.pieces import Tools


def carry_worker(settings: Settings) -> None:
    """Start a worker in the process that the server is about to fork; a spawned one starts it by itself.

    It is killed with its process at any moment; what it was doing then is not half done.
    """
    os.register_at_fork(after_in_child=lambda: _start(settings))


def carry_worker_here(settings: Settings) -> None:
    """Start a worker in this process where the server spawned it."""
    if multiprocessing.parent_process() is not None:
        _start(settings)


def _start(settings: Settings) -> None:
    Thread(target=_work, args=(settings,), name="worker", daemon=True).start()


def _work(settings: Settings) -> None:
    database = Database(settings.database, Keystore.load(settings.keys), pooled=False)
    work(Tools(database, system_clock, outside_of(settings)), Event())
