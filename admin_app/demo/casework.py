"""Lays a year of casework over the terms: pairings, plans, inspections, commendations, transfers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from sqlalchemy import select

from admin_app.demo.deck import Decks
from admin_app.demo.filing import Pupil
from admin_app.demo.pairing_play import ChildInClass, Help, Pairings, spread
from admin_app.demo.place_play import PlaceWork
from admin_app.demo.plan_play import Plans
from admin_app.demo.stage import Stage
from admin_app.demo.story import SchoolDays
from admin_app.demo.urgent_play import UrgentWork
from models.child import Child
from models.scope import system_scope

LARGER = "ZX"
NEW_PAIRINGS = {0: 14, 1: 8, 2: 9, 3: 6}  # in each term, besides the focus classes
SMALL_SCHOOLS = {"SQ": 3, "BX": 2}
IN_FOCUS = (5, 4, 4, 4)
# kind, who is asked, working days ago, whether it is a child of the class whose teacher is shown, accepted already
TODAY = (
    ("helper", "zhangm", 2, False, False),
    ("proxy_parent", "jianggh", 3, True, False),
    ("helper", "liang", 1, True, False),
    ("peer", None, 1, True, False),
    ("proxy_parent", "ouyh", 3, True, True),
    ("helper", "songq", 4, False, True),
)


@dataclass
class Casework:
    """The casework of all schools, term by term; children it has plans for are left to them."""

    stage: Stage
    days: SchoolDays
    present: int
    pairings: dict[str, Pairings] = field(default_factory=dict)
    _kept: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.decks = Decks(self.stage.rng)
        self.plans = Plans(self.stage, self.days)
        self.places = PlaceWork(self.stage, self.days, self.decks)
        self.urgent = UrgentWork(self.stage, self.days)

    @property
    def helps(self) -> Sequence[Help]:
        """Everybody's help so far."""
        return [each for pairings in self.pairings.values() for each in pairings.helps]

    def begin_term(self, school: str, place: int, pupils: Sequence[Pupil], off: Collection[int]) -> None:
        """Plan a term's casework of one school; children in `off` are left out."""
        self._kept |= set(off)
        children = [child for child in self._children(pupils) if child.child_id not in self._kept]
        if school not in self.pairings:
            self.pairings[school] = Pairings(self.stage, self.days, school, self.decks)
        if school == LARGER:
            self._plans(place, children)
            self._places(place, children)
        self._pair(school, place, [child for child in children if child.child_id not in self._kept])

    def pair_leavers(self, school: str, pupils: Sequence[Pupil]) -> None:
        """Tell of pairings with children of the sixth grade, which end before they leave."""
        first = self.days.terms[0].first_on + timedelta(days=8)
        for child in self._children(pupils)[:2]:
            self.pairings[school].begin(child, first, "helper", until=225, why="left")

    def _children(self, pupils: Sequence[Pupil]) -> list[ChildInClass]:
        by_id = {pupil.child_id: pupil for pupil in pupils}
        with self.stage.database.session(system_scope("demo")) as session:
            rows = session.execute(select(Child.id, Child.sex).where(Child.status == "on_file").order_by(Child.id))
            known = [(by_id[number], sex or "") for number, sex in rows if number in by_id]
        return [ChildInClass(pupil.child_id, sex, pupil.code, pupil.teacher) for pupil, sex in known]

    def _take(self, children: Sequence[ChildInClass], class_code: str | None = None) -> ChildInClass:
        """Take a child for a story of its own."""
        fit = [c for c in children if c.child_id not in self._kept and class_code in (None, c.class_code)]
        chosen = self.stage.rng.choice(fit or [c for c in children if c.child_id not in self._kept])
        self._kept.add(chosen.child_id)
        return chosen

    def _plans(self, place: int, children: Sequence[ChildInClass]) -> None:
        first = self.days.terms[place].first_on
        if place == 0:
            self.plans.achieved(self._take(children), first + timedelta(days=40))
        if place == 1:
            self.plans.referred(self._take(children), first + timedelta(days=25))
            self.plans.lasting(self._take(children), first + timedelta(days=50))
        if place == self.present:
            self.plans.running(self._take(children), first + timedelta(days=6))
            zhou = self._class(children, "zhou")
            self.plans.returned(self._take(children), self.days.before(6))
            self.plans.waiting(self._take(children), self.days.before(3))
            self.plans.drafted(self._take(children, zhou), self.days.before(2))

    def _places(self, place: int, children: Sequence[ChildInClass]) -> None:
        first = self.days.terms[place].first_on
        if place == 1:
            self.places.school_inspected(LARGER, first + timedelta(days=30))
            self.places.commended(children, date(first.year, 5, 11))
            self.urgent.accident(self._take(children), first + timedelta(days=61))
            self.urgent.brought_back(self._take(children), first + timedelta(days=18))
        if place == self.present:
            self.places.class_inspected(self._class(children, "zhou"), "zhou", self.days.before(9))
            self.places.school_drawn("QH", self.days.before(2))
            self.places.nominated(self._take(children, self._class(children, "zhou")), self.days.before(2))
            self.places.voted(self._take(children), self.days.before(5))
            self.places.leaves(self._take(children), "BX", self.days.before(1))
            self.urgent.still_running(self._take(children), self.days.before(1))
            self.urgent.reported(self._take(children), self.days.before(4))
            self.urgent.absent(next(child for child in children if child.teacher == "zhou"), self.days.before(1))

    def _class(self, children: Sequence[ChildInClass], teacher: str) -> str:
        return next(child.class_code for child in children if child.teacher == teacher)

    def _pair(self, school: str, place: int, children: Sequence[ChildInClass]) -> None:
        pairings, first = self.pairings[school], self.days.terms[place].first_on + timedelta(days=6)
        by_class: dict[str, list[ChildInClass]] = defaultdict(list)
        for child in children:
            by_class[child.class_code].append(child)
        rest = list(children)
        self.stage.rng.shuffle(rest)
        if school != LARGER:
            if place in (0, self.present):
                spread(pairings, rest[: SMALL_SCHOOLS[school]], first, None if place else 200)
            return
        if place == 0:
            self._stories_of_the_first_year(pairings, rest, first)
        if place == self.present:
            self._today(pairings, rest, self._class(children, "zhou"))
        if place == 2:
            self._focus_classes(pairings, by_class, self._class(children, "zhou"), first)
        spread(pairings, rest[8 : 8 + NEW_PAIRINGS[place]], first, 120 if place == 0 else None)

    def _stories_of_the_first_year(self, pairings: Pairings, rest: Sequence[ChildInClass], first: date) -> None:
        older = [child for child in rest[:8] if child.teacher not in ("zhangm", "songq")]
        pairings.changed(older[0], first + timedelta(days=3), "heht", "songq")
        pairings.declined(older[1], first + timedelta(days=2), "tan")
        pairings.withdrawn(older[2], first + timedelta(days=4), "weicx")
        pairings.begin(older[1], first + timedelta(days=8), "helper")

    def _focus_classes(
        self, pairings: Pairings, by_class: dict[str, list[ChildInClass]], shown: str, first: date
    ) -> None:
        codes = sorted(by_class, key=lambda code: (code != shown, -len(by_class[code]), code))
        for code, many in zip(codes, IN_FOCUS, strict=False):
            spread(pairings, by_class[code][:many], first)

    def _today(self, pairings: Pairings, rest: Sequence[ChildInClass], zhou: str) -> None:
        """Leave something to accept and to sign for those who show the demonstration."""
        asked: set[int] = set()
        for kind, login, ago, is_shown, accepted in TODAY:
            for child in sorted(rest, key=lambda child: (child.class_code == zhou) != is_shown):
                if child.child_id not in asked and not pairings.is_paired(child, kind):
                    pairings.propose(child, self.days.before(ago), kind, login, accepted=accepted)
                    asked.add(child.child_id)
                    break
