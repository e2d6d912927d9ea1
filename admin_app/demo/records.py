"""Makes a believable year of dated records: what the talks, visits, calls, tests, meetings and plans of a class say."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Any

from admin_app.demo import names
from admin_app.demo.bulk_cases import Clerk
from admin_app.demo.calendar import moment, workdays
from admin_app.demo.record_words import (
    ADVICE,
    CONFIDENCES,
    DIARY,
    EVALUATIONS,
    FEEDBACK,
    GISTS,
    GUIDANCE,
    HELP,
    MEETINGS,
    NOTICED,
    SAID,
    SITUATIONS,
)
from models.child import LEVEL_COLUMNS
from models.types import new_id
from models.vault import Vault
from workflows.audit import PROTECTED
from workflows.engine.definition import Form
from workflows.engine.published import FormVersion
from workflows.record_forms import evidence, head_of

Row = dict[str, Any]
Child = Mapping[str, Any]
PLACES = ("office", "classroom", "playground", "dormitory", "home")
SUBJECTS = ("chinese", "mathematics", "english")
MET = (["guardian"], ["guardian", "child"], ["guardian", "child"], ["child"], ["mother", "child"], ["neighbour"])
OCCASIONS = {"term_start": (0.0, 0.2), "term_middle": (0.4, 0.6), "term_end": (0.8, 1.0)}  # shares of a term
TESTS = {"midterm": (0.5, 0.55), "final": (0.95, 1.0)}
BETWEEN = ("teacher_guardian", "teacher_guardian", "teacher_father", "teacher_mother")


@dataclass
class RecordMaker:
    """Writes records of one school as rows; `vault` knows the keys of its children."""

    forms: Mapping[str, FormVersion]
    vault: Vault
    rng: Random

    def talk(self, child: Child, by: Clerk, day: date, term: int | None) -> Row:
        """A talk of class teacher or counsellor."""
        topic = names.one_of(self.rng, tuple(SAID))
        answers: dict[str, Any] = {
            "talked_on": day,
            "topics": [topic],
            "said": names.one_of(self.rng, SAID[topic]),
            "place": names.one_of(self.rng, PLACES),
        }
        if self.rng.random() < 0.6:
            answers["noticed"] = names.one_of(self.rng, NOTICED)
        if self.rng.random() < 0.5:
            answers["advice"] = names.one_of(self.rng, ADVICE)
        answers["risk_change"] = "higher" if self.rng.random() < 0.04 else "same"
        if self.rng.random() < 0.03:
            answers["confidential"] = names.one_of(self.rng, CONFIDENCES)
        return self._row("talk", child, by, answers, term)

    def short_talk(self, child: Child, by: Clerk, day: date, term: int | None) -> Row:
        """A talk of which only the gist was written down."""
        topic = names.one_of(self.rng, tuple(SAID))
        said = names.one_of(self.rng, SAID[topic])
        return self._row("talk", child, by, {"talked_on": day, "topics": [topic], "said": said}, term)

    def visit(self, child: Child, by: Clerk, day: date, term: int | None, occasion: str) -> Row:
        """A home visit at the start, middle or end of a term."""
        answers = {
            "visited_on": day,
            "met": names.one_of(self.rng, MET),
            "situation": names.one_of(self.rng, SITUATIONS),
            "occasion": occasion,
            "minutes": 20 + int(self.rng.random() * 9) * 5,
        }
        if self.rng.random() < 0.5:
            answers["guidance"] = names.one_of(self.rng, GUIDANCE)
        return self._row("home_visit", child, by, answers, term)

    def call(self, child: Child, by: Clerk, day: date, term: int | None) -> Row:
        """A call with guardian or parents, or one of the child's own with the parents."""
        own = self.rng.random() < 0.4
        channel = self.rng.choice(("video", "video", "letter", "call")) if own else "call"
        between = "child_parents" if own else names.one_of(self.rng, BETWEEN)
        answers: dict[str, Any] = {
            "called_on": day,
            "channel": channel,
            "between": between,
            "gist": names.one_of(self.rng, GISTS["child" if own else "teacher"]),
        }
        if channel != "letter":
            answers["minutes"] = 3 + int(self.rng.random() * 12)
        return self._row("call_log", child, by, answers, term)

    def test(self, child: Child, by: Clerk, day: date, term: int | None, test: str, subject: str, level: int) -> Row:
        """A test result around a child's level."""
        score = max(18, min(100, round(level + self.rng.gauss(0, 7))))
        answers: dict[str, Any] = {
            "tested_on": day,
            "test": test,
            "subject": subject,
            "score": str(score),
            "class_rank": max(1, min(48, round((102 - score) * 0.62 + self.rng.random() * 4))),
        }
        if self.rng.random() < 0.25:
            answers["evaluation"] = names.one_of(self.rng, EVALUATIONS["weak" if score < 65 else "sound"])
        return self._row("test_result", child, by, answers, term)

    def diary(self, child: Child, by: Clerk, day: date, term: int | None) -> Row:
        """An entry of the growth diary."""
        kind = names.one_of(self.rng, tuple(DIARY))
        entry = names.one_of(self.rng, DIARY[kind])
        answers = {"written_on": day, "kind": kind, "entry": entry, "for_parents": True}
        return self._row("growth_diary", child, by, answers, term)

    def plan(self, child: Child, by: Clerk, day: date, term: int | None, subject: str) -> Row:
        """A learning help plan at the start of a term."""
        content, goals = names.one_of(self.rng, HELP)
        answers = {
            "made_on": day,
            "subjects": [subject],
            "helper": by.name,
            "times": self.rng.choice(("每周二、四放学后", "每天午休", "每周三下午第三节", "周末一次")),
            "content": content,
            "goals": goals,
        }
        return self._row("help_plan", child, by, answers, term)

    def meeting(self, children: Sequence[Child], by: Clerk, day: date, term: int | None) -> list[Row]:
        """A guardian meeting of a class, a row for each child whose guardian came."""
        answers = {
            "held_on": day,
            "kind": self.rng.choice(("meeting", "meeting", "training", "forum")),
            "topics": names.one_of(self.rng, MEETINGS),
            "attended": len(children),
            "feedback": names.one_of(self.rng, FEEDBACK),
        }
        occasion = new_id()
        return [self._row("guardian_meeting", child, by, answers, term, occasion) for child in children]

    def _row(
        self, form: str, child: Child, by: Clerk, answers: Mapping[str, Any], term: int | None, occasion: int = 0
    ) -> Row:
        version = self.forms[form]
        head = head_of(version.form)
        number, owner, day = new_id(), child["id"], answers[head.happened_on]
        made_at = moment(day, self.rng, 10, 18)
        return {
            "id": number,
            "child_id": owner,
            "form": form,
            "form_version": version.number,
            "counts_as": evidence(head, answers),
            "happened_on": day,
            "data": seal_with(self.vault, version.form, answers, owner, f"record:{number}"),
            "occasion_id": occasion or number,
            "state": "active",
            "replaces_id": None,
            "reason_sealed": None,
            "made_by": by.staff_id,
            "made_by_name": by.name,
            "made_by_role": by.role,
            "made_at": made_at,
            "case_id": None,
            "term_id": term,
            "made_at_school": child["school_code"],
            "rev": 1,
            **{column: child[column] for column in LEVEL_COLUMNS},
        }


