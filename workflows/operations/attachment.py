"""Keeps photos and files with records and cases, and takes wrong ones away; every look at one is told by the trail."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from pathlib import PurePosixPath

from sqlalchemy import func, select

from models.attachment import Attachment
from models.record import Record
from models.scope import LEVELS
from models.storage import SMALL, WHOLE, storage
from models.types import new_id
from models.vault import learn_keys
from workflows.audit import Change, Happening
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
LONGEST_NAME = 120
SHORTEST_REASON, LONGEST_REASON = 2, 200
_UNSAFE = re.compile(r"[\x00-\x1f\x7f/\\:*?\"<>|]+")

__all__ = ["Upload", "add_attachment", "attach", "remove_attachment"]


def attach(
    tx: Transaction,
    file: Upload,
    *,
    child_id: int,
    codes: Mapping[str, str],
    record_id: int | None = None,
    case_id: int | None = None,
) -> Attachment:
    """Keep a file with a record or a case of a child, inside a running operation that permitted it.

    Photos are turned upright, made smaller and freed of position and camera. Raises the Refusals of `kind_of` and
    `fit_picture`, and `too_many_files`.
    """
    owner = Attachment.record_id == record_id if record_id is not None else Attachment.case_id == case_id
    many = tx.session.scalar(select(func.count()).select_from(Attachment).where(owner, Attachment.removed_at.is_(None)))
    if (many or 0) >= MOST_FILES:
        raise Refusal("too_many_files", text("最多 {most} 个附件", most=MOST_FILES))
    kind = kind_of(file)
    picture = fit_picture(file.content) if kind == PICTURE else None
    content = picture.content if picture is not None else file.content
    row = Attachment(
        id=new_id(),
        child_id=child_id,
        record_id=record_id,
        case_id=case_id,
        kind="jpeg" if picture is not None else kind,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        width=picture.width if picture is not None else None,
        height=picture.height if picture is not None else None,
        made_by=tx.actor.staff_id or 0,
        made_by_name=tx.actor.name,
        made_at=tx.now,
        made_at_school=codes["school"],
    )
    row.place_at({level: codes[level] for level in LEVELS})
    learn_keys(tx.session, [child_id])
    tx.session.add(row)
    row.name = _name(file.name, row.kind)
    tx.session.flush()
    storage.put(tx.session, row, WHOLE, content)
    if picture is not None:
        storage.put(tx.session, row, SMALL, picture.small)
    _tell(tx, "attachment.added", row, (Change("name", "P2", None, row.name),))
    return row


def add_attachment(tx: Transaction, record_id: int, file: Upload) -> int:
    """Add a photo or file to a record that the person wrote or may mend; returns its number."""
    record = fetch(tx, Record, record_id)
    if not may_mend(tx.actor, tx.policy, record):
        raise Denied("not_permitted", text("只有记录人和办公室能添加附件"))
    tx.require(Permission.RECORD_READ, record.level_codes)
    return attach(tx, file, child_id=record.child_id, codes=record.level_codes, record_id=record.id).id


def remove_attachment(tx: Transaction, attachment_id: int, reason: str) -> None:
    """Destroy the content of a wrong photo or file of a record; that it was there stays known.

    Raises Missing, Denied, Refusal `reason_missing`.
    """
    row = fetch(tx, Attachment, attachment_id)
    record = tx.session.get(Record, row.record_id) if row.record_id is not None else None
    if record is None or row.removed_at is not None:
        raise Missing("not_found", text("没有这条记录"))
    if not may_mend(tx.actor, tx.policy, record):
        raise Denied("not_permitted", text("只有记录人和办公室能移除附件"))
    why = as_text(reason)[:LONGEST_REASON]
    if len(why) < SHORTEST_REASON:
        raise Refusal("reason_missing", text("请写明原因"), {"reason": text("请写明原因")})
    row.reason = why
    row.removed_at = tx.now
    storage.drop(tx.session, row)
    _tell(tx, "attachment.removed", row, (Change("name", "P2", row.name, None),), why)


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
            owner=row.child_id,
            changes=changes,
            reason=reason,
            facts=facts,
        )
    )
