"""Says what a heading means, by a table of words that an office can extend; never by its position."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from workflows.roster.fields import BARE, field_for
from workflows.values.parsed import half_width
from workflows.values.words import plain

_STANDARD = Path(__file__).resolve().parents[1] / "packs" / "standard" / "headings.yaml"
_BRACKETED = re.compile(r"\([^)]*\)?|\[[^\]]*\]?|【[^】]*】?|〔[^〕]*〕?|<[^>]*>")
_NUMBERED = re.compile(r"^(?:[0-9]{1,2}|[一二三四五六七八九十]{1,2})[.、)]\s*")


@dataclass(frozen=True)
class Meaning:
    """What one heading path means: a field, whose it is, and whether only a bare part (`电话`) was written."""

    field: str | None = None
    group: str | None = None
    part: str | None = None
    is_known: bool = False
    is_weak: bool = False

    @property
    def is_bare(self) -> bool:
        """Say whether the part stands without a person."""
        return self.part is not None and self.group is None


@dataclass(frozen=True)
class Synonyms:
    """The table of words, ready to be asked; keys are plain words."""

    fields: Mapping[str, str]
    weak_fields: Mapping[str, str]
    groups: Mapping[str, str]
    parts: Mapping[str, str]
    endings: tuple[str, ...]
    added: Mapping[str, str] = field(default_factory=dict)
    seen: dict[str, Meaning] = field(default_factory=dict)

    def with_added(self, words: Mapping[str, str]) -> Synonyms:
        """Add an office's own headings (heading → field); they go before the standard table."""
        added = {**self.added, **{plain(heading): target for heading, target in words.items() if plain(heading)}}
        return Synonyms(self.fields, self.weak_fields, self.groups, self.parts, self.endings, added)

    def word(self, written: str) -> Meaning:
        """Say what one heading cell means on its own."""
        if written not in self.seen:
            found = (self._word(variant) for variant in variants(written))
            self.seen[written] = next((meaning for meaning in found if meaning.is_known), Meaning())
        return self.seen[written]

    def path(self, cells: Sequence[str]) -> Meaning:
        """Say what a column means from its head cells, top to bottom."""
        joined = self._own(cells)
        if joined is not None:
            return joined
        words = [self.word(cell) for cell in cells]
        group = next((word.group for word in reversed(words) if word.group), None)
        last = words[-1]
        part = next((word.part for word in reversed(words) if word.part), None)
        if group is not None and part is not None and (last.part is not None or last.group is not None):
            return Meaning(field_for(group, part) or self._child_field(group, last), group, part, is_known=True)
        if last.field is not None and last.part is None:
            return Meaning(
                last.field,
                group or last.group,
                None,
                is_known=True,
                is_weak=last.is_weak or self._is_under_unknown(words),
            )
        if last.group is not None:
            return Meaning(
                field_for(last.group, "name"), last.group, None, is_known=True, is_weak=last.group == "child"
            )
        if last.is_known:
            return Meaning(
                last.field, None, last.part, is_known=True, is_weak=last.is_weak or self._is_under_unknown(words)
            )
        return Meaning(is_known=any(word.is_known for word in words))

    def _own(self, cells: Sequence[str]) -> Meaning | None:
        for written in ("".join(plain(cell) for cell in cells), *(variants(cells[-1]) if len(cells) == 1 else ())):
            if written in self.added:
                return Meaning(self.added[written], is_known=True)
        return None

    def _child_field(self, group: str, last: Meaning) -> str | None:
        return last.field if group == "child" else None

    def _is_under_unknown(self, words: list[Meaning]) -> bool:
        return any(not word.is_known for word in words[:-1])

    def _word(self, written: str) -> Meaning:
        if written in self.added:
            return Meaning(self.added[written], is_known=True)
        if written in self.parts and written not in self.weak_fields:
            part = self.parts[written]
            return Meaning(self.fields.get(written) or BARE.get(part), None, part, is_known=True)
        if written in self.fields:
            return Meaning(self.fields[written], None, None, is_known=True)
        if written in self.weak_fields:
            return Meaning(self.weak_fields[written], None, self.parts.get(written), is_known=True, is_weak=True)
        if group := self._group(written):
            return Meaning(None, group, None, is_known=True)
        return self._person_and_part(written)

    def _group(self, written: str) -> str | None:
        if written in self.groups:
            return self.groups[written]
        for ending in self.endings:
            if written.endswith(ending) and written.removesuffix(ending) in self.groups:
                return self.groups[written.removesuffix(ending)]
        return None

    def _person_and_part(self, written: str) -> Meaning:
        for cut in range(len(written) - 1, 0, -1):
            front, back = written[:cut].removesuffix("的"), written[cut:]
            for person, part in ((front, back), (back, front)):
                group = self._group(person)
                if group is None:
                    continue
                if part in self.parts:
                    known = self.parts[part]
                    return Meaning(field_for(group, known), group, known, is_known=True)
                if group == "child" and part in self.fields:
                    return Meaning(self.fields[part], group, None, is_known=True)
        return Meaning()


@cache
def variants(written: str) -> tuple[str, ...]:
    """Give the plain forms to look up: all of it, without brackets, without a leading number."""
    narrow = half_width(written)
    forms = (narrow, _BRACKETED.sub("", narrow), _NUMBERED.sub("", _BRACKETED.sub("", narrow).strip()))
    return tuple(dict.fromkeys(word for word in map(plain, forms) if word))


@cache
def standard_synonyms() -> Synonyms:
    """Load the standard table, once."""
    loaded: dict[str, Any] = YAML(typ="safe", pure=True).load(_STANDARD.read_text(encoding="utf-8"))
    fields, weak, groups, parts = (_turn(loaded[kind]) for kind in ("fields", "weak_fields", "groups", "parts"))
    return Synonyms(fields, weak, groups, parts, endings=tuple(loaded["group_endings"]))


def _turn(words: Mapping[str, list[str]]) -> dict[str, str]:
    return {plain(word): key for key, seen in words.items() for word in seen}
