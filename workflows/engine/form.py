"""Decides what a form accepts: the one verdict for screen, command, bulk, import and API alike."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from workflows.engine.definition import Form
from workflows.engine.expression import Expression, Offers, compile_condition
from workflows.engine.judging import Judging, Setting
from workflows.engine.question import (
    CHOSEN_AT_HAND,
    FIELD_TYPES,
    FILES,
    Choices,
    CodeLists,
    ConditionLoop,
    Question,
    ReadyRule,
    field_offers,
    form_offers,
    person_offers,
    ready_questions,
    ready_rules,
    row_name,
)
from workflows.engine.stored import stored
from workflows.engine.vocabulary import Label
from workflows.refusal import Words

__all__ = [
    "CHOSEN_AT_HAND",
    "FIELD_TYPES",
    "FILES",
    "Choices",
    "CodeLists",
    "ConditionLoop",
    "FormValidator",
    "FormVerdict",
    "compile_form",
    "field_offers",
    "person_offers",
    "row_name",
]


@dataclass(frozen=True)
class FormVerdict:
    """What became of a form: typed values, a sentence per refused field, what was mended, and all that was typed.

    `computed` holds what was computed, a cell of a row under the name that forms give it, None where it is missing.
    """

    values: dict[str, Any]
    faults: dict[str, Words]
    mended: dict[str, tuple[str, ...]]
    raw: dict[str, object]
    visible: frozenset[str]
    required: frozenset[str]
    computed: dict[str, Any] = field(default_factory=dict)
    unknown: tuple[str, ...] = field(default=())

    @property
    def is_accepted(self) -> bool:
        """Tell whether nothing was refused."""
        return not self.faults

    def stored(self) -> dict[str, Any]:
        """Give the values as JSON holds them: days in ISO form, moments as the schools write them, decimals as text."""
        return {key: stored(value) for key, value in self.values.items()}


class FormValidator:
    """A form made ready to judge answers; immutable, to be shared by all requests.

    `facts` are the names beside its own answers on which its verdict rests, `names` those and what it begins with or
    advises by.
    """

    def __init__(
        self,
        definition: Form,
        questions: tuple[Question, ...],
        rules: tuple[ReadyRule, ...] = (),
        advice: tuple[Expression, ...] = (),
    ) -> None:
        self.definition = definition
        self.questions = questions  # in an order in which every one finds what it reads already judged
        self.rules = rules
        self._advice = advice
        columns = [(question, column) for question in questions for column in question.columns]
        self._options = {question.field.key: question.options for question in questions}
        self._options |= {row_name(q.field.key, None, c.field.key): c.options for q, c in columns}
        self.own = frozenset(question.field.key for question in questions)
        self._answered = self.own | {f"{question.field.key}.{column.field.key}" for question, column in columns}
        read = {name for question in questions for name in question.reads()}
        self.facts = frozenset(read.union(*(ready.must.names for ready in rules)) - self._answered)
        beforehand = {f.prefill for f in definition.fields if f.prefill}
        self.names = self.facts.union(beforehand, *(when.names for when in advice)) - self._answered

    def options(self, key: str) -> Mapping[str, Label]:
        """List the answers of a choice, by stored value; a column is named `rows-column`.

        Raises KeyError when the form has no such field.
        """
        return self._options[key]

    @property
    def judges(self) -> bool:
        """Tell whether anything depends on the answers: conditions, computed values, rules."""
        asked = [one for question in self.questions for one in (question, *question.columns)]
        return bool(self.rules) or any(q.rules or q.visible_when or q.required_when or q.value for q in asked)

    @property
    def computes(self) -> bool:
        """Tell whether any answer, or a column of repeated rows, is computed."""
        every = (one for f in self.definition.fields for one in (f, *f.columns))
        return any(one.value is not None for one in every)

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
        asked, and whatever was sent for a computed one, are dropped from the values, but kept in `raw`.
        """
        judging = Judging(raw, facts, self._answered, Setting(now, language, choices or {}, frozenset(require)))
        judging.judge(self.questions, self.rules)
        order = [f.key for f in self.definition.fields]
        return FormVerdict(
            values={key: judging.values[key] for key in order if key in judging.values},
            faults={key: judging.faults[key] for key in order if key in judging.faults} | judging.faults,
            mended=judging.mended,
            raw={key: raw[key] for key in order if key in raw},
            visible=frozenset(judging.visible),
            required=frozenset(judging.required),
            computed=judging.computed,
            unknown=tuple(str(key) for key in raw if key not in self._options),
        )


def compile_form(
    definition: Form, *, facts: Offers | None = None, code_lists: CodeLists | None = None
) -> FormValidator:
    """Make a form ready to judge answers; `facts` are the names its conditions may read beside its own fields.

    Raises ExpressionFault for a condition that does not hold up, KeyError for an unknown code list, ConditionLoop.
    """
    offers = {**(facts or {}), **form_offers(definition, code_lists or {})}
    questions = ready_questions(definition.fields, offers, code_lists or {})
    rules = ready_rules(definition.rules, offers)
    offers |= person_offers(definition, code_lists or {})
    advice = tuple(compile_condition(one.when, offers) for one in definition.advise)
    return FormValidator(definition, questions, rules, advice)
