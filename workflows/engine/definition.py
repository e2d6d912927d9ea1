"""What a definition says: the exact shape of a workflow and of a form, as the YAML of a pack writes them."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    StringConstraints,
    model_serializer,
    model_validator,
)

from workflows.engine.bound import Bound
from workflows.engine.deadline import Deadline, Limit
from workflows.engine.paper import CardHead, Paper
from workflows.engine.rules import CaseFact, Rule
from workflows.engine.selection import Selection
from workflows.engine.standing import Participation, Quota, Unique
from workflows.engine.vocabulary import (
    BIND_PATTERN,
    SEAT_VERBS,
    Assignee,
    AssigneeText,
    Key,
    Label,
    Part,
    Protection,
    Source,
    Subject,
    VerbWord,
    one_or_many,
)

ANY = "any"
ANY_VISITED = "any_visited"
RECORD_KINDS = frozenset({"talk", "home_visit", "call", "letter", "video", "diary", "test", "meeting", "help"})
SAID_WITH_IT = frozenset({"reason", "opinion", "signature"})  # may be required of any transition, form or not

FieldType = Literal[
    "text",
    "long_text",
    "date",
    "datetime",
    "number",
    "integer",
    "choice",
    "multi_choice",
    "yes_no",
    "person",
    "phone",
    "id_number",
    "photo",
    "file",
    "place",
    "rows",
]


class Opening(Part):
    """Who may open a case, on which form, with what filled in, under which condition."""

    by: tuple[AssigneeText, ...]
    form: Key | None = None
    require: tuple[Key, ...] = ()
    when: Source | None = None
    explain: Label | None = None


class Tasks(Part):
    """The decisions a state asks for: from whom, how they count, in which order.

    `seats` gives each person who is meant a seat of their own, or one to each post, which any of its holders takes.
    `nobody` is what happens where a word means nobody: the case waits until somebody is appointed, may not enter, asks
    the same role one level up, or does without. `same_as_opener` and `same_as_last` are what happens where the one
    asked opened the case or has just moved it.
    """

    who: Annotated[tuple[AssigneeText, ...], BeforeValidator(one_or_many), Field(min_length=1)]
    mode: Literal["all", "any", "ratio"] = "any"
    ratio: Annotated[str, StringConstraints(pattern=r"^[1-9]\d?/[1-9]\d?$")] | None = None
    order: Literal["parallel", "sequence"] = "parallel"
    opinion: Literal["required", "optional", "none"] = "optional"
    sign: bool = False
    seats: Literal["persons", "posts"] = "persons"
    nobody: Literal["wait", "refuse", "up", "skip"] = "wait"
    same_as_opener: Literal["allow", "up", "skip"] = "allow"
    same_as_last: Literal["ask", "skip"] = "ask"

    @property
    def takes_seats(self) -> bool:
        """Tell whether seats are given when the state is entered; else whoever holds the post on the day may act."""
        plain = self.mode == "any" and self.order == "parallel" and self.nobody == "wait"
        return not (plain and self.same_as_opener == "allow" and self.same_as_last == "ask")


class CadenceRule(Part):
    """What is owed again and again while a case stands in a state."""

    form: Key
    every: Annotated[
        str, StringConstraints(pattern=r"^([1-9]\d{0,2} (days|weeks|months)|term|half_term|school_year|holiday)$")
    ]
    by: AssigneeText
    at_least: Annotated[int, Field(ge=1, le=1000)] = 1


class State(Part):
    """A step a case may stand in; `step` is its place in the step bar, `tag` the colour of its label."""

    label: Label
    kind: Literal["start", "normal", "end"] = "normal"
    tag: Literal["neutral", "info", "warn", "ok", "bad"] = "neutral"
    step: Annotated[int, Field(ge=1, le=99)] | None = None
    help: Label | None = None
    tasks: Tasks | None = None
    deadline: Deadline | None = None
    cadence: tuple[CadenceRule, ...] = ()


class Transition(Part):
    """A way from states to a state: who may take it, with which form, under which condition, with what effects."""

    label: Label | None = None
    source: Annotated[tuple[Key, ...], BeforeValidator(one_or_many), Field(alias="from", min_length=1)]
    target: Annotated[Key, Field(alias="to")]
    by: Annotated[tuple[AssigneeText, ...], BeforeValidator(one_or_many)] = ()
    form: Key | None = None
    when: Source | None = None
    explain: Label | None = None
    require: tuple[Key, ...] = ()
    verb: VerbWord | None = None
    effects: tuple[Annotated[str, StringConstraints(pattern=r"^[a-z_]+( [a-z_@]+)*$", max_length=80)], ...] = ()
    decided: Literal["tasks"] | None = None
    not_same_person_as: Key | None = None
    style: Literal["primary", "plain", "danger"] = "plain"
    confirm: Label | None = None


class View(Part):
    """A ledger that everybody finds beside the list of a workflow's cases: those for which a condition holds."""

    label: Label
    where: Source


