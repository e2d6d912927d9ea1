"""The definitions in force and those that running cases began with, compiled once for each immutable version."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from threading import Lock

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from models.definition import Definition as Row
from models.lookup import Lookup
from workflows.engine.catalogue import standard_catalogue
from workflows.engine.check_selection import selection_offers
from workflows.engine.check_standing import case_offers
from workflows.engine.check_workflow import transition_offers
from workflows.engine.definition import Form, FormField, Workflow
from workflows.engine.expression import Expression, Offers, compile_condition
from workflows.engine.form import FormValidator, compile_form
from workflows.engine.kept import kept_fields
from workflows.engine.loader import read_definition
from workflows.engine.machine import Machines, fire
from workflows.engine.selection import Ground, Selection
from workflows.refusal import Missing
from workflows.text import text

MOST_VERSIONS = 512
_machines = Machines()


@dataclass(frozen=True)
class FormVersion:
    """A published form: its number and the validator made from it."""

    id: int
    number: int
    form: Form
    validator: FormValidator


@dataclass(frozen=True)
class WorkflowVersion:
    """A published workflow: its definition, compiled conditions, its forms' fields, and how to fire its transitions.

    `unless` holds the exceptions to the rules of uniqueness, in their order, `late` the transitions whose condition
    reads what their own form asks for, so that it cannot be judged before, `starts_when` the conditions under which
    limits begin to run. `offers` are the names that conditions on its cases may use, `kept` the fields whose answers
    stand in columns.
    """

    id: int
    number: int
    digest: str
    workflow: Workflow
    guards: Mapping[str, Expression]
    opens_when: Expression | None = None
    unless: tuple[Expression | None, ...] = ()
    fields: Mapping[str, FormField] = field(default_factory=dict)
    late: frozenset[str] = frozenset()
    starts_when: Mapping[str, Expression] = field(default_factory=dict)
    offers: Offers = field(default_factory=dict)
    kept: Mapping[str, FormField] = field(default_factory=dict)

    def fire(self, state: str, transition: str, target: str | None = None) -> str:
        """Return the state that a transition leads to; raises NoSuchTransition when it does not leave `state`."""
        return fire(_machines.of(self.workflow, self.digest), state, transition, target)


@dataclass(frozen=True)
class GroundVersion:
    """What is said of a child, ready to be asked."""

    ground: Ground
    when: Expression


@dataclass(frozen=True)
class SelectionVersion:
    """A published selection: its definition and its compiled conditions, in the order written."""

    id: int
    number: int
    selection: Selection
    among: Expression | None
    reasons: tuple[GroundVersion, ...]
    against: tuple[GroundVersion, ...]
    lacks: tuple[GroundVersion, ...]

    @property
    def names(self) -> frozenset[str]:
        """The dotted names that its conditions read."""
        grounds = (*self.reasons, *self.against, *self.lacks)
        own = self.among.names if self.among is not None else frozenset()
        return own.union(*(ground.when.names for ground in grounds))


Version = WorkflowVersion | FormVersion | SelectionVersion
_IN_FORCE = Lookup(
    select(Row.id).where(Row.kind == bindparam("kind"), Row.key == bindparam("key"), Row.state == "in_force")
)


class _Versions:
    """Compiled versions by identifier; published text never changes, so an entry is never stale."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, Version] = OrderedDict()
        self._lock = Lock()

    def get(self, session: Session, row_id: int) -> Version:
        with self._lock:
            if row_id in self._kept:
                self._kept.move_to_end(row_id)
                return self._kept[row_id]
        row = session.get(Row, row_id)
        if row is None:
            raise Missing("no_definition", text("没有这个版本的定义"))
        version = _compile(session, row)
        with self._lock:
            self._kept[row_id] = version
            if len(self._kept) > MOST_VERSIONS:
                self._kept.popitem(last=False)
        return version


_versions = _Versions()


