"""The measurements run on any size, answer with their keys, and know their names."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from shutil import copy

import pytest

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"name", "size", "value", "unit", "bar", "holds"}


def _run(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "admin_app", "bench", *words]
    return subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)


def test_an_unknown_name_is_a_wrong_call_that_lists_the_known_ones() -> None:
    done = _run("speed")
    assert done.returncode == 2
    assert "transition" in done.stderr


def test_measurements_answer_one_document_a_figure(demo_school: Path, tmp_path: Path) -> None:
    for file in demo_school.iterdir():
        copy(file, tmp_path)  # what a measurement before this one has left
    done = _run("list", "filing", "transition", "--size", "school", "--data", str(tmp_path), "--json", "--no-results")
    assert done.returncode == 0, done.stderr
    figures = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(set(figure) >= KEYS and figure["size"] == "school" for figure in figures)
    assert {figure["unit"] for figure in figures} == {"ms", "kB", "/s", "×"}
    assert all(figure["value"] > 0 for figure in figures)
    assert "正在填入" not in done.stderr


@pytest.mark.deep
def test_a_measurement_fills_the_folder_that_it_finds_empty(tmp_path: Path) -> None:
    done = _run("list", "--size", "school", "--data", str(tmp_path), "--json", "--no-results")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "school.db").exists()
    assert (tmp_path / "keys.json").exists()