def seal_with(vault: Vault, form: Form, answers: Mapping[str, Any], owner: int, place: str) -> dict[str, Any]:
    """Seal as `workflows.engine.record` does, without looking the form's fields up one by one."""
    secret = _secret(form)
    kept: dict[str, Any] = {}
    for key, value in answers.items():
        if key in secret:
            sealed = vault.seal(owner, f"{place}:{key}", json.dumps(value, ensure_ascii=False))
            kept[key] = {"sealed": base64.b64encode(sealed).decode()}
        else:
            kept[key] = value.isoformat() if isinstance(value, date) else value
    return kept


# By the form's identity, which is sure only while the form is kept beside it.
_SECRET: dict[int, tuple[Form, frozenset[str]]] = {}


def _secret(form: Form) -> frozenset[str]:
    found = _SECRET.get(id(form))
    if found is None:
        secret = frozenset(f.key for f in form.fields if f.protection.value in PROTECTED)
        found = _SECRET[id(form)] = (form, secret)
    return found[1]


@dataclass(frozen=True)
class Season:
    """The days of one term on which something can have happened."""

    term_id: int
    days: Sequence[date]
    is_over: bool

    @classmethod
    def of(cls, term_id: int, first: date, last: date, until: date) -> Season | None:
        """Return a term's working days up to a day, None where there are too few."""
        days = list(workdays(first + timedelta(days=4), min(last, until)))
        return cls(term_id, days, last <= until) if len(days) > 5 else None

    def months(self) -> list[list[date]]:
        """Return the days by month."""
        found: dict[tuple[int, int], list[date]] = {}
        for day in self.days:
            found.setdefault((day.year, day.month), []).append(day)
        return list(found.values())

    def part(self, first: float, last: float) -> Sequence[date]:
        """Return the days between two shares of the term."""
        begin, end = int(len(self.days) * first), int(len(self.days) * last)
        return self.days[begin : max(end, begin + 1)]


