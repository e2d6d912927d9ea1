"""One pass over the questions of a form, or of one of its rows: what was typed becomes answers or faults."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from workflows.clock import local_day
from workflows.engine.answers import LINE_LENGTH, Asking, is_unanswered, read_answer
from workflows.engine.definition import FormField
from workflows.engine.known import Facts, Within
from workflows.engine.question import CHOSEN_AT_HAND, Choices, Question, ReadyRule, row_name, unanswered
from workflows.engine.stored import restored
from workflows.engine.vocabulary import Label
from workflows.refusal import Words
from workflows.text import text
from workflows.values.parsed import ValueRefused


@dataclass(frozen=True)
class Setting:
    """What every answer of a form is judged in: the moment, the reader's language, what is at hand and required."""

    now: datetime
    language: str
    choices: Choices
    also_required: frozenset[str]

    @property
    def today(self) -> date:
        """The day where the schools are."""
        return local_day(self.now)


class Judging:
    """Answers grow by each accepted one, so that later conditions and values see it; each asks by its own name.

    `row` is the key of the rows and the number of the row that is judged, None for the form itself.
    """

    def __init__(
        self,
        raw: Mapping[str, object],
        facts: Facts,
        names: frozenset[str],
        setting: Setting,
        row: tuple[str, int] | None = None,
    ) -> None:
        self._raw, self._setting, self._row = raw, setting, row
        self._own: dict[str, Any] = {}  # what conditions see of the answers accepted so far
        self._facts = Within(facts, names, self._own)
        self._asked: set[str] = set()
        self._rows: list[tuple[Judging, Iterable[ReadyRule]]] = []  # rules of rows wait until all else is judged
        self.values: dict[str, Any] = {}
        self.faults: dict[str, Words] = {}
        self.mended: dict[str, tuple[str, ...]] = {}
        self.computed: dict[str, Any] = {}
        self.visible: set[str] = set()
        self.required: set[str] = set()

    def judge(self, questions: Iterable[Question], rules: Iterable[ReadyRule]) -> None:
        """Judge the questions, which come in an order in which each finds what it reads, then the rules over them."""
        for question in questions:
            self._judge(question)
        for inner, inside in self._rows:
            inner.judge((), inside)
            self.faults |= inner.faults
        for ready in rules:
            self._hold(ready)

    def _judge(self, question: Question) -> None:
        key, now = question.field.key, self._setting.now
        if question.visible_when is not None and not question.visible_when.holds(self._facts, now):
            return
        self._asked.add(key)
        self.visible.add(self._name(key))
        if question.value is not None:
            found = fitted(question, question.value.value(self._facts, now))
            self.computed[self._name(key)] = found
            self._take(key, found)
            return
        is_required = self._is_required(question)
        if is_required:
            self.required.add(self._name(key))
        raw = self._raw.get(key)
        if question.columns:
            self._read_rows(question, raw, is_required=is_required)
        elif not is_unanswered(raw):
            self._read(question, raw)
        elif is_required:
            self.faults[self._name(key)] = unanswered(question.field)

    def _hold(self, ready: ReadyRule) -> None:
        """Refuse at the fields asked at which a broken rule stands; what is refused there already is told first."""
        at = [key for key in ready.rule.at if key in self._asked]
        if at and ready.is_broken(self._facts, self._setting.now):
            for key in at:
                self.faults.setdefault(self._name(key), ready.rule.text)

    def _name(self, key: str) -> str:
        return key if self._row is None else row_name(*self._row, key)

    def _take(self, key: str, value: Any) -> None:
        if value is not None:
            self.values[key] = self._own[key] = value

    def _is_required(self, question: Question) -> bool:
        if question.field.required or question.field.key in self._setting.also_required:
            return True
        return question.required_when is not None and question.required_when.holds(self._facts, self._setting.now)

    def _read(self, question: Question, raw: object) -> None:
        key, setting = question.field.key, self._setting
        at_hand = setting.choices.get(key) if question.field.type in CHOSEN_AT_HAND else None
        options: Mapping[str, Label] = question.options if at_hand is None else at_hand
        try:
            parsed = read_answer(raw, Asking(question.field, options, setting.today, setting.language, setting.now))
        except ValueRefused as refusal:
            self.faults[self._name(key)] = refusal.text
            return
        self._take(key, parsed.value)
        if parsed.mended and self._row is None:
            self.mended[key] = parsed.mended

    def _read_rows(self, question: Question, raw: object, *, is_required: bool) -> None:
        key, most = question.field.key, question.field.most
        asked = [column.field.key for column in question.columns if column.value is None]
        listed = enumerate(raw) if isinstance(raw, (list, tuple)) else ()
        rows = [(number, row) for number, row in listed if _is_row(row, asked)]
        if not rows:
            if is_required:
                self.faults[key] = text("请至少填写一行")
            return
        if len(rows) > most:
            self.faults[key] = text("最多 {most} 行，现有 {count} 行", most=most, count=len(rows))
            return
        found = [self._read_row(question, number, row) for number, row in rows]
        self._take(key, found)
        for column in question.field.columns:
            self._own[f"{key}.{column.key}"] = [row[column.key] for row in found if column.key in row]

    def _read_row(self, question: Question, number: int, row: Mapping[str, object]) -> dict[str, Any]:
        names = frozenset(column.key for column in question.field.columns)
        setting = Setting(self._setting.now, self._setting.language, {}, frozenset())
        inner = Judging(row, self._facts, names, setting, (question.field.key, number))
        inner.judge(question.columns, ())
        self._rows.append((inner, question.rules))
        self.faults |= inner.faults
        self.computed |= inner.computed
        self.visible |= inner.visible
        self.required |= inner.required
        return {column.key: inner.values[column.key] for column in question.field.columns if column.key in inner.values}


def fitted(question: Question, value: Any) -> Any:
    """Return a computed value as an answer to its field, None where it is missing or would not be one."""
    f = question.field
    if isinstance(value, Decimal):
        return _number(f, value)
    if f.type == "choice":
        return value if value in question.options else None
    if isinstance(value, str):
        # A day or a moment written in the definition has its type for what reads it, as it has on the page.
        read = restored(f, value)
        return read if not isinstance(read, str) or len(read) <= (f.max_length or LINE_LENGTH) else None
    return value


def _number(f: FormField, value: Decimal) -> Decimal | int | None:
    if value == value.to_integral_value():
        return int(value) if f.type == "integer" else Decimal(int(value))
    return None if f.type == "integer" else value.normalize()


def _is_row(row: object, asked: Iterable[str]) -> bool:
    return isinstance(row, Mapping) and any(not is_unanswered(row.get(key)) for key in asked)
