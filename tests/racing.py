"""Lets several act at the same moment, in threads of their own, and tells what each was answered."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from tests.cast import Cast
from workflows.refusal import Refusal

PATIENCE = 20  # seconds, for a machine that does other things too
Act = Callable[[], object]


@contextmanager
def both_have_read(cast: Cast, words: str) -> Iterator[None]:
    """Hold back each of two transactions until both have sent a statement with these words, before they write.

    SQLite has one writer: the second reads only after the first committed, and there is nothing to hold back.
    """
    if cast.database.is_sqlite:
        yield
        return
    ready, passed = threading.Barrier(2, timeout=PATIENCE), threading.local()

    def waits(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if words in statement and threading.current_thread().name == "racer" and not hasattr(passed, "once"):
            passed.once = True
            ready.wait()

    event.listen(cast.database.engine, "after_cursor_execute", waits)
    yield
    event.remove(cast.database.engine, "after_cursor_execute", waits)


def at_once(*acts: Act) -> list[object]:
    """Start all at the same moment; return what each answered, or the refusal's code."""
    ready, found = threading.Barrier(len(acts), timeout=PATIENCE), []

    def runs(act: Act) -> None:
        ready.wait()
        try:
            found.append(act())
        except Refusal as refusal:
            found.append(refusal.code)
        except Exception as fault:  # told to the test as what it is
            found.append(fault)

    racers = [threading.Thread(target=runs, args=(act,), name="racer") for act in acts]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    return found
