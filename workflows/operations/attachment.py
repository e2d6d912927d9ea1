"""Keeps photos and files with records and cases, and takes wrong ones away; every look at one is told by the trail."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePosixPath

from sqlalchemy import and_, func, select

from models.attachment import Attachment
from models.case import Case
from models.record import Record
from models.scope import LEVELS
from models.storage import SMALL, WHOLE, storage
from models.types import new_id
from models.vault import learn_keys
from workflows.audit import Change, Happening
from workflows.case_files import SIGNATURE, file_class, may_add_file, may_remove_file, refuse_sealed
from workflows.file_kind import PICTURE, Upload, kind_of
from workflows.operations.rows import fetch
from workflows.picture import fit_picture
from workflows.policy import Permission
from workflows.record_forms import may_mend
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values.parsed import as_text

MOST_FILES = 12
MOST_OF_CASE = 60
LONGEST_NAME = 120
SHORTEST_REASON, LONGEST_REASON = 2, 200
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")

__all__ = ["Upload", "add_attachment", "add_case_file", "attach", "remove_attachment"]


def attach(
    tx: Transaction,
    file: Upload,
    of: Record | Case,
    *,
    field: str | None = None,
    protection: str = "P2",
    number: int | None = None,
) -> Attachment:
    """Keep a file with a record or a case, inside a running operation that permitted it.

    `field` is the question of the case's form that it answers. Photos are turned upright, made smaller and freed of
    position and camera. Raises the Refusals of `kind_of` and `fit_picture`, and `too_many_files`.
    """
    if field != SIGNATURE:  # as many may sign as decide
        _refuse_many(tx, of)
    kind = kind_of(file)
    picture = fit_picture(file.content) if kind == PICTURE else None
    content = picture.content if picture is not None else file.content
    in_record = isinstance(of, Record)
    row = Attachment(
        id=number or new_id(),
        child_id=of.child_id,
        record_id=of.id if in_record else None,
        case_id=of.case_id if not in_record or of.circle else None,
        circle=of.circle,
        field=field,
        protection=protection,
        kind="jpeg" if picture is not None else kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        width=picture.width if picture is not None else None,
        height=picture.height if picture is not None else None,
        made_by=tx.actor.staff_id or 0,
        made_by_name=tx.actor.name,
        made_at=tx.now,
        made_at_school=of.school_code,
    )
    row.place_at({level: of.level_codes[level] for level in LEVELS})
    learn_keys(tx.session, [row.key_owner])
    tx.session.add(row)
    row.name = _name(file.name, row.kind)
    tx.session.flush()
    storage.put(tx.session, row, WHOLE, content)
    if picture is not None:
        storage.put(tx.session, row, SMALL, picture.small)
    _tell(tx, "attachment.added", row, (Change("name", row.protection, None, row.name),))
    return row


def _refuse_many(tx: Transaction, of: Record | Case) -> None:
    own, most = Attachment.record_id == of.id, MOST_FILES
    if isinstance(of, Case):
        mine = and_(Attachment.case_id == of.id, Attachment.record_id.is_(None))
        own, most = and_(mine, Attachment.field.is_distinct_from(SIGNATURE)), MOST_OF_CASE
    there = select(func.count()).select_from(Attachment).where(own, Attachment.removed_at.is_(None))
    if (tx.session.scalar(there) or 0) >= most:
        raise Refusal("too_many_files", text("最多 {most} 个附件", most=most))


def add_attachment(tx: Transaction, record_id: int, file: Upload) -> int:
    """Add a photo or file to a record that the person wrote or may mend; returns its number."""
    record = fetch(tx, Record, record_id)
    if not may_mend(tx.actor, tx.policy, record):
        raise Denied("not_permitted", text("只有记录人和办公室能添加附件"))
    tx.require(Permission.RECORD_READ, record.level_codes)
    return attach(tx, file, record).id


def add_case_file(tx: Transaction, number: str, file: Upload) -> int:
    """Add a photo or file to an open case that the person may work on; returns its number.

    Raises Missing, Denied, Refusal `case_closed`, `case_sealed` and those of `attach`.
    """
    case = tx.session.scalars(select(Case).where(Case.number == number)).one_or_none()
    if case is None or tx.policy.post_for(tx.actor, Permission.CASE_READ, case.level_codes) is None:
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))
    if not may_add_file(tx.actor, tx.policy, case):
        raise Denied("not_permitted", text("你的岗位不能给这件事项添加附件"))
    tx.require(Permission.CASE_ACT, case.level_codes)
    refuse_sealed(tx.session, case)
    if case.closed_at is not None:
        raise Refusal("case_closed", text("事项已办结，不能再添加附件"))
    return attach(tx, file, case, protection=file_class(case)).id


def remove_attachment(tx: Transaction, attachment_id: int, reason: str) -> None:
    """Destroy the content of a wrong photo or file; that it was there stays known.

    Raises Missing, Denied, Refusal `reason_missing`, `case_sealed`.
    """
    row = fetch(tx, Attachment, attachment_id)
    if row.removed_at is not None:
        raise Missing("not_found", text("没有这条记录"))
    _permit_removal(tx, row)
    why = as_text(reason)[:LONGEST_REASON]
    if len(why) < SHORTEST_REASON:
        raise Refusal("reason_missing", text("请写明原因"), {"reason": text("请写明原因")})
    learn_keys(tx.session, [row.key_owner])
    row.reason = why
    row.removed_at = tx.now
    storage.drop(tx.session, row)
    _tell(tx, "attachment.removed", row, (Change("name", row.protection, row.name, None),), why)


def _permit_removal(tx: Transaction, row: Attachment) -> None:
    if row.record_id is not None:
        if not may_mend(tx.actor, tx.policy, fetch(tx, Record, row.record_id)):
            raise Denied("not_permitted", text("只有记录人和办公室能移除附件"))
        return
    case = fetch(tx, Case, row.case_id or 0)
    if row.field == SIGNATURE:
        raise Refusal("signature_stays", text("签名随意见一起留存，不能移除"))
    if not may_remove_file(tx.actor, tx.policy, row, case):
        raise Denied("not_permitted", text("只有上传的人、办公室和主管领导能移除附件"))
    refuse_sealed(tx.session, case)


def _name(written: str, kind: str) -> str:
    """Return a file name that every system takes: the last part of what was sent, with the ending of what it is."""
    plain = _UNSAFE.sub(" ", PurePosixPath(written.replace("\\", "/")).name)
    stem = "".join(c for c in PurePosixPath(plain).stem if c.isprintable()).strip(" .")[:LONGEST_NAME]
    return f"{stem or 'file'}.{'jpg' if kind == 'jpeg' else kind}"


def _tell(
    tx: Transaction, action: str, row: Attachment, changes: tuple[Change, ...], reason: str | None = None
) -> None:
    facts = {"kind": row.kind, "size": row.size, "sha256": row.sha256, "record": str(row.record_id or "")}
    tx.tell(
        Happening(
            action,
            "attachment",
            row.id,
            row.level_codes,
            row.child_id,
            case_id=row.case_id,
            owner=row.key_owner,
            changes=changes,
            reason=reason,
            facts=facts,
            circle=row.circle,
        )
    )
