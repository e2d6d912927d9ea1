"""Finds a Chromium that can show Chinese, and says in one line what is left out where there is none."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)


@cache
def find_chromium() -> str | None:
    """Return the browser to drive (SHOUWANG_CHROMIUM, else one on the path), None without one that can show Chinese."""
    named = os.environ.get("SHOUWANG_CHROMIUM")
    found = shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)
    return found if found and _has_chinese_font() else None


def _has_chinese_font() -> bool:
    lister = shutil.which("fc-list")
    if lister is None:
        return False
    told = subprocess.run([lister, ":lang=zh-cn", "family"], capture_output=True, text=True, check=False)
    return bool(told.stdout.strip())


@contextmanager
def running_chromium(path: str) -> Iterator[Browser]:
    """Start the browser, end it afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=QUIET, env={**os.environ, "LANGUAGE": "zh_CN"})
        yield browser
        browser.close()
