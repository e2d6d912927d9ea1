"""Gives the seats of somebody who no longer handles a case to their successor, or back to the office at the school."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.case import Case, CaseParticipant
from models.place import Place
from models.scope import LEVELS, NO_PLACE
from models.staff import Staff
from models.task import CaseTask
from workflows.actor import OFFICE
from workflows.asked import holders
from workflows.audit import Happening
from workflows.colleagues import colleagues
from workflows.engine.allowed import RELATED
from workflows.engine.decision import PENDING
from workflows.engine.published import workflow_version
from workflows.left_seats import seats_left
from workflows.operations.rows import fetch
from workflows.operations.seats import Sitter, change, let_sit, wake
from workflows.policy import Permission, Policy
from workflows.refusal import Denied, Refusal, Stale
from workflows.text import text
from workflows.transaction import Transaction


def pass_seat(tx: Transaction, seat_id: int, successor: Staff | None) -> None:
    """Pass on a seat of somebody who leaves; without a successor it goes back to the pool it was taken from, else to
    the office at the case's school. What others were asked from this seat stays with it.

    Raises Stale where somebody spoke from it meanwhile.
    """
    row, case = _held(tx, seat_id)
    tx.require(Permission.STAFF_APPOINT, row.level_codes)
    _pass(tx, row, case, successor)


def entrust_seat(tx: Transaction, seat_id: int, staff_id: int | None) -> str:
    """Give a seat of a confidential case, on which nobody sits who could speak, to another person; returns the number.

    A leader of the case's circle does so; for nobody named it goes back to the pool from which it was claimed. Raises
    Missing, Denied, Stale, Refusal `still_here`, `bad_successor`.
    """
    row, case = _held(tx, seat_id)
    tx.require(Permission.CASE_ACT, case.level_codes)
    if not case.circle or not tx.policy.leads_circle(tx.actor, case.circle, case.level_codes):
        raise Denied("not_permitted", text("由能看这类保密事项的领导指定接办人"))
    if case.closed_at is not None or row.status not in PENDING:
        raise Stale("changed_meanwhile", text("这一项刚有变动，请看最新情况"))
    with tx.directory() as directory:
        is_left = seats_left(directory, directory, tx.policy, tx.today, CaseTask.id == seat_id)
        offered, may_return = takers(directory, row, case, tx.policy, tx.today)
        successor = directory.get(Staff, staff_id) if staff_id is not None else None
    if not is_left:
        raise Refusal("still_here", text("原来的办理人还在岗，请由本人办理"))
    if not (may_return if staff_id is None else staff_id in offered):
        message = text("请从名单里选接办人")
        raise Refusal("bad_successor", message, {"staff": message})
    _pass(tx, row, case, successor)
    return case.number


def takers(directory: Session, row: CaseTask, case: Case, policy: Policy, day: date) -> tuple[dict[int, str], bool]:
    """Return who may take over a seat, by number and name, and whether it may go back to a pool with somebody in it."""
    offered = colleagues(directory, case, policy, day)
    offered.pop(row.staff_id or 0, None)
    is_pool = row.place_id is not None and row.staff_id is not None
    return offered, is_pool and bool(holders(directory, row.role or "", [row.place_id or 0], day))


def _held(tx: Transaction, seat_id: int) -> tuple[CaseTask, Case]:
    """Return a seat and its case, locked in the order in which everybody locks them: the case first."""
    case_id = tx.session.scalar(select(CaseTask.case_id).where(CaseTask.id == seat_id))
    case = fetch(tx, Case, case_id or 0)
    return fetch(tx, CaseTask, seat_id), case


def pass_seats_of_part(tx: Transaction, part: CaseParticipant, case: Case, successor: Staff | None) -> None:
    """Pass on the seats that somebody holds in a case by a part which another takes over."""
    words = {part.relation, *(f"{part.relation}@{place}" for place in RELATED)}
    mine = (CaseTask.staff_id == part.staff_id, CaseTask.case_id == case.id, CaseTask.status.in_(PENDING))
    for row in tx.session.scalars(select(CaseTask).where(*mine, CaseTask.asked.in_(words)).order_by(CaseTask.id)).all():
        _pass(tx, row, case, successor)


def _pass(tx: Transaction, row: CaseTask, case: Case, successor: Staff | None) -> None:
    if successor is None and case.circle and row.place_id is None:
        return  # no office is let into a confidential case: a leader of its circle names who follows
    sitter = Sitter(successor.name, successor.id, row.role, row.place_id) if successor else _pool(tx, row, case)
    facts = {"number": case.number, "seat": row.name} | ({"staff": str(row.staff_id)} if row.staff_id else {})
    facts |= {"successor": str(successor.id)} if successor else {}
    change(tx, [row.id], row.status, sitter._asdict())
    let_sit(tx, case, sitter)
    if successor is None:  # while it was claimed the others of the pool waited
        wake(tx, case, workflow_version(tx.session, case.definition_id).workflow)
    tx.tell(
        Happening("case.part_passed", "case", case.id, row.level_codes, case.child_id, case_id=case.id, facts=facts,
                  circle=case.circle)
    )  # fmt: skip
    tx.send("case.asked", "inbox", f"case:{case.number}", {"case": case.number})


def _pool(tx: Transaction, row: CaseTask, case: Case) -> Sitter:
    with tx.directory() as everything:
        if row.place_id is not None:
            return Sitter(everything.get_one(Place, row.place_id).name, role=row.role, place_id=row.place_id)
        lowest = next(case.level_codes[level] for level in reversed(LEVELS[:4]) if case.level_codes[level] != NO_PLACE)
        place = everything.scalars(select(Place).where(Place.code == lowest)).one()
    return Sitter(place.name, role=OFFICE, place_id=place.id)
