"""Gives a part in an open case to somebody else, with what the case knows of it."""

from __future__ import annotations

import base64
import json
from typing import Any

from models.case import Case, CaseParticipant
from models.staff import Staff
from models.types import new_id
from models.vault import learn_keys, vault_of
from workflows.audit import Happening
from workflows.closed_parts import gone_of, successors
from workflows.engine.case_facts import TABLE
from workflows.engine.form import FormVerdict
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.engine.record import is_sealed
from workflows.engine.standing import Participation
from workflows.engine.vocabulary import Label
from workflows.operations.case_answers import Answered
from workflows.operations.case_standing import settle
from workflows.operations.field_values import keep_answers
from workflows.operations.rows import fetch
from workflows.operations.seat_passing import pass_seats_of_part
from workflows.policy import Permission
from workflows.refusal import Denied, Refusal, Stale
from workflows.subjects import subject_of
from workflows.text import text
from workflows.transaction import Transaction


def pass_part(tx: Transaction, part_id: int, successor: Staff | None) -> None:
    """End a part in an open case, and let a successor take it over where there is one.

    What the workflow says of uniqueness and quotas holds for the successor too; raises Refusal `not_unique`, `quota`.
    """
    part = fetch(tx, CaseParticipant, part_id)
    tx.require(Permission.STAFF_APPOINT, part.level_codes)
    _pass(tx, part, fetch(tx, Case, part.case_id), successor)


def entrust_part(tx: Transaction, part_id: int, staff_id: int) -> str:
    """Give the part of somebody who has left a confidential case to another person; returns the case's number.

    A leader of the case's circle does so. Raises Missing, Denied, Stale, Refusal `still_here`, `bad_successor` and
    those of `pass_part`.
    """
    part = fetch(tx, CaseParticipant, part_id)
    case = fetch(tx, Case, part.case_id)
    tx.require(Permission.CASE_ACT, case.level_codes)
    if not case.circle or not tx.policy.leads_circle(tx.actor, case.circle, case.level_codes):
        raise Denied("not_permitted", text("由能看这类保密事项的领导指定接办人"))
    if part.until_at is not None or case.closed_at is not None:
        raise Stale("changed_meanwhile", text("这一项刚有变动，请看最新情况"))
    with tx.directory() as directory:
        holder = directory.get(Staff, part.staff_id) if part.staff_id is not None else None
        successor = directory.get(Staff, staff_id)
        version = workflow_version(tx.session, case.definition_id)
        is_gone = holder is not None and bool(gone_of(directory, [holder.id], tx.today))
        offered = successors(directory, version, part.relation, case.level_codes, tx.today, tx.policy)
    if holder is None or not is_gone:
        raise Refusal("still_here", text("原来的办理人还在岗，请由本人办理"))
    if successor is None or str(successor.id) not in offered or successor.id == holder.id:
        message = text("请从名单里选接办人")
        raise Refusal("bad_successor", message, {"staff": message})
    _pass(tx, part, case, successor)
    return case.number


def _pass(tx: Transaction, part: CaseParticipant, case: Case, successor: Staff | None) -> None:
    version = workflow_version(tx.session, case.definition_id)
    rule = version.workflow.participants.get(part.relation)
    if successor is not None and rule is not None and rule.source in case.facts:
        _answer(tx, case, version, rule, successor)
    part.until_at = tx.now
    if successor is not None and not _takes_part(tx, part, successor.id):
        tx.session.add(_copy(tx, part, successor))
    tx.session.flush()
    pass_seats_of_part(tx, part, case, successor)
    facts = {"number": case.number, "relation": part.relation, "staff": str(part.staff_id),
             "successor": str(successor.id) if successor else None}  # fmt: skip
    tx.tell(
        Happening("case.part_passed", "case", case.id, part.level_codes, case.child_id, case_id=case.id, facts=facts,
                  circle=case.circle)
    )  # fmt: skip


def _answer(tx: Transaction, case: Case, version: WorkflowVersion, rule: Participation, successor: Staff) -> None:
    """Let the case know its new person, as if the form had named them: parts, slots and quotas follow."""
    subject = subject_of(tx.session, case)
    if subject is None:
        return
    before = case.facts
    case.facts = {**before, rule.source: _like(tx, case, rule.source, successor.id)}
    case.rev += 1
    values = {rule.source: successor.id}
    verdict = FormVerdict(values, {}, {}, {}, frozenset(values), frozenset())
    named = {rule.source: {str(successor.id): Label(zh=successor.name)}}
    settle(tx, case, version, subject, Answered(verdict=verdict, at_hand=named))
    tx.session.flush()
    keep_answers(tx, case, version, before)


def _like(tx: Transaction, case: Case, key: str, staff_id: int) -> Any:
    """Return the successor as the case keeps its answers: text or number, sealed where the answer was."""
    kept = case.facts[key]
    if not is_sealed(kept):
        return str(staff_id) if isinstance(kept, str) else staff_id
    learn_keys(tx.session, [case.key_owner])
    sealed = vault_of(tx.session).seal(case.key_owner, f"{TABLE}:{case.id}:{key}", json.dumps(staff_id))
    return {"sealed": base64.b64encode(sealed).decode()}


def _takes_part(tx: Transaction, part: CaseParticipant, staff_id: int) -> bool:
    tx.session.flush()
    same = tx.session.query(CaseParticipant).filter_by(case_id=part.case_id, relation=part.relation, staff_id=staff_id)
    return same.filter(CaseParticipant.until_at.is_(None)).first() is not None


def _copy(tx: Transaction, part: CaseParticipant, successor: Staff) -> CaseParticipant:
    copy = CaseParticipant(
        id=new_id(),
        child_id=part.child_id,
        case_id=part.case_id,
        circle=part.circle,
        relation=part.relation,
        works_as=part.works_as,
        staff_id=successor.id,
        name=successor.name,
        since_at=tx.now,
        made_at_school=part.made_at_school,
    )
    copy.place_at(part.level_codes)
    return copy
