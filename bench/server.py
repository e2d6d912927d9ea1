"""The real server: start to first answer, memory, and requests a second of eight readers at once."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.data import World
from bench.figure import Figure
from bench.web import CITY, TOKEN

STARTS = 5
CLIENTS, SECONDS = 8, 8.0
WORKERS = 2
PATIENCE = 30.0


@dataclass(frozen=True)
class Running:
    """A server process, its port, and the seconds from its start to the first answer."""

    process: subprocess.Popen[bytes]
    port: int
    seconds: float


@contextmanager
def _served(world: World) -> Iterator[Running]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = os.environ | {
        "SHOUWANG_INSTANCE": str(world.folder),
        "SHOUWANG_KEYS": str(world.settings.keys),
        "SHOUWANG_DATABASE": world.settings.database,
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # an installation is compiled once, as `make setup` does
    command = [sys.executable, "-m", "admin_app", "serve", "--port", str(port), "--workers", str(WORKERS)]
    began = time.perf_counter()
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        while not _answers(port):
            if time.perf_counter() - began > PATIENCE or process.poll() is not None:
                raise RuntimeError("the server does not answer")
            time.sleep(0.005)
        yield Running(process, port, time.perf_counter() - began)
    finally:
        process.terminate()
        try:
            process.wait(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _answers(port: int) -> bool:
    try:
        return _get(port, "/login").status == 200
    except OSError:
        return False


def _get(port: int, path: str, cookie: str = "") -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        connection.request("GET", path, headers={"Cookie": cookie} if cookie else {})
        answer = connection.getresponse()
        answer.read()
        return answer
    finally:
        connection.close()  # an open connection would hold up the server's end


def start(world: World) -> Iterator[Figure]:
    """Measure start to first answer (the best of several) and memory of two workers with their parent."""
    seconds, memory = [], []
    for _ in range(STARTS):
        with _served(world) as running:
            seconds.append(running.seconds)
            memory.append(sum(_memory_mb(process) for process in _family(running.process.pid)))
    yield Figure("start to first answer", min(seconds), "s", 1, details={"all": [round(s, 2) for s in seconds]})
    yield Figure("memory of 2 workers and parent", max(memory), "MB", 220)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(below for child in children for below in _family(int(child)))]


def _memory_mb(pid: int) -> float:
    """Return a process's share of memory: pages that several share are counted once over all."""
    for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def readers(world: World) -> Iterator[Figure]:
    """Measure how many first pages of the roll eight readers get in a second."""
    with _served(world) as running:
        cookie = _log_in(running.port, CITY, world.passwords[CITY])
        counts = [0] * CLIENTS
        end = time.perf_counter() + SECONDS
        threads = [threading.Thread(target=_read, args=(running.port, cookie, counts, n, end)) for n in range(CLIENTS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    yield Figure("first page, 8 readers", sum(counts) / SECONDS, "/s", 150, more_is_better=True)


def _read(port: int, cookie: str, counts: list[int], place: int, end: float) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    while time.perf_counter() < end:
        connection.request("GET", "/children/", headers={"Cookie": cookie})
        answer = connection.getresponse()
        if answer.status != 200 or b"<table" not in answer.read():
            raise RuntimeError(f"no list: {answer.status}")
        counts[place] += 1
    connection.close()


def _log_in(port: int, login: str, password: str) -> str:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    connection.request("GET", "/login")
    answer = connection.getresponse()
    page, cookie = answer.read().decode(), _cookie(answer)
    found = TOKEN.search(page)
    body = f"login={login}&password={password}&csrf_token={found[1] if found else ''}"
    kind = {"Cookie": cookie, "Content-Type": "application/x-www-form-urlencoded"}
    connection.request("POST", "/login", body, kind)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    if answer.status != 302:
        raise RuntimeError(f"{login} cannot log in: {answer.status}")
    return _cookie(answer)


def _cookie(answer: http.client.HTTPResponse) -> str:
    return "; ".join(value.split(";")[0] for name, value in answer.getheaders() if name.lower() == "set-cookie")
