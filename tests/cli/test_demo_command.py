"""The demo command fills an empty database once, draws passwords each time, and keeps off a database in use."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from models.scope import system_scope
from models.terms import latest_term
from tests.cli.installation import Installation

SECONDS_TO_ANSWER = 60
SPRING = "2027-04-15"


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder that the first run fills."""
    return tmp_path_factory.mktemp("demo-instance")


@pytest.fixture(scope="module")
def first(instance: Path) -> dict[str, Any]:
    """The answer of the first run, on a day in spring; in this process, which does not wait for the disk."""
    words = ("demo", "--no-serve", "--json", "--as-of", SPRING, "--port", "8123")
    code, answer, said = Installation(instance).run(*words)
    assert code == 0, said
    return dict(answer)


def test_the_first_run_fills_and_names_one_log_in_of_every_role(first: dict[str, Any]) -> None:
    assert {"logins", "url"} <= set(first)
    assert first["url"] == "http://127.0.0.1:8123/"
    assert first["filled"] is True
    assert all({"login", "password", "role"} <= set(login) for login in first["logins"])
    assert len({login["password"] for login in first["logins"]}) == len(first["logins"])


@pytest.mark.usefixtures("first")
def test_it_plays_up_to_the_named_day(instance: Path) -> None:
    day = date.fromisoformat(SPRING)
    with Installation(instance).database() as database, database.session(system_scope("tests")) as session:
        term = latest_term(session, day)
        assert term is not None
        assert term.first_on <= day <= term.last_on
        assert term.number == 2


def test_the_second_run_fills_nothing_and_draws_other_passwords(instance: Path, first: dict[str, Any]) -> None:
    code, again, said = Installation(instance).run("demo", "--no-serve", "--json")
    assert code == 0, said
    assert again["filled"] is False
    assert [login["login"] for login in again["logins"]] == [login["login"] for login in first["logins"]]
    assert not {login["password"] for login in again["logins"]} & {login["password"] for login in first["logins"]}
    _, told, _ = Installation(instance).run("demo", "--no-serve")
    assert "没有再填" in told
    assert "班主任" in told


@pytest.mark.usefixtures("first")
def test_another_size_is_refused_on_a_filled_database(instance: Path) -> None:
    code, _, said = Installation(instance).run("demo", "--no-serve", "--size", "county")
    assert code == 2
    assert "--database" in said


def test_a_wrong_day_or_size_is_a_wrong_call(instance: Path) -> None:
    assert Installation(instance).run("demo", "--as-of", "yesterday")[0] == 2
    assert Installation(instance).run("demo", "--size", "village")[0] == 2


def test_an_installation_in_use_keeps_its_passwords(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({"sysadmin": "liu-shui-jing-shen-1", "secadmin": "liu-shui-jing-shen-2"}))
    installation = Installation(tmp_path)
    assert installation.run("init", "--passwords-file", passwords)[0] == 0
    code, _, said = installation.run("demo", "--no-serve")
    assert code == 2
    assert "正式数据" in said


@pytest.fixture
def served(instance: Path, first: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The demonstration as it is served on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {"SHOUWANG_INSTANCE": str(instance)}
    command = [sys.executable, "-m", "admin_app", "demo", "--json", "--port", str(port)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment)
    assert process.stdout is not None
    yield json.loads(process.stdout.readline())
    process.terminate()
    process.wait(timeout=30)
    process.stdout.close()


def test_it_serves_on_loopback_what_it_named(served: dict[str, Any]) -> None:
    assert served["url"].startswith("http://127.0.0.1:")
    assert _answers(served["url"] + "healthz") == 200


def _answers(url: str) -> int:
    end = time.monotonic() + SECONDS_TO_ANSWER
    while True:
        try:
            with urllib.request.urlopen(url, timeout=5) as response:
                status: int = response.status
                return status
        except OSError:
            if time.monotonic() > end:
                raise
