"""What sending needs beside the database: who may be reached, how long to wait, and what every channel answers to."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol

from workflows.outbox.address import Resolve, resolve
from workflows.outbox.letter import Letter
from workflows.text import Text

WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send"
DINGTALK = "https://oapi.dingtalk.com/robot/send"
SECONDS_AT_MOST = 20.0  # for one message, however slowly the other side answers
SECONDS_OF_SILENCE = 10.0


class Undelivered(Exception):
    """A message did not arrive; the code says why, without an address or a secret. A final one is not tried again."""

    def __init__(self, code: str, *, is_final: bool = False) -> None:
        super().__init__(code)
        self.code = code
        self.is_final = is_final


def in_chinese(words: Text, language: str) -> str:
    """Say words in Chinese, whatever language was asked for."""
    return str(words)


def trusted() -> ssl.SSLContext:
    """Return what tells a server's certificate that the system trusts; TLS 1.2 at least."""
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


@dataclass(frozen=True)
class Outside:
    """The world as far as channels reach it; the addresses of robots are those of their makers except in tests.

    `private_hosts` names hosts inside the house that channels may reach; `site` is the site's own address for links;
    `kept` is how long sent and read messages stay.
    """

    site: str = ""
    private_hosts: frozenset[str] = frozenset()
    kept: timedelta = timedelta(days=30)
    say: Callable[[Text, str], str] = in_chinese
    resolve: Resolve = resolve
    trust: Callable[[], ssl.SSLContext] = trusted
    wecom: str = WECOM
    dingtalk: str = DINGTALK
    seconds: float = SECONDS_AT_MOST
    silence: float = SECONDS_OF_SILENCE


@dataclass(frozen=True)
class Account:
    """A channel as its sender needs it, apart from the database."""

    id: int
    kind: str
    host: str = ""
    port: int = 0
    security: str = ""
    sender: str = ""
    login: str = ""
    url: str = field(default="", repr=False)
    secret: str = field(default="", repr=False)


class Send(Protocol):
    """Sends one letter through an account; raises Undelivered when it did not arrive for certain."""

    def __call__(self, account: Account, letter: Letter, outside: Outside, moment: float) -> None:
        """Send it; `moment` is now in seconds since 1970, for signatures."""
