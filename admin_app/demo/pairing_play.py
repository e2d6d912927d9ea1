"""Plays a school's pairings: proposed, accepted, signed, checked month by month, changed, ended; a few just begun."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from admin_app.demo import names, pairing_words
from admin_app.demo.cast import MEN
from admin_app.demo.deck import Decks
from admin_app.demo.stage import Stage
from admin_app.demo.story import SchoolDays, Story

MOST = 3  # children one person helps, as the workflow says
HELPERS = {
    "ZX": ("liang", "weicx", "tianw", "zhangm", "heht", "songq", "meng", "nong", "mosf", "cen", "pangj", "tan"),
    "SQ": ("qinfj", "suys", "shi", "banzq"),
    "BX": ("xucg", "malj", "puhd", "tangan"),
}
PROXIES = {"ZX": ("jianggh", "ouyh", "weicx", "mosf"), "SQ": ("liaomf",), "BX": ("zhaoyl",)}
ASKED_TODAY = frozenset(("zhangm", "jianggh", "liang", "ouyh", "songq"))  # have room for one child more
KINDS = (("helper", 11), ("proxy_parent", 5), ("peer", 2), ("volunteer", 2))
REASONS = ("learning", "learning", "mood", "conduct", "life", "health")
RATINGS = (("good", 12), ("fair", 6), ("poor", 1))
EFFECTS = {"good": ("better", "better", "same"), "fair": ("same", "better", "same"), "poor": ("same", "worse", "same")}
ENDS = (("reached", 5), ("parents_back", 2), ("helper_left", 1))
WAY_TO_TERM_END = 110  # days


@dataclass(frozen=True)
class ChildInClass:
    """A child as those who pair know it."""

    child_id: int
    sex: str
    class_code: str
    teacher: str


@dataclass(frozen=True)
class Help:
    """That somebody helped a child from one day to another, None while it goes on."""

    child_id: int
    login: str
    is_proxy: bool
    first: date
    last: date | None


@dataclass
class Pairings:
    """One school's pairings, term after term; remembers who helps whom."""

    stage: Stage
    days: SchoolDays
    school: str
    decks: Decks
    helps: list[Help] = field(default_factory=list)
    paired: set[tuple[int, str]] = field(default_factory=set)

    def begin(self, child: ChildInClass, first: date, kind: str, *, until: int | None = None, why: str = "") -> None:
        """Tell a pairing from its proposal on; it ends after `until` days where that is given."""
        if self.is_paired(child, kind):
            return
        helper = self._helper(child, kind, first)
        if kind in HELD_BY_STAFF and helper is None:
            return
        self.paired.add((child.child_id, kind))
        story = self._proposed(child, first, kind, helper)
        self._accepted(story.wait(1 + int(self.stage.rng.random() * 3)), child, kind, helper)
        signed = story.wait(2 + int(self.stage.rng.random() * 6)).day
        story.step(child.teacher, "sign", self._pledge(kind, signed))
        last = self._checked(story, child, helper, until, why)
        self._remember(child, kind, helper, signed, last)

    def propose(self, child: ChildInClass, first: date, kind: str, helper: str | None, *, accepted: bool) -> None:
        """Tell of a proposal that still waits: to be accepted, or to be signed."""
        if self.is_paired(child, kind):
            return
        self.paired.add((child.child_id, kind))
        story = self._proposed(child, first, kind, helper)
        if accepted:
            self._accepted(story.wait(0), child, kind, helper)
        self._remember(child, kind, helper, self.days.as_of, None)

    def declined(self, child: ChildInClass, first: date, helper: str) -> None:
        """Tell of a proposal that was declined."""
        story = self._proposed(child, first, "helper", helper).wait(2)
        story.step(helper, "decline", {"reason": self.decks.draw(pairing_words.DECLINES)})

    def withdrawn(self, child: ChildInClass, first: date, helper: str) -> None:
        """Tell of a proposal that the class teacher took back."""
        story = self._proposed(child, first, "helper", helper).wait(1)
        story.step(child.teacher, "withdraw", {"reason": self.decks.draw(pairing_words.WITHDRAWN)})

    def changed(self, child: ChildInClass, first: date, helper: str, successor: str) -> None:
        """Tell of a pairing that passes from one helper to another after some weeks."""
        self.paired.add((child.child_id, "helper"))
        story = self._proposed(child, first, "helper", helper)
        self._accepted(story.wait(2), child, "helper", helper)
        began = story.wait(3).day
        story.step(child.teacher, "sign", self._pledge("helper", began))
        handed = story.wait(24).day
        change = {
            "helper": self._person(successor),
            "handed_over": self.decks.draw(*pairing_words.HANDED_OVER),
            "reason": self.decks.draw(pairing_words.CHANGES),
        }
        story.step(child.teacher, "change", change)
        self._accepted(story.wait(1), child, "helper", successor)
        signed = story.wait(2).day
        story.step(child.teacher, "sign", self._pledge("helper", signed))
        self._remember(child, "helper", helper, began, handed)
        self._remember(child, "helper", successor, signed, self._checked(story, child, successor, None, ""))

    def is_paired(self, child: ChildInClass, kind: str) -> bool:
        """Tell whether a child has been paired in a way."""
        return (child.child_id, kind) in self.paired

    def _running(self, login: str, first: date) -> int:
        return sum(h.login == login and (h.last is None or h.last >= first) for h in self.helps)

    def _helper(self, child: ChildInClass, kind: str, first: date) -> str | None:
        if kind not in HELD_BY_STAFF:
            return None
        pool = list(PROXIES[self.school] if kind == "proxy_parent" else HELPERS[self.school])
        others = [login for h in self.helps if h.child_id == child.child_id for login in (h.login,)]
        free = [login for login in pool if login not in others and login != child.teacher]
        free = [login for login in free if self._running(login, first) < MOST - (login in ASKED_TODAY)]
        alike = [login for login in free if (login in MEN) == (child.sex == "male")]
        return names.one_of(self.stage.rng, alike or free) if free else None

    def _proposed(self, child: ChildInClass, first: date, kind: str, helper: str | None) -> Story:
        rng = self.stage.rng
        story = Story(self.stage, self.days, "pairing", ("child", child.child_id), first)
        reason = "no_guardian" if kind == "proxy_parent" else names.one_of(rng, REASONS)
        answers: dict[str, Any] = {"kind": kind, "reason_chosen": [reason]}
        answers["term_goal"] = self.decks.draw(*pairing_words.GOALS[reason])
        if helper is not None:
            answers["helper"] = self._person(helper)
        else:
            answers |= {"helper_name": self._outsider(child, kind), "helper_sex": child.sex}
        story.opens(child.teacher, answers)
        return story

    def _outsider(self, child: ChildInClass, kind: str) -> str:
        rng = self.stage.rng
        pools = (names.BOYS, names.MEN) if child.sex == "male" else (names.GIRLS, names.WOMEN)
        if kind == "peer":
            title = self.stage.places[child.class_code].name
            return f"{title} {names.surname(rng)}{names.one_of(rng, pools[0])}"
        employer = self.decks.draw(pairing_words.VOLUNTEERS)
        return f"{employer} {names.surname(rng)}{names.one_of(rng, pools[1])}"

    def _accepted(self, story: Story, child: ChildInClass, kind: str, helper: str | None) -> None:
        times = {"proxy_parent": 4, "peer": 8}.get(kind, 2)
        if helper is not None:
            wish = self.decks.draw(*pairing_words.WISHES)
            story.step(helper, "accept", {"times_a_month": str(times), "wish": wish})
        else:
            asked = {"asked_on": story.day.isoformat(), "asked_how": self.decks.draw(pairing_words.ASKED)}
            story.step(child.teacher, "accept_for", asked | {"times_a_month": str(times)})

    def _pledge(self, kind: str, day: date) -> dict[str, Any]:
        signer = names.weighted(self.stage.rng, (("guardian", 7), ("parent", 2), ("child", 1)))
        duties = list(pairing_words.DUTIES[kind])
        return {"duties": duties, "signed_on": day.isoformat(), "signed_for_child": signer, "copies": "true"}

    def _checked(
        self, story: Story, child: ChildInClass, helper: str | None, until: int | None, why: str
    ) -> date | None:
        """Check again and again until the pairing ends; returns its last day, None while it goes on."""
        rng, passed = self.stage.rng, 0
        while story.goes_on:
            pause = 30 + int(rng.random() * 28)
            if until is not None and passed + pause >= until:
                last = story.wait(max(1, until - passed)).day
                why = why or names.weighted(rng, ENDS if helper else ENDS[:2])
                progress = self.decks.draw(*pairing_words.PROGRESS[why])
                ended = {"why_ended": why, "progress": progress, "still_focus": "false" if why == "reached" else "true"}
                story.step(child.teacher, "end", ended)
                return last if story.goes_on else None
            passed += pause
            story.wait(pause).step(child.teacher, "check", self._check())
        return None

    def _check(self) -> dict[str, Any]:
        rng = self.stage.rng
        rating = names.weighted(rng, RATINGS)
        found = list(EFFECTS[rating])
        rng.shuffle(found)
        answers: dict[str, Any] = dict(zip(("study", "life", "mood"), found, strict=True))
        remark = self.decks.draw(*pairing_words.REMARKS[rating])
        return answers | {"rating": rating, "decision": "keep", "remark": remark}

    def _remember(self, child: ChildInClass, kind: str, helper: str | None, first: date, last: date | None) -> None:
        if helper is not None:
            self.helps.append(Help(child.child_id, helper, kind == "proxy_parent", first, last))

    def _person(self, login: str) -> str:
        return str(self.stage.people[login].staff_id)


HELD_BY_STAFF = frozenset(("helper", "proxy_parent"))


def spread(pairings: Pairings, children: Sequence[ChildInClass], first: date, until: int | None = None) -> None:
    """Begin a pairing of each child in the weeks after a day; until a day's count where it ends at all."""
    rng = pairings.stage.rng
    for order, child in enumerate(children):
        kind = names.weighted(rng, KINDS) if order else "helper"
        day = first + timedelta(days=int(rng.random() * 12))
        pairings.begin(child, day, kind, until=until + int(rng.random() * 25) if until else None)
