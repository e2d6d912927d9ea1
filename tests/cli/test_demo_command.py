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
from pathlib import Path
from typing import Any

import pytest

SECONDS_TO_ANSWER = 60


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder that the first run fills."""
    return tmp_path_factory.mktemp("demo-instance")


def _run(instance: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = os.environ | {"SHOUWANG_INSTANCE": str(instance)}
    environment.pop("SHOUWANG_DATABASE", None)
    command = [sys.executable, "-m", "admin_app", *words]
    return subprocess.run(command, capture_output=True, text=True, env=environment, check=False)


@pytest.fixture(scope="module")
def first(instance: Path) -> dict[str, Any]:
    """The answer of the first run."""
    done = _run(instance, "demo", "--no-serve", "--json", "--as-of", "2026-11-20", "--port", "8123")
    assert done.returncode == 0, done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def test_the_first_run_fills_and_names_one_log_in_of_every_role(first: dict[str, Any]) -> None:
    assert {"logins", "url"} <= set(first)
    assert first["url"] == "http://127.0.0.1:8123/"
    assert first["filled"] is True
    assert all({"login", "password", "role"} <= set(login) for login in first["logins"])
    assert len({login["password"] for login in first["logins"]}) == len(first["logins"])


def test_the_second_run_fills_nothing_and_draws_other_passwords(instance: Path, first: dict[str, Any]) -> None:
    again = json.loads(_run(instance, "demo", "--no-serve", "--json").stdout)
    assert again["filled"] is False
    assert [login["login"] for login in again["logins"]] == [login["login"] for login in first["logins"]]
    assert not {login["password"] for login in again["logins"]} & {login["password"] for login in first["logins"]}
    told = _run(instance, "demo", "--no-serve")
    assert "没有再填" in told.stdout
    assert "班主任" in told.stdout


@pytest.mark.usefixtures("first")
def test_another_size_is_refused_on_a_filled_database(instance: Path) -> None:
    done = _run(instance, "demo", "--no-serve", "--size", "county")
    assert done.returncode == 2
    assert "--database" in done.stderr


def test_a_wrong_day_or_size_is_a_wrong_call(instance: Path) -> None:
    assert _run(instance, "demo", "--as-of", "yesterday").returncode == 2
    assert _run(instance, "demo", "--size", "village").returncode == 2


def test_an_installation_in_use_keeps_its_passwords(tmp_path: Path) -> None:
    passwords = tmp_path / "passwords.json"
    passwords.write_text(json.dumps({"sysadmin": "liu-shui-jing-shen-1", "secadmin": "liu-shui-jing-shen-2"}))
    assert _run(tmp_path, "init", "--passwords-file", str(passwords)).returncode == 0
    done = _run(tmp_path, "demo", "--no-serve")
    assert done.returncode == 2
    assert "正式数据" in done.stderr


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
