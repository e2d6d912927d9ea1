"""Narrows a list by place, one level at a time, and names the places of its rows; one query for both."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import and_, select, union
from sqlalchemy.orm import Session

from admin_app.wording import say
from models.place import Place
from models.scope import LEVELS, NO_PLACE, Scope
from workflows.class_title import class_title
from workflows.text import text

MOST_OPTIONS = 400
LABELS = {"county": text("县（区）"), "township": text("乡镇"), "school": text("学校"), "class": text("班级")}


@dataclass
class PlacePath:
    """The level codes chosen in the address; a level can be chosen once the one above is settled."""

    scope: Scope
    chosen: dict[str, str]
    lowest: str = "class"
    names: dict[str, Place] = field(default_factory=dict)
    first_year: int = 0

    @classmethod
    def read(cls, scope: Scope, args: Mapping[str, str], lowest: str = "class") -> PlacePath:
        """Take the chosen codes from the address; whether they lie inside the scope is settled by the query.

        A comma stands in no code.
        """
        offered = LEVELS[1 : LEVELS.index(lowest) + 1]
        chosen = {level: args[level] for level in offered if 0 < len(args.get(level, "")) <= 40}
        return cls(scope, {key: code for key, code in chosen.items() if code != NO_PLACE and "," not in code}, lowest)

    def conditions(self, row_class: Any) -> list[Any]:
        """Return the conditions of the chosen codes on a table with level codes."""
        return [getattr(row_class, f"{level}_code") == code for level, code in self.chosen.items()]

    def learn(self, session: Session, codes: Iterable[str], first_year: int) -> None:
        """Fetch with one query what the filters offer and what the rows' places are called."""
        self.first_year = first_year
        wanted = set(codes)
        inside = self.scope.row_condition(Place)
        offered = [
            and_(inside, Place.kind == level, Place.is_closed.is_(False), *self._above(level))
            for level in self._open_levels()
        ]
        if self.chosen:
            offered.append(and_(inside, Place.code.in_(self.chosen.values())))
        # A union, because an OR of these conditions would read every place. Rows in scope name their school even to
        # people whose scope is one of its classes.
        numbers = union(*(select(Place.id).where(condition) for condition in (Place.code.in_(wanted), *offered)))
        rows = session.scalars(
            select(Place)
            .where(Place.id.in_(numbers))
            .order_by(Place.school_code, Place.cohort.desc(), Place.number, Place.name)
            .limit(MOST_OPTIONS + len(wanted))
        )
        self.names = {place.code: place for place in rows}

    def controls(self) -> list[dict[str, Any]]:
        """Return the filters for `parts/tables.html`, one for each level that is open."""
        found = []
        for level in self._open_levels():
            options = [(place.code, self.name(place.code)) for place in self.names.values() if self._fits(place, level)]
            if len(options) > 1 or level in self.chosen:
                found.append(self._control(level, options))
        return found

    def name(self, code: str | None) -> str:
        """Return a place's name; a class by its grade of the present school year."""
        place = self.names.get(code or "")
        if place is None:
            return ""
        if place.kind != "class" or place.cohort is None or place.number is None:
            return place.name
        school = self.names.get(place.school_code)
        return class_title(place.cohort, place.number, self.first_year, school.stage if school else None)

    def chips(self) -> list[tuple[str, str]]:
        """Return (parameter, words) of the chosen places."""
        return [(level, self.name(code) or code) for level, code in self.chosen.items()]

    def _control(self, level: str, options: list[tuple[str, str]]) -> dict[str, Any]:
        everything = _("全部 %(count)s", count=len(options)) if level == "school" else _("全部")
        return {
            "key": level,
            "label": say(LABELS[level]),
            "kind": "select",
            "options": [("", everything), *options],
            "value": self.chosen.get(level, ""),
        }

    def _open_levels(self) -> list[str]:
        roots = {branch.level for branch in self.scope.branches if branch.level in LEVELS}
        if self.scope.branches and not roots:
            return []  # single children and cases only: no place is theirs to choose
        top = min((LEVELS.index(level) for level in roots), default=0)
        offered = LEVELS[max(top, 1) : LEVELS.index(self.lowest) + 1]
        settled = max((LEVELS.index(level) for level in self.chosen), default=top)
        # A county runs some schools itself, so both of its next levels are open.
        reach = settled + (2 if LEVELS[settled] == "county" else 1)
        return [level for level in offered if LEVELS.index(level) <= reach]

    def _above(self, level: str) -> list[Any]:
        higher = LEVELS[: LEVELS.index(level)]
        return [getattr(Place, f"{up}_code") == code for up, code in self.chosen.items() if up in higher]

    def _fits(self, place: Place, level: str) -> bool:
        higher = LEVELS[: LEVELS.index(level)]
        return place.kind == level and all(
            place.level_codes[up] == code for up, code in self.chosen.items() if up in higher
        )
