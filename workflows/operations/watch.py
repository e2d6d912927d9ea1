"""Keeps an eye on a case until a day: who watches it, what they want to see done, and the end of it."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date

from sqlalchemy import Select, select

from models.case import Case
from models.locks import hold
from models.scope import LEVELS
from models.task import CaseWatch
from models.types import new_id
from models.vault import learn_keys
from workflows import audit
from workflows.engine.published import workflow_version
from workflows.engine.vocabulary import Verb
from workflows.operations.case import load_case
from workflows.operations.case_trail import of_case
from workflows.operations.repeated import answer_before, remember_answer
from workflows.operations.seats import lock
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal
from workflows.text import text
from workflows.transaction import Transaction

SHORTEST_NOTE, LONGEST_NOTE = 2, 1_000


@dataclass(frozen=True)
class Watching:
    """What whoever watches wants to see done, until which day (none named: until they end it), and a request key."""

    note: str = ""
    due_on: date | None = None
    key: str | None = None

    def digest(self, number: str) -> str:
        """Return the mark by which the same request is told from another one that reuses its key."""
        content = [number, self.note, self.due_on.isoformat() if self.due_on else ""]
        return hashlib.sha256(audit.canonical({"watch": content}).encode()).hexdigest()


def watch_case(tx: Transaction, number: str, asked: Watching) -> None:
    """Watch an open case; the same request key has one effect.

    Raises Missing, Denied, Refusal `no_such_verb`, `closed`, `watched_already`, and `form_refused` with faults, Stale
    when the case moved meanwhile.
    """
    mark = asked.digest(number)
    if answer_before(tx, asked.key, mark) is not None:
        return
    case = load_case(tx, number)
    tx.require(Permission.CASE_WATCH, case.level_codes)
    if Verb.WATCH not in workflow_version(tx.session, case.definition_id).workflow.verbs:
        raise Refusal("no_such_verb", text("这类事项没有这项操作"))
    if case.closed_at is not None:
        raise Refusal("closed", text("这件事项已经办结"))
    note = _checked(tx, asked)
    lock(tx, case)  # whoever ends the case meanwhile ends this watch with it, or is seen here
    hold(tx.session, f"watch:{case.id}:{tx.actor.staff_id}")
    if _running(tx, case) is not None:
        raise Refusal("watched_already", text("你已在督办这件事项"))
    row = CaseWatch(
        id=new_id(),
        case_id=case.id,
        child_id=case.child_id,
        circle=case.circle,
        made_by=tx.actor.staff_id or 0,
        made_by_name=tx.actor.name,
        made_at=tx.now,
        due_on=asked.due_on,
        made_at_school=case.made_at_school,
    )
    row.place_at({level: case.level_codes[level] for level in LEVELS})
    learn_keys(tx.session, [row.key_owner])
    tx.session.add(row)
    row.note = note
    tx.session.flush()
    _tell(tx, "case.watched", case, note, {"due_on": asked.due_on.isoformat()} if asked.due_on else {})
    tx.send("case.watched", "inbox", f"case:{case.number}", {"case": case.number})
    remember_answer(tx, asked.key, mark, {"case": case.number})


def end_watch(tx: Transaction, number: str) -> None:
    """End the person's own watch over a case; one that has ended already, as with its case, stays as it is."""
    case = load_case(tx, number)
    tx.require(Permission.CASE_WATCH, case.level_codes)
    lock(tx, case)
    row = _running(tx, case)
    if row is None:
        if tx.session.scalar(_own(tx, case).limit(1)) is None:
            raise Missing("not_watched", text("你没有在督办这件事项"))
        return
    row.ended_at, row.ended_by = tx.now, tx.actor.staff_id
    tx.session.flush()
    _tell(tx, "case.unwatched", case, None, {})


def _own(tx: Transaction, case: Case) -> Select[CaseWatch]:
    return select(CaseWatch).where(CaseWatch.case_id == case.id, CaseWatch.made_by == tx.actor.staff_id)


def _running(tx: Transaction, case: Case) -> CaseWatch | None:
    return tx.session.scalars(_own(tx, case).where(CaseWatch.ended_at.is_(None))).one_or_none()


def _checked(tx: Transaction, asked: Watching) -> str:
    note, faults = asked.note.strip(), {}
    if len(note) < SHORTEST_NOTE:
        faults["note"] = text("请写明要求")
    elif len(note) > LONGEST_NOTE:
        faults["note"] = text("最多 {most} 个字", most=LONGEST_NOTE)
    if asked.due_on is not None and asked.due_on < tx.today:
        faults["due_on"] = text("期限不能早于今天")
    if faults:
        raise Refusal("form_refused", text("还有内容没有填好"), faults)
    return note


def _tell(tx: Transaction, action: str, case: Case, note: str | None, facts: dict[str, str]) -> None:
    tx.tell(of_case(case, action, note, {"state": case.state, **facts}))
