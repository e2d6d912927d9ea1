"""The signatures that were drawn with a step where nobody sat on a seat, by the move that they belong to."""

from __future__ import annotations

from flask import url_for
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models.attachment import Attachment
from models.task import CaseTask
from workflows.case_files import SIGNATURE
from workflows.case_view import CaseView


def signatures(session: Session, view: CaseView) -> dict[int, str]:
    """Return the address of each signature that stands on no seat, by the move of the same person and moment."""
    if not any(_asks(view, key) for key in view.version.workflow.transitions):
        return {}
    on_seat = exists().where(CaseTask.signature_id == Attachment.id)
    own = (Attachment.case_id == view.case.id, Attachment.field == SIGNATURE, Attachment.removed_at.is_(None))
    rows = session.execute(select(Attachment.id, Attachment.made_by, Attachment.made_at).where(*own, ~on_seat))
    found = {(made_by, made_at): number for number, made_by, made_at in rows}
    return {
        move.id: url_for("attachments.thumbnail", attachment=found[move.actor_id, move.at])
        for move in view.moves
        if (move.actor_id, move.at) in found
    }


def _asks(view: CaseView, transition: str) -> bool:
    workflow = view.version.workflow
    return any(SIGNATURE in workflow.requires(transition, state) for state in workflow.sources(transition))