class Workflow(Part):
    """A workflow definition; the key stands under `workflow:`."""

    key: Annotated[Key, Field(alias="workflow")]
    title: Label
    prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,6}$")]
    subject: Subject
    confidential: bool = False
    one_open_per_subject: bool = True
    per: Literal["term", "none"] = "none"
    open: Opening
    participants: dict[Key, Participation] = {}
    unique: tuple[Unique, ...] = ()
    quota: tuple[Quota, ...] = ()
    key_facts: tuple[Key, ...] = ()
    states: Annotated[dict[Key, State], Field(min_length=2, max_length=60)]
    transitions: Annotated[dict[Key, Transition], Field(min_length=1, max_length=200)]
    limits: Annotated[dict[Key, Limit], Field(max_length=20)] = {}
    verbs: tuple[VerbWord, ...] = ()
    papers: Annotated[dict[Key, Paper], Field(max_length=10)] = {}
    views: Annotated[dict[Key, View], Field(max_length=12)] = {}

    @property
    def start(self) -> str:
        """Give the key of the start state (a checked definition has exactly one)."""
        return next(key for key, state in self.states.items() if state.kind == "start")

    def sources(self, transition: str) -> tuple[str, ...]:
        """List the states a transition leaves from; `any` means every state that is not an end."""
        named = self.transitions[transition].source
        if ANY in named:
            return tuple(key for key, state in self.states.items() if state.kind != "end")
        return named

    def who_may(self, transition: str, state: str) -> tuple[Assignee, ...]:
        """List who may take a transition from a state: those it names, else those whom the state asks to decide."""
        tasks = self.states[state].tasks
        return self.transitions[transition].by or (tasks.who if tasks is not None else ())

    def form_keys(self) -> tuple[str, ...]:
        """List the forms that its cases fill in, in the order written, each once."""
        named = (self.open.form, *(transition.form for transition in self.transitions.values()))
        return tuple(dict.fromkeys(key for key in named if key is not None))

    def may_give_seats(self, state: str) -> bool:
        """Tell whether somebody may sit on a seat of their own in a state: by its tasks, its clock, or a verb."""
        tasks, deadline = self.states[state].tasks, self.states[state].deadline
        assigns = deadline is not None and any(rung.to is not None for rung in deadline.at)
        return (tasks is not None and tasks.takes_seats) or assigns or not SEAT_VERBS.isdisjoint(self.verbs)

    def requires(self, transition: str, state: str) -> tuple[str, ...]:
        """List what must be filled in for a transition: what it names, and what the state wants of those it asks."""
        step, tasks = self.transitions[transition], self.states[state].tasks
        if tasks is None or step.by or step.form is not None:
            return step.require
        more = ["opinion"] if tasks.opinion == "required" and not {"opinion", "reason"} & {*step.require} else []
        return (*step.require, *more, *(["signature"] if tasks.sign and "signature" not in step.require else []))

    def decided_in(self, state: str) -> tuple[str, ...]:
        """List the transitions that the seats of a state decide, the one that takes the case on first."""
        return tuple(key for key in self.leaving(state) if self.transitions[key].decided is not None)

    def leaving(self, state: str) -> tuple[str, ...]:
        """List the transitions that leave a state, in the order written."""
        return tuple(key for key in self.transitions if state in self.sources(key))


class Option(Part):
    """One answer of a choice: what is stored and what is shown.

    Of a duty also how `often` it is due and what `evidence` shows that it was done: columns of their own on paper.
    """

    value: Annotated[str, StringConstraints(min_length=1, max_length=60)]
    label: Label
    often: Label | None = None
    evidence: Label | None = None

    @property
    def said(self) -> Label:
        """Give the label with how often it is due."""
        if self.often is None:
            return self.label
        english = f"{self.label.en} ({self.often.en})" if self.label.en and self.often.en else ""
        return Label(zh=f"{self.label.zh}（{self.often.zh}）"[:400], en=english[:400])


class Options(Part):
    """The answers of a choice, written out or by the name of a code list."""

    code_list: Key | None = None
    items: tuple[Option, ...] = ()

    @model_serializer
    def _as_written(self) -> Any:
        return self.code_list or [item.model_dump(by_alias=True, exclude_defaults=True) for item in self.items]


def read_options(value: Any) -> Any:
    """Read a list of answers, or the name of a code list."""
    return {"code_list": value} if isinstance(value, str) else {"items": value}


class Section(Part):
    """A titled group of fields; a confidential one is shown apart and only to those who may, a folded one is closed."""

    key: Key
    title: Label
    help: Label | None = None
    confidential: bool = False
    folded: bool = False


