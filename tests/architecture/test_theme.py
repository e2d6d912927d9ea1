"""Holds the theme to its promises: contrast in both colour schemes, one set of dark values, a small style sheet."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

SHEETS = Path(__file__).resolve().parents[2] / "admin_app" / "static" / "css"
TOKENS = (SHEETS / "tokens.css").read_text(encoding="utf-8")
GROUNDS = ("surface", "ground", "head", "selected", "quiet")
STATUSES = ("bad", "warn", "ok", "info", "neutral", "secret")
TEXT = [(ink, ground) for ink in ("ink", "ink-2", "hint", "accent") for ground in GROUNDS]
TEXT += [(status, f"{status}-tint") for status in STATUSES] + [(status, "surface") for status in STATUSES]
TEXT += [("accent-dark", "accent-tint"), ("on-accent", "accent-fill"), ("side-ink", "side"), ("side-hint", "side")]
TEXT += [("side-ink", "side-count"), ("on-lamp", "lamp"), ("hint", "secret-tint"), ("ink-2", "secret-tint")]
TEXT += [("on-heat", f"heat-{level}") for level in (1, 2, 3)]
SHAPES = [("edge", "surface"), ("edge", "ground"), ("accent", "surface"), ("accent-fill", "surface"), ("lamp", "side")]


def declarations(head: str) -> list[str]:
    found = re.search(re.escape(head) + r" \{\n(.*?)\n\s*\}", TOKENS, flags=re.S)
    assert found
    return [line.strip() for line in found.group(1).splitlines()]


def colours(scheme: str) -> dict[str, str]:
    lines = declarations(":root") + (declarations(':root[data-theme="dark"]') if scheme == "dark" else [])
    return dict(re.findall(r"--([\w-]+): (#[0-9A-Fa-f]{6});", "\n".join(lines)))


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_its_ground(scheme: str) -> None:
    palette = colours(scheme)
    assert not {
        (ink, ground): contrast(palette[ink], palette[ground])
        for ink, ground in TEXT
        if contrast(palette[ink], palette[ground]) < 4.5
    }


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_edges_and_marks_stand_out_from_their_ground(scheme: str) -> None:
    palette = colours(scheme)
    assert not {
        (mark, ground): contrast(palette[mark], palette[ground])
        for mark, ground in SHAPES
        if contrast(palette[mark], palette[ground]) < 3
    }


def test_the_automatic_dark_values_equal_the_chosen_ones() -> None:
    assert declarations(':root[data-theme="auto"]') == declarations(':root[data-theme="dark"]')


def test_every_value_a_sheet_names_is_a_token() -> None:
    named = set(
        re.findall(r"var\(--([\w-]+)", "".join(path.read_text(encoding="utf-8") for path in SHEETS.glob("*.css")))
    )
    defined = set(re.findall(r"--([\w-]+):", TOKENS))
    assert named <= defined


def test_the_sheets_of_the_theme_stay_small() -> None:
    every_page = ("tokens", "shell", "shouwang", "print")
    assert sum((SHEETS / f"{name}.css").stat().st_size for name in every_page) < 60_000
