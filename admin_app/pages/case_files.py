"""The tab 附件 of a case: what was sent along with its forms or added beside them, as far as the person may look."""

from __future__ import annotations

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, current_policy
from admin_app.pages.file_entry import file_entry
from admin_app.wording import say
from models.attachment import Attachment
from models.vault import learn_keys
from workflows.case_files import is_sealed, may_add_file, may_look, may_remove_file
from workflows.case_view import CaseView
from workflows.file_kind import LARGEST

_OWN = (Attachment.record_id.is_(None), Attachment.removed_at.is_(None))


def count_files(session: Session, case_id: int) -> int:
    """Return how many photos and files a case has."""
    return session.scalar(select(func.count()).select_from(Attachment).where(Attachment.case_id == case_id, *_OWN)) or 0


def files_card(session: Session, view: CaseView) -> dict[str, Any]:
    """Return the card of `parts/files.html`."""
    actor, policy, case = current_actor(), current_policy(), view.case
    learn_keys(session, [case.key_owner])
    found = session.scalars(
        select(Attachment).where(Attachment.case_id == case.id, *_OWN).order_by(Attachment.id)
    ).all()
    seen = [file for file in found if may_look(actor, policy, file, case.workflow)]
    sealed = is_sealed(session, case)
    removable = {file.id for file in seen if not sealed and may_remove_file(actor, policy, file, case)}
    return {
        "files": [_entry(view, file, may_remove=file.id in removable) for file in seen],
        "hidden": len(found) - len(seen),
        "may_add": not sealed and case.closed_at is None and may_add_file(actor, policy, case),
        "note": _note(view, sealed=sealed),
        "add_url": url_for("attachments.add", number=case.number),
        "most_bytes": LARGEST,
    }


def _entry(view: CaseView, file: Attachment, *, may_remove: bool) -> dict[str, Any]:
    asked = view.version.fields.get(file.field or "")
    entry = file_entry(file) | {"may_remove": may_remove}
    return entry | {"what": say(asked.label) if asked is not None else ""}


def _note(view: CaseView, *, sealed: bool) -> str:
    if sealed:
        return str(_("档案已封存，附件只读"))
    if view.case.closed_at is not None:
        return str(_("事项已办结，不能再添加附件"))
    return ""
