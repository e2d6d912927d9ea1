"""Keeps the files of a form that was not accepted for who sent them, until it is sent again or a day went by."""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from models.locks import hold
from models.types import new_id
from models.unfinished_file import UnfinishedFile
from models.vault import learn_keys, vault_of
from workflows.file_kind import PICTURE, Upload
from workflows.operations.sent_files import Sent, Uploads, kind_for
from workflows.picture import fit_picture
from workflows.refusal import Refusal, Words
from workflows.text import text
from workflows.transaction import Transaction

KEPT_FOR = timedelta(days=1)
MOST_OF_PERSON = 40
LONGEST_PLACE = 200


class Waiting(NamedTuple):
    """A kept file as its owner sees it."""

    number: int
    field: str
    name: str
    kind: str
    size: int


class Kept(NamedTuple):
    """Which kept files a person sends along with the form at a path, and which of those shown they took away."""

    place: str
    numbers: tuple[int, ...] = ()
    dropped: tuple[int, ...] = ()


NOTHING_KEPT = Kept("")


@dataclass(frozen=True)
class Unfinished:
    """What waits for a form after it was not accepted, and by field why something does not."""

    files: tuple[Waiting, ...] = ()
    faults: dict[str, Words] = field(default_factory=dict)


def keep_unfinished(tx: Transaction, kept: Kept, files: Uploads, photos: Collection[str] = ()) -> Unfinished:
    """Keep the files sent with a form that was not accepted; those taken away are dropped.

    `photos` are the questions that take photos only. What could never be taken is not kept and told by field; the same
    file sent twice is kept once. Whoever keeps a file, as whoever logs in, also drops everybody's older than a day.
    """
    owner = tx.actor.staff_id
    if owner is None or len(kept.place) > LONGEST_PLACE:
        return Unfinished()
    hold(tx.session, f"unfinished_file:{owner}")
    learn_keys(tx.session, [owner])
    drop_old_files(tx)
    tx.session.execute(delete(UnfinishedFile).where(*_at(owner, kept.place), UnfinishedFile.id.in_(kept.dropped)))
    faults: dict[str, Words] = {}
    for name, several in files.items():
        for one in several:
            try:
                _keep(tx, owner, kept.place, name, one, is_photo=name in photos)
            except Refusal as refusal:
                faults[name] = refusal.message
    return Unfinished(waiting_files(tx.session, owner, kept.place, tx.now), faults)


def _keep(tx: Transaction, owner: int, place: str, name: str, file: Upload, *, is_photo: bool) -> None:
    kind = kind_for(file, is_photo=is_photo)
    digest = hashlib.sha256(file.content).hexdigest()
    at = (*_at(owner, place), UnfinishedFile.field == name, UnfinishedFile.digest == digest)
    if tx.session.scalar(select(UnfinishedFile.id).where(*at)) is not None:
        return
    own = select(func.count()).select_from(UnfinishedFile).where(UnfinishedFile.staff_id == owner)
    if (tx.session.scalar(own) or 0) >= MOST_OF_PERSON:
        raise Refusal("too_many_files", text("未提交的文件太多，“{name}”没有保留，请重新选择", name=file.name[:60]))
    # A photo waits without position and camera, as it will be kept.
    content = fit_picture(file.content).content if kind == PICTURE else file.content
    row = UnfinishedFile(
        id=new_id(),
        staff_id=owner,
        place=place,
        field=name,
        digest=digest,
        kind=kind,
        size=len(content),
        kept_at=tx.now,
    )
    row.content_sealed = vault_of(tx.session).seal_bytes(owner, _seal_of(row), content)
    tx.session.add(row)
    row.name = file.name[-200:]
    tx.session.flush()


def waiting_files(session: Session, staff_id: int, place: str, now: datetime) -> tuple[Waiting, ...]:
    """Return the files that wait for a person's form at a path, in the order sent; those older than a day no more."""
    learn_keys(session, [staff_id])
    found = select(UnfinishedFile).where(*_at(staff_id, place), UnfinishedFile.kept_at > now - KEPT_FOR)
    rows = session.scalars(found.order_by(UnfinishedFile.id))
    return tuple(Waiting(row.id, row.field, row.name or "", row.kind, row.size) for row in rows)


def take_unfinished(tx: Transaction, kept: Kept) -> tuple[Sent, ...]:
    """Take the kept files that a form names, inside the operation that accepts it; they wait no longer.

    Only the person who sent them takes them, for the form that they were sent with. Raises Refusal `file_gone` where
    one of them waits no more: nothing is accepted without a file that the person saw on the page.
    """
    owner = tx.actor.staff_id
    if owner is None or not kept.numbers:
        return ()
    named = (*_at(owner, kept.place), UnfinishedFile.id.in_(kept.numbers))
    rows = tx.session.scalars(select(UnfinishedFile).where(*named).order_by(UnfinishedFile.id)).all()
    if len(rows) != len(set(kept.numbers)):
        raise Refusal("file_gone", text("之前选的文件已不在，请重新选择"))
    learn_keys(tx.session, [owner])
    vault = vault_of(tx.session)
    sent = tuple(
        Sent(new_id(), row.field, Upload(row.name or "", vault.open_bytes(owner, _seal_of(row), row.content_sealed)))
        for row in rows
    )
    tx.session.execute(delete(UnfinishedFile).where(*named))
    return sent


def drop_unfinished(tx: Transaction, place: str) -> None:
    """Drop the person's files that wait for the form at a path; it was accepted or given up."""
    if tx.actor.staff_id is not None:
        tx.session.execute(delete(UnfinishedFile).where(*_at(tx.actor.staff_id, place)))


def drop_old_files(tx: Transaction) -> None:
    """Drop what waited longer than a day, whoever sent it: the one place where forgotten files end."""
    tx.session.execute(delete(UnfinishedFile).where(UnfinishedFile.kept_at <= tx.now - KEPT_FOR))


def _at(owner: int, place: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return UnfinishedFile.staff_id == owner, UnfinishedFile.place == place


def _seal_of(row: UnfinishedFile) -> str:
    return f"unfinished_file:{row.id}:content"
