"""Writes dated records about children, corrects them by a new row, and voids them; nothing that was written is lost."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import select

from models.attachment import Attachment
from models.case import Case
from models.child import Child
from models.record import Record
from models.terms import latest_term
from models.types import new_id
from models.vault import learn_keys
from workflows import audit
from workflows.audit import Change, Happening
from workflows.engine.definition import Form
from workflows.engine.form import FormVerdict
from workflows.engine.published import FormVersion
from workflows.engine.record import seal_answers
from workflows.fields import visible
from workflows.operations.attachment import Upload, attach
from workflows.operations.repeated import answer_before, remember_answer
from workflows.operations.rows import fetch
from workflows.operations.unfinished_file import NOTHING_KEPT, Kept, take_unfinished
from workflows.policy import Permission
from workflows.record_forms import (
    TABLE,
    answers_of,
    evidence,
    form_of,
    head_of,
    may_mend,
    record_form,
    sees,
    writing_post,
)
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.subjects import ChildSubject
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values.parsed import as_text

MOST_CHILDREN = 80
SHORTEST_REASON, LONGEST_REASON = 2, 200


@dataclass(frozen=True)
class Written:
    """What was written: the occasion, and a record for each child."""

    occasion: int
    records: tuple[int, ...]


class _Standing(NamedTuple):
    """The case that a record belongs to, and its circle where it is confidential."""

    case_id: int | None
    circle: str


_NO_CASE = _Standing(None, "")


def write_record(
    tx: Transaction,
    form: str,
    children: Sequence[int],
    answers: Mapping[str, object],
    *,
    files: Sequence[Upload] = (),
    kept: Kept = NOTHING_KEPT,
    key: str | None = None,
    case: str | None = None,
) -> Written:
    """Write one record about a child, or one for each of several children where the form allows it.

    `kept` are files that waited since the form was refused. `case` is the number of the child's case that it belongs
    to; of a confidential one it stays in the circle. The same request sent twice (same `key`) has one effect. Raises
    Missing, Denied, and Refusal `form_refused` with faults by field, `not_on_file`, `future_date`, `one_child_only`,
    `no_children`, `case_closed`, `file_gone`, `key_reused`.
    """
    digest = _digest("write", form, sorted(children), answers, *([case] if case else []))
    if (before := answer_before(tx, key, digest)) is not None:
        return Written(before["occasion"], tuple(before["records"]))
    version = record_form(tx.session, form)
    rows = _children(tx, version.form, children)
    occasion = new_id()
    standing = _standing(tx, rows, case) if case else _NO_CASE
    records = [_write(tx, version, child, answers, occasion, standing) for child in rows]
    waiting = [one.file for one in take_unfinished(tx, kept)]
    for record in records:
        for file in (*waiting, *files):
            attach(tx, file, record)
    answer = {"occasion": occasion, "records": [record.id for record in records]}
    remember_answer(tx, key, digest, answer)
    return Written(occasion, tuple(record.id for record in records))


def correct_record(
    tx: Transaction,
    record_id: int,
    rev: int,
    answers: Mapping[str, object],
    reason: str,
    *,
    key: str | None = None,
) -> int:
    """Replace a record by a corrected one and return the new one's number; the old one stays readable.

    Answers above the person's field class are carried over unseen. Raises as `write_record`, and Stale, `no_change`,
    `reason_missing`.
    """
    digest = _digest("correct", record_id, rev, answers)
    if (kept := answer_before(tx, key, digest)) is not None:
        return int(kept["record"])
    old = _to_mend(tx, record_id, rev)
    version = form_of(tx.session, old)
    why = _reason(reason)
    child = fetch(tx, Child, old.child_id)
    known = answers_of(tx.session, version.form, old, "P3")
    level = sees(tx.actor, tx.policy, old)
    unseen = {f.key for f in version.form.fields if not visible(f.protection.value, level)}
    given = {k: v for k, v in answers.items() if k not in unseen} | {k: v for k, v in known.items() if k in unseen}
    verdict = _judge(tx, version, child, given)
    changes = _changes(version.form, known, verdict.stored())
    if not changes:
        raise Refusal("no_change", text("内容没有改动"))
    new = _row(tx, version, child, verdict, old.occasion_id, _Standing(old.case_id, old.circle))
    new.replaces_id = old.id
    tx.session.flush()
    tx.session.add(new)
    new.reason = why
    old.state = "corrected"
    for attachment in tx.session.scalars(select(Attachment).where(Attachment.record_id == old.id)):
        attachment.record_id = new.id
    tx.session.flush()
    _tell(tx, "record.corrected", new, changes, why, {"replaces": str(old.id)})
    remember_answer(tx, key, digest, {"record": new.id})
    return new.id


def void_record(tx: Transaction, record_id: int, rev: int, reason: str) -> None:
    """Void a record: it counts no longer and stays readable with the reason.

    Raises Missing, Denied, Stale, Refusal `reason_missing`.
    """
    record = _to_mend(tx, record_id, rev)
    why = _reason(reason)
    record.reason = why
    record.state = "voided"
    _tell(tx, "record.voided", record, (Change("state", "P0", "active", "voided"),), why)


def _children(tx: Transaction, form: Form, wanted: Sequence[int]) -> list[Child]:
    numbers = sorted(set(wanted))
    if not numbers:
        raise Refusal("no_children", text("请选择儿童"), {"children": text("请选择儿童")})
    if len(numbers) > 1 and not head_of(form).several:
        raise Refusal("one_child_only", text("这类记录一次只记一名儿童"))
    if len(numbers) > MOST_CHILDREN:
        raise Refusal("too_many_children", text("一次最多记 {most} 名儿童", most=MOST_CHILDREN))
    learn_keys(tx.session, numbers)
    found = {child.id: child for child in tx.session.scalars(select(Child).where(Child.id.in_(numbers)))}
    if len(found) != len(numbers):
        raise Missing("not_found", text("没有这条记录"))
    return [found[number] for number in numbers]


def _standing(tx: Transaction, children: Sequence[Child], number: str) -> _Standing:
    case = tx.session.scalars(select(Case).where(Case.number == number)).one_or_none()
    reads = case is not None and tx.policy.post_for(tx.actor, Permission.CASE_READ, case.level_codes) is not None
    if case is None or not reads or [child.id for child in children] != [case.child_id]:
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    if case.closed_at is not None:
        raise Refusal("case_closed", text("事项已办结，不能再写它的记录"))
    return _Standing(case.id, case.circle)


def _write(
    tx: Transaction,
    version: FormVersion,
    child: Child,
    answers: Mapping[str, object],
    occasion: int,
    standing: _Standing,
) -> Record:
    codes = child.level_codes
    tx.require(Permission.RECORD_WRITE, codes)
    post = writing_post(tx.actor, tx.policy, version.form, codes)
    if post is None and tx.actor.system is None:
        raise Denied("not_your_part", text("这类记录由其他岗位填写"))
    tx.post = post or tx.post
    if child.status != "on_file":
        raise Refusal("not_on_file", text("{name} 已不在册，不能再写记录", name=child.name))
    verdict = _judge(tx, version, child, answers)
    record = _row(tx, version, child, verdict, occasion, standing)
    tx.session.add(record)
    tx.session.flush()
    _tell(tx, "record.written", record, _changes(version.form, {}, verdict.stored()))
    return record


def _judge(tx: Transaction, version: FormVersion, child: Child, answers: Mapping[str, object]) -> FormVerdict:
    facts = ChildSubject(child).facts() if version.validator.names else {}
    verdict = version.validator.check(answers, facts, now=tx.now)
    faults = dict(verdict.faults)
    field = head_of(version.form).happened_on
    day = verdict.values.get(field)
    if isinstance(day, date) and day > tx.today:
        faults[field] = text("日期 {day} 还没到", day=day.isoformat())
    if faults:
        raise Refusal("form_refused", text("还有内容没有填好"), faults)
    return verdict


def _row(
    tx: Transaction, version: FormVersion, child: Child, verdict: FormVerdict, occasion: int, standing: _Standing
) -> Record:
    head = head_of(version.form)
    day: date = verdict.values[head.happened_on]
    term = latest_term(tx.session, day)
    record = Record(
        id=new_id(),
        child_id=child.id,
        form=version.form.key,
        form_version=version.number,
        counts_as=evidence(head, verdict.values),
        happened_on=day,
        data={},
        occasion_id=occasion,
        state="active",
        made_by=tx.actor.staff_id or 0,
        made_by_name=tx.actor.name,
        made_by_role=tx.post.role if tx.post else (tx.actor.system or ""),
        made_at=tx.now,
        case_id=standing.case_id,
        circle=standing.circle,
        term_id=term.id if term is not None else None,
        made_at_school=child.school_code,
    )
    record.data = seal_answers(tx.session, version.form, verdict.stored(), child.id, record.id, TABLE)
    record.place_at(child.level_codes)
    return record


def _to_mend(tx: Transaction, record_id: int, rev: int) -> Record:
    record = fetch(tx, Record, record_id)
    codes = record.level_codes
    tx.require(Permission.RECORD_READ, codes)
    if record.state == "active" and not may_mend(tx.actor, tx.policy, record):
        raise Denied("not_permitted", text("只有记录人和办公室能更正、作废这条记录"))
    mending = tx.policy.post_for(tx.actor, Permission.RECORD_MEND, codes)
    tx.post = mending or tx.policy.post_for(tx.actor, Permission.RECORD_VOID, codes) or tx.post
    if record.rev != rev or record.state != "active":
        raise Stale("changed_meanwhile", text("这条记录刚被更正或作废，请看最新的一条"))
    return record


def _reason(written: str) -> str:
    why = as_text(written)
    if len(why) < SHORTEST_REASON:
        message = text("请写明原因")
        raise Refusal("reason_missing", message, {"reason": message})
    return why[:LONGEST_REASON]


def _changes(form: Form, before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    return tuple(
        Change(f.key, f.protection.value, _written(before.get(f.key)), _written(after.get(f.key)))
        for f in form.fields
        if _written(before.get(f.key)) != _written(after.get(f.key))
    )


def _written(value: Any) -> str | None:
    if value is None or value == "" or value == []:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def _tell(
    tx: Transaction,
    action: str,
    record: Record,
    changes: tuple[Change, ...],
    reason: str | None = None,
    more: Mapping[str, str] | None = None,
) -> None:
    facts = {"form": record.form, "form_version": record.form_version, "on": record.happened_on.isoformat()}
    tx.tell(
        Happening(
            action,
            "record",
            record.id,
            record.level_codes,
            record.child_id,
            case_id=record.case_id,
            owner=record.child_id,
            changes=changes,
            reason=reason,
            facts=facts | dict(more or {}),
            circle=record.circle,
        )
    )


def _digest(*parts: object) -> str:
    content = [
        sorted((key, str(value)) for key, value in part.items()) if isinstance(part, Mapping) else part
        for part in parts
    ]
    return hashlib.sha256(audit.canonical({"request": content}).encode()).hexdigest()
