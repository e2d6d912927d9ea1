"""Ends what hangs on cases that have just ended, one or many: parts, what they occupied alone, watches over them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select, update

from models.case import Case, CaseParticipant, CaseSlot
from models.task import CaseWatch
from workflows.engine.definition import Workflow
from workflows.engine.vocabulary import Verb
from workflows.transaction import Transaction


def end_with_cases(tx: Transaction, cases: Collection[Case], workflow: Workflow | None = None) -> None:
    """End every part and watch and free every slot of cases whose rows are written as ended already.

    `workflow`, where all are of one, spares looking for what it never gives. A case never opens again.
    """
    ids = [case.id for case in cases]
    if workflow is None or workflow.participants or workflow.confidential:
        running = (CaseParticipant.case_id.in_(ids), CaseParticipant.until_at.is_(None))
        _change(tx, CaseParticipant, running, {"until_at": tx.now})
    if workflow is None or workflow.unique:
        tx.session.execute(delete(CaseSlot).where(CaseSlot.case_id.in_(ids)))
    if workflow is None or Verb.WATCH in workflow.verbs:
        _end_watches(tx, {case.id: case.number for case in cases})


def _end_watches(tx: Transaction, numbers: Mapping[int, str]) -> None:
    """End the watches and tell each watcher once, but whoever ends the case; nobody is named as having ended them."""
    running = (CaseWatch.case_id.in_(numbers), CaseWatch.ended_at.is_(None))
    watching: dict[int, list[int]] = {}
    for case_id, person in tx.session.execute(
        select(CaseWatch.case_id, CaseWatch.made_by).where(*running).order_by(CaseWatch.id)
    ):
        watching.setdefault(case_id, []).append(person)
    if not watching:
        return
    _change(tx, CaseWatch, running, {"ended_at": tx.now})
    for case_id, people in watching.items():
        told = [str(person) for person in people if person != tx.actor.staff_id]
        if told:
            number = numbers[case_id]
            tx.send("case.watch_ended", "inbox", f"case:{number}", {"case": number, "staff": told})


def _change(tx: Transaction, model: type[Any], where: Sequence[Any], values: Mapping[str, Any]) -> None:
    tx.session.execute(update(model).where(*where).values(**values).execution_options(synchronize_session=False))
