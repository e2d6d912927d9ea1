"""What is said to people reaches the translators: nothing hides from the extraction of msgids."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from ruamel.yaml import YAML

ROOT = Path(__file__).resolve().parents[2]
SAYING = frozenset({"text", "_", "_l", "gettext", "lazy_gettext"})
NOT_WRITTEN_OUT = {
    "workflows/reading.py": "words of the standard lists, extracted by admin_app/word_list_msgids.py",
}
IN_TEMPLATES = re.compile(r"\b_\(\s*(?:'([^']*)'|\"([^\"]*)\")")
COMMAND = (sys.executable, "-m", "babel.messages.frontend", "-q", "extract", "-F", "admin_app/babel.cfg")


@pytest.fixture(scope="module")
def msgids(tmp_path_factory: pytest.TempPathFactory) -> frozenset[str]:
    """Everything that the extraction finds."""
    found = tmp_path_factory.mktemp("extraction") / "messages.pot"
    subprocess.run((*COMMAND, "-k", "text", "-k", "_l", "-o", str(found), "."), cwd=ROOT, check=True)
    with found.open("rb") as file:
        return frozenset(m.id if isinstance(m.id, str) else m.id[0] for m in read_po(file))


def said_in_python() -> Iterator[tuple[str, int, str | None]]:
    """Yield file, line and sentence of every call that says something; None where it is not written out."""
    for file in sorted(f for room in ("admin_app", "workflows") for f in (ROOT / room).rglob("*.py")):
        for call in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in SAYING and call.args:
                said = call.args[0]
                written = said.value if isinstance(said, ast.Constant) else None
                yield str(file.relative_to(ROOT)), call.lineno, written


def test_every_sentence_in_python_is_found(msgids: frozenset[str]) -> None:
    # Inside an f-string nothing is found before Python 3.12.
    said = [(file, line, sentence) for file, line, sentence in said_in_python() if sentence is not None]
    assert len(said) > 300
    assert [place for place in said if place[2] not in msgids] == []


def test_every_sentence_in_python_is_written_out() -> None:
    hidden = [(file, line) for file, line, said in said_in_python() if said is None and file not in NOT_WRITTEN_OUT]
    assert hidden == []


def test_every_sentence_in_templates_is_found(msgids: frozenset[str]) -> None:
    said = [
        (file.name, one or other)
        for file in sorted((ROOT / "templates").rglob("*.html"))
        for one, other in IN_TEMPLATES.findall(file.read_text(encoding="utf-8"))
    ]
    assert len(said) > 50
    assert [place for place in said if place[1] not in msgids] == []


def test_every_word_shown_from_the_standard_lists_is_found(msgids: frozenset[str]) -> None:
    words = YAML(typ="safe").load(ROOT / "workflows" / "packs" / "standard" / "words.yaml")
    assert [row[0] for rows in words.values() for row in rows.values() if str(row[0]) not in msgids] == []
