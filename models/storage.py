"""Where the content of attachments is kept: one small interface, and the database behind it."""

from __future__ import annotations

from typing import Protocol

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.attachment import Attachment, AttachmentContent
from models.types import new_id
from models.vault import learn_keys, vault_of

WHOLE, SMALL = "whole", "small"


class Storage(Protocol):
    """Keeps the parts of an attachment, sealed under the key of what it belongs to."""

    def put(self, session: Session, attachment: Attachment, part: str, content: bytes) -> None:
        """Keep a part."""

    def get(self, session: Session, attachment: Attachment, part: str) -> bytes | None:
        """Return a part, None where there is none."""

    def drop(self, session: Session, attachment: Attachment) -> None:
        """Forget every part."""


class DatabaseStorage:
    """Keeps content in the database, beside the rows that it belongs to."""

    def put(self, session: Session, attachment: Attachment, part: str, content: bytes) -> None:
        """Keep a part."""
        row = AttachmentContent(
            id=new_id(),
            child_id=attachment.child_id,
            case_id=attachment.case_id,
            circle=attachment.circle,
            attachment_id=attachment.id,
            part=part,
            sealed=b"",
        )
        row.place_at(attachment.level_codes)
        row.sealed = vault_of(session).seal_bytes(attachment.key_owner, f"attachment_content:{row.id}", content)
        session.add(row)

    def get(self, session: Session, attachment: Attachment, part: str) -> bytes | None:
        """Return a part, None where there is none; raises SealBroken after its key was destroyed."""
        row = session.scalars(
            select(AttachmentContent).where(
                AttachmentContent.attachment_id == attachment.id, AttachmentContent.part == part
            )
        ).one_or_none()
        if row is None:
            return None
        learn_keys(session, [attachment.key_owner])
        return vault_of(session).open_bytes(attachment.key_owner, f"attachment_content:{row.id}", row.sealed)

    def drop(self, session: Session, attachment: Attachment) -> None:
        """Forget every part."""
        session.execute(delete(AttachmentContent).where(AttachmentContent.attachment_id == attachment.id))


storage: Storage = DatabaseStorage()
