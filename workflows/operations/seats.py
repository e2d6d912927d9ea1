"""Gives seats to those whom a state asks, lets them speak in their turn, and ends what a decision no longer needs."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Table, bindparam, select, update
from sqlalchemy.orm import Session

from models.bulk import insert_rows
from models.case import Case
from models.task import CaseTask
from models.types import new_id
from models.vault import learn_keys, vault_of
from workflows.asked import Meant, Person, asked_in, meant, one_up
from workflows.engine.allowed import Standing
from workflows.engine.decision import PENDING, Seat, awake, outcome
from workflows.engine.definition import Tasks, Workflow
from workflows.operations.case_answers import Answered
from workflows.operations.case_rows import standing_of
from workflows.operations.case_standing import let_in
from workflows.operations.case_trail import for_whom, of_case
from workflows.refusal import Refusal, faster
from workflows.seats import present_entry, seats_of
from workflows.text import text
from workflows.transaction import Transaction

MOST_SEATS = 200
_TASK: Table = CaseTask.__table__  # type: ignore[assignment]
_END = (
    update(_TASK)
    .where(_TASK.c.case_id == bindparam("case"), _TASK.c.status.in_(PENDING))
    .values(status="over", done_at=bindparam("now"))
)
_Row = dict[str, Any]


def ask(tx: Transaction, case: Case, workflow: Workflow, entry_id: int) -> str | None:
    """Give seats in the state that a case has just entered, where its tasks want them.

    Returns the transition that is decided already because nobody needs to be asked, None otherwise. Raises Refusal
    `nobody_asked` where somebody must be asked and there is none.
    """
    tasks = workflow.states[case.state].tasks
    if tasks is None or not tasks.takes_seats:
        return None
    rows = _given(tx, case, tasks, entry_id)
    seats = [_seat(row) for row in rows]
    open_now = awake(seats, tasks)
    for row in rows:
        row["status"] = "open" if row["id"] in open_now else row["status"]
    place(tx, case, rows)
    decided = workflow.decided_in(case.state)
    forward = decided or tuple(key for key in workflow.leaving(case.state) if not workflow.transitions[key].by)
    if not forward:
        return None
    return forward[0] if not seats else outcome(seats, tasks, forward)


def _given(tx: Transaction, case: Case, tasks: Tasks, entry_id: int) -> list[_Row]:
    rows: list[_Row] = []
    seated: set[int] = set()
    with tx.directory() as everything:
        for asked in tasks.who:
            for found in meant(everything, asked, case, tx.today):
                one = _after_rules(everything, found, tasks, case, tx)
                if one is not None:
                    rows += _seats(tx, case, tasks, one, entry_id, seated, len(rows))
    if len(rows) > MOST_SEATS:
        raise Refusal("too_many_seats", text("这一环节请的人太多，最多 {most} 人", most=MOST_SEATS))
    return rows


def _after_rules(everything: Session, found: Meant, tasks: Tasks, case: Case, tx: Transaction) -> Meant | None:
    """Return who is asked after the rules for nobody and for whoever opened the case, None to do without."""
    if not found.people:
        if tasks.nobody == "skip":
            return None
        above = one_up(everything, found, case, tx.today) if tasks.nobody == "up" else None
        if above is not None:
            return above
        if tasks.nobody == "wait" and found.place_id is not None:
            return found
        raise Refusal("nobody_asked", text("没有人可以办下一步：{who}", who=_who(found)))
    if tasks.same_as_opener == "allow" or all(person.staff_id != case.opened_by for person in found.people):
        return found
    others = tuple(person for person in found.people if person.staff_id != case.opened_by)
    if others:
        return Meant(found.asked, others)
    if tasks.same_as_opener == "skip":
        return None
    above = one_up(everything, found, case, tx.today)
    if above is None:
        raise Refusal("nobody_asked", text("没有人可以办下一步：{who}", who=_who(found)))
    return above


def _who(found: Meant) -> str:
    return f"{found.place_name} {found.asked}".strip()


def _seats(
    tx: Transaction, case: Case, tasks: Tasks, found: Meant, entry_id: int, seated: set[int], position: int
) -> list[_Row]:
    each, asked = tasks.seats == "persons" and tasks.mode != "any", str(found.asked)
    if found.place_id is not None and (not each or not found.people):
        return [seat_row(tx, case, entry_id, asked, _pool(found), position=position)]
    rows: list[_Row] = []
    for person in found.people:
        if person.staff_id in seated:  # meant by two words, asked once
            continue
        seated.add(person.staff_id)
        is_last = tasks.same_as_last == "skip" and person.staff_id == tx.actor.staff_id
        status = "skipped" if is_last else "waiting"
        at = position + len(rows)
        rows.append(seat_row(tx, case, entry_id, asked, _sitter(person), status=status, position=at))
    return rows


class Sitter(NamedTuple):
    """Who sits on a seat: a person, or whoever holds a role at a place."""

    name: str
    staff_id: int | None = None
    role: str | None = None
    place_id: int | None = None


def _pool(found: Meant) -> Sitter:
    return Sitter(found.place_name, role=found.role, place_id=found.place_id)


def _sitter(person: Person) -> Sitter:
    return Sitter(person.name, person.staff_id)


def seat_row(
    tx: Transaction,
    case: Case,
    entry_id: int,
    asked: str,
    sitter: Sitter,
    *,
    origin: str = "asked",
    status: str = "waiting",
    position: int = 0,
    from_id: int | None = None,
) -> _Row:
    """Return the row of a seat in a case."""
    return {
        **standing_of(case),
        "id": new_id(),
        "case_id": case.id,
        "entry_id": entry_id,
        "state": case.state,
        "asked": asked,
        "origin": origin,
        "from_id": from_id,
        "position": position,
        **sitter._asdict(),
        "status": status,
        "made_at": tx.now,
        "made_at_school": case.made_at_school,
    }


def place(tx: Transaction, case: Case, rows: Sequence[_Row]) -> None:
    """Put seats into a case, and let in whoever sits on them."""
    insert_rows(tx.session, CaseTask, rows)
    for row in rows:
        let_sit(tx, case, Sitter(*(row[key] for key in Sitter._fields)))


def let_sit(tx: Transaction, case: Case, sitter: Sitter) -> None:
    """Open the circle of a confidential case to whoever sits in it and does not read it by their role."""
    is_person = sitter.staff_id is not None
    if case.circle and (is_person or not tx.policy.opens_circle(sitter.role or "", case.circle)):
        let_in(tx, case, (Sitter(sitter.name, sitter.staff_id) if is_person else sitter)._asdict())


def _seat(row: _Row) -> Seat:
    return Seat(**{key: row[key] for key in Seat.__dataclass_fields__ if key in row})


def lock(tx: Transaction, case: Case) -> None:
    """Let nobody else move a case or speak on it until the transaction ends; raises Stale where somebody has."""
    now = tx.session.execute(select(Case.rev, Case.state).where(Case.id == case.id).with_for_update()).one()
    if (now.rev, now.state) != (case.rev, case.state):
        raise faster()


def give_seats(tx: Transaction, case: Case, workflow: Workflow) -> tuple[Seat, ...]:
    """Turn those whom a state asks by post into seats, so that one of them can be claimed or passed on."""
    seats = seats_of(tx.session, case.id)
    if seats:
        return seats
    entry, rows = present_entry(tx.session, case.id), []
    with tx.directory() as everything:
        for asked in asked_in(workflow, case.state):
            for found in meant(everything, asked, case, tx.today):
                sitters = [_pool(found)] if found.place_id is not None else [_sitter(p) for p in found.people]
                rows += [seat_row(tx, case, entry, str(asked), sitter, status="open") for sitter in sitters]
    place(tx, case, rows)
    return tuple(_seat(row) for row in rows)


def settle_seat(
    tx: Transaction,
    case: Case,
    seat: Seat,
    status: str,
    *,
    answer: str | None = None,
    opinion: str | None = None,
    acted_for: int | None = None,
    signature_id: int | None = None,
) -> None:
    """Write what became of a seat, the opinion sealed; raises Stale when somebody was faster."""
    values: _Row = {"status": status, "done_at": tx.now, "acted_by": tx.actor.staff_id, "acted_name": tx.acts_as}
    values |= {"answer": answer, "acted_for": acted_for, "signature_id": signature_id}
    if opinion:
        learn_keys(tx.session, [case.key_owner])
        values["opinion_sealed"] = vault_of(tx.session).seal(case.key_owner, f"case_task:{seat.id}:opinion", opinion)
    change(tx, [seat.id], seat.status, values)


def change(tx: Transaction, numbers: Collection[int], status: str, values: _Row) -> None:
    """Change seats that are still in a status; raises Stale when one is no more."""
    done = tx.session.execute(
        update(CaseTask)
        .where(CaseTask.id.in_(numbers), CaseTask.status == status)
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    if done.rowcount != len(numbers):  # type: ignore[attr-defined]
        raise faster()


def wake(tx: Transaction, case: Case, workflow: Workflow) -> tuple[Seat, ...]:
    """Open the seats whose turn has come, close those whose turn has gone, and return all of them as they are now."""
    tasks = workflow.states[case.state].tasks
    seats = seats_of(tx.session, case.id)
    if opened := awake(seats, tasks):
        change(tx, opened, "waiting", {"status": "open"})
        seats = seats_of(tx.session, case.id)
    return seats


def end_seats(tx: Transaction, case: Case) -> None:
    """End the seats that nobody needs any more because the case moves on; its row was moved, so nobody gives more."""
    tx.session.connection().execute(_END, {"case": case.id, "now": tx.now})


def decision(workflow: Workflow, state: str, seats: Sequence[Seat]) -> str | None:
    """Return the transition for which the seats of a state decided, None while it is open."""
    tasks = workflow.states[state].tasks
    return outcome(seats, tasks, workflow.decided_in(state)) if tasks is not None else None


def speak(
    tx: Transaction,
    case: Case,
    workflow: Workflow,
    stand: Standing,
    transition: str,
    answered: Answered,
    signature_id: int | None = None,
) -> str | None:
    """Let whoever sits on a seat speak for a transition, and return the one to be taken now, None while others speak.

    A step that the seats do not decide (sending back, calling off) is taken at once.
    """
    seat = stand.seat
    assert seat is not None
    for_whom = stand.behalf.staff_id if stand.behalf is not None else None
    settle_seat(
        tx, case, seat, "done",
        answer=transition, opinion=answered.reason, acted_for=for_whom, signature_id=signature_id,
    )  # fmt: skip
    if workflow.transitions[transition].decided is None:
        return transition
    taken = decision(workflow, case.state, wake(tx, case, workflow))
    if taken is None:
        tell_spoken(tx, case, seat, transition, answered.reason)
    return taken


def tell_spoken(tx: Transaction, case: Case, seat: Seat, transition: str, reason: str | None) -> None:
    """Put what somebody said on the trail while the case stays where it is, and a message into the outbox."""
    facts = {"state": case.state, "transition": transition}
    tx.tell(of_case(case, "case.spoken", reason, facts | {"seat": seat.name} | for_whom(tx)))
    tx.send("case.spoken", "inbox", f"case:{case.number}", {"case": case.number, "transition": transition})
