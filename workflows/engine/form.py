"""Decides what a form accepts: the one verdict for screen, command, bulk, import and API alike."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from graphlib import CycleError, TopologicalSorter
from typing import Any

from workflows.clock import local_day
from workflows.engine.answers import CHOSEN, LINE_LENGTH, Asking, is_unanswered, read_answer
from workflows.engine.definition import Form, FormField
from workflows.engine.expression import Expression, Offer, Offers, compile_condition
from workflows.engine.expression.tree import DATE, DATETIME, NUMBER, TEXT, YES_NO, Kind, Type
from workflows.engine.kept import is_kept
from workflows.engine.known import Known
from workflows.engine.vocabulary import Label, Protection
from workflows.text import Text, text
from workflows.values.moments import read_moment, write_moment
from workflows.values.parsed import ValueRefused

CodeLists = Mapping[str, Mapping[str, Label]]

FIELD_TYPES: Mapping[str, Type] = {
    "date": DATE,
    "datetime": DATETIME,
    "number": NUMBER,
    "integer": NUMBER,
    "yes_no": YES_NO,
    "multi_choice": Type(Kind.TEXT, is_list=True),
    "rows": Type(Kind.TEXT, is_list=True),
    "photo": Type(Kind.TEXT, is_list=True),
    "file": Type(Kind.TEXT, is_list=True),
}
FILES = frozenset({"photo", "file"})
CHOSEN_AT_HAND = frozenset({"person", "place"})
Choices = Mapping[str, Mapping[str, Label]]


class ConditionLoop(ValueError):
    """Fields whose conditions wait for each other; `fields` names them."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(" → ".join(self.fields))


@dataclass(frozen=True)
class FormVerdict:
    """What became of a form: typed values, a sentence per refused field, what was mended, and all that was typed."""

    values: dict[str, Any]
    faults: dict[str, Text]
    mended: dict[str, tuple[str, ...]]
    raw: dict[str, object]
    visible: frozenset[str]
    required: frozenset[str]
    unknown: tuple[str, ...] = field(default=())

    @property
    def is_accepted(self) -> bool:
        """Tell whether nothing was refused."""
        return not self.faults

    def stored(self) -> dict[str, Any]:
        """Give the values as JSON holds them: days in ISO form, moments as the schools write them, decimals as text."""
        return {key: _stored(value) for key, value in self.values.items()}


@dataclass(frozen=True)
class _Question:
    field: FormField
    options: Mapping[str, Label]
    visible_when: Expression | None
    required_when: Expression | None
    columns: tuple[_Question, ...] = ()


class FormValidator:
    """A form made ready to judge answers; immutable, to be shared by all requests."""

    def __init__(self, definition: Form, questions: tuple[_Question, ...], advice: tuple[Expression, ...] = ()) -> None:
        self.definition = definition
        self._advice = advice
        self._questions = questions  # in an order in which every condition finds its fields already judged
        self._options = {question.field.key: question.options for question in questions}
        self._options |= {
            row_name(question.field.key, None, column.field.key): column.options
            for question in questions
            for column in question.columns
        }

    def options(self, key: str) -> Mapping[str, Label]:
        """List the answers of a choice, by stored value; a column is named `rows-column`.

        Raises KeyError when the form has no such field.
        """
        return self._options[key]

    def conditions(self) -> Iterator[tuple[FormField, Expression | None, Expression | None]]:
        """Yield each field with when it is asked and when it must be answered, in the order of their judging."""
        return ((question.field, question.visible_when, question.required_when) for question in self._questions)

    def advice(self, facts: Mapping[str, object], now: datetime, sees: str) -> tuple[Label, ...]:
        """Return what the form advises with these answers and facts, as far as it rests on what a person may see.

        `facts` hold the answers by field, the subject's facts and those of the persons named (`helper.sex`).
        """
        asked = zip(self.definition.advise, self._advice, strict=True)
        return tuple(a.text for a, when in asked if when.protection.value <= sees and when.holds(facts, now))

    def check(
        self,
        raw: Mapping[str, object],
        facts: Mapping[str, object],
        *,
        now: datetime,
        require: Collection[str] = (),
        language: str = "zh",
        choices: Choices | None = None,
    ) -> FormVerdict:
        """Judge what was typed; never raises for any content.

        `facts` are the subject's by dotted name, `require` names fields required beyond the definition, `now` is
        aware, `choices` are the persons and places at hand for the fields that ask for one. Answers to questions not
        asked are dropped from the values, but kept in `raw`.
        """
        if any(key in facts for key in self._options):  # answers come from the form alone
            facts = {name: value for name, value in facts.items() if name not in self._options}
        judging = _Judging(raw, facts, now, frozenset(require), language, choices or {})
        for question in self._questions:
            judging.judge(question)
        order = [f.key for f in self.definition.fields]
        return FormVerdict(
            values={key: judging.values[key] for key in order if key in judging.values},
            faults={key: judging.faults[key] for key in order if key in judging.faults} | judging.faults,
            mended=judging.mended,
            raw={key: raw[key] for key in order if key in raw},
            visible=frozenset(judging.visible),
            required=frozenset(judging.required),
            unknown=tuple(str(key) for key in raw if key not in self._options),
        )


