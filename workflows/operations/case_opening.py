"""Opening cases: who may, on which form, about whom, and what stands from the first moment."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import select, update

from models.case import Case, CaseNumber
from models.locks import hold
from models.terms import latest_term
from models.vault import learn_keys, vault_of
from workflows.audit import Change, canonical
from workflows.clock import LOCAL
from workflows.engine.allowed import post_named
from workflows.engine.case_facts import facts_with
from workflows.engine.published import WorkflowVersion, workflow_in_force
from workflows.opening_view import done_this_term
from workflows.operations.case_answers import Answered, Asked, count, judge, keep_record, told_changes
from workflows.operations.case_rows import About, case_row, opened
from workflows.operations.case_standing import begin_parts, settle
from workflows.operations.case_trail import add_move
from workflows.operations.clocks import Turn, open_clocks
from workflows.operations.field_values import keep_answers
from workflows.operations.repeated import answer_before, remember_answer
from workflows.operations.seats import ask
from workflows.operations.sent_files import Sent, Uploads, digests, numbered
from workflows.operations.unfinished_file import NOTHING_KEPT, Kept, take_unfinished
from workflows.policy import Permission
from workflows.refusal import Denied, Missing, Refusal
from workflows.subjects import Subject, load_subject
from workflows.text import text
from workflows.transaction import Transaction


@dataclass(frozen=True)
class Beginning:
    """What is filled in to open a case: answers to the opening form, a reason where there is no form, a request key.

    `batch_id` is what opened several cases at once.
    """

    answers: Mapping[str, object] = field(default_factory=dict)
    reason: str | None = None
    key: str | None = None
    batch_id: int | None = None
    files: Uploads = field(default_factory=dict)
    kept: Kept = NOTHING_KEPT


def draw_numbers(tx: Transaction, prefix: str, count: int = 1) -> list[str]:
    """Draw the next case numbers of a prefix in the present year: `MD-2026-0147`."""
    year = tx.now.astimezone(LOCAL).year
    last = _count_on(tx, prefix, year, count)
    if last is None:
        hold(tx.session, f"number:{prefix}:{year}")
        last = _count_on(tx, prefix, year, count)  # somebody may have drawn the year's first meanwhile
    if last is None:
        tx.session.add(CaseNumber(prefix=prefix, year=year, last=count))
        tx.session.flush()
        last = count
    return [f"{prefix}-{year}-{number:04d}" for number in range(last - count + 1, last + 1)]


def _count_on(tx: Transaction, prefix: str, year: int, count: int) -> int | None:
    where = (CaseNumber.prefix == prefix, CaseNumber.year == year)
    counted = update(CaseNumber).where(*where).values(last=CaseNumber.last + count).returning(CaseNumber.last)
    return tx.session.execute(counted).scalar()


def open_case(
    tx: Transaction, workflow: str, subject: Subject, term_id: int | None = None, begun: Beginning | None = None
) -> Case:
    """Open a case about a subject; the same request key opens one case.

    Raises Denied without the right post, Refusal for its form, its condition, or where another case stands in the way.
    """
    begun = begun or Beginning()
    mark = _digest(workflow, subject, begun)
    if (before := answer_before(tx, begun.key, mark)) is not None:
        return tx.session.scalars(select(Case).where(Case.number == before["case"])).one()
    tx.require(Permission.CASE_ACT, subject.codes)
    version = workflow_in_force(tx.session, workflow)
    _permit(tx, version, subject)
    # Drawn before looking for another open case: whoever draws waits for those who drew, singly or in a wave.
    number = draw_numbers(tx, version.workflow.prefix)[0]
    _refuse_second(tx, version, subject)
    _refuse_again(tx, version, subject)
    sent = (*take_unfinished(tx, begun.kept), *numbered(begun.files))
    answered = _answer(tx, version, subject, begun, sent)
    if version.workflow.per == "term" and term_id is None:
        term = latest_term(tx.session, tx.today)
        term_id = None if term is None else term.id
    about = About(subject.kind, subject.id, subject.child_id, subject.codes)
    row = case_row(tx, version, about, term_id, number, begun.batch_id)
    case = Case(**row)
    if case.child_id is None:
        tx.session.add(vault_of(tx.session).new_key(case.id))
    else:
        learn_keys(tx.session, [case.child_id])
    # Before the first flush: the opener of a confidential case cannot change its row in this transaction.
    if answered.form is not None and answered.verdict is not None:
        case.facts = facts_with(tx.session, case, answered.form.form, answered.verdict.stored())
    clocks = open_clocks(tx, case, version, subject)
    case.due_at = clocks.due_at
    tx.session.add(case)
    tx.session.flush()
    changes = _fill(tx, case, version, subject, answered, sent, clocks)
    tx.tell(opened(row, answered.reason, changes, answered.advised))
    remember_answer(tx, begun.key, mark, {"case": case.number})
    return case


def open_case_about(tx: Transaction, workflow: str, kind: str, subject_id: int, begun: Beginning) -> Case:
    """Open a case about a subject by its number; raises Missing for one outside the person's scope."""
    subject = load_subject(tx.session, kind, subject_id)
    if subject is None:
        raise Missing("no_subject", text("没有要发起的对象，或不在你的范围内"))
    return open_case(tx, workflow, subject, begun=begun)


