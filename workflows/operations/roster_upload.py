"""An uploaded register on its way to the import: kept sealed, its headings settled, then imported or dropped."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.place import Place
from models.roster import HeadingSynonym, RosterBatch
from models.vault import DataKey, vault_of
from workflows.operations.heading import LONGEST_WORD, forget_heading, teach_heading
from workflows.operations.roster import (
    Imported,
    find_batch,
    forget_content,
    import_roster,
    new_batch,
    refuse_unless,
    told,
)
from workflows.operations.rows import check_rev, fetch
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal, Stale
from workflows.roster.fields import FIELDS, IGNORED
from workflows.roster.report import RosterReport
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import as_text
from workflows.values.words import plain

MOST_DROPPED = 100  # at once, so that an upload does not wait for them
# By these marks the databases tell that a child or a class of the register was stored meanwhile.
_TAKEN_MEANWHILE = ("id_number_index", "place.code", "place_code")


def keep_upload(tx: Transaction, school: Place, file_name: str, digest: str, content: bytes) -> RosterBatch:
    """Keep an uploaded register, sealed, until it is imported or dropped."""
    tx.require(Permission.ROSTER_IMPORT, school.level_codes)
    batch = new_batch(tx, school, file_name, digest, "checked")
    vault = vault_of(tx.session)
    tx.session.add(vault.new_key(batch.id))
    batch.content_sealed = vault.seal(batch.id, _place_of(batch.id), content.hex())
    tx.session.add(batch)
    tx.tell(told(batch, "roster.uploaded"))
    return batch


def open_upload(session: Session, batch: RosterBatch) -> bytes:
    """Return an uploaded register's bytes; raises Missing after it was imported or dropped."""
    key = session.get(DataKey, batch.id)
    if batch.content_sealed is None or key is None:
        raise Missing("no_upload", text("这个文件已经处理过，请重新上传"))
    vault = vault_of(session)
    vault.learn(key)
    return bytes.fromhex(vault.open(batch.id, _place_of(batch.id), batch.content_sealed))


def settle_headings(
    tx: Transaction, batch_id: int, chosen: Mapping[str, str], *, remember: bool = False
) -> RosterBatch:
    """Add to an upload's mapping (header path → field or `ignore`) what a person chose, over what stood there.

    With `remember` the office's own words learn it too, for all registers to come; that needs `heading:manage`.
    Raises Refusal `bad_values`.
    """
    batch = find_batch(tx.session, batch_id)
    tx.require(Permission.ROSTER_IMPORT, batch.level_codes)
    refuse_unless(batch, "checked")
    if any(field not in FIELDS and field != IGNORED for field in chosen.values()):
        raise Refusal("bad_values", text("没有这个字段"))
    if chosen:
        batch.mapping = {**batch.mapping, **chosen}
        tx.tell(told(batch, "roster.mapped", fields=dict(chosen)))
    # A repeated heading (电话#2) means something by its place only and teaches nothing.
    for header, field in chosen.items() if remember else ():
        if "#" not in header:
            _teach(tx, header, field)
    return batch


def _teach(tx: Transaction, header: str, field: str) -> None:
    word = plain(as_text(header))
    if not word or len(word) > LONGEST_WORD:
        return
    known = tx.session.scalars(select(HeadingSynonym).where(HeadingSynonym.word == word)).one_or_none()
    if known is not None and known.field == field:
        return
    if known is not None:
        forget_heading(tx, known.id, known.rev)
    teach_heading(tx, header, field)


def import_upload(tx: Transaction, batch_id: int, rev: int, report: RosterReport, promised: int) -> Imported:
    """Store the accepted rows of an upload once, however often it is asked for.

    `report` is the check of the upload as it stood at `rev`, `promised` the number of children that the person was
    told. Raises Refusal `already_imported` (or `_dropped`, `_undone`), Stale when somebody changed the mapping or put
    one of the children on file since.
    """
    batch = fetch(tx, RosterBatch, batch_id)
    tx.require(Permission.ROSTER_IMPORT, batch.level_codes)
    refuse_unless(batch, "checked")
    check_rev(batch, rev, {})
    if len(report.accepted) != promised:
        raise Stale("changed_meanwhile", text("这期间档案有变化，请再核对一次"))
    school = tx.session.get_one(Place, batch.school_id)
    try:
        return import_roster(tx, school, report, batch_id=batch.id)
    except IntegrityError as fault:
        if not any(mark in str(fault.orig) for mark in _TAKEN_MEANWHILE):
            raise
        raise Stale("changed_meanwhile", text("名册里有儿童刚刚由别人建了档，请重新核对")) from fault


def drop_upload(tx: Transaction, batch_id: int) -> None:
    """Forget an upload that will not be imported; its content and key are gone."""
    batch = find_batch(tx.session, batch_id)
    tx.require(Permission.ROSTER_IMPORT, batch.level_codes)
    refuse_unless(batch, "checked")
    batch.state = "dropped"
    forget_content(tx.session, batch)
    tx.tell(told(batch, "roster.dropped"))


def drop_old_uploads(tx: Transaction, before: datetime) -> int:
    """Forget the uploads that nobody finished since a moment, with their content and keys; return how many.

    They hold whole registers, so they must not lie about for ever; the system does it, whoever uploads next.
    """
    tx.require(Permission.ROSTER_IMPORT)
    old = (
        select(RosterBatch)
        .where(RosterBatch.state == "checked", RosterBatch.made_at < before)
        .order_by(RosterBatch.id)
        .limit(MOST_DROPPED)
        .with_for_update(skip_locked=True)  # one that is being imported at this moment is not forgotten
    )
    batches = tx.session.scalars(old).all()
    for batch in batches:
        batch.state = "dropped"
        forget_content(tx.session, batch)
        tx.tell(told(batch, "roster.dropped", cause="age"))
    return len(batches)


def _place_of(batch_id: int) -> str:
    return f"roster_batch:{batch_id}:content"
