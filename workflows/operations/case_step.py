"""One step of a case: what was answered is written, the machine moves, and whoever is asked next gets their seats."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.orm.attributes import set_committed_value

from models.bulk import update_row
from models.case import Case
from workflows.audit import Change
from workflows.engine.case_facts import facts_with
from workflows.engine.published import WorkflowVersion
from workflows.operations.case_answers import Answered, keep_record, told_changes
from workflows.operations.case_ending import end_with_cases
from workflows.operations.case_standing import settle
from workflows.operations.case_trail import Move, add_move, tell_move
from workflows.operations.clocks import turn_clocks
from workflows.operations.effects import carry_out
from workflows.operations.field_values import keep_answers
from workflows.operations.seats import ask, end_seats
from workflows.operations.sent_files import Sent
from workflows.refusal import faster
from workflows.subjects import Subject
from workflows.text import text
from workflows.transaction import Transaction


@dataclass(frozen=True)
class Moved:
    """What a transition did: the case's number, the states it went between, and its new revision.

    Where others have yet to speak, both states are the same.
    """

    case: str
    from_state: str
    to_state: str
    rev: int


class Step:
    """A step about to be taken in a transaction, with what was answered on its form."""

    def __init__(
        self, tx: Transaction, case: Case, version: WorkflowVersion, subject: Subject, answered: Answered
    ) -> None:
        self.tx, self.case, self.version, self.subject, self.answered = tx, case, version, subject, answered
        self._changes: tuple[Change, ...] = ()
        self._before = case.facts

    def write_facts(self) -> None:
        """Write what the form is bound to, and let the case know what was answered."""
        answered, case = self.answered, self.case
        self._changes += self.subject.write(self.tx.session, answered.bound) if answered.bound else ()
        if answered.form is not None and answered.verdict is not None:
            # Known to what follows, written by the guarded update: a flush of its own would count as somebody else's.
            known = facts_with(self.tx.session, case, answered.form.form, answered.verdict.stored())
            set_committed_value(case, "facts", known)

    def stay(self) -> Moved:
        """Leave the case where it is: somebody spoke, and others have yet to."""
        return Moved(self.case.number, self.case.state, self.case.state, self.case.rev)

    def take(self, transition: str, target: str | None, sent: tuple[Sent, ...]) -> Moved:
        """Move the case, with everything that follows; further on by itself where the next state asks nobody.

        Raises Stale when somebody was faster, Refusal where the next state, a quota or an effect does not allow it.
        """
        moved, asked = self._move(transition, target, sent)
        began = moved.from_state
        while asked is not None:
            self.answered = Answered(said={"reason": str(text("这一环节不需要人办理，自动往下走"))})
            self._changes, self._before = (), self.case.facts
            moved, asked = self._move(asked, None, ())
        return Moved(moved.case, began, moved.to_state, moved.rev)

    def _move(self, transition: str, target: str | None, sent: tuple[Sent, ...]) -> tuple[Moved, str | None]:
        tx, case, version, answered = self.tx, self.case, self.version, self.answered
        to_state = version.fire(case.state, transition, target)
        may_have_seats = version.workflow.may_give_seats(case.state)
        clocks = turn_clocks(tx, case, version, self.subject, transition, to_state)
        moved = self._advance(to_state, clocks.due_at)
        if may_have_seats:
            end_seats(tx, case)
        move = add_move(tx, case, transition, moved.from_state, to_state, answered.reason)
        clocks.keep(tx, case.id, move.id)
        keep_record(tx, case, move, answered, sent)
        keep_answers(tx, case, version, self._before)
        asked = self._arrive(move)
        step = version.workflow.transitions.get(transition)  # none where a step is taken back
        self._changes += carry_out(tx, step.effects if step else (), case, version, self.subject)
        self._changes += told_changes(tx, case, answered, self._before)
        tell_move(tx, case, move, moved.rev, self._changes, answered.advised)
        return moved, asked

    def _arrive(self, move: Move) -> str | None:
        tx, case, version = self.tx, self.case, self.version
        if version.workflow.states[case.state].kind == "end":
            end_with_cases(tx, [case], version.workflow)
            return None
        settle(tx, case, version, self.subject, self.answered)
        return ask(tx, case, version.workflow, move.id)

    def _advance(self, to_state: str, due_at: datetime | None) -> Moved:
        """Move the row only if it is still at the revision that was read."""
        tx, case = self.tx, self.case
        values: dict[str, Any] = {"state": to_state, "state_since": tx.now, "due_at": due_at, "facts": case.facts}
        if case.urged:
            values |= {"urged": 0, "urged_at": None}
        if self.version.workflow.states[to_state].kind == "end":
            values |= {"closed_at": tx.now, "open_slot": None}
        tx.session.flush()
        if not update_row(tx.session, case, values):
            raise faster()
        moved = Moved(case.number, case.state, to_state, case.rev + 1)
        for name, value in {**values, "rev": moved.rev}.items():
            set_committed_value(case, name, value)  # what follows reads the case as it stands now
        return moved
