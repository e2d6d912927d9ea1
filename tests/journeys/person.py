"""Somebody in front of a browser of their own: opens pages, is stopped by any fault that a page shows."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.cast import PASSWORD

WATCH = Path(__file__).with_name("watch.js")
SHOTS = os.environ.get("SHOUWANG_SHOTS")
PHONE, NARROWEST = 600, 360
PATIENCE = 20_000  # milliseconds; other tests may share the machine

expect.set_options(timeout=PATIENCE)


class Person:
    """One of the cast at a window of a given width in CSS pixels; with a story's name pictures can be kept."""

    def __init__(self, browser: Browser, address: str, width: int, story: str) -> None:
        self.is_on_phone = width < PHONE
        self.address, self.story, self.width = address, story, width
        self.context = browser.new_context(
            viewport={"width": width, "height": 844 if self.is_on_phone else 900},
            has_touch=self.is_on_phone,
            is_mobile=self.is_on_phone,
            locale="zh-CN",
            timezone_id="Asia/Shanghai",
            reduced_motion="reduce",
            base_url=address,
            accept_downloads=True,
        )
        self.context.set_default_timeout(PATIENCE)
        self.context.add_init_script(path=WATCH)
        self.faults: list[str] = []
        self._taken: set[int] = set()
        self._pictures = 0
        self.page = self.new_tab()

    def new_tab(self) -> Page:
        """Open another tab of the same browser and go on in it."""
        page = self.context.new_page()
        page.on("console", self._hear)
        page.on("pageerror", lambda fault: self.faults.append(f"script fault: {fault}"))
        self.page = page
        return page

    def _hear(self, message: ConsoleMessage) -> None:
        refused = re.search(r"responded with a status of (\d+)", message.text)
        if refused and int(refused[1]) in self._taken:
            return
        if message.type in ("error", "warning"):
            self.faults.append(f"{message.type}: {message.text}")

    @contextmanager
    def taking(self, *codes: int) -> Iterator[None]:
        """Take answers of these codes for meant; the browser writes each to its console."""
        self._taken |= set(codes)
        yield
        self._taken -= set(codes)

    def opens(self, path: str, code: int = 200) -> None:
        """Open an address and expect an answer of a code."""
        self._taken.add(code)
        answer = self.page.goto(path)
        assert answer is not None
        assert answer.status == code, f"{path}: {answer.status}"
        self.page.wait_for_load_state()
        self._taken.discard(code)

    def logs_in(self, login: str, password: str = PASSWORD) -> None:
        """Log in by hand and land on the first page."""
        self.opens("/login")
        self.page.get_by_label("账号").fill(login)
        self.page.get_by_label("密码").fill(password)
        self.presses("登录")

    def presses(self, words: str, inside: Locator | None = None) -> None:
        """Press a button by its words and wait for the page after it."""
        (inside or self.page).get_by_role("button", name=words, exact=True).first.click()
        self.page.wait_for_load_state()

    def follows(self, words: str, inside: Locator | None = None) -> None:
        """Follow the first link with these words and wait for the page behind it."""
        (inside or self.page.locator("#main")).get_by_role("link", name=words).first.click()
        self.page.wait_for_load_state()

    def sees(self, *words: str) -> None:
        """Expect words somewhere in the page's main part."""
        for part in words:
            expect(self.page.locator("#main")).to_contain_text(part)

    def sees_nothing_of(self, *words: str) -> None:
        """Expect words nowhere in the whole page, hidden parts included."""
        text = self.page.content()
        assert not [part for part in words if part in text]

    def keeps_picture(self, name: str) -> None:
        """Write a picture of the page to the folder that SHOUWANG_SHOTS names; without it do nothing."""
        self._pictures += 1
        if SHOTS:
            file = f"{self.story}-{self.width}-{self._pictures:02d}-{name}.png"
            # Without `caret` a style element would be put into the page, which its content policy refuses.
            self.page.screenshot(path=Path(SHOTS) / file, full_page=True, caret="initial")

    def narrows(self) -> None:
        """Show the page on the narrowest phone for a moment: it must not grow wider than that."""
        self.page.set_viewport_size({"width": NARROWEST, "height": 844})
        self.page.wait_for_function("document.scrollingElement.scrollWidth <= innerWidth")
        self.page.set_viewport_size({"width": self.width, "height": 844})

    def leaves(self) -> None:
        """Close the browser window; no page may have shown a fault."""
        self.page.wait_for_load_state()
        self.context.close()
        assert not self.faults, "\n".join(self.faults)
