"""Plays inspections, commendations and transfers: the spring's from first to last, and those that wait today."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any

from admin_app.demo import place_words
from admin_app.demo.calendar import moment
from admin_app.demo.deck import Decks
from admin_app.demo.pairing_play import ChildInClass
from admin_app.demo.stage import Stage
from admin_app.demo.story import SchoolDays, Story
from workflows.operations.draw import make_draw, open_drawn, prepare_draw
from workflows.policy import Permission

DRAWS = Permission.INSPECTION_DRAW
INSPECTOR, PRINCIPAL, OFFICE = "feng", "tan", "qin"
CLASS_SIZE = 41
FOCUS = "结对记录是否真实，个别方案是否按期评估"
AWARDS = ("progress", "self_help", "virtue", "helping")


class Drawing:
    """One draw by lot: prepared, drawn with a throw of dice, and an inspection opened where the lot fell."""

    def __init__(self, stage: Stage, county: str) -> None:
        self._stage, self._county = stage, county
        self._number = ""

    def prepare(self, at: datetime) -> None:
        """Seal the seed and keep the list."""
        county = self._stage.places[self._county].id
        draw = self._stage.act(INSPECTOR, DRAWS, at, prepare_draw, county, {"school:primary": 1})
        self._number = draw.number

    def draw(self, at: datetime) -> None:
        """Open the seed."""
        self._stage.act(INSPECTOR, DRAWS, at, make_draw, self._number, "5 2 6")

    def open(self, notice: dict[str, Any], at: datetime) -> None:
        """Give notice."""
        self._stage.act(INSPECTOR, DRAWS, at, open_drawn, self._number, notice)


class PlaceWork:
    """What an inspector, an office and a principal have on their desks over the year."""

    def __init__(self, stage: Stage, days: SchoolDays, decks: Decks) -> None:
        self._stage, self._days, self._decks = stage, days, decks

    def school_inspected(self, school: str, first: date) -> None:
        """Tell of an inspection with findings, rectified and circulated."""
        story = self._inspection(school, first, "县督查一组", "春季随机抽取第2批，小学第3号")
        story.wait(4).step(OFFICE, "self_check", self._self_check(place_words.PROBLEMS))
        limit = story.wait(6).day + timedelta(days=15)
        findings = [
            {"problem": problem, "demand": demand, "in_charge": person, "until": limit.isoformat()}
            for problem, demand, person in place_words.FINDINGS
        ]
        story.step(INSPECTOR, "find", self._sheet() | {"findings": findings, "limit_on": limit.isoformat()})
        done_on = story.wait(11).day.isoformat()
        rectified = [
            {"problem": problem, "done": done, "evidence": evidence, "done_on": done_on}
            for problem, done, evidence in place_words.RECTIFIED
        ]
        story.step(OFFICE, "rectify", {"rectified": rectified})
        again = {"rechecked_on": story.wait(5).day.isoformat(), "recheck_says": place_words.RECHECK, "score": "93"}
        story.step(INSPECTOR, "accept", again)
        day = story.wait(6).day
        circular = {"circular_number": f"青督〔{day.year}〕8号", "circulated_on": day.isoformat()}
        story.step(INSPECTOR, "circulate", circular | {"circular_says": place_words.CIRCULAR})

    def school_drawn(self, county: str, first: date) -> None:
        """Tell of a primary school on which the lot falls by chance, and of its inspection, which is announced."""
        day = self._days.on_or_after(first)
        if day is None:
            return
        at, drawn = moment(day, self._stage.rng, 9, 15), Drawing(self._stage, county)
        visit = {"group_name": "县督查一组", "visit_on": (day + timedelta(days=10)).isoformat(), "focus": FOCUS}
        self._stage.plan(at, drawn.prepare)
        self._stage.plan(at + timedelta(minutes=6), drawn.draw)
        self._stage.plan(at + timedelta(minutes=19), partial(drawn.open, visit))

    def class_inspected(self, class_code: str, teacher: str, first: date) -> None:
        """Tell of the inspection of a class that has passed and waits to be circulated."""
        story = self._inspection(class_code, first, "县督查二组", "按班级编号抽取")
        own = place_words.CLASS_STATES
        story.wait(2).step(teacher, "self_check", self._self_check("", own))
        story.wait(2).step(INSPECTOR, "pass", self._sheet() | {"praised": place_words.CLASS_PRAISE})

    def _inspection(self, code: str, first: date, group: str, drawn: str) -> Story:
        story = Story(self._stage, self._days, "inspection", ("place", self._stage.places[code].id), first)
        notice = {"group_name": group, "visit_on": (story.day + timedelta(days=10)).isoformat(), "drawn_how": drawn}
        story.opens(INSPECTOR, notice | {"focus": FOCUS})
        return story

    def _self_check(self, problems: str, states: Sequence[str] = ()) -> dict[str, Any]:
        rows = []
        for order, (item, weight, state, _found, _off) in enumerate(place_words.ITEMS):
            said = states[order] if states else state
            rows.append({"item": item, "weight": weight, "state": said, "score": weight})
        return {"self_items": rows, "problems": problems}

    def _sheet(self) -> dict[str, Any]:
        rows = [
            {"item": item, "weight": weight, "found": found, "score": str(int(weight) - off)}
            for item, weight, _state, found, off in place_words.ITEMS
        ]
        return {"items": rows}

    def commended(self, children: Sequence[ChildInClass], first: date) -> None:
        """Tell of the awards before the first of June, and of one that the class did not vote for."""
        refused, *chosen = self._stage.rng.sample(list(children), 1 + len(AWARDS))
        story = self._nomination(refused, "virtue", first)
        story.wait(3).step(refused.teacher, "stop", {"reason": place_words.NOT_ENOUGH})
        for award, child in zip(AWARDS, chosen, strict=True):
            story = self._nomination(child, award, first + timedelta(days=int(self._stage.rng.random() * 4)))
            self._vote(story, child)
            story.wait(2).step(PRINCIPAL, "approve", {"opinion": "同意，注意保护孩子隐私，公示只写班级和姓名。"})
            day = story.wait(1).day
            shown = {"published_from": day.isoformat(), "published_until": (day + timedelta(days=5)).isoformat()}
            story.step(OFFICE, "publish", shown)
            last = max(0, (date(first.year, 5, 31) - day).days)
            given = {"awarded_on": story.wait(last).day.isoformat(), "prize": self._decks.draw(place_words.PRIZES)}
            story.step(OFFICE, "award", given)

    def nominated(self, child: ChildInClass, first: date) -> None:
        """Tell of a nomination that waits for its class."""
        self._nomination(child, "helping", first)

    def voted(self, child: ChildInClass, first: date) -> None:
        """Tell of a nomination that waits for the principal."""
        self._vote(self._nomination(child, "progress", first), child)

    def _nomination(self, child: ChildInClass, award: str, first: date) -> Story:
        story = Story(self._stage, self._days, "commendation", ("child", child.child_id), first)
        merit = self._decks.draw(place_words.MERITS[award])
        story.opens(child.teacher, {"award": award, "merit": merit})
        return story

    def _vote(self, story: Story, child: ChildInClass) -> None:
        given = CLASS_SIZE - int(self._stage.rng.random() * 5)
        votes = given - int(self._stage.rng.random() * 9)
        day = story.wait(2).day.isoformat()
        story.step(child.teacher, "vote", {"voted_on": day, "votes_cast": str(given), "votes_for": str(votes)})

    def leaves(self, child: ChildInClass, school: str, first: date) -> None:
        """Tell of a transfer to another school that is requested."""
        self._transfer(child, OFFICE, school, first, "随外婆搬到白塔镇居住，就近入学")

    def joins(self, child: ChildInClass, office: str, school: str, class_code: str, first: date) -> None:
        """Tell of a child of another school who was taken over by this one."""
        story = self._transfer(child, office, school, first, "父亲在柳溪镇租房经营小店，接到身边上学")
        story.wait(2).step(OFFICE, "accept", {"to_class": str(self._stage.places[class_code].id)})

    def _transfer(self, child: ChildInClass, office: str, school: str, first: date, why: str) -> Story:
        story = Story(self._stage, self._days, "transfer", ("child", child.child_id), first)
        moves_on = (story.day + timedelta(days=7)).isoformat()
        story.opens(office, {"to_school": str(self._stage.places[school].id), "moves_on": moves_on, "why_moved": why})
        return story
