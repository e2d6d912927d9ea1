"""Makes the identification cases of a school's children with the moves that led to their states."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random
from typing import Any

from admin_app.demo import names
from admin_app.demo.filing import SENT_BACK
from models.child import LEVEL_COLUMNS
from models.types import new_id
from models.vault import Vault
from workflows.audit import Happening
from workflows.engine.published import WorkflowVersion

# The share of each way, and the transitions on it after the opening.
WAYS = (
    (80, ("complete", "file")),
    (6, ("complete", "send_back", "complete", "file")),
    (5, ("complete",)),
    (3, ("complete", "send_back")),
    (5, ()),
    (1, ("not_left_behind",)),
)
LEADS_TO = {
    "open": "open",
    "complete": "confirmed",
    "file": "filed",
    "send_back": "returned",
    "not_left_behind": "not_left_behind",
}
ENDS = frozenset({"filed", "not_left_behind"})
SHARES = [share for share, _ in WAYS]
MOST_DAYS = 24


@dataclass(frozen=True)
class Clerk:
    """Who acts: account, name and post."""

    staff_id: int
    name: str
    role: str


@dataclass
class CaseMaker:
    """One school's cases: rows to insert, and what the trail tells of the first one."""

    version: WorkflowVersion
    vault: Vault
    rng: Random
    term_id: int
    opened_at: datetime
    until: datetime
    office: Clerk
    teacher: Clerk
    cases: list[dict[str, Any]] = field(default_factory=list)
    moves: list[dict[str, Any]] = field(default_factory=list)
    told: list[Happening] = field(default_factory=list)

    def make(self, children: Sequence[Mapping[str, Any]], numbers: Sequence[str]) -> None:
        """Make a case of every child with its moves."""
        for child, number in zip(children, numbers, strict=True):
            places = {column: child[column] for column in LEVEL_COLUMNS}
            case = self._case(child, number, places)
            way = self.rng.choices(WAYS, SHARES)[0][1]
            self._move(case, "open", self.opened_at, places)
            span = min(timedelta(days=MOST_DAYS), self.until - self.opened_at)
            at = self.opened_at
            for transition in way:
                at += span * (0.1 + 0.8 * self.rng.random()) / max(len(way), 1)
                self._move(case, transition, at, places)
            if case["state"] in ENDS:
                case["closed_at"], case["open_slot"] = case["state_since"], None
            self.cases.append(case)

    def _case(self, child: Mapping[str, Any], number: str, places: Mapping[str, str]) -> dict[str, Any]:
        return {
            "id": new_id(),
            "number": number,
            "definition_id": self.version.id,
            "workflow": self.version.workflow.key,
            "version": self.version.number,
            "circle": "",
            "subject_type": "child",
            "subject_id": child["id"],
            "child_id": child["id"],
            "open_slot": str(child["id"]),
            "state": "",
            "state_since": self.opened_at,
            "due_at": None,
            "opened_at": self.opened_at,
            "opened_by": self.office.staff_id,
            "closed_at": None,
            "term_id": self.term_id,
            "batch_id": child["batch_id"],
            "made_at_school": child["made_at_school"],
            "facts": {},
            "rev": 0,
            **places,
        }

    def _move(self, case: dict[str, Any], transition: str, at: datetime, places: Mapping[str, str]) -> None:
        who = self.teacher if transition == "complete" else self.office
        move_id, before = new_id(), case["state"] or None
        reason = None
        if transition == "send_back":
            written = names.one_of(self.rng, SENT_BACK)
            reason = self.vault.seal(case["child_id"], f"case_move:{move_id}:reason", written)
        case |= {"state": LEADS_TO[transition], "state_since": at, "rev": case["rev"] + 1}
        move = {
            "id": move_id,
            "child_id": case["child_id"],
            "case_id": case["id"],
            "circle": case["circle"],
            "transition": transition,
            "from_state": before,
            "to_state": case["state"],
            "actor_id": who.staff_id,
            "actor_name": who.name,
            "actor_role": who.role,
            "at": at,
            "reason_sealed": reason,
            "made_at_school": case["made_at_school"],
            **places,
        }
        self.moves.append(move)
        if not self.cases:
            self._tell(case, move, who, places)

    def _tell(self, case: Mapping[str, Any], move: Mapping[str, Any], who: Clerk, places: Mapping[str, str]) -> None:
        facts = {key: case[key] for key in ("number", "workflow", "version", "rev")}
        facts |= {"transition": move["transition"], "from": move["from_state"], "to": move["to_state"], "by": who.name}
        self.told.append(
            Happening(
                "case.opened" if move["transition"] == "open" else "case.moved",
                "case",
                case["id"],
                codes={column.removesuffix("_code"): code for column, code in places.items()},
                child_id=case["child_id"],
                case_id=case["id"],
                facts=facts,
                claimed_at=move["at"],
            )
        )
