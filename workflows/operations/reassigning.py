"""Hands what is late to those whom the ladder of its clock names: beside those asked so far, or in their place."""

from __future__ import annotations

from collections.abc import Sequence

from models.case import Case
from workflows.asked import FORWARD, Meant, asked_in, meant
from workflows.engine.decision import Seat
from workflows.engine.definition import Workflow
from workflows.engine.vocabulary import Assignee
from workflows.operations.seats import Sitter, change, place, seat_row
from workflows.seats import present_entry, seats_of
from workflows.transaction import Transaction

ANY_ONE = "any"


def reassign(tx: Transaction, case: Case, workflow: Workflow, to: Assignee) -> list[Meant]:
    """Give those whom a word means a seat in the state a case stands in, and return them; nobody where nobody is.

    Where one voice is enough they sit beside those asked so far; where all have to speak they take over the seats
    from which nobody has spoken. The caller holds the case.
    """
    found = [one for one in meant(tx.session, to, case, tx.today) if one.people]
    tasks = workflow.states[case.state].tasks
    if tasks is not None and tasks.takes_seats and tasks.mode != ANY_ONE:
        _replace(tx, case, _coming(found, seats_of(tx.session, case.id)))
    elif found:
        _join(tx, case, workflow, found)
    return found


def _coming(found: Sequence[Meant], seats: Sequence[Seat]) -> list[Sitter]:
    """Return who of those meant does not sit on an open seat yet."""
    sitting = {(seat.staff_id, seat.role, seat.place_id) for seat in seats if seat.status == "open"}
    return [one for one in _sitters(found) if (one.staff_id, one.role, one.place_id) not in sitting]


def _sitters(found: Sequence[Meant]) -> list[Sitter]:
    return [
        sitter
        for one in found
        for sitter in (
            [Sitter(one.place_name, role=one.role, place_id=one.place_id)]
            if one.place_id is not None
            else [Sitter(person.name, person.staff_id) for person in one.people]
        )
    ]


def _join(tx: Transaction, case: Case, workflow: Workflow, found: Sequence[Meant]) -> None:
    """Add a seat from which the case can be taken on; whoever may take it on so far gets one of their own."""
    present = seats_of(tx.session, case.id)
    coming: list[tuple[str, Sitter]] = []
    for words in _ways(case, workflow):
        known = {seat.asked for seat in present} | {word for word, _sitter in coming}
        for word in words:
            if str(word) not in known:
                coming += [(str(word), sitter) for sitter in _sitters(meant(tx.session, word, case, tx.today))]
        first = [seat for seat in present if seat.asked == str(words[0])]
        coming += [(str(words[0]), sitter) for sitter in _coming(found, first)]
    entry, last = present_entry(tx.session, case.id), max((seat.position for seat in present), default=0)
    rows = [
        seat_row(tx, case, entry, word, sitter, status="open", position=last + number)
        for number, (word, sitter) in enumerate(dict.fromkeys(coming), 1)
    ]
    place(tx, case, rows)


def _ways(case: Case, workflow: Workflow) -> list[tuple[Assignee, ...]]:
    """Return who may take each step that takes the case on; those whom the state asks where there is none."""
    forward = [key for key in workflow.leaving(case.state) if workflow.transitions[key].style == FORWARD]
    ways = [workflow.who_may(key, case.state) for key in forward] or [asked_in(workflow, case.state)]
    return [words for words in dict.fromkeys(ways) if words]


def _replace(tx: Transaction, case: Case, coming: Sequence[Sitter]) -> None:
    if not coming:
        return
    entry = present_entry(tx.session, case.id)
    late = [seat for seat in seats_of(tx.session, case.id) if seat.status == "open"]
    change(tx, [seat.id for seat in late], "open", {"status": "handed_over", "done_at": tx.now})
    rows = [
        seat_row(
            tx, case, entry, seat.asked, coming[0], origin="handed_over", status="open", position=seat.position,
            from_id=seat.id,
        )
        for seat in late
    ]  # fmt: skip
    place(tx, case, rows)