def class_year(maker: RecordMaker, children: Sequence[Child], teacher: Clerk, season: Season) -> list[Row]:
    """Return what a class teacher writes down about a class in one term; few do all of it every month."""
    rng, term = maker.rng, season.term_id
    rows: list[Row] = []
    diligence = 0.72 + 0.26 * rng.random()
    for child in children:
        rows += _months(maker, child, teacher, season, diligence)
        for occasion, (first, last) in OCCASIONS.items():
            if occasion == "term_end" and not season.is_over:
                continue
            if rng.random() < diligence * 0.7:
                rows.append(maker.visit(child, teacher, rng.choice(season.part(first, last)), term, occasion))
        level = 48 + int(rng.random() * 45)
        for test, (first, last) in TESTS.items():
            day = season.part(first, last)[0]
            if test == "final" and not season.is_over:
                continue
            rows += [maker.test(child, teacher, day, term, test, subject, level) for subject in SUBJECTS]
        if level < 62:
            day = rng.choice(season.part(0, 0.15))
            rows.append(maker.plan(child, teacher, day, term, rng.choice(SUBJECTS)))
    if children:
        came = [child for child in children if rng.random() < 0.8] or list(children)
        rows += maker.meeting(came, teacher, rng.choice(season.part(0.3, 0.7)), term)
    return rows


def _months(maker: RecordMaker, child: Child, teacher: Clerk, season: Season, diligence: float) -> list[Row]:
    rng, rows = maker.rng, []
    for days in season.months():
        if rng.random() < diligence:
            rows.append(maker.talk(child, teacher, rng.choice(days), season.term_id))
        if rng.random() < diligence * 0.8:
            rows.append(maker.call(child, teacher, rng.choice(days), season.term_id))
        if rng.random() < 0.22:
            rows.append(maker.diary(child, teacher, rng.choice(days), season.term_id))
    return rows


def few_records(maker: RecordMaker, child: Child, teacher: Clerk, season: Season) -> list[Row]:
    """Return four records of a child in one term, as many as a measurement of a whole city needs."""
    rng, term = maker.rng, season.term_id
    first, second = sorted(rng.sample(range(len(season.days)), 2))
    return [
        maker.short_talk(child, teacher, season.days[first], term),
        maker.call(child, teacher, rng.choice(season.days), term),
        maker.visit(child, teacher, rng.choice(season.part(0.1, 0.9)), term, "term_middle"),
        maker.short_talk(child, teacher, season.days[second], term),
    ]
