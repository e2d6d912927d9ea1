"""The questions of a form made ready: their answers to choose from, compiled conditions, values, columns and rules."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from graphlib import CycleError, TopologicalSorter

from workflows.engine.answers import CHOSEN, LINE_LENGTH
from workflows.engine.definition import Form, FormField
from workflows.engine.expression import Expression, Offer, Offers, compile_condition, compile_value
from workflows.engine.expression.tree import DATE, DATETIME, NUMBER, TEXT, YES_NO, Kind, Type
from workflows.engine.kept import is_kept
from workflows.engine.known import Facts
from workflows.engine.rules import Rule
from workflows.engine.vocabulary import Label, Protection
from workflows.text import Text, text

CodeLists = Mapping[str, Mapping[str, Label]]
Choices = Mapping[str, Mapping[str, Label]]

FIELD_TYPES: Mapping[str, Type] = {
    "date": DATE,
    "datetime": DATETIME,
    "number": NUMBER,
    "integer": NUMBER,
    "yes_no": YES_NO,
    "multi_choice": Type(Kind.TEXT, is_list=True),
    "rows": Type(Kind.ROW, is_list=True),
    "photo": Type(Kind.TEXT, is_list=True),
    "file": Type(Kind.TEXT, is_list=True),
}
FILES = frozenset({"photo", "file"})
CHOSEN_AT_HAND = frozenset({"person", "place"})


class ConditionLoop(ValueError):
    """Fields whose conditions or values wait for each other; `fields` names them."""

    def __init__(self, fields: Iterable[str]) -> None:
        self.fields = tuple(fields)
        super().__init__(" → ".join(self.fields))


@dataclass(frozen=True)
class ReadyRule:
    """A rule and its compiled condition."""

    rule: Rule
    must: Expression

    def is_broken(self, facts: Facts, now: datetime) -> bool:
        """Tell whether the rule certainly does not hold."""
        return self.must.certainly(facts, now) is False


@dataclass(frozen=True)
class Question:
    """A field with its options by stored value and its compiled expressions; columns in the order of their judging."""

    field: FormField
    options: Mapping[str, Label]
    visible_when: Expression | None = None
    required_when: Expression | None = None
    value: Expression | None = None
    columns: tuple[Question, ...] = ()
    rules: tuple[ReadyRule, ...] = ()

    def waits_for(self) -> set[str]:
        """Return the names that must be judged before it, of the form around it and of the facts."""
        own = (one for one in (self.visible_when, self.required_when, self.value) if one is not None)
        names = {name for expression in own for name in expression.names}
        return names.union(*(column.waits_for() for column in self.columns)) - self._columns()

    def reads(self) -> set[str]:
        """Return the names that it reads, by the rules of its rows too, which are asked once all else is judged."""
        return self.waits_for().union(*(ready.must.names for ready in self.rules)) - self._columns()

    def _columns(self) -> set[str]:
        return {column.field.key for column in self.columns}


def ready_questions(fields: Iterable[FormField], offers: Offers, code_lists: CodeLists) -> tuple[Question, ...]:
    """Compile fields and put each after those that it reads; otherwise as written.

    Raises ExpressionFault, KeyError for an unknown code list, ConditionLoop.
    """
    questions = {f.key: _question(f, offers, code_lists) for f in fields}
    graph = {key: {name.split(".")[0] for name in q.waits_for()} & set(questions) for key, q in questions.items()}
    try:
        return tuple(questions[key] for key in TopologicalSorter(graph).static_order())
    except CycleError as error:
        raise ConditionLoop(error.args[1]) from None


def ready_rules(rules: Iterable[Rule], offers: Offers) -> tuple[ReadyRule, ...]:
    """Compile rules; raises ExpressionFault."""
    return tuple(ReadyRule(rule, compile_condition(rule.must, offers)) for rule in rules)


def _question(f: FormField, offers: Offers, code_lists: CodeLists) -> Question:
    inner = {**offers, **offered(f.columns, code_lists)} if f.columns else offers
    return Question(
        f,
        options_of(f, code_lists),
        compile_condition(f.visible_when, offers) if f.visible_when else None,
        compile_condition(f.required_when, offers) if f.required_when else None,
        compile_value(f.value, offers) if f.value else None,
        ready_questions(f.columns, inner, code_lists),
        ready_rules(f.rules, inner),
    )


def options_of(f: FormField, code_lists: CodeLists, default: Mapping[str, Label] | None = None) -> Mapping[str, Label]:
    """Return the answers of a choice by stored value; raises KeyError for an unknown code list without `default`."""
    if f.options is None:
        return {}
    if f.options.code_list is None:
        return {option.value: option.said for option in f.options.items}
    found = code_lists.get(f.options.code_list, default)
    if found is None:
        raise KeyError(f.options.code_list)
    return found


def offered(fields: Iterable[FormField], code_lists: CodeLists, *, prefix: str = "") -> dict[str, Offer]:
    """Offer fields to conditions, under prefix and key; an unknown code list offers no answers."""
    return {
        prefix + f.key: Offer(
            FIELD_TYPES.get(f.type, TEXT),
            f.label,
            f.protection,
            options_of(f, code_lists, default={}),
            LINE_LENGTH if is_kept(f) else None,
        )
        for f in fields
    }


def field_offers(definition: Form, code_lists: CodeLists, *, prefix: str = "") -> dict[str, Offer]:
    """Offer the fields of a form to conditions, under prefix and key."""
    return offered(definition.fields, code_lists, prefix=prefix)


def form_offers(definition: Form, code_lists: CodeLists) -> dict[str, Offer]:
    """Offer what a form's own expressions may read beside the subject: of the case, its fields, its columns as lists.

    A column of the rows `items` is `items.what`: all that was answered there, row by row.
    """
    known = {
        f"case.{one.key}": Offer(FIELD_TYPES.get(one.type, TEXT), Label(zh=one.key), one.protection)
        for one in definition.knows
    }
    columns = {
        f"{f.key}.{name}": Offer(
            Type(offer.type.kind, is_list=True), offer.label, max(f.protection, offer.protection), offer.options
        )
        for f in definition.fields
        for name, offer in offered(f.columns, code_lists).items()
        if not offer.type.is_list
    }
    return {**known, **columns, **field_offers(definition, code_lists)}


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
