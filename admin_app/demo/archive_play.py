"""Plays the archive: files of those who graduated are sealed, one is still gathered, one was reopened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta

from admin_app.demo import place_words
from admin_app.demo.deck import Decks
from admin_app.demo.stage import Stage
from admin_app.demo.story import SchoolDays, Story

PAPERS = ("base", "card", "talks", "pairing", "results")
MISSING = "二年级上学期一份通话记录缺签字，已说明"


class Archive:
    """The files that a school's office seals."""

    def __init__(self, stage: Stage, days: SchoolDays, decks: Decks, keeper: str) -> None:
        self._stage, self._days, self._decks, self._keeper = stage, days, decks, keeper
        self._away: Story | None = None

    def seal_graduates(self, children: Sequence[int], first: date) -> None:
        """Tell how the files of graduates are sealed in the weeks after a day; the last one is not done yet."""
        *sealed, last = children
        for order, child_id in enumerate(sealed):
            self._seal(self._story(child_id, first + timedelta(days=order // 4), "graduated"), order)
        self._story(last, self._days.before(4), "graduated")

    def goes_home(self, child_id: int, first: date) -> None:
        """Tell how the file of a child whose mother came back is sealed."""
        self._away = self._story(child_id, first, "parents_back")
        self._seal(self._away, 0)

    def comes_back(self, at: datetime) -> None:
        """Reopen that file at once."""
        if self._away is not None:
            self._away.now(at, self._keeper, "reopen", {"reason": place_words.BACK_AGAIN})

    def _story(self, child_id: int, first: date, why: str) -> Story:
        story = Story(self._stage, self._days, "archive", ("child", child_id), first)
        story.opens(self._keeper, {"why_archived": why})
        return story

    def _seal(self, story: Story, order: int) -> None:
        shelf = place_words.SHELVES[order // 4 % len(place_words.SHELVES)]
        listed = {"papers": list(PAPERS), "shelf": f"{shelf}第{order % 4 + 1}盒"}
        story.wait(1).step(self._keeper, "seal", listed | ({"missing_papers": MISSING} if order == 5 else {}))
