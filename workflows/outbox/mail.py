"""Writes to a person by e-mail: over TLS only, logged in where the server asks, in plain text and simple HTML."""

from __future__ import annotations

import smtplib
import socket
from collections.abc import Iterator
from contextlib import closing, contextmanager
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from html import escape

from workflows.outbox.connection import connected, faults_told
from workflows.outbox.letter import Letter
from workflows.outbox.outside import Account, Outside, Undelivered

SENDER_NAME = "守望"


def message_of(account: Account, letter: Letter) -> EmailMessage:
    """Return the e-mail of a letter; its number stays the same at every try, so mail programs show it once."""
    message = EmailMessage(policy=SMTP)
    message["Subject"] = letter.title
    message["From"] = Address(SENDER_NAME, addr_spec=account.sender)
    message["To"] = Address(addr_spec=letter.to)
    message["Date"] = format_datetime(letter.made_at)
    message["Message-ID"] = f"<{letter.key}@{account.sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n".join([*letter.lines, *(["", letter.link] if letter.link else []), ""]))
    message.add_alternative(_html(letter), subtype="html")
    return message


def _html(letter: Letter) -> str:
    lines = "".join(f"<p>{escape(line)}</p>" for line in letter.lines)
    link = f'<p><a href="{escape(letter.link)}">{escape(letter.link)}</a></p>' if letter.link else ""
    language = "en" if letter.language == "en" else "zh-CN"
    title = escape(letter.title)
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"><title>{title}</title></head>'
        f"<body><h1>{title}</h1>{lines}{link}</body></html>"
    )


def send_mail(account: Account, letter: Letter, outside: Outside, moment: float) -> None:
    """Hand a letter to the mail server; an address that the server refuses for good is not tried again."""
    with faults_told(), _smtp_faults_told():
        message = message_of(account, letter)
        with connected(account.host, account.port, outside) as line, closing(_Server(account, line, outside)) as server:
            server.greet(account, outside)
            server.send_message(message, account.sender, [letter.to])


@contextmanager
def _smtp_faults_told() -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as fault:
        code = next(iter(fault.recipients.values()))[0]
        raise Undelivered(f"smtp_{code}", is_final=500 <= code < 600) from fault
    except smtplib.SMTPAuthenticationError as fault:
        raise Undelivered("login_refused") from fault
    except smtplib.SMTPNotSupportedError as fault:
        raise Undelivered("no_tls") from fault
    except smtplib.SMTPResponseException as fault:
        raise Undelivered(f"smtp_{fault.smtp_code}") from fault
    except smtplib.SMTPServerDisconnected as fault:
        raise Undelivered("broken_off") from fault
    except smtplib.SMTPException as fault:
        raise Undelivered("smtp_refused") from fault


class _Server(smtplib.SMTP):
    """A mail server at the other end of a line that is open already."""

    def __init__(self, account: Account, line: socket.socket, outside: Outside) -> None:
        super().__init__(local_hostname="localhost", timeout=outside.silence)
        self._host = account.host  # the name that the certificate has to carry
        self._line = line
        self._context = outside.trust() if account.security == "tls" else None

    def greet(self, account: Account, outside: Outside) -> None:
        """Make the connection secure and log in; nothing is said before it is secure."""
        self.connect(account.host, account.port)
        if self._context is None:
            self.starttls(context=outside.trust())
        if account.login:
            self.login(account.login, account.secret)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        if self._context is None:
            return self._line
        return self._context.wrap_socket(self._line, server_hostname=host)