class _Judging:
    """One pass over the questions: facts grow by each accepted answer, so later conditions see it."""

    def __init__(
        self,
        raw: Mapping[str, object],
        facts: Mapping[str, object],
        now: datetime,
        also_required: frozenset[str],
        language: str,
        choices: Choices,
    ) -> None:
        self._raw, self._now, self._language, self._choices = raw, now, language, choices
        self._own: dict[str, Any] = {}  # answers accepted so far
        self._facts = facts | self._own if isinstance(facts, Known) else Known(facts, self._own)
        self._also_required = also_required
        self._today = local_day(now)
        self.values: dict[str, Any] = {}
        self.faults: dict[str, Text] = {}
        self.mended: dict[str, tuple[str, ...]] = {}
        self.visible: set[str] = set()
        self.required: set[str] = set()

    def judge(self, question: _Question) -> None:
        key = question.field.key
        if question.visible_when is not None and not question.visible_when.holds(self._facts, self._now):
            return
        self.visible.add(key)
        if question.field.counted:
            self._take(key, self._facts.get(question.field.prefill or ""))
            return
        if self._is_required(question):
            self.required.add(key)
        raw = self._raw.get(key)
        if question.columns:
            self._read_rows(question, raw)
        elif not is_unanswered(raw):
            self._read(question, raw)
        elif key in self.required:
            self.faults[key] = unanswered(question.field)

    def _take(self, key: str, value: Any) -> None:
        if value is not None:
            self.values[key] = self._own[key] = value

    def _read_rows(self, question: _Question, raw: object) -> None:
        key = question.field.key
        listed = enumerate(raw) if isinstance(raw, (list, tuple)) else ()
        rows = [(number, row) for number, row in listed if _is_row(row)]
        if not rows:
            if key in self.required:
                self.faults[key] = text("请至少填写一行")
            return
        if len(rows) > question.field.most:
            self.faults[key] = text("最多 {most} 行，现有 {count} 行", most=question.field.most, count=len(rows))
            return
        self._take(key, [self._read_row(question, number, row) for number, row in rows])

    def _read_row(self, question: _Question, number: int, row: Mapping[str, object]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for column in question.columns:
            name, raw = row_name(question.field.key, number, column.field.key), row.get(column.field.key)
            if is_unanswered(raw):
                if column.field.required:
                    self.faults[name] = unanswered(column.field)
                continue
            try:
                found[column.field.key] = read_answer(raw, self._asking(column)).value
            except ValueRefused as refusal:
                self.faults[name] = refusal.text
        return found

    def _asking(self, question: _Question) -> Asking:
        at_hand = self._choices.get(question.field.key) if question.field.type in CHOSEN_AT_HAND else None
        options = question.options if at_hand is None else at_hand
        return Asking(question.field, options, self._today, self._language, self._now)

    def _is_required(self, question: _Question) -> bool:
        if question.field.required or question.field.key in self._also_required:
            return True
        return question.required_when is not None and question.required_when.holds(self._facts, self._now)

    def _read(self, question: _Question, raw: object) -> None:
        key = question.field.key
        try:
            parsed = read_answer(raw, self._asking(question))
        except ValueRefused as refusal:
            self.faults[key] = refusal.text
            return
        self.values[key] = self._own[key] = parsed.value
        if parsed.mended:
            self.mended[key] = parsed.mended


def compile_form(
    definition: Form, *, facts: Offers | None = None, code_lists: CodeLists | None = None
) -> FormValidator:
    """Make a form ready to judge answers; `facts` are the names its conditions may read beside its own fields.

    Raises ExpressionFault for a condition that does not hold up, KeyError for an unknown code list, ConditionLoop.
    """
    offers = {**(facts or {}), **field_offers(definition, code_lists or {})}
    questions = {f.key: _question(f, offers, code_lists or {}) for f in definition.fields}
    offers |= person_offers(definition, code_lists or {})
    advice = tuple(compile_condition(one.when, offers) for one in definition.advise)
    return FormValidator(definition, tuple(questions[key] for key in _order(questions)), advice)


def field_offers(definition: Form, code_lists: CodeLists, *, prefix: str = "") -> dict[str, Offer]:
    """Offer the fields of a form to conditions, under prefix and key; an unknown code list offers no answers."""
    return {
        prefix + f.key: Offer(
            FIELD_TYPES.get(f.type, TEXT),
            f.label,
            f.protection,
            _options(f, code_lists, default={}),
            LINE_LENGTH if is_kept(f) else None,
        )
        for f in definition.fields
    }


def person_offers(definition: Form, code_lists: CodeLists) -> dict[str, Offer]:
    """Offer what is on file of the persons that a form asks for to its advice: `helper.sex` of the field `helper`."""
    asked = {f.key: f.label for f in definition.fields if f.type == "person"}
    words = {key: Label(zh=f"{label.zh}的性别", en=f"{label.say('en')}: sex") for key, label in asked.items()}
    return {f"{key}.sex": Offer(TEXT, words[key], Protection.P1, code_lists.get("sex", {})) for key in asked}


def row_name(key: str, number: int | None, column: str) -> str:
    """Return the name of a repeated row's cell as forms send it (`rows-0-what`), or of its column (`rows-what`)."""
    return f"{key}-{column}" if number is None else f"{key}-{number}-{column}"


def unanswered(f: FormField) -> Text:
    """Return the sentence for a required question left open."""
    if f.type in FILES:
        return text("请选择文件")
    return text("请选择") if f.type in CHOSEN or f.type in CHOSEN_AT_HAND else text("请填写")


def _is_row(row: object) -> bool:
    return isinstance(row, Mapping) and any(not is_unanswered(value) for value in row.values())


def _question(f: FormField, offers: Offers, code_lists: CodeLists) -> _Question:
    return _Question(
        f,
        _options(f, code_lists),
        compile_condition(f.visible_when, offers) if f.visible_when else None,
        compile_condition(f.required_when, offers) if f.required_when else None,
        tuple(_question(column, offers, code_lists) for column in f.columns),
    )


def _options(f: FormField, code_lists: CodeLists, default: Mapping[str, Label] | None = None) -> Mapping[str, Label]:
    if f.options is None:
        return {}
    if f.options.code_list is None:
        return {option.value: option.said for option in f.options.items}
    found = code_lists.get(f.options.code_list, default)
    if found is None:
        raise KeyError(f.options.code_list)
    return found


def _order(questions: Mapping[str, _Question]) -> list[str]:
    """Put every field after those its conditions read; otherwise as written."""
    graph = {
        key: {
            name
            for condition in (question.visible_when, question.required_when)
            if condition is not None
            for name in condition.names
            if name in questions
        }
        for key, question in questions.items()
    }
    try:
        return list(TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ConditionLoop(error.args[1]) from None


def restored(f: FormField, value: Any) -> Any:
    """Return a stored answer with its type again: days, moments, decimals; anything unreadable as it stands."""
    try:
        if f.type == "date" and isinstance(value, str):
            return date.fromisoformat(value)
        if f.type == "datetime" and isinstance(value, str):
            return read_moment(value)
        if f.type == "number" and isinstance(value, str):
            return Decimal(value)
    except (ValueError, InvalidOperation):
        return value
    return value


def _stored(value: Any) -> Any:
    if isinstance(value, list):
        return [_stored(one) for one in value]
    if isinstance(value, dict):
        return {key: _stored(one) for key, one in value.items()}
    if isinstance(value, Decimal):
        return format(value, "f")
    if isinstance(value, datetime):
        return write_moment(value)
    return value.isoformat() if isinstance(value, date) else value
