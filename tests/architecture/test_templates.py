"""Holds templates and static files to the content policy: nothing inline, nothing from outside, nothing missing."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).resolve().parents[2]
STATIC = ROOT / "admin_app" / "static"
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
SCRIPTS = sorted((STATIC / "js").glob("*.js"))
SHEETS = sorted((STATIC / "css").glob("*.css"))
ICON_ARGUMENTS = {
    "icon": [0],
    "button": [1],
    "link_button": [2],
    "tag": [2],
    "alert": [2],
    "empty": [0],
    "confirm_dialog": [6],
    "page_link": [2, 3],
}


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def text_of(path: Path) -> str:
    return re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.S)


def sprite() -> set[str]:
    return set(re.findall(r'<symbol id="([\w-]+)"', (STATIC / "icons.svg").read_text(encoding="utf-8")))


def words_in(node: nodes.Node) -> Iterator[str]:
    """Yield the string constants of an icon argument: alternatives and looked-up values, never conditions or keys."""
    if isinstance(node, nodes.Const) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, nodes.CondExpr):
        yield from words_in(node.expr1)
        if node.expr2 is not None:
            yield from words_in(node.expr2)
    elif isinstance(node, nodes.Or):
        yield from words_in(node.left)
        yield from words_in(node.right)
    elif isinstance(node, nodes.Dict):
        for pair in node.items:
            yield from words_in(pair.value)
    elif isinstance(node, nodes.Call) and isinstance(node.node, nodes.Getattr) and node.node.attr == "get":
        yield from words_in(node.node.node)
        for argument in node.args[1:]:
            yield from words_in(argument)


def icons_used(path: Path) -> set[str]:
    tree = Environment(extensions=["jinja2.ext.i18n", "jinja2.ext.do"], autoescape=True).parse(
        path.read_text(encoding="utf-8")
    )
    found: set[str] = set()
    for call in tree.find_all(nodes.Call):
        name = call.node.attr if isinstance(call.node, nodes.Getattr) else getattr(call.node, "name", "")
        for place in ICON_ARGUMENTS.get(name, []):
            if place < len(call.args):
                found.update(words_in(call.args[place]))
    for mapping in tree.find_all(nodes.Dict):
        for pair in mapping.items:
            if isinstance(pair.key, nodes.Const) and pair.key.value in ("icon", "icon_end"):
                found.update(words_in(pair.value))
    return {word for word in found if word != "none" and "%" not in word}


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_has_no_inline_handler_script_or_style(path: Path) -> None:
    text = text_of(path)
    assert not re.findall(r"<[^>]*\son[a-z]+\s*=", text)
    assert not re.findall(r"\shx-on[:=-]|javascript:", text)
    assert not re.findall(r"<[^>]*\sstyle\s*=|<style\b|:style\s*=|x-bind:style", text)
    assert not re.findall(r"<script(?![^>]*\ssrc=)[^>]*>", text)


@pytest.mark.parametrize("path", [*TEMPLATES, *SCRIPTS, *SHEETS], ids=named)
def test_nothing_is_fetched_from_outside(path: Path) -> None:
    text = re.sub(r"http://www\.w3\.org/\S+", "", text_of(path))
    assert not re.findall(r"https?://|[\"'(]//\w|@import", text)


@pytest.mark.parametrize("path", SCRIPTS, ids=named)
def test_a_script_evaluates_no_text(path: Path) -> None:
    assert not re.findall(
        r"\beval\(|new Function|innerHTML|document\.write|setAttribute\(.style", path.read_text(encoding="utf-8")
    )


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_asks_the_database_nothing(path: Path) -> None:
    assert not re.findall(r"\.query\b|\.execute\(|\.scalars?\(|\bsession\.(get|add|commit)", text_of(path))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_a_template_opens_by_saying_what_it_needs(path: Path) -> None:
    assert path.read_text(encoding="utf-8").startswith(("{#", "{#-"))


@pytest.mark.parametrize("path", TEMPLATES, ids=named)
def test_every_icon_of_a_template_is_in_the_sprite(path: Path) -> None:
    assert icons_used(path) <= sprite()


def test_every_icon_named_in_python_is_in_the_sprite() -> None:
    pattern = re.compile(r"""["']?\bicon["']?\s*[=:]\s*["']([\w-]+)["']""")
    missing = {
        f"{named(path)}: {word}"
        for path in sorted((ROOT / "admin_app").rglob("*.py"))
        for word in pattern.findall(path.read_text(encoding="utf-8"))
        if word not in sprite()
    }
    assert not missing


def test_every_static_file_a_template_names_exists() -> None:
    wanted = {name for path in TEMPLATES for name in re.findall(r"static_url\('([^'%]+)'\)", text_of(path))}
    assert wanted
    assert not {name for name in wanted if not (STATIC / name).is_file()}


def test_every_vendored_file_equals_its_recorded_sum() -> None:
    listing = (STATIC / "vendor" / "VENDORED.md").read_text(encoding="utf-8")
    recorded = dict(re.findall(r"^\| `([^`]+)` \|.*\| `([0-9a-f]{64})` \|$", listing, flags=re.M))
    actual = {name: hashlib.sha256((STATIC / name).read_bytes()).hexdigest() for name in recorded}
    assert actual == recorded
    present = {f"vendor/{path.name}" for path in (STATIC / "vendor").iterdir() if path.suffix != ".md"}
    assert present <= set(recorded)


def test_every_sprite_symbol_is_listed_or_our_own() -> None:
    listing = (STATIC / "vendor" / "VENDORED.md").read_text(encoding="utf-8")
    assert not {name for name in sprite() if f"`{name}`" not in listing}
