"""The small words of every definition: keys, labels, spans of time, assignees, verbs, protection classes."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, PlainSerializer, StringConstraints
from pydantic_core import PydanticCustomError

THIS_DAY = "this school day"
KEY_PATTERN = r"^[a-z][a-z0-9_]{0,59}$"
SPAN_PATTERN = re.compile(
    r"^([1-9]\d{0,4}) (minutes?|hours?|school hours?|workdays?|school days?|days?|weeks?|months?)$"
)
ASSIGNEE_PATTERN = re.compile(r"^(?:person:([\w.-]{1,64})|([a-z][a-z0-9_]*)(?:@([a-z][a-z0-9_]*))?)$")
ASSIGNEE_PLACES = frozenset({"class", "school", "township", "county", "city", "up", "subject", "case"})

BIND_PATTERN = r"^[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"

Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN)]
Source = Annotated[str, StringConstraints(min_length=1, max_length=2000)]
Subject = Literal["child", "staff", "place", "pairing", "register_entry", "case"]


class Part(BaseModel):
    """Anything a definition is made of: immutable, and no key beyond those named here."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)


class Label(Part):
    """A word or sentence in Chinese and, where somebody wrote it, in English."""

    zh: Annotated[str, StringConstraints(min_length=1, max_length=400)]
    en: Annotated[str, StringConstraints(max_length=400)] = ""

    def say(self, language: str) -> str:
        """Give the wording for a language tag; Chinese where there is no other."""
        return self.en if self.en and language.startswith("en") else self.zh

    def __str__(self) -> str:
        return self.zh


class Protection(StrEnum):
    """The class of a field: who may see it grows narrower from P0 to P3."""

    P0 = "P0"
    P1 = "P1"
    P2 = "P2"
    P3 = "P3"


class Unit(StrEnum):
    """What a span of time is counted in."""

    MINUTES = "minutes"
    HOURS = "hours"
    SCHOOL_HOURS = "school hours"
    WORKDAYS = "workdays"
    SCHOOL_DAYS = "school days"
    DAYS = "days"
    WEEKS = "weeks"
    MONTHS = "months"

    @property
    def needs_calendar(self) -> bool:
        """Tell whether the span can only be counted with a calendar at hand."""
        return self in (Unit.SCHOOL_HOURS, Unit.WORKDAYS, Unit.SCHOOL_DAYS)


class Span(Part):
    """A length of time as a definition writes it: `5 workdays`, `30 minutes`."""

    amount: int
    unit: Unit

    def __str__(self) -> str:
        return f"{self.amount} {self.unit.value}" if self.amount else THIS_DAY


class Assignee(Part):
    """Who is meant: a role, a role at a place of the tree, a relation to the subject, or one person."""

    role: str | None = None
    place: str | None = None
    person: str | None = None

    def __str__(self) -> str:
        if self.person:
            return f"person:{self.person}"
        return f"{self.role}@{self.place}" if self.place else str(self.role)


class Verb(StrEnum):
    """What people may do with a case beside its transitions; the value is the word of the glossary."""

    HAND_OVER = "hand_over"
    DELEGATE = "delegate"
    ADD_SIGNER = "add_signer"
    REMOVE_SIGNER = "remove_signer"
    RETURN = "return"
    RECUSE = "recuse"
    WITHDRAW = "withdraw"
    COPY = "copy"
    URGE = "urge"
    WATCH = "watch"
    CLAIM = "claim"
    RELEASE = "release"
    DRAFT = "draft"
    TERMINATE = "terminate"


# Verbs that give somebody a seat of their own, whatever the state asks.
SEAT_VERBS = frozenset({Verb.HAND_OVER, Verb.DELEGATE, Verb.ADD_SIGNER, Verb.CLAIM})
VERB_WORDS = {
    "转办": Verb.HAND_OVER,
    "委派": Verb.DELEGATE,
    "加签": Verb.ADD_SIGNER,
    "减签": Verb.REMOVE_SIGNER,
    "回避": Verb.RECUSE,
    "驳回": Verb.RETURN,
    "撤回": Verb.WITHDRAW,
    "抄送": Verb.COPY,
    "催办": Verb.URGE,
    "督办": Verb.WATCH,
    "认领": Verb.CLAIM,
    "退回待领": Verb.RELEASE,
    "暂存": Verb.DRAFT,
    "终止": Verb.TERMINATE,
}


def refusal(code: str) -> PydanticCustomError:
    """Make the error by which a reader refuses a wording; `code` is the problem's code for the author."""
    return PydanticCustomError("refused", "{code}", {"code": code})


def read_span(value: Any) -> Any:
    """Read `5 workdays` as a span, `this school day` as what is left of it.

    Raises ValueError for any other wording.
    """
    if not isinstance(value, str):
        return value
    if value.strip() == THIS_DAY:
        return {"amount": 0, "unit": Unit.SCHOOL_DAYS}
    found = SPAN_PATTERN.match(value.strip())
    if found is None:
        raise refusal("bad_span")
    unit = found[2] if found[2].endswith("s") else found[2] + "s"
    return {"amount": int(found[1]), "unit": unit}


def read_assignee(value: Any) -> Any:
    """Read `leader@school`, `helper@subject`, `counsellor` or `person:login`.

    Raises ValueError for any other wording or an unknown place.
    """
    if not isinstance(value, str):
        return value
    found = ASSIGNEE_PATTERN.match(value)
    if found is None or (found[3] and found[3] not in ASSIGNEE_PLACES):
        raise refusal("bad_assignee")
    return {"person": found[1], "role": found[2], "place": found[3]}


def read_verb(value: Any) -> Any:
    """Read a verb in Chinese or by its glossary word; anything else is left for the check to refuse."""
    return VERB_WORDS.get(value, value) if isinstance(value, str) else value


def one_or_many(value: Any) -> Any:
    """Let a single word stand where a list is meant."""
    return [value] if isinstance(value, str) else value


SpanText = Annotated[Span, BeforeValidator(read_span), PlainSerializer(str, return_type=str)]
AssigneeText = Annotated[Assignee, BeforeValidator(read_assignee), PlainSerializer(str, return_type=str)]
VerbWord = Annotated[Verb, BeforeValidator(read_verb)]
