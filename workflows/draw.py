"""Draws places by lot so that anybody can repeat it: which places, from which seed, by which arithmetic."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from models.place import Place
from models.scope import LEVELS
from workflows.fields import CODE_LISTS
from workflows.text import Text, text

ALGORITHM = "sha256-smallest-1"
"""SHA-256 of `seed:word:code` for every candidate; of each group the smallest are drawn."""

SEED_BYTES = 32
NO_STAGE = "-"
LARGER = ("county", "township")  # kinds of place that are drawn as they are; schools by stage, classes of one school


class Candidate(NamedTuple):
    """A place that may be drawn, in the group it is drawn from."""

    group: str
    code: str
    name: str
    place_id: int


class Ticket(NamedTuple):
    """A candidate's place in the order of the draw: the smaller the ticket, the sooner it is drawn."""

    candidate: Candidate
    ticket: str
    is_drawn: bool


@dataclass(frozen=True)
class Group:
    """What can be drawn from below a place: its key, its name and how many candidates there are."""

    key: str
    label: Text
    size: int


def new_seed() -> str:
    """Return a seed that nobody can guess, in hexadecimal."""
    return secrets.token_hex(SEED_BYTES)


def seal_of(seed: str) -> str:
    """Return the SHA-256 of a seed, which can be shown before the seed is."""
    return hashlib.sha256(seed.encode()).hexdigest()


def list_digest(candidates: Iterable[Candidate]) -> str:
    """Return the SHA-256 of the list of candidates: a line `group code` for each."""
    lines = "".join(f"{one.group} {one.code}\n" for one in candidates)
    return hashlib.sha256(lines.encode()).hexdigest()


def ticket_of(seed: str, word: str, code: str) -> str:
    """Return a candidate's ticket."""
    return hashlib.sha256(f"{seed}:{word}:{code}".encode()).hexdigest()


def tickets(seed: str, word: str, candidates: Sequence[Candidate], wanted: Mapping[str, int]) -> list[Ticket]:
    """Return the candidates of the wanted groups in the order in which they are drawn, group by group."""
    found: list[Ticket] = []
    for group, count in wanted.items():
        own = sorted((ticket_of(seed, word, one.code), one) for one in candidates if one.group == group)
        found += [Ticket(one, ticket, place < count) for place, (ticket, one) in enumerate(own)]
    return found


def drawn_codes(seed: str, word: str, candidates: Sequence[Candidate], wanted: Mapping[str, int]) -> list[str]:
    """Return the codes that are drawn, group by group."""
    return [one.candidate.code for one in tickets(seed, word, candidates, wanted) if one.is_drawn]


def group_label(key: str) -> Text:
    """Return what a group is called."""
    kind, _colon, stage = key.partition(":")
    if kind != "school":
        return CODE_LISTS["place_kind"].get(kind, Text(kind))
    return CODE_LISTS["stage"].get(stage) or text("未定学段的学校")


def groups_below(session: Session, place: Place) -> list[Group]:
    """Return what can be drawn from below a place: smaller offices and schools by stage, or the classes of a school."""
    counted = select(Place.kind, Place.stage, func.count()).where(*_below(place)).group_by(Place.kind, Place.stage)
    sizes = {_key(kind, stage): size for kind, stage, size in session.execute(counted)}
    order = [*LARGER, *(f"school:{stage}" for stage in (*CODE_LISTS["stage"], NO_STAGE)), "class"]
    return [Group(key, group_label(key), sizes[key]) for key in order if key in sizes]


def candidates_below(session: Session, place: Place, groups: Iterable[str]) -> list[Candidate]:
    """Return the places of some groups below a place, in the order of their codes."""
    wanted = set(groups)
    columns = (Place.kind, Place.stage, Place.code, Place.name, Place.id)
    rows = session.execute(select(*columns).where(*_below(place)))
    found = (Candidate(_key(kind, stage), code, name, number) for kind, stage, code, name, number in rows)
    return sorted((one for one in found if one.group in wanted), key=lambda one: one.code)


def _key(kind: str, stage: str | None) -> str:
    return f"school:{stage or NO_STAGE}" if kind == "school" else kind


def _below(place: Place) -> tuple[ColumnElement[bool], ...]:
    lower = LEVELS[LEVELS.index(place.kind) + 1 :]
    kinds = lower if place.kind == "school" else tuple(kind for kind in lower if kind != "class")
    code = getattr(Place, f"{place.kind}_code")
    return (code == place.code, Place.kind.in_(kinds), ~Place.is_closed)