class FormField(Part):
    """One question: its type, what it accepts, when it is asked, where the answer is kept, who may see it.

    `among` are the roles (of a `person`) or kinds (of a `place`) to choose from; `within` is the case's answer that
    names the place around them; `elsewhere` leaves out the child's own places. `prefill` names the fact that stands
    there at first; an answer with a `value` is computed, whatever was typed. `rows` repeat `columns`, at most `most`
    times, beginning with the `preset` ones; `rules` and the conditions of columns are asked of each row by itself.
    """

    key: Key
    type: FieldType
    label: Label
    help: Label | None = None
    section: Key | None = None
    width: Literal["half", "full"] = "half"
    required: bool = False
    options: Annotated[Options, BeforeValidator(read_options)] | None = None
    all_required: bool = False
    protection: Annotated[Protection, Field(alias="class")] = Protection.P1
    bind: Annotated[str, StringConstraints(pattern=BIND_PATTERN)] | None = None
    visible_when: Source | None = None
    required_when: Source | None = None
    max_length: Annotated[int, Field(ge=1, le=100_000)] | None = None
    min: Bound | None = None
    max: Bound | None = None
    among: Annotated[tuple[Key, ...], BeforeValidator(one_or_many)] = ()
    within: Key | None = None
    elsewhere: bool = False
    prefill: Annotated[str, StringConstraints(pattern=BIND_PATTERN)] | None = None
    value: Source | None = None
    columns: Annotated[tuple[FormField, ...], Field(max_length=12)] = ()
    most: Annotated[int, Field(ge=1, le=200)] = 30
    preset: Annotated[tuple[dict[Key, str], ...], Field(max_length=200)] = ()
    rules: Annotated[tuple[Rule, ...], Field(max_length=20)] = ()

    @property
    def fact(self) -> str | None:
        """The fact that its value is, None where it is reckoned from other answers, or typed."""
        return self.value if self.value is not None and re.fullmatch(BIND_PATTERN, self.value) else None

    @model_validator(mode="before")
    @classmethod
    def _as_once_written(cls, written: Any) -> Any:
        """Read the texts published before values were computed: a `counted` answer was the fact of its `prefill`."""
        if not isinstance(written, dict) or written.get("counted") is not True or "prefill" not in written:
            return written
        rest = {key: one for key, one in written.items() if key not in ("counted", "prefill")}
        return rest | {"value": written["prefill"]}


class RecordHead(Part):
    """What makes a form the form of dated records about children.

    `happened_on` is the date field of the day it is about, `by` the roles that may write it, `several` lets one record
    be written for several children at once, `summary` are the fields that lists show, `counts_as` is the evidence it
    gives for duties: a kind, or the choice field whose answers are kinds. `signed_by` are signature cells on paper.
    """

    happened_on: Key
    by: Annotated[tuple[Key, ...], BeforeValidator(one_or_many), Field(min_length=1)]
    icon: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]{1,40}$")] = "notebook"
    verb: Label | None = None
    several: bool = False
    summary: tuple[Key, ...] = ()
    counts_as: Key | None = None
    printed: Literal["card", "log"] = "card"
    signed_by: Annotated[tuple[Label, ...], Field(max_length=4)] = ()


class Advice(Part):
    """What a form says to whoever is about to send it while a condition holds: it advises and forbids nothing."""

    when: Source
    text: Label


class Form(Part):
    """A form definition; the key stands under `form:`. `subject` names whose facts its conditions may use."""

    key: Annotated[Key, Field(alias="form")]
    title: Label
    help: Label | None = None
    subject: Subject | None = None
    record: RecordHead | None = None
    card: CardHead | None = None
    sections: Annotated[tuple[Section, ...], Field(max_length=40)] = ()
    fields: Annotated[tuple[FormField, ...], Field(min_length=1, max_length=300)]
    knows: Annotated[tuple[CaseFact, ...], Field(max_length=40)] = ()
    rules: Annotated[tuple[Rule, ...], Field(max_length=60)] = ()
    advise: Annotated[tuple[Advice, ...], Field(max_length=40)] = ()

    def field(self, key: str) -> FormField:
        """Find a field by key.

        Raises KeyError when the form has none such.
        """
        for field in self.fields:
            if field.key == key:
                return field
        raise KeyError(key)


Definition = Workflow | Form | Selection


def canonical(definition: Definition) -> str:
    """Write a definition as one line of JSON that does not depend on layout, comments or defaults spelled out.

    Keys keep their order: the order of states, transitions and fields is part of what people see.
    """
    body = definition.model_dump(mode="json", by_alias=True, exclude_defaults=True)
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def digest(definition: Definition) -> str:
    """Give the SHA-256 of the canonical form, in hexadecimal."""
    return hashlib.sha256(canonical(definition).encode()).hexdigest()
