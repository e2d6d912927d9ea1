"""Channels, people who want to be told, and a post office that keeps what was handed to it, for tests of the outbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import select

from models.channel import Channel
from models.scope import system_scope
from models.staff import Staff
from models.types import new_id
from models.vault import vault_of
from tests.cast import NOW, Cast
from workflows.outbox.letter import Letter
from workflows.outbox.outside import Account, Outside, Undelivered


class Post:
    """What was handed to channels, and whether it arrives."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, Letter]] = []
        self.refuse: Callable[[Letter], str | None] = lambda letter: None
        self.final = False

    def __call__(self, account: Account, letter: Letter, outside: Outside, moment: float) -> None:
        why = self.refuse(letter)
        if why is not None:
            raise Undelivered(why, is_final=self.final)
        self.sent.append((account.kind, letter))


def channel(cast: Cast, kind: str, place: str = "ZX", **values: Any) -> int:
    """Add a channel in use that carries every topic of a case."""
    with cast.database.transaction(system_scope("tests")) as session:
        row = Channel(id=new_id(), kind=kind, name=kind, made_at=NOW, place_id=cast.places[place].id)
        row.place_at(cast.codes(place))
        row.topics = ["case.moved", "case.opened", "wave.opened", "digest"]
        session.add(vault_of(session).new_key(row.id))
        with session.no_autoflush:
            session.add(row)
            if kind == "mail":
                row.host, row.port, row.security, row.sender = "mail.example.org", 465, "tls", "a@example.org"
            else:
                row.url, row.secret = "https://far.example.org/x", "sesame"
            for key, value in values.items():
                setattr(row, key, value)
        return row.id


def wants(cast: Cast, login: str, when: str = "at_once", email: str | None = "x@school.example.org") -> None:
    """Set how a person wants to be told."""
    with cast.database.transaction(system_scope("tests")) as session:
        staff = session.scalars(select(Staff).where(Staff.login == login)).one()
        staff.told, staff.email = when, email
