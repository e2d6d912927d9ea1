"""A running site, a real Chromium, and people at windows of two widths."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from itertools import count
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from models.vault import Keystore
from tests.cast import PASSWORD, Cast
from tests.journeys.chromium import find_chromium, running_chromium
from tests.journeys.left_out import LEFT_OUT
from tests.journeys.person import Person
from tests.journeys.site import Site, running_site

At = Callable[..., AbstractContextManager[Person]]
Sits = Callable[..., AbstractContextManager[Person]]


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """The browser; without one the test is left out, or fails where it is required."""
    path = find_chromium()
    if path is None:
        if os.environ.get("SHOUWANG_BROWSER_REQUIRED") == "1":
            pytest.fail(LEFT_OUT)
        pytest.skip(LEFT_OUT)
    with running_chromium(path) as browser:
        yield browser


@pytest.fixture(params=[1440, 390], ids=["desk", "phone"])
def width(request: pytest.FixtureRequest) -> int:
    """The width of the window in CSS pixels."""
    return int(request.param)


@pytest.fixture
def site(chromium: Browser, peopled_sqlite: tuple[Path, Cast], keystore: Keystore, tmp_path: Path) -> Iterator[Site]:
    """A site of the test's own over the cast."""
    with running_site(tmp_path, peopled_sqlite, keystore) as running:
        yield running


@pytest.fixture
def sits(chromium: Browser, site: Site, request: pytest.FixtureRequest) -> Sits:
    """Sit one of the cast down at a window of a width, logged in; faults of any page fail the test."""
    story, windows = request.node.originalname.removeprefix("test_")[:14], count(1)

    @contextmanager
    def sitting(login: str | None, width: int, password: str = PASSWORD) -> Iterator[Person]:
        person = Person(chromium, site.url, width, f"{story}-{next(windows):02d}-{login or 'anyone'}")
        if login is not None:
            person.logs_in(login, password)
        try:
            yield person
        except BaseException as fault:
            fault.add_note(f"{person.page.url}: {person.faults}")
            raise
        person.leaves()

    return sitting


@pytest.fixture
def at_desk(sits: Sits, width: int) -> At:
    """Sit one of the cast down at a window of the test's width."""
    return lambda login=None, password=PASSWORD: sits(login, width, password)