def _permit(tx: Transaction, version: WorkflowVersion, subject: Subject) -> None:
    workflow = version.workflow
    if subject.kind != workflow.subject:
        raise Refusal("wrong_subject", text("这类事项不能为它发起"))
    post = post_named(tx.actor.posts_over(subject.codes), workflow.open.by, tx.actor.login)
    if post is None and tx.actor.system is None:
        raise Denied("not_your_part", text("这类事项由其他岗位发起"))
    tx.post = post or tx.post


def _refuse_second(tx: Transaction, version: WorkflowVersion, subject: Subject) -> None:
    if not version.workflow.one_open_per_subject:
        return
    same = select(Case.id).where(Case.workflow == version.workflow.key, Case.open_slot == str(subject.id))
    found = tx.session.scalar(same)
    if found is None and version.workflow.confidential:  # open, but nothing that this person may see
        with tx.directory() as everything:
            found = everything.scalar(same)
    if found is not None:
        raise Refusal("already_open", text("已有一件同类事项在办"))


def _refuse_again(tx: Transaction, version: WorkflowVersion, subject: Subject) -> None:
    asked = ([version.workflow], subject, tx.today)
    done = done_this_term(tx.session, *asked)
    if not done and version.workflow.confidential:  # gone through, but nothing that this person may see
        with tx.directory() as everything:
            done = done_this_term(everything, *asked)
    if done:
        raise Refusal("done_this_term", text("这件事本学期已经办结，不能再发起"))


def _answer(
    tx: Transaction, version: WorkflowVersion, subject: Subject, begun: Beginning, sent: tuple[Sent, ...]
) -> Answered:
    opening = version.workflow.open
    facts = subject.facts()
    if version.opens_when is not None:
        facts = facts | count(tx, version.opens_when.names, subject, None)
        if not version.opens_when.holds(facts, tx.now):
            raise Refusal("guard", opening.explain or version.opens_when.explain())
    if opening.form is None:
        return Answered(said={"reason": begun.reason} if begun.reason else {})
    return judge(tx, Asked(opening.form, opening.require, begun.answers, files=sent), subject, facts)


def _fill(
    tx: Transaction,
    case: Case,
    version: WorkflowVersion,
    subject: Subject,
    answered: Answered,
    sent: tuple[Sent, ...],
    clocks: Turn,
) -> tuple[Change, ...]:
    changes = subject.write(tx.session, answered.bound) if answered.bound else ()
    move = add_move(tx, case, "open", None, case.state, answered.reason)
    keep_record(tx, case, move, answered, sent)
    keep_answers(tx, case, version, {})
    begin_parts(tx, case, version)
    settle(tx, case, version, subject, answered, is_opening=True)
    ask(tx, case, version.workflow, move.id)
    clocks.keep(tx, case.id, move.id)
    return changes + told_changes(tx, case, answered, {})


def _digest(workflow: str, subject: Subject, begun: Beginning) -> str:
    typed = sorted((key, str(value)) for key, value in begun.answers.items())
    sent = digests(begun.files, begun.kept.numbers)
    content = canonical({"open": [workflow, subject.kind, str(subject.id), begun.reason, typed, *sent]})
    return hashlib.sha256(content.encode()).hexdigest()
