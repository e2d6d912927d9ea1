"""What somebody filled in on a form of a case: judged against the definition, kept as a record and on the case."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models.bulk import insert_rows
from models.case import Case, CaseRecord
from models.types import new_id
from workflows.advice import advice_on
from workflows.audit import Change
from workflows.candidates import choices
from workflows.engine.definition import SAID_WITH_IT
from workflows.engine.form import CHOSEN_AT_HAND, Choices, FormVerdict
from workflows.engine.known import Known
from workflows.engine.published import FormVersion, form_in_force
from workflows.engine.record import seal_answers
from workflows.engine.vocabulary import Label
from workflows.evidence import PREFIX, evidence_about
from workflows.operations.answer_changes import answer_changes
from workflows.operations.case_rows import standing_of
from workflows.operations.case_trail import Move
from workflows.operations.sent_files import Sent, answers_with, keep_sent
from workflows.refusal import Refusal, Words
from workflows.subjects import Subject
from workflows.text import text
from workflows.transaction import Transaction

LONGEST_SAID = 1_000


@dataclass(frozen=True)
class Asked:
    """What a step asks for: its form, what it requires beyond it, what was typed and sent, and the case so far."""

    form: str | None
    require: tuple[str, ...]
    answers: Mapping[str, object]
    case: Case | None = None
    files: tuple[Sent, ...] = ()


@dataclass(frozen=True)
class Answered:
    """An accepted form, or none, with what was said beside it."""

    form: FormVersion | None = None
    verdict: FormVerdict | None = None
    said: Mapping[str, object] = field(default_factory=dict)
    at_hand: Choices = field(default_factory=dict)
    advised: tuple[Label, ...] = ()

    @property
    def values(self) -> Mapping[str, Any]:
        """The typed answers."""
        return self.verdict.values if self.verdict is not None else {}

    @property
    def bound(self) -> dict[str, Any]:
        """The answers to write back to the subject, by dotted name."""
        if self.form is None or self.verdict is None:
            return {}
        asked = [f for f in self.form.form.fields if f.bind and f.key in self.verdict.visible]
        return {str(f.bind): self.verdict.values.get(f.key) for f in asked}

    @property
    def reason(self) -> str | None:
        """The reason or opinion given, None where none was asked for."""
        given: Mapping[str, Any] = self.values if self.verdict is not None else self.said
        spoken = [str(given[key]) for key in sorted(SAID_WITH_IT) if key != "signature" and given.get(key)]
        return spoken[0] if spoken else None


def judge(tx: Transaction, asked: Asked, subject: Subject, facts: Known) -> Answered:
    """Return the accepted answers; raises Refusal `form_refused` with a sentence for each field at fault."""
    if asked.form is None:
        said = _said(asked)
        missing = [key for key in asked.require if not str(said.get(key) or "").strip()]
        faults: dict[str, Words] = {key: text("请签名") if key == "signature" else text("请填写") for key in missing}
        too_long = [key for key in SAID_WITH_IT if len(str(said.get(key) or "")) > LONGEST_SAID]
        faults |= {key: text("最多 {most} 个字", most=LONGEST_SAID) for key in too_long}
        if faults:
            raise Refusal("form_refused", text("还有内容没有填好"), faults)
        return Answered(said=said)
    form = form_in_force(tx.session, asked.form)
    require = {f.key for f in form.form.fields}.intersection(asked.require)
    known = facts | count(tx, form.validator.names, subject, asked.case)
    at_hand = _at_hand(tx, form, subject, facts)
    answers = answers_with(form.form, asked.answers, asked.files)
    verdict = form.validator.check(answers, known, now=tx.now, require=require, choices=at_hand)
    if not verdict.is_accepted:
        raise Refusal("form_refused", text("还有内容没有填好"), verdict.faults)
    advised = _advised(tx, form, subject, known, verdict.values)
    return Answered(form, verdict, at_hand=at_hand, advised=advised)


def _said(asked: Asked) -> dict[str, object]:
    """Return what was said beside a step; a signature is a picture that was sent, never what was typed for one."""
    typed = {key: value for key, value in asked.answers.items() if key != "signature"}
    signed = next((str(one.number) for one in asked.files if one.field == "signature"), None)
    return typed if signed is None else typed | {"signature": signed}


def _advised(
    tx: Transaction, form: FormVersion, subject: Subject, facts: Known, answers: Mapping[str, Any]
) -> tuple[Label, ...]:
    """Return what the form advised against, for the trail; the person went on all the same."""
    if not form.form.advise:
        return ()
    with tx.directory() as directory:
        sees = tx.policy.sees(tx.actor, subject.codes)
        return advice_on(directory, form.validator, answers, facts, tx.now, sees)


def _at_hand(tx: Transaction, form: FormVersion, subject: Subject, facts: Mapping[str, Any]) -> Choices:
    asking = [f for f in form.form.fields if f.type in CHOSEN_AT_HAND]
    if not asking:
        return {}
    with tx.directory() as directory:
        return choices(directory, asking, subject.codes, tx.today, tx.policy, facts)


def count(tx: Transaction, names: Iterable[str], subject: Subject, case: Case | None) -> dict[str, Any]:
    """Return the evidence among some names, counted since the case entered its state."""
    wanted = list(names)
    if not any(name.startswith(PREFIX) for name in wanted):
        return {}
    with tx.directory() as everything:
        return evidence_about(wanted, tx.session, everything, subject.child_id, case, tx.today)


def told_changes(tx: Transaction, case: Case, answered: Answered, before: Mapping[str, Any]) -> tuple[Change, ...]:
    """Return what accepted answers change in what the case knew before, for the trail."""
    if answered.form is None or answered.verdict is None:
        return ()
    return answer_changes(tx.session, case, answered.form.form, before, answered.verdict.stored())


def keep_record(tx: Transaction, case: Case, move: Move, answered: Answered, sent: Sequence[Sent] = ()) -> None:
    """Keep what was filled in as a record of the case, protected answers sealed, and the files sent along with it."""
    if answered.form is None or answered.verdict is None:
        return
    number, stored = new_id(), answered.verdict.stored()
    row = {
        **standing_of(case),
        "id": number,
        "case_id": case.id,
        "move_id": move.id,
        "form": answered.form.form.key,
        "form_version": answered.form.number,
        "data": seal_answers(tx.session, answered.form.form, stored, move.key_owner, number),
        "made_at": tx.now,
        "made_by": tx.actor.staff_id or 0,
        "made_at_school": case.school_code,
    }
    insert_rows(tx.session, CaseRecord, [row])
    keep_sent(tx, case, answered.form.form, answered.verdict, sent)
