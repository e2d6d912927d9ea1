"""Servers on this machine that stand for the other end of a channel: web, robots, mail, and servers gone bad."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from workflows.outbox.outside import Outside

HOST = "far.example.org"
LONGEST = 10.0  # seconds after which a test that hangs ends


@dataclass(frozen=True)
class Papers:
    """A certificate for HOST with its key, and the authority that signed it, as PEM."""

    certificate: bytes
    authority: bytes


@cache
def papers(host: str = HOST) -> Papers:
    """Draw an authority and a certificate for a host."""
    root_key, root = _signed(None, "Test authority", None)
    key, leaf = _signed((root_key, root), host, host)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    pem = serialization.Encoding.PEM
    return Papers(private + leaf.public_bytes(pem), root.public_bytes(pem))


def _signed(
    by: tuple[ec.EllipticCurvePrivateKey, x509.Certificate] | None, name: str, host: str | None
) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    signer, issuer = (key, subject) if by is None else (by[0], by[1].subject)
    today = datetime.now(UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(today - timedelta(days=1))
        .not_valid_after(today + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if by is None:
        usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
        built = built.add_extension(usage, critical=True)
    if host is not None:
        built = built.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return key, built.sign(signer, hashes.SHA256())


def _server_side(host: str) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "server.pem"
        path.write_bytes(papers(host).certificate)
        context.load_cert_chain(path)
    return context


def trusting(host: str = HOST) -> ssl.SSLContext:
    """Return what believes the authority of the test, and nobody else."""
    return ssl.create_default_context(cadata=papers(host).authority.decode())


def outside(**changed: object) -> Outside:
    """Return a world in which every host is this machine, and HOST may be spoken to."""
    known: dict[str, object] = {
        "site": "https://site.example.org",
        "private_hosts": frozenset({HOST}),
        "resolve": lambda host, port: ["127.0.0.1"],
        "trust": trusting,
        "seconds": LONGEST,
        "silence": LONGEST,
    }
    return Outside(**(known | changed))  # type: ignore[arg-type]


@dataclass
class FarEnd:
    """One server: its port, what it heard, and in which words it answers."""

    port: int = 0
    heard: list[bytes] = field(default_factory=list)
    wait: threading.Event = field(default_factory=threading.Event)

    def url(self, path: str = "/hook", scheme: str = "https") -> str:
        """Return an address of the server."""
        return f"{scheme}://{HOST}:{self.port}{path}"

    def head(self, number: int = -1) -> dict[str, str]:
        """Return a request's headers in lower case."""
        lines = self.heard[number].split(b"\r\n\r\n")[0].decode().split("\r\n")[1:]
        return {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}

    def body(self, number: int = -1) -> bytes:
        """Return a request's body."""
        return self.heard[number].split(b"\r\n\r\n", 1)[1]


Talk = Callable[[socket.socket, FarEnd], None]


@contextmanager
def far_end(talk: Talk, *, tls: bool = True, host: str = HOST) -> Iterator[FarEnd]:
    """Run a server that talks with each who connects as `talk` says, one after the other."""
    end, context = FarEnd(), _server_side(host) if tls else None
    with socket.create_server(("127.0.0.1", 0)) as listening:
        end.port = listening.getsockname()[1]
        thread = threading.Thread(target=_serve, args=(listening, context, talk, end), daemon=True)
        thread.start()
        try:
            yield end
        finally:
            end.wait.set()
            with suppress(OSError):
                listening.shutdown(socket.SHUT_RDWR)
            listening.close()
            thread.join(LONGEST)


def _serve(listening: socket.socket, context: ssl.SSLContext | None, talk: Talk, end: FarEnd) -> None:
    while True:
        try:
            line, _address = listening.accept()
        except OSError:
            return
        with suppress(OSError), line:
            line.settimeout(LONGEST)
            if context is None:
                talk(line, end)
                continue
            with context.wrap_socket(line, server_side=True) as secure:
                talk(secure, end)


