"""Finding children by part of a name, by its readings or initials: grams written with the name, matched by equality."""

from __future__ import annotations

import itertools
import os
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache, lru_cache
from importlib import import_module
from typing import Any

from sqlalchemy import ColumnElement, delete, insert, select
from sqlalchemy.orm import Session

from models.child import LEVEL_COLUMNS, Child, NameGram
from models.scope import LEVELS, Scope

MOST_READINGS = 24  # of one name; more combinations than that help nobody
LONGEST_GRAM = 60
MOST_CHARACTERS = 8192  # whose readings are remembered: more than all names together use

# Readings that these characters have as surnames, where dictionaries list another one first.
SURNAME_READINGS = {
    "单": "shan", "曾": "zeng", "仇": "qiu", "区": "ou", "解": "xie", "任": "ren", "盖": "ge", "查": "zha",
    "朴": "piao", "尉": "wei", "翟": "zhai", "覃": "qin", "缪": "miao", "冼": "xian", "乐": "yue", "员": "yun",
    "折": "she", "种": "chong", "黑": "he", "宓": "mi", "葛": "ge", "华": "hua", "纪": "ji", "应": "ying",
    "宁": "ning", "召": "shao", "繁": "po", "秘": "bi", "那": "na", "郇": "xun", "谌": "chen", "长": "zhang",
}  # fmt: skip


def folded(name: str) -> str:
    """Return a name without spaces, dots and width differences, in lower case: how names are compared."""
    plain = unicodedata.normalize("NFKC", name).casefold()
    return "".join(c for c in plain if not c.isspace() and c not in "·•.．-'’")


def _as_it_is(character: str) -> Any:
    return [character]


@cache
def _dictionary() -> Any:
    """Load the readings with the first name that is written: they would be a tenth of every start."""
    # Names need readings of single characters; the dictionary of phrases costs as much again.
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    return import_module("pypinyin")


@lru_cache(maxsize=MOST_CHARACTERS)
def _readings_of(character: str) -> tuple[str, ...]:
    """Return the readings of one character, the likeliest first; without phrases none depends on its neighbours."""
    known = _dictionary()
    spoken = known.pinyin(character, style=known.Style.NORMAL, heteronym=True, errors=_as_it_is)
    return tuple(dict.fromkeys(_ascii(reading) for options in spoken for reading in options))


def _readings(name: str) -> list[tuple[str, ...]]:
    unique = [_readings_of(character) for character in name]
    surname = SURNAME_READINGS.get(name[:1])
    if surname and unique:
        unique[0] = tuple(dict.fromkeys([surname, *unique[0]]))
    return unique


def _ascii(reading: str) -> str:
    return reading.replace("ü", "v").casefold()


def name_key(name: str) -> str:
    """Return the key by which rolls are sorted: the likeliest reading, then the name itself."""
    plain = folded(name)
    return f"{' '.join(options[0] for options in _readings(plain))} {plain}"[:200]


def _parts(items: Sequence[str], shortest: int = 1) -> Iterable[str]:
    for start in range(len(items)):
        for end in range(start + shortest, len(items) + 1):
            yield "".join(items[start:end])


def name_grams(name: str) -> set[str]:
    """Return everything by which a name is found: its parts, the parts of each reading, and initials of two or more."""
    plain = folded(name)
    grams = set(_parts(plain))
    for reading in itertools.islice(itertools.product(*_readings(plain)), MOST_READINGS):
        grams.update(_parts(reading))
        grams.update(_parts([syllable[:1] for syllable in reading], shortest=2))
    return {gram for gram in grams if gram and len(gram) <= LONGEST_GRAM}


def gram_rows(child: Child) -> list[dict[str, object]]:
    """Return the gram rows of a child, for a bulk insert."""
    places = {column: getattr(child, column) for column in LEVEL_COLUMNS}
    return [places | {"gram": gram, "child_id": child.id} for gram in sorted(name_grams(child.name))]


def replace_grams(session: Session, child: Child) -> None:
    """Write a child's grams anew after its name was set; the child must be flushed."""
    session.execute(delete(NameGram).where(NameGram.child_id == child.id))
    session.execute(insert(NameGram), gram_rows(child))


def find_children(session: Session, words: str, limit: int = 50) -> list[Child]:
    """Return up to `limit` children of the session's scope whose name, reading or initials contain `words`."""
    gram = folded(words)[:LONGEST_GRAM]
    if not gram:
        return []
    found = select(NameGram.child_id).where(NameGram.gram == gram, *_path(session.info["scope"]))
    order = [getattr(NameGram, f"{level}_code") for level in LEVELS]
    ids = list(session.scalars(found.order_by(*order, NameGram.child_id).limit(limit)))
    rows = session.scalars(select(Child).where(Child.id.in_(ids)))
    place = {child_id: position for position, child_id in enumerate(ids)}
    return sorted(rows, key=lambda child: place[child.id])


def _path(scope: Scope) -> list[ColumnElement[bool]]:
    return [] if scope.system is not None else [scope.row_condition(NameGram)]
