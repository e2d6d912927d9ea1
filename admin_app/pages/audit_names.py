"""Names whom the entries of the trail are about, as far as the reader may know: children by number, places by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import gettext as _
from sqlalchemy import or_, select

from admin_app.desk import current_actor, current_policy, read_session, system_session
from admin_app.pages.record_trail import FormNumber, form_number, forms_told
from admin_app.shell import role_word
from admin_app.shell_year import school_year_shown
from admin_app.wording import say
from models.audit import AuditEvent
from models.database import OfficeSession
from models.place import Place
from models.reports.audit_trail import NUMBER_ENDS, accounts_of, names_of_children
from models.scope import LEVELS, NO_PLACE
from models.staff import Staff
from models.vault import learn_keys
from workflows.audit import body_of
from workflows.audit_words import SUBJECTS
from workflows.class_title import class_title
from workflows.engine.definition import Workflow
from workflows.engine.published import FormVersion, WorkflowVersion, workflows_numbered
from workflows.fields import visible
from workflows.policy import Permission

Body = Mapping[str, Any]
WorkflowNumber = tuple[str, int]


@dataclass(frozen=True)
class Entry:
    """An event with what it tells, and the highest field class that the reader sees of it."""

    event: AuditEvent
    body: Body
    sees: str

    @property
    def facts(self) -> Mapping[str, Any]:
        """The event's unprotected particulars."""
        facts: Mapping[str, Any] = self.body["facts"]
        return facts


@dataclass
class Names:
    """What the entries of a page mention, fetched in a fixed number of queries."""

    session: OfficeSession
    places: dict[str, Place] = field(default_factory=dict)
    place_ids: dict[int, Place] = field(default_factory=dict)
    people: dict[int, Staff] = field(default_factory=dict)
    children: dict[int, str] = field(default_factory=dict)
    workflows: dict[WorkflowNumber, WorkflowVersion] = field(default_factory=dict)
    forms: dict[FormNumber, FormVersion] = field(default_factory=dict)

    def place(self, code: str | None) -> str:
        """Return a place's name; a class by its grade of the school year shown."""
        found = self.places.get(code or "")
        if found is None or found.cohort is None or found.number is None:
            return found.name if found else ""
        school = self.places.get(found.school_code)
        return class_title(found.cohort, found.number, school_year_shown(), school.stage if school else None)

    def where(self, event: AuditEvent) -> str:
        """Return school and class of an entry, or the lowest place it names."""
        codes = event.level_codes
        names = [self.place(codes[level]) for level in ("school", "class") if codes[level] != NO_PLACE]
        if not names:
            names = [self.place(codes[level]) for level in reversed(LEVELS) if codes[level] != NO_PLACE][:1]
        return " ".join(name for name in names if name)

    def child(self, child_id: int) -> str:
        """Return a child's name where the reader may know it, its number otherwise."""
        return self.children.get(child_id) or child_number(child_id)

    def account(self, staff_id: int | None, sees: str) -> str:
        """Return a person's log-in, with the name where the reader may know it."""
        person = self.people.get(staff_id or 0)
        if person is None:
            return f"#{(staff_id or 0) % NUMBER_ENDS:06d}"
        return f"{person.login} {person.name}" if visible("P1", sees) else person.login

    def state(self, entry: Entry, side: str) -> str:
        """Return the label of the state that a case came from or went to, empty where there is none."""
        key, workflow = entry.facts.get(side), self.workflow(entry)
        if key is None:
            return ""
        return say(workflow.states[key].label) if workflow and key in workflow.states else str(key)

    def transition(self, entry: Entry) -> str:
        """Return the label of the transition that was taken, empty for other entries."""
        workflow = self.workflow(entry)
        found = workflow.transitions.get(entry.facts.get("transition", "")) if workflow else None
        return say(found.label) if found and found.label else ""

    def form(self, entry: Entry) -> FormVersion | None:
        """Return the form that a record's entry names."""
        return self.forms.get(form_number(entry.facts) or ("", 0))

    def workflow(self, entry: Entry) -> Workflow | None:
        """Return the definition that a case's entry names."""
        found = self.version(entry)
        return found.workflow if found is not None else None

    def version(self, entry: Entry) -> WorkflowVersion | None:
        """Return the version of the definition that a case's entry names, with its forms' questions."""
        return self.workflows.get((entry.facts.get("workflow", ""), entry.facts.get("version", 0)))