def heard(line: socket.socket) -> bytes:
    """Read one request to its end."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = line.recv(65536)
        if not more:
            return text
        text += more
    head, _blank, body = text.partition(b"\r\n\r\n")
    length = next(
        (int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")), 0
    )
    while len(body) < length:
        body += line.recv(65536)
    return head + b"\r\n\r\n" + body


def answering(*answers: tuple[int, bytes] | bytes) -> Talk:
    """Return a web server's talk: each request gets the next answer, the last one for ever."""
    left = list(answers)

    def talk(line: socket.socket, end: FarEnd) -> None:
        end.heard.append(heard(line))
        answer = left.pop(0) if len(left) > 1 else left[0]
        line.sendall(answer if isinstance(answer, bytes) else written(*answer))

    return talk


def written(status: int, body: bytes = b"", head: str = "") -> bytes:
    """Return an answer as it goes over the line."""
    return f"HTTP/1.1 {status} X\r\nContent-Length: {len(body)}\r\n{head}Connection: close\r\n\r\n".encode() + body


def silent(line: socket.socket, end: FarEnd) -> None:
    """Listen and never answer."""
    end.heard.append(heard(line))
    end.wait.wait(LONGEST)


def dripping(line: socket.socket, end: FarEnd) -> None:
    """Answer one byte at a time for ever, each sooner than any timeout."""
    end.heard.append(heard(line))
    with suppress(OSError):
        line.sendall(b"HTTP/1.1 200 OK\r\n")
        while not end.wait.wait(0.02):
            line.sendall(b"X-More: y\r\n")


def post_office(
    *, starttls: bool = True, login: str | None = None, refuses: bytes = b"", after: bytes = b"250 taken\r\n"
) -> Talk:
    """Return a mail server's talk: what it heard is each whole message, with the envelope before it.

    `refuses` is its answer to a recipient, `after` the one to a message; nothing closes the line.
    """

    def talk(line: socket.socket, end: FarEnd) -> None:
        man = _Postman(line, end, starttls, login, refuses, after)
        try:
            man.talk()
        finally:
            man.line.close()

    return talk


class _Postman:
    def __init__(
        self, line: socket.socket, end: FarEnd, starttls: bool, login: str | None, refuses: bytes, after: bytes
    ) -> None:
        self.line, self.end, self.starttls, self.login = line, end, starttls, login
        self.refuses, self.after = refuses, after
        self.is_secure = isinstance(line, ssl.SSLSocket)
        self.known = login is None
        self.envelope: list[bytes] = []

    def talk(self) -> None:
        self.say(b"220 post\r\n")
        while (command := self.hear()) and not command.upper().startswith(b"QUIT"):
            self.answer(command)

    def say(self, words: bytes) -> None:
        self.line.sendall(words)

    def hear(self, until: bytes = b"\r\n") -> bytes:
        text = b""
        while not text.endswith(until):
            more = self.line.recv(1)
            if not more:
                return b""
            text += more
        return text[: -len(until)]

    def answer(self, command: bytes) -> None:
        verb = command.upper().split(b" ")[0]
        if verb == b"EHLO":
            offers = [b"STARTTLS"] if self.starttls and not self.is_secure else []
            offers += [b"AUTH PLAIN"] if self.is_secure and self.login else []
            lines = [b"post", *offers, b"8BITMIME"]
            self.say(b"".join(b"250-" + one + b"\r\n" for one in lines[:-1]) + b"250 " + lines[-1] + b"\r\n")
        elif verb == b"STARTTLS":
            self.say(b"220 go\r\n")
            self.line = _server_side(HOST).wrap_socket(self.line, server_side=True)
            self.is_secure = True
        elif verb == b"AUTH":
            given = base64.b64decode(command.split(b" ")[2]).split(b"\0")[1:]
            self.known = given == [part.encode() for part in (self.login or "").split(":")]
            self.say(b"235 welcome\r\n" if self.known else b"535 no\r\n")
        elif verb in (b"MAIL", b"RCPT"):
            self.envelope.append(command)
            self.say(self.refuses if verb == b"RCPT" and self.refuses else b"250 so be it\r\n")
        elif verb == b"DATA":
            self.say(b"354 go on\r\n")
            message = self.hear(b"\r\n.\r\n")
            self.end.heard.append(b"\r\n".join([*self.envelope, b"", message]))
            if not self.after:
                self.line.shutdown(socket.SHUT_RDWR)
                raise ConnectionResetError
            self.say(self.after)
        else:
            self.say(b"250 well\r\n")
