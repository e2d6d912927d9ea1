"""Many people open the same list at the same moment, the first pages of a fresh process among them."""

from __future__ import annotations

import subprocess
import sys

from sqlalchemy import inspect

from admin_app.views.children import Guardian
from models.child import Relative
from tests.cast import Cast

FRESH = """
import sys, threading
from admin_app.views.children import ChildScreen
from models.database import Database
from models.scope import Branch, Scope
from models.vault import Keystore
sys.setswitchinterval(1e-6)
database, faults, ready = Database("sqlite:///" + sys.argv[1], Keystore.draw()), [], threading.Barrier(8)
def read():
    session = database.session(Scope.of([Branch("city", "QZ")]))
    ready.wait()
    try:
        session.execute(ChildScreen.statement(ChildScreen, session).limit(1)).all()
    except Exception as fault:
        faults.append(repr(fault))
threads = [threading.Thread(target=read) for _ in range(8)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
sys.exit("\\n".join(faults) or 0)
"""


def test_the_guardian_s_columns_are_all_named_before_threads_come() -> None:
    assert {column.key for column in inspect(Relative).column_attrs} <= vars(Guardian).keys()


def test_the_first_readers_of_a_process_all_get_their_list(sqlite_cast: Cast) -> None:
    sqlite_cast.add_child("ZX-2302")
    for _ in range(3):
        done = subprocess.run(
            [sys.executable, "-c", FRESH, str(sqlite_cast.database.url.database)], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr
