"""Connections that end in time, lead to the address that was checked, and follow nobody elsewhere."""

from __future__ import annotations

import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from typing import NamedTuple
from urllib.parse import urlsplit

from workflows.outbox.address import AddressRefused, pinned
from workflows.outbox.outside import Outside, Undelivered

LARGEST_BODY, LARGEST_ANSWER = 64_000, 64_000  # bytes
_USER_AGENT = "Shouwang"


class Target(NamedTuple):
    """Where a request goes: scheme, host as the address names it, port and path."""

    scheme: str
    host: str
    port: int
    path: str


class Answer(NamedTuple):
    """What came back: status and the beginning of the body."""

    status: int
    body: bytes


def target_of(url: str) -> Target:
    """Take an address apart; raises ValueError for one that is no plain http or https address."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
        raise ValueError("no address")
    if any(ord(c) < 33 or ord(c) > 126 for c in url):
        raise ValueError("no address")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    return Target(parts.scheme, parts.hostname, port, (parts.path or "/") + (f"?{parts.query}" if parts.query else ""))


@contextmanager
def faults_told() -> Iterator[None]:
    """Say what went wrong on the way by a code: nothing of the address or the answer is kept."""
    try:
        yield
    except AddressRefused as fault:
        raise Undelivered("address_refused") from fault
    except ssl.SSLCertVerificationError as fault:
        raise Undelivered("certificate") from fault
    except ssl.SSLError as fault:
        raise Undelivered("no_tls") from fault
    except TimeoutError as fault:
        raise Undelivered("timeout") from fault
    except ConnectionRefusedError as fault:
        raise Undelivered("refused") from fault
    except socket.gaierror as fault:
        raise Undelivered("unknown_host") from fault
    except (OSError, http.client.HTTPException, ValueError) as fault:
        # A connection that the deadline cut off ends in one of these too.
        raise Undelivered("broken_off") from fault


@contextmanager
def connected(host: str, port: int, outside: Outside) -> Iterator[socket.socket]:
    """Connect to the one address of a host that was checked, and cut the line off when the time is over.

    However slowly and steadily the other side sends, each wait of its own being short, nothing lasts longer.
    """
    address = pinned(host, port, outside.private_hosts, outside.resolve)
    with socket.create_connection((address, port), timeout=min(outside.silence, outside.seconds)) as line:
        # A second handle on the line: the first one is taken over by the TLS layer, which would wait for a good-bye.
        handle, is_over = line.dup(), threading.Event()
        timer = threading.Timer(outside.seconds, _cut, [handle, is_over])
        timer.daemon = True
        timer.start()
        try:
            yield line
        finally:
            timer.cancel()
            handle.close()
            if is_over.is_set():  # whatever the talk took the end for
                raise TimeoutError


def _cut(handle: socket.socket, is_over: threading.Event) -> None:
    is_over.set()
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)


def post(url: str, body: bytes, headers: Mapping[str, str], outside: Outside) -> Answer:
    """Post a body once; raises Undelivered when there was no whole answer.

    Without TLS only hosts that the settings name are spoken to: what is told would lie open on the way.
    """
    if len(body) > LARGEST_BODY:
        raise Undelivered("too_large", is_final=True)
    with faults_told():
        target = target_of(url)
        if target.scheme == "http" and target.host not in outside.private_hosts:
            raise AddressRefused("without TLS")
        with connected(target.host, target.port, outside) as line:
            secure = target.scheme == "https"
            with closing(http.client.HTTPConnection(target.host, target.port)) as connection:
                # Open already, so that nothing looks the name up again.
                connection.sock = outside.trust().wrap_socket(line, server_hostname=target.host) if secure else line
                connection.auto_open = 0
                connection.request("POST", target.path, body, {"User-Agent": _USER_AGENT, **headers})
                with connection.getresponse() as answer:
                    return Answer(answer.status, _read(answer))


def _read(answer: http.client.HTTPResponse) -> bytes:
    body = answer.read(LARGEST_ANSWER + 1)
    # The standard library takes a line that was cut for the end of what was said.
    if len(body) > LARGEST_ANSWER or answer.length or answer.headers.defects:
        raise ValueError("no whole answer")
    return body
