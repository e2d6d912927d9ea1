"""Recognises the words of closed lists (care situation, relation, sex, yes and no) by a table of words."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ruamel.yaml import YAML

from workflows.text import Text, text
from workflows.values.parsed import Cell, Parsed, ValueRefused, as_text, half_width

_STANDARD = Path(__file__).resolve().parents[1] / "packs" / "standard" / "words.yaml"
_PUNCTUATION = re.compile(r"[\s\W_]+")

Words = Mapping[str, Mapping[str, list[str]]]
"""Per list its codes, and per code the words seen for it; the first word is the one to show."""


@cache
def standard_words() -> Words:
    """Load the standard table, once."""
    loaded: Words = YAML(typ="safe", pure=True).load(_STANDARD.read_text(encoding="utf-8"))
    return loaded


def parse_care_situation(raw: Cell) -> Parsed[str]:
    """Give `grandparents`, `one_parent`, `relatives`, `single_or_orphan`; or ValueRefused `unknown_care_situation`."""
    return _parse(raw, "care_situation", text("监护类型“{written}”不在四类之中", written=_shown(raw)))


def parse_relation(raw: Cell) -> Parsed[str]:
    """Give the code of a family relation; raises ValueRefused `unknown_relation`."""
    return _parse(raw, "relation", text("关系“{written}”无法识别", written=_shown(raw)))


def parse_sex(raw: Cell) -> Parsed[str]:
    """Give `male` or `female`; raises ValueRefused `unknown_sex`."""
    return _parse(raw, "sex", text("性别“{written}”无法识别，请写“男”或“女”", written=_shown(raw)))


def parse_yes_no(raw: Cell) -> Parsed[bool]:
    """Give a yes or a no; raises ValueRefused `unknown_yes_no`."""
    if isinstance(raw, bool):
        return Parsed(raw)
    parsed = _parse(raw, "yes_no", text("“{written}”无法识别，请写“是”或“否”", written=_shown(raw)))
    return Parsed(parsed.value == "yes")


def parse_education(raw: Cell) -> Parsed[str]:
    """Give the code of an education level; raises ValueRefused `unknown_education`."""
    return _parse(raw, "education", text("文化程度“{written}”无法识别", written=_shown(raw)))


def parse_ethnicity(raw: Cell) -> Parsed[str]:
    """Give the ethnicity as text, a bare `汉` as `汉族`."""
    written = half_width(as_text(raw)).replace(" ", "")
    return Parsed(f"{written}族" if written in _index("ethnicity_short") else written)


def shown_word(table: str, code: str) -> str:
    """Give the word that people see for a code."""
    return standard_words()[table][code][0]


def shown_words(table: str) -> list[str]:
    """Give the words that people see for all codes of a table, in its order."""
    return [words[0] for words in standard_words()[table].values()]


def plain(written: str) -> str:
    """Give a word without spaces, punctuation and width, to compare it."""
    return _PUNCTUATION.sub("", half_width(written)).lower()


def _parse(raw: Cell, table: str, refusal: Text) -> Parsed[str]:
    index = _index(table)
    written = as_text(raw)
    code = index.get(written) or index.get(plain(written) or half_width(written))
    if code is None:
        raise ValueRefused(f"unknown_{table}", refusal)
    return Parsed(code)


@cache
def _index(table: str) -> dict[str, str]:
    words = standard_words()[table]
    return {plain(word) or half_width(word): code for code, seen in words.items() for word in seen}


def _shown(raw: Cell) -> str:
    return as_text(raw)[:30]
