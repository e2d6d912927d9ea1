"""A transition or an opening that dies at any statement leaves nothing behind, and the same request succeeds after."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Table, event, select, text

from models.base import Base
from models.vault import Keystore
from tests.cast import Cast
from tests.playing import Standing, begin, die_at, meant, stand, subject_for, take, trace
from tests.steps import OPENINGS, step_of

_START = {"pairing": "proposed", "transfer": "requested"}
TOGETHER = 48  # statements at most that these requests need


class PowerCut(Exception):
    """What happens to a transaction in a test here."""


@contextmanager
def power_cut_at(cast: Cast, number: int) -> Iterator[list[str]]:
    """Fail the statement of that number, of whatever connection; the list holds those that were sent."""
    sent: list[str] = []

    def cuts(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        sent.append(statement)
        if len(sent) == number:
            raise PowerCut(statement)

    event.listen(cast.database.engine, "before_cursor_execute", cuts)
    try:
        yield sent
    finally:
        event.remove(cast.database.engine, "before_cursor_execute", cuts)


def everything_in(cast: Cast) -> dict[str, list[Any]]:
    """Return every row of every table."""
    with cast.database.engine.connect() as connection:
        found = {}
        for kind in ("business", "audit"):
            if not cast.database.is_sqlite:
                connection.execute(
                    text(
                        "SELECT set_config('shouwang.system', 'tests', true), set_config('shouwang.kind', :kind, true)"
                    ),
                    {"kind": kind},
                )
            for table in Base.metadata.tables.values():
                found[f"{kind}:{table.name}"] = sorted(map(repr, connection.execute(_rows(table))))
        return found


def _rows(table: Table) -> Any:
    return select(*table.columns)


def dies_everywhere(cast: Cast, act: Callable[[], object]) -> int:
    """Let a request die at its first, second, … statement until it survives; return how many it needs."""
    before = everything_in(cast)
    for number in count(1):
        with power_cut_at(cast, number) as sent:
            try:
                act()
            except PowerCut:
                assert everything_in(cast) == before, f"died at statement {number} and left something: {sent[-1]}"
                continue
        assert number - 1 == len(sent)
        assert everything_in(cast) != before
        return len(sent)
    raise AssertionError


# One with a form that is bound to the child, one with parts and slots, one that moves all rows, one that ends.
@pytest.mark.parametrize(
    ("begun", "transition", "source"),
    [
        ("identification", "complete", "open"),
        ("pairing", "change", "active"),
        ("individual_plan", "achieve", "active"),
        ("transfer", "accept", "requested"),
    ],
)
def test_a_step_that_dies_at_any_statement_leaves_nothing_and_can_be_repeated(
    shared_cast: Cast, begun: str, transition: str, source: str
) -> None:
    standing = stand(shared_cast, begun, source)
    step, before = step_of(begun, transition, source), trace(shared_cast, standing.number)
    key = f"again-{standing.number}"
    needed = dies_everywhere(shared_cast, lambda: take(shared_cast, standing, step, rev=standing.rev, key=key))
    assert 8 < needed < TOGETHER
    after = trace(shared_cast, standing.number)
    assert (after.state, after.rev) == (step.target, before.rev + 1)
    assert after[2:5] == (before.moves + 1, before.events + 1, before.messages + 1)


@pytest.mark.parametrize("begun", ["pairing", "individual_plan", "inspection"])
def test_an_opening_that_dies_at_any_statement_leaves_nothing_and_can_be_repeated(
    shared_cast: Cast, begun: str
) -> None:
    subject = subject_for(shared_cast, OPENINGS[begun])
    opened: list[Standing] = []
    needed = dies_everywhere(
        shared_cast, lambda: opened.append(begin(shared_cast, begun, subject, key=f"again-{subject[1]}"))
    )
    assert 8 < needed < TOGETHER
    assert len(opened) == 1
    assert trace(shared_cast, opened[0].number)[1:4] == (1, 1, 1)


@pytest.mark.deep
@pytest.mark.parametrize("begun", ["pairing", "transfer"])
def test_a_process_that_is_killed_at_a_statement_leaves_nothing(
    shared_cast: Cast, keystore: Keystore, tmp_path: Path, begun: str
) -> None:
    keys = tmp_path / "keys.json"
    keystore.save(keys)
    url = shared_cast.database.url.render_as_string(hide_password=False)
    standing = stand(shared_cast, begun, _START[begun])
    step = step_of(begun, "accept", _START[begun])
    step = replace(step, answers=meant(shared_cast, step.answers))
    before = everything_in(shared_cast)
    spawn = multiprocessing.get_context("spawn")
    for number in count(1, 3):
        dying = spawn.Process(target=die_at, args=(number, url, str(keys), standing, step))
        dying.start()
        dying.join()
        if dying.exitcode == 0:
            break
        assert dying.exitcode == -signal.SIGKILL
        assert everything_in(shared_cast) == before, number
    assert number > 8
    assert trace(shared_cast, standing.number).state == step.target
