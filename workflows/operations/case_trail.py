"""The traces of a case's moves: the row in its history, the event on the trail, the message in the outbox."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from models.bulk import insert_rows
from models.case import Case, CaseMove
from models.vault import learn_keys
from workflows.audit import Change, Happening
from workflows.engine.vocabulary import Label
from workflows.operations.case_rows import advice_told, move_values, standing_of
from workflows.transaction import Transaction


class Move(NamedTuple):
    """A move that was put into a case's history: its number, whose key seals what belongs to it, and what it says."""

    id: int
    key_owner: int
    transition: str
    from_state: str | None
    to_state: str
    reason: str | None


def add_move(
    tx: Transaction, case: Case, transition: str, from_state: str | None, to_state: str, reason: str | None
) -> Move:
    """Put a move into a case's history, its reason sealed."""
    if reason:
        learn_keys(tx.session, [case.key_owner])
    row = move_values(tx, standing_of(case), transition, from_state, to_state, reason)
    insert_rows(tx.session, CaseMove, [row])
    return Move(row["id"], case.key_owner, transition, from_state, to_state, reason)


def for_whom(tx: Transaction) -> dict[str, str]:
    """Return what the trail says of the absent person for whom a deputy acts."""
    behalf = tx.post.behalf if tx.post is not None else None
    return {} if behalf is None else {"for": behalf.name}


def of_case(
    case: Case, action: str, reason: str | None, facts: Mapping[str, Any], changes: tuple[Change, ...] = ()
) -> Happening:
    """Return an event of a case that stands there, with its number and workflow beside the facts."""
    return Happening(
        action,
        "case",
        case.id,
        codes=case.level_codes,
        child_id=case.child_id,
        case_id=case.id,
        owner=case.key_owner,
        changes=changes,
        reason=reason,
        facts={"number": case.number, "workflow": case.workflow, **facts},
        circle=case.circle,
    )


def tell_move(
    tx: Transaction,
    case: Case,
    move: Move,
    rev: int,
    changes: tuple[Change, ...],
    advised: tuple[Label, ...] = (),
    *,
    is_one_of_many: bool = False,
) -> None:
    """Put a move on the trail, with what was advised against it, and into the outbox; one of many sends no message."""
    steps = {"transition": move.transition, "from": move.from_state, "to": move.to_state}
    told = steps | advice_told(advised) | for_whom(tx)
    facts = {"version": case.version, "rev": rev, **told}
    tx.tell(of_case(case, "case.moved", move.reason, facts, changes))
    if not is_one_of_many:
        tx.send("case.moved", "inbox", f"case:{case.number}", {"case": case.number, **steps})
