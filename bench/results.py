"""Keeps what was measured: one JSON file a day and database, and a table for people."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.figure import Figure

FOLDER = Path(__file__).parent / "results"
HEAD = """# What was measured

Written by `python -m bench`; the bars are those the project set itself. A figure is worth no more than the machine and
the hour it was taken on: read those of one table against each other. Load is the machine's load average at the end.
"""


def keep(figures: Sequence[Figure], size: str, kind: str) -> Path:
    """Write figures beside those of the same day, size and database, and draw the table anew; returns the file."""
    FOLDER.mkdir(exist_ok=True)
    now = datetime.now(UTC)
    file = FOLDER / f"{now:%Y-%m-%d}-{kind}.json"
    kept: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8")) if file.exists() else []
    fresh = [figure.as_json(size) | _machine(now) for figure in figures]
    names = {(entry["name"], entry["size"]) for entry in fresh}
    kept = [entry for entry in kept if (entry["name"], entry["size"]) not in names] + fresh
    file.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    _draw()
    return file


def _machine(now: datetime) -> dict[str, Any]:
    load = round(os.getloadavg()[0], 1)
    return {"at": f"{now:%Y-%m-%dT%H:%MZ}", "cpus": os.cpu_count(), "load": load, "python": platform.python_version()}


def _draw() -> None:
    parts = [HEAD]
    for file in sorted(FOLDER.glob("*.json"), reverse=True):
        entries = json.loads(file.read_text(encoding="utf-8"))
        short = [entry["name"] for entry in entries if entry["holds"] is False]
        verdict = f"Falls short: {'; '.join(short)}." if short else "Every bar is reached."
        parts.append(f"\n## {file.stem}\n\n{verdict}\n\n{_table(entries)}\n")
    (FOLDER / "README.md").write_text("".join(parts), encoding="utf-8")


def _table(entries: Sequence[dict[str, Any]]) -> str:
    lines = ["| work | size | measured | bar | | beside | load |", "| --- | --- | ---: | ---: | --- | --- | ---: |"]
    for entry in entries:
        known = {"name", "size", "value", "unit", "bar", "holds", "at", "cpus", "load", "python"}
        beside = ", ".join(f"{key} {value}" for key, value in entry.items() if key not in known)
        word = {None: "", True: "reached", False: "**falls short**"}[entry["holds"]]
        bar = "" if entry["bar"] is None else f"{entry['bar']:g} {entry['unit']}"
        value = f"{entry['value']:,.2f} {entry['unit']}"
        lines.append(f"| {entry['name']} | {entry['size']} | {value} | {bar} | {word} | {beside} | {entry['load']} |")
    return "\n".join(lines)