def _compile(session: Session, row: Row) -> Version:
    definition = read_definition(row.content, row.key).definition
    catalogue = standard_catalogue()
    if isinstance(definition, Form):
        facts = catalogue.subjects[definition.subject or "child"]
        validator = compile_form(definition, facts=facts, code_lists=catalogue.code_lists)
        return FormVersion(row.id, row.version, definition, validator)
    if isinstance(definition, Selection):
        return _selection(row, definition, selection_offers(catalogue))
    if not isinstance(definition, Workflow):
        raise Missing("no_definition", text("没有这个版本的定义"))
    forms = {key: form_in_force(session, key).form for key in definition.form_keys()}
    complete = catalogue.with_forms(forms)
    guards = {
        key: compile_condition(transition.when, transition_offers(definition, transition, complete))
        for key, transition in definition.transitions.items()
        if transition.when
    }
    offers = case_offers(definition, complete)
    unless = tuple(compile_condition(rule.unless, offers) if rule.unless else None for rule in definition.unique)
    starts_when = {key: compile_condition(one.when, offers) for key, one in definition.limits.items() if one.when}
    subject = catalogue.subjects[definition.subject]
    opens_when = compile_condition(definition.open.when, subject) if definition.open.when else None
    fields = {f.key: f for form in reversed(forms.values()) for f in form.fields}  # the first form names an answer
    late = frozenset(key for key, guard in guards.items() if guard.names & _asked(definition, key, forms))
    kept = kept_fields(forms.values(), fields)
    conditions = (guards, opens_when, unless, fields, late, starts_when, offers, kept)
    return WorkflowVersion(row.id, row.version, row.digest, definition, *conditions)


def _asked(workflow: Workflow, transition: str, forms: Mapping[str, Form]) -> set[str]:
    """Return the dotted names that a transition's own form answers: of the form, of the case, bound to the subject."""
    form = forms.get(workflow.transitions[transition].form or "")
    own = form.fields if form is not None else ()
    return {name for f in own for name in (f"form.{f.key}", f"case.{f.key}", f.bind) if name}


def _selection(row: Row, selection: Selection, offers: Offers) -> SelectionVersion:
    def ready(grounds: tuple[Ground, ...]) -> tuple[GroundVersion, ...]:
        return tuple(GroundVersion(ground, compile_condition(ground.when, offers)) for ground in grounds)

    among = compile_condition(selection.among, offers) if selection.among else None
    grounds = (ready(selection.reasons), ready(selection.against), ready(selection.lacks))
    return SelectionVersion(row.id, row.version, selection, among, *grounds)


def _in_force(session: Session, kind: str, key: str) -> int:
    found: int | None = _IN_FORCE.value(session, kind=kind, key=key)
    if found is None:
        raise Missing("no_definition", text("还没有发布：{key}", key=key))
    return found


def form_in_force(session: Session, key: str) -> FormVersion:
    """Return the form in force; raises Missing when none was published."""
    version = _versions.get(session, _in_force(session, "form", key))
    assert isinstance(version, FormVersion)
    return version


def records_in_force(session: Session) -> dict[str, FormVersion]:
    """Return the forms of dated records in force, by key."""
    rows = session.scalars(select(Row.id).where(Row.kind == "form", Row.state == "in_force").order_by(Row.key))
    forms = (_versions.get(session, row) for row in rows.all())
    return {form.form.key: form for form in forms if isinstance(form, FormVersion) and form.form.record is not None}


def selection_in_force(session: Session, key: str) -> SelectionVersion:
    """Return the selection in force; raises Missing when none was published."""
    version = _versions.get(session, _in_force(session, "selection", key))
    assert isinstance(version, SelectionVersion)
    return version


def forms_numbered(session: Session, numbers: Collection[tuple[str, int]]) -> dict[tuple[str, int], FormVersion]:
    """Return forms by key and number, those that exist, with one query; none is asked for none."""
    if not numbers:
        return {}
    rows = session.execute(
        select(Row.id, Row.key, Row.version).where(Row.kind == "form", Row.key.in_({key for key, _ in numbers}))
    ).all()
    found = {(key, number): _versions.get(session, row) for row, key, number in rows if (key, number) in numbers}
    return {number: form for number, form in found.items() if isinstance(form, FormVersion)}


def workflow_in_force(session: Session, key: str) -> WorkflowVersion:
    """Return the workflow with which new cases begin; raises Missing when none was published."""
    return workflow_version(session, _in_force(session, "workflow", key))


def workflow_version(session: Session, row_id: int) -> WorkflowVersion:
    """Return the version that a running case is bound to."""
    version = _versions.get(session, row_id)
    assert isinstance(version, WorkflowVersion)
    return version


def workflows_numbered(
    session: Session, numbers: Collection[tuple[str, int]]
) -> dict[tuple[str, int], WorkflowVersion]:
    """Return workflows by key and number, those that exist, with one query; none is asked for none."""
    if not numbers:
        return {}
    rows = session.execute(
        select(Row.id, Row.key, Row.version).where(Row.kind == "workflow", Row.key.in_({key for key, _ in numbers}))
    )
    return {(key, number): workflow_version(session, row) for row, key, number in rows if (key, number) in numbers}
