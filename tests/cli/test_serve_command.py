"""The server says in a sentence why it cannot begin, before anything else happens."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.vault import Keystore
from tests.cli.conftest import Blank
from tests.cli.installation import Installation

BEHIND_A_PROXY = ("--trusted-proxy", "127.0.0.1")


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that another site serves on, shared among its workers as the server does it."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


def test_two_sites_do_not_share_a_port(small: Installation, taken: int) -> None:
    code, _, said = small.run("serve", "--port", taken)
    assert code == 2
    assert str(taken) in said
    assert "已有程序在用这个端口" in said


def test_a_demonstration_on_a_port_in_use_fills_nothing_and_draws_no_passwords(blank: Blank, taken: int) -> None:
    empty = blank("sqlite")
    code, printed, said = empty.run("demo", "--port", taken)
    assert (code, printed) == (2, "")
    assert "已有程序在用这个端口" in said
    assert not empty.folder.exists()


@pytest.mark.parametrize(
    ("host", "reason"), [("192.0.2.1", "本机没有这个地址"), ("office.example", "IP 地址"), ("", "IP 地址")]
)
def test_an_address_that_is_not_of_this_machine_is_named(small: Installation, host: str, reason: str) -> None:
    code, _, said = small.run("serve", "--host", host, *BEHIND_A_PROXY)
    assert code == 2
    assert host in said
    assert reason in said


def test_the_machine_itself_may_be_called_by_its_name(small: Installation, taken: int) -> None:
    assert "127.0.0.1" in small.run("serve", "--host", "localhost", "--port", taken)[2]


def test_a_certificate_and_key_that_are_none_are_named(small: Installation, tmp_path: Path) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    for file in (certificate, key):
        file.write_text("no certificate, and no key")
    code, _, said = small.run("serve", "--port", 58123, "--tls", certificate, key)
    assert code == 2
    assert "cert.pem" in said
    assert "key.pem" in said


def test_a_database_without_schema_is_to_be_installed(blank: Blank) -> None:
    empty = blank("sqlite")
    empty.folder.mkdir()
    Keystore.draw().save(empty.keys)
    code, _, said = empty.run("serve")
    assert code == 2
    assert "shouwang init" in said
