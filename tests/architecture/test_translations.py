"""Every sentence has its English: nothing missing, unsure, left over, or with other placeholders than the Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
ENGLISH = ROOT / "admin_app" / "translations" / "en" / "LC_MESSAGES" / "messages.po"
PACK = ROOT / "workflows" / "packs" / "standard"
KEYWORDS = DEFAULT_KEYWORDS | {"text": None, "_l": None}
PLACEHOLDER = re.compile(r"%\((\w+)\)(\w)|\{(\w*)\}|%%|%.")
CHINESE = re.compile(r"[\u3000-\u303f\u3400-\u9fff\uff00-\uffef“”]")
QUOTED = re.compile(r'"[^"]*"')  # curly ones are as wide as a Chinese character in the fonts of the pages


def read(written: str) -> Catalog:
    return read_po(written.splitlines(keepends=True), locale="en")


@pytest.fixture(scope="module")
def msgids() -> frozenset[str]:
    """Everything that the extraction of CONTRIBUTING finds."""
    with (ROOT / "admin_app" / "babel.cfg").open(encoding="utf-8") as file:
        methods, options = parse_mapping_cfg(file)
    found = extract_from_dir(ROOT, methods, options, keywords=KEYWORDS)
    return frozenset(said if isinstance(said, str) else said[0] for _file, _line, said, _comments, _context in found)


@pytest.fixture(scope="module")
def written() -> str:
    return ENGLISH.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def english(written: str) -> Catalog:
    return read(written)


def entries(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def without_english(msgids: frozenset[str], catalogue: Catalog) -> list[str]:
    said = {message.id for message in entries(catalogue) if message.string}
    return sorted(msgids - said)


def left_over(msgids: frozenset[str], catalogue: Catalog) -> list[str]:
    kept = [message.id for message in entries(catalogue)] + [message.id for message in catalogue.obsolete.values()]
    return sorted(set(kept) - msgids)


def unsure(catalogue: Catalog) -> list[str]:
    return [message.id for message in entries(catalogue) if message.fuzzy]


def with_other_places(catalogue: Catalog) -> list[tuple[str, str]]:
    pairs = ((message.id, message.string) for message in entries(catalogue) if message.string)
    return [(zh, en) for zh, en in pairs if places(zh) != places(en)]


def places(sentence: str) -> set[str]:
    return {match[0] for match in PLACEHOLDER.finditer(sentence)}


def labels(part: Any, file: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield every label of a definition: a mapping that has Chinese."""
    if isinstance(part, dict) and "zh" in part:
        yield file, part
    inside = part.values() if isinstance(part, dict) else part if isinstance(part, list) else ()
    for deeper in inside:
        yield from labels(deeper, file)


def test_every_sentence_has_english(msgids: frozenset[str], english: Catalog) -> None:
    assert len(msgids) > 900
    missing = without_english(msgids, english)
    assert not missing, "\n".join(missing)


def test_no_english_is_left_over(msgids: frozenset[str], english: Catalog) -> None:
    spare = left_over(msgids, english)
    assert not spare, "\n".join(spare)


def test_no_english_is_marked_unsure(english: Catalog) -> None:
    assert unsure(english) == []


def test_english_has_the_places_of_the_chinese(english: Catalog) -> None:
    assert with_other_places(english) == []


def test_english_has_chinese_only_in_quotes(english: Catalog) -> None:
    said = [message.string for message in entries(english)]
    assert [sentence for sentence in said if CHINESE.search(QUOTED.sub("", sentence))] == []


def test_the_catalogue_holds_nothing_that_differs_from_machine_to_machine(written: str, english: Catalog) -> None:
    assert re.findall(r"^#: .*|^\"(?:POT-Creation|PO-Revision|Generated-By|Last-Translator).*", written, re.M) == []
    ids = [message.id for message in entries(english)]
    assert ids == sorted(ids)


def test_every_label_of_the_standard_pack_has_english() -> None:
    files = sorted(PACK.rglob("*.yaml"))
    found = [pair for file in files for pair in labels(YAML(typ="safe").load(file), file.name)]
    assert len(found) > 80
    assert [(file, label) for file, label in found if not str(label.get("en", "")).strip()] == []


def test_each_fault_of_a_catalogue_is_noticed() -> None:
    poor = read(
        'msgid "甲 {a}"\nmsgstr "A {b}"\n\nmsgid "乙"\nmsgstr ""\n\n#, fuzzy\nmsgid "丙 %(n)s"\nmsgstr "C %(n)d"\n\n'
        '#~ msgid "丁"\n#~ msgstr "D"\n'
    )
    asked = frozenset({"甲 {a}", "乙", "戊"})
    assert without_english(asked, poor) == ["乙", "戊"]
    assert left_over(asked, poor) == ["丁", "丙 %(n)s"]
    assert unsure(poor) == ["丙 %(n)s"]
    assert with_other_places(poor) == [("甲 {a}", "A {b}"), ("丙 %(n)s", "C %(n)d")]
