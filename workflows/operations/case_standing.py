"""Keeps what a workflow says of cases beside each other: participants, what stands once only, quotas."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from hashlib import sha256
from typing import Any

from sqlalchemy import delete, select

from models.case import Case, CaseParticipant, CaseSlot
from models.locks import hold
from models.reports.parts import open_cases, open_parts
from models.types import new_id
from workflows.engine.case_facts import case_facts
from workflows.engine.published import WorkflowVersion
from workflows.engine.standing import ASKED, OPENER, PLACES, SUBJECT, Participation, Quota
from workflows.operations.case_answers import Answered
from workflows.refusal import Refusal
from workflows.subjects import Subject
from workflows.transaction import Transaction


def settle(
    tx: Transaction,
    case: Case,
    version: WorkflowVersion,
    subject: Subject,
    answered: Answered,
    *,
    is_opening: bool = False,
) -> None:
    """Bring participants, slots and quotas in line with what an open case now knows; raises Refusal otherwise."""
    workflow = version.workflow
    for relation, rule in workflow.participants.items():
        if rule.source in answered.values:
            _name_participant(tx, case, relation, rule, answered)
    _occupy(tx, case, version, subject)
    for quota in workflow.quota:
        if quota.per in PLACES:
            if is_opening:
                _check_places(tx, case, quota, answered)
        elif workflow.participants[quota.per].source in answered.values:
            _check_person(tx, case, quota, answered, workflow.participants[quota.per])


def begin_parts(tx: Transaction, case: Case, version: WorkflowVersion) -> None:
    """Let whoever opens the case take part in it where the workflow says so."""
    for relation, rule in version.workflow.participants.items():
        if rule.source == OPENER and tx.actor.staff_id is not None:
            tx.session.add(_part(tx, case, relation, rule, tx.actor.name, staff_id=tx.actor.staff_id))


def let_in(tx: Transaction, case: Case, who: Mapping[str, Any]) -> None:
    """Let those who were asked or told read a confidential case to its end; the part gives no role.

    `who` has `name`, and `staff_id` of a person or `role` and `place_id` of the holders of a post.
    """
    named = {key: who[key] for key in ("staff_id", "role", "place_id")}
    if all({key: getattr(part, key) for key in named} != named for part in _running(tx, case)):
        tx.session.add(_part(tx, case, ASKED, Participation(source=OPENER), who["name"], **named))
        tx.session.flush()


def _running(tx: Transaction, case: Case, relation: str | None = None) -> list[CaseParticipant]:
    wanted = select(CaseParticipant).where(CaseParticipant.case_id == case.id, CaseParticipant.until_at.is_(None))
    if relation is not None:
        wanted = wanted.where(CaseParticipant.relation == relation)
    return list(tx.session.scalars(wanted))


def _name_participant(tx: Transaction, case: Case, relation: str, rule: Participation, answered: Answered) -> None:
    number = int(answered.values[rule.source])
    running = _running(tx, case, relation)
    if any(number in (part.staff_id, part.place_id) for part in running):
        return
    for part in running:
        part.until_at = tx.now
    name = answered.at_hand[rule.source][str(number)].zh
    named = {"place_id": number, "role": rule.holders} if rule.holders else {"staff_id": number}
    tx.session.add(_part(tx, case, relation, rule, name, **named))


def _part(tx: Transaction, case: Case, relation: str, rule: Participation, name: str, **named: Any) -> CaseParticipant:
    part = CaseParticipant(
        id=new_id(),
        child_id=case.child_id,
        case_id=case.id,
        circle=case.circle,
        relation=relation,
        works_as=rule.works_as,
        name=name,
        since_at=tx.now,
        made_at_school=case.school_code,
        **named,
    )
    part.place_at(case.level_codes)
    return part


def _occupy(tx: Transaction, case: Case, version: WorkflowVersion, subject: Subject) -> None:
    if not version.workflow.unique:
        return
    wanted = _slots(tx, case, version, subject)
    held = set(tx.session.scalars(select(CaseSlot.slot).where(CaseSlot.case_id == case.id)))
    if gone := held - set(wanted):
        tx.session.execute(delete(CaseSlot).where(CaseSlot.slot.in_(gone), CaseSlot.case_id == case.id))
    for slot, number in wanted.items():
        if slot in held:
            continue
        hold(tx.session, slot)
        if tx.session.scalar(select(CaseSlot.case_id).where(CaseSlot.slot == slot)) is not None:
            raise Refusal("not_unique", version.workflow.unique[number].explain)
        tx.session.add(CaseSlot(slot=slot, case_id=case.id))


def _slots(tx: Transaction, case: Case, version: WorkflowVersion, subject: Subject) -> dict[str, int]:
    facts = subject.facts() | case_facts(tx.session, case, version, now=tx.now)
    found = {}
    for number, rule in enumerate(version.workflow.unique):
        values = [str(subject.id) if key == SUBJECT else facts.get(f"case.{key}") for key in rule.of]
        unless = version.unless[number]
        if any(value is None for value in values) or (unless is not None and unless.holds(facts, tx.now)):
            continue
        found[slot_name(case.workflow, number, values)] = number
    return found


def slot_name(workflow: str, rule: int, values: Iterable[object]) -> str:
    """Return the name of what one case occupies alone, by the number of the rule and the values it is about."""
    mark = sha256("|".join(map(str, values)).encode()).hexdigest()
    return f"{workflow}:{rule}:{mark}"


def _check_person(tx: Transaction, case: Case, quota: Quota, answered: Answered, rule: Participation) -> None:
    staff_id = int(answered.values[rule.source])
    hold(tx.session, f"quota:{case.workflow}:{quota.per}:{staff_id}")
    with tx.directory() as everything:
        taken = open_parts(everything, case.workflow, quota.per, staff_id, case.id)
    _refuse_above(quota, taken, answered, quota.override or rule.source)


def _check_places(tx: Transaction, case: Case, quota: Quota, answered: Answered) -> None:
    code = case.level_codes[quota.per]
    hold(tx.session, f"quota:{case.workflow}:{quota.per}:{code}")
    with tx.directory() as everything:
        taken = open_cases(everything, case.workflow, quota.per, code, case.id)
    _refuse_above(quota, taken, answered, quota.override)


def _refuse_above(quota: Quota, taken: int, answered: Answered, at: str | None) -> None:
    if taken < quota.at_most or (quota.override and answered.values.get(quota.override)):
        return
    raise Refusal("quota", quota.explain, {at: quota.explain} if at else {})
