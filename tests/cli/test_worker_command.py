"""`shouwang worker`: once for a timer of the machine, or until it is told to stop; a small site carries one along."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from urllib.request import urlopen

import pytest
from sqlalchemy import select, text

from models.clock import WorkerBeat
from models.scope import system_scope
from tests.cli.installation import ROOT, Installation

KEYS = ["timers", "duties", "jobs", "outbox"]
PATIENCE = 60  # seconds


def test_once_answers_what_was_done(small: Installation) -> None:
    assert small.run("worker", "--once", "--json") == (0, dict.fromkeys(KEYS, 0), "")
    with small.unwalled() as engine, engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO outbox_message (id, topic, channel, recipient, payload, made_at, due_at, tries) "
                "VALUES (1, 'roster.imported', 'inbox', 'place:ZX', '{}', :at, :at, 0)"
            ),
            {"at": (datetime.now(UTC) - timedelta(minutes=1)).replace(tzinfo=None)},
        )
    assert small.run("worker", "--once") == (0, "消息 1\n", "")
    assert small.run("worker", "--once") == (0, "", "")


def test_an_answer_that_never_comes_is_not_promised(small: Installation) -> None:
    code, printed, said = small.run("worker", "--json")
    assert (code, printed) == (2, "")
    assert "--once" in said


@pytest.mark.parametrize("sign", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_when_it_is_told_to(small: Installation, sign: signal.Signals) -> None:
    command = [sys.executable, "-m", "admin_app", "worker"]
    with subprocess.Popen(command, cwd=ROOT, env=small.environment, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        assert "已启动" in running.stderr.readline()
        running.send_signal(sign)
        said = running.stderr.read()
        assert running.wait(PATIENCE) == 0
    assert "已停止" in said


@pytest.mark.deep
@pytest.mark.parametrize("switch", ["on", "off"])
def test_a_site_of_one_process_carries_a_worker_along_unless_it_is_told_not_to(
    small: Installation, switch: str
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "admin_app", "serve", "--port", str(port)]
    environment = {**small.environment, "SHOUWANG_CARRIES_WORKER": switch}
    with subprocess.Popen(command, cwd=ROOT, env=environment, start_new_session=True) as running:
        try:
            assert _answers(port)["status"] == "ok"
            until = time.monotonic() + (PATIENCE if switch == "on" else 5)
            while not (seen := _beats(small)) and time.monotonic() < until:
                time.sleep(0.2)
        finally:
            os.killpg(running.pid, signal.SIGTERM)
    assert len(seen) == (switch == "on")


def _answers(port: int) -> dict[str, str]:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=5) as answer:
                found: dict[str, str] = json.load(answer)
                return found
        except OSError:
            assert time.monotonic() < until
            time.sleep(0.2)


def _beats(small: Installation) -> list[str]:
    with small.database() as database, database.session(system_scope("tests")) as session:
        return list(session.scalars(select(WorkerBeat.name)))
