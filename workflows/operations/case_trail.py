"""The traces of a case's moves: the row in its history, the event on the trail, the message in the outbox."""

from __future__ import annotations

from models.case import Case, CaseMove
from models.types import new_id
from workflows.audit import Change, Happening
from workflows.transaction import Transaction


def move_row(
    tx: Transaction, case: Case, transition: str, from_state: str | None, to_state: str, reason: str | None
) -> CaseMove:
    """Add a move to a case's history, its reason sealed."""
    move = CaseMove(
        id=new_id(),
        child_id=case.child_id,
        case_id=case.id,
        circle=case.circle,
        transition=transition,
        from_state=from_state,
        to_state=to_state,
        actor_id=tx.actor.staff_id or 0,
        actor_name=tx.actor.name,
        actor_role=tx.post.role if tx.post else (tx.actor.system or ""),
        at=tx.now,
        made_at_school=case.school_code,
    )
    move.place_at(case.level_codes)
    tx.session.add(move)
    move.reason = reason
    return move


def tell_move(tx: Transaction, case: Case, move: CaseMove, rev: int, changes: tuple[Change, ...]) -> None:
    """Put a move on the trail and into the outbox."""
    steps = {"transition": move.transition, "from": move.from_state, "to": move.to_state}
    tx.tell(
        Happening(
            "case.moved",
            "case",
            case.id,
            codes=case.level_codes,
            child_id=case.child_id,
            case_id=case.id,
            owner=case.key_owner,
            changes=changes,
            reason=move.reason,
            facts={"number": case.number, "workflow": case.workflow, "version": case.version, "rev": rev, **steps},
            circle=case.circle,
        )
    )
    tx.send("case.moved", "inbox", f"case:{case.number}", {"case": case.number, **steps})