def child_number(child_id: int) -> str:
    """Return how a child is named to those who see no names: the end of its number."""
    return str(_("儿童 #%(number)s", number=f"{child_id % NUMBER_ENDS:06d}"))


def read_entries(session: OfficeSession, events: Sequence[AuditEvent]) -> tuple[list[Entry], Names]:
    """Return events with what they tell, with the keys to open it and the names they mention.

    One query each for keys, places, accounts, workflows, forms and, for readers who see names, children; none for an
    empty page.
    """
    actor, policy = current_actor(), current_policy()
    entries = [Entry(event, body_of(session, event), policy.sees(actor, event.level_codes)) for event in events]
    names = Names(session)
    if not entries:
        return entries, names
    learn_keys(session, [entry.body["owner"] for entry in entries if entry.body["owner"] is not None])
    _learn_places(names, entries)
    _learn_people(names, entries)
    _learn_children(names, entries)
    cases = {(e.facts["workflow"], e.facts["version"]) for e in entries if {"workflow", "version"} <= e.facts.keys()}
    names.workflows = workflows_numbered(session, cases)
    names.forms = forms_told(session, [entry.facts for entry in entries])
    return entries, names


def _learn_places(names: Names, entries: Sequence[Entry]) -> None:
    codes = {code for entry in entries for code in entry.event.level_codes.values() if code != NO_PLACE}
    ids = {
        int(value)
        for entry in entries
        for change in entry.body["changes"]
        if change["field"] in ("place_id", "parent_id")
        for value in (change["old"], change["new"])
        if isinstance(value, str) and value.isdecimal()
    }
    wanted = select(Place).where(or_(Place.code.in_(codes), Place.id.in_(ids)))
    for place in system_session().scalars(wanted):
        names.places[place.code] = names.place_ids[place.id] = place


def _learn_people(names: Names, entries: Sequence[Entry]) -> None:
    ids = {found for entry in entries if (found := staff_of(entry)) is not None}
    if ids:
        names.people = accounts_of(system_session("people of the trail"), ids)


def _learn_children(names: Names, entries: Sequence[Entry]) -> None:
    ids = {e.event.child_id for e in entries if e.event.child_id is not None and visible("P1", e.sees)}
    if ids:
        names.children = names_of_children(read_session(Permission.AUDIT_READ), ids)


def staff_of(entry: Entry) -> int | None:
    """Return the person whom an entry is about, None for other subjects."""
    if entry.event.subject_type == "staff":
        return entry.event.subject_id
    told = entry.facts.get("staff") if entry.event.subject_type == "appointment" else None
    return int(told) if isinstance(told, str) and told.isdecimal() else None


def subject_word(names: Names, entry: Entry) -> str:
    """Return whom or what an entry is about."""
    event = entry.event
    if event.child_id is not None:
        child, form = names.child(event.child_id), names.form(entry)
        if form is not None:
            return f"{child} · {say(form.form.title)}"
        beside = event.subject_type in ("relative", "attachment")
        return f"{child} · {say(SUBJECTS[event.subject_type])}" if beside else child
    kind = SUBJECTS.get(event.subject_type)
    word = say(kind) if kind else event.subject_type
    return f"{word} {_particular(names, entry)}".strip()


def _particular(names: Names, entry: Entry) -> str:
    event, facts = entry.event, entry.facts
    if event.subject_type == "staff":
        return "" if event.subject_id is None else names.account(event.subject_id, entry.sees)
    if event.subject_type == "appointment":
        return f"{role_word(facts.get('role', ''))} → {names.account(staff_of(entry), entry.sees)}"
    if event.subject_type == "place":
        own = [code for level in reversed(LEVELS) if (code := event.level_codes[level]) != NO_PLACE]
        return names.place(own[0]) if own else str(facts.get("name", ""))
    if event.subject_type in ("screen", "command"):
        return str(facts.get("path", ""))
    return str(facts.get("key") or facts.get("school_year") or "")
