"""The rows that cases are made of, by column name: the same for one case and for ten thousand."""

from __future__ import annotations

from collections.abc import Mapping
from operator import attrgetter
from typing import Any, NamedTuple

from models.case import Case
from models.child import LEVEL_COLUMNS
from models.scope import LEVELS
from models.types import new_id
from models.vault import vault_of
from workflows.audit import Change, Happening
from workflows.engine.published import WorkflowVersion
from workflows.engine.vocabulary import Label
from workflows.transaction import Transaction

Row = dict[str, Any]
_STANDING = ("id", "child_id", "circle", *LEVEL_COLUMNS)
_STANDING_OF = attrgetter(*_STANDING)


class About(NamedTuple):
    """What a case is about, as far as its row tells."""

    kind: str
    id: int
    child_id: int | None
    codes: Mapping[str, str]


def case_row(
    tx: Transaction,
    version: WorkflowVersion,
    about: About,
    term_id: int | None,
    number: str,
    batch_id: int | None = None,
) -> Row:
    """Return the row of a new case in the workflow's first state."""
    workflow = version.workflow
    return {
        "id": new_id(),
        "number": number,
        "definition_id": version.id,
        "workflow": workflow.key,
        "version": version.number,
        "circle": workflow.key if workflow.confidential else "",
        "subject_type": about.kind,
        "subject_id": about.id,
        "child_id": about.child_id,
        "open_slot": str(about.id) if workflow.one_open_per_subject else None,
        "state": workflow.start,
        "state_since": tx.now,
        "due_at": None,
        "opened_at": tx.now,
        "opened_by": tx.actor.staff_id or 0,
        "term_id": term_id if workflow.per == "term" else None,
        "batch_id": batch_id,
        "made_at_school": about.codes["school"],
        "facts": {},
        "rev": 1,
    } | {f"{level}_code": about.codes[level] for level in LEVELS}


def standing_of(case: Case) -> Row:
    """Return what every row of a case says of it: number, child, circle and place, by the case's column names."""
    return dict(zip(_STANDING, _STANDING_OF(case), strict=True))


def move_values(
    tx: Transaction,
    case: Mapping[str, Any],
    transition: str,
    from_state: str | None,
    to_state: str,
    reason: str | None = None,
) -> Row:
    """Return the row of a move that a case (its row) makes, the reason sealed."""
    number, owner = new_id(), case["child_id"] or case["id"]
    sealed = vault_of(tx.session).seal(owner, f"case_move:{number}:reason", reason) if reason else None
    return {
        "id": number,
        "child_id": case["child_id"],
        "case_id": case["id"],
        "circle": case["circle"],
        "transition": transition,
        "from_state": from_state,
        "to_state": to_state,
        "actor_id": tx.actor.staff_id or 0,
        "actor_name": tx.acts_as,
        "actor_role": tx.post.role if tx.post else (tx.actor.system or ""),
        "at": tx.now,
        "reason_sealed": sealed,
        "made_at_school": case["school_code"],
    } | {column: case[column] for column in LEVEL_COLUMNS}


def advice_told(advised: tuple[Label, ...]) -> dict[str, list[str]]:
    """Return what the trail keeps of a form's advice: its words, nothing where there was none."""
    return {"advised": [advice.zh for advice in advised]} if advised else {}


def opened(
    case: Mapping[str, Any],
    reason: str | None = None,
    changes: tuple[Change, ...] = (),
    advised: tuple[Label, ...] = (),
) -> Happening:
    """Return the event of a case's opening, from its row."""
    told = {"number": case["number"], "workflow": case["workflow"], "version": case["version"], "to": case["state"]}
    return Happening(
        "case.opened",
        "case",
        case["id"],
        codes={level: case[f"{level}_code"] for level in LEVELS},
        child_id=case["child_id"],
        case_id=case["id"],
        owner=case["child_id"] or case["id"],
        changes=changes,
        reason=reason,
        facts=told | advice_told(advised),
        circle=case["circle"],
    )
