"""Gives the seats of somebody who no longer handles a case to their successor, or back to the office at the school."""

from __future__ import annotations

from sqlalchemy import select

from models.case import Case, CaseParticipant
from models.place import Place
from models.scope import LEVELS, NO_PLACE
from models.staff import Staff
from models.task import CaseTask
from workflows.actor import OFFICE
from workflows.audit import Happening
from workflows.engine.allowed import RELATED
from workflows.engine.decision import PENDING
from workflows.operations.case_standing import let_in
from workflows.operations.rows import fetch
from workflows.operations.seats import Sitter, change
from workflows.policy import Permission
from workflows.transaction import Transaction


def pass_seat(tx: Transaction, seat_id: int, successor: Staff | None) -> None:
    """Pass on a seat of somebody who leaves; without a successor it goes back to the pool it was taken from, else to
    the office at the case's school. What others were asked from this seat stays with it.

    Raises Stale where somebody spoke from it meanwhile.
    """
    row = fetch(tx, CaseTask, seat_id)
    tx.require(Permission.STAFF_APPOINT, row.level_codes)
    _pass(tx, row, fetch(tx, Case, row.case_id), successor)


def pass_seats_of_part(tx: Transaction, part: CaseParticipant, case: Case, successor: Staff | None) -> None:
    """Pass on the seats that somebody holds in a case by a part which another takes over."""
    words = {part.relation, *(f"{part.relation}@{place}" for place in RELATED)}
    mine = (CaseTask.staff_id == part.staff_id, CaseTask.case_id == case.id, CaseTask.status.in_(PENDING))
    for row in tx.session.scalars(select(CaseTask).where(*mine, CaseTask.asked.in_(words)).order_by(CaseTask.id)).all():
        _pass(tx, row, case, successor)


def _pass(tx: Transaction, row: CaseTask, case: Case, successor: Staff | None) -> None:
    sitter = Sitter(successor.name, successor.id, row.role, row.place_id) if successor else _pool(tx, row, case)
    before = str(row.staff_id)
    change(tx, [row.id], row.status, sitter._asdict())
    if case.circle:
        let_in(tx, case, sitter._asdict())
    facts = {"number": case.number, "seat": row.name, "staff": before}
    facts |= {"successor": str(successor.id)} if successor else {}
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
