"""Photos and files of records and cases: looking at them, adding to a case, taking wrong ones away."""

from __future__ import annotations

from urllib.parse import quote

from flask import Blueprint, Response, flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import object_session
from werkzeug.wrappers import Response as Answer

from admin_app.desk import (
    current_actor,
    current_policy,
    may,
    opened_session,
    perform,
    permit,
    read_session,
    record_read,
    system_session,
)
from admin_app.forms.sent_files import files_named, keep_each
from admin_app.listing.ids import number as read_number
from admin_app.pages.record import view_record
from admin_app.wording import say
from models.attachment import Attachment
from models.case import Case
from models.storage import SMALL, WHOLE, storage
from models.vault import learn_keys
from workflows.audit import Happening
from workflows.case_files import may_look
from workflows.fields import visible
from workflows.file_kind import TYPES
from workflows.operations.attachment import add_case_file, remove_attachment
from workflows.policy import Permission as P
from workflows.record_forms import sees
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

bp = Blueprint("attachments", __name__)


@bp.get("/attachments/<attachment>")
def show(attachment: str) -> Response:
    """Send a photo to look at, or a file to keep; each is on record before it leaves."""
    return _send(attachment, WHOLE)


@bp.get("/attachments/<attachment>/small")
def thumbnail(attachment: str) -> Response:
    """Send the thumbnail of a photo."""
    return _send(attachment, SMALL)


@bp.post("/attachments/<attachment>/remove")
def remove(attachment: str) -> Answer:
    """Destroy a wrong photo or file."""
    row, permission = _readable(attachment)
    back = _page_of(row)
    try:
        perform(remove_attachment, permission, row.id, request.form.get("reason", ""))
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        flash(say(refusal.message), "bad")
    else:
        flash(_("已移除"), "ok")
    return redirect(back)


@bp.post("/case-files/<number>")
def add(number: str) -> Answer:
    """Add photos or files to an open case."""
    permit(P.CASE_READ)
    files = files_named("files")
    if not files:  # say nothing of a case to those who do not see it
        _case(number)
    keep_each(files, lambda file: perform(add_case_file, P.CASE_ACT, number, file))
    return redirect(url_for("cases.show", number=number, tab="files"))


def _case(number: str) -> None:
    if read_session(P.CASE_READ).query(Case.id).filter(Case.number == number).first() is None:
        raise Missing("no_case", text("没有这件事项，或不在你的范围内"))


def _send(attachment: str, part: str) -> Response:
    row, permission = _readable(attachment)
    session = object_session(row) or read_session(permission)
    content = storage.get(session, row, part)
    if content is None:
        raise Missing("not_found", text("没有这条记录"))
    record_read(_read_event(row, part, permission))
    answer = Response(content, mimetype=TYPES[row.kind])
    learn_keys(session, [row.key_owner])
    answer.headers.set("Content-Disposition", "inline" if row.is_picture else "attachment", **_names(row))
    return answer


def _names(row: Attachment) -> dict[str, str]:
    """Return the file's name as a header takes it: a header is Latin-1, other names stand beside a plain one."""
    name = row.name or "file"
    if name.isascii():
        return {"filename": name}
    return {"filename": f"file.{'jpg' if row.is_picture else row.kind}", "filename*": f"UTF-8''{quote(name)}"}


def _read_event(row: Attachment, part: str, permission: P) -> Happening:
    post = current_policy().post_for(current_actor(), permission, row.level_codes)
    return Happening(
        "attachment.read",
        "attachment",
        row.id,
        row.level_codes,
        row.child_id,
        case_id=row.case_id,
        facts={"kind": row.kind, "part": part, "classes": [row.protection], "sha256": row.sha256},
        role=post.role if post else None,
        grant=post.grant if post else None,
        circle=row.circle,
    )


def _readable(written: str) -> tuple[Attachment, P]:
    """Return a file that the person may look at, and by which permission: that of records, or that of cases."""
    found = read_number(written)
    permissions = [permission for permission in (P.RECORD_READ, P.CASE_READ) if may(permission)]
    for permission in permissions:
        row = read_session(permission).get(Attachment, found) if found is not None else None
        if row is not None and row.removed_at is None and (row.record_id is not None) is (permission is P.RECORD_READ):
            _permit_look(row)
            return row, permission
    if found is not None and (row := _opened(found)) is not None:
        return row, P.CASE_READ
    if not permissions:
        permit(P.RECORD_READ)
    raise Missing("not_found", text("没有这条记录"))


def _opened(number: int) -> Attachment | None:
    """Return a file of a case that the person's post opens without a part in it."""
    own = select(Case.workflow).join(Attachment, Attachment.case_id == Case.id).where(Attachment.id == number)
    workflow = system_session("kinds of case").scalar(own)
    session = opened_session(workflow) if workflow is not None else None
    row = session.get(Attachment, number) if session is not None else None
    if row is None or row.removed_at is not None:
        return None
    return row if may_look(current_actor(), current_policy(), row, workflow or "") else None


def _permit_look(row: Attachment) -> None:
    if row.record_id is not None:
        view = view_record(read_session(P.RECORD_READ), row.record_id)
        seen = visible(row.protection, sees(current_actor(), current_policy(), view.record))
    else:
        seen = may_look(current_actor(), current_policy(), row)
    if not seen:
        raise Denied("not_permitted", text("这一项不能查看"))


def _page_of(row: Attachment) -> str:
    if row.record_id is not None:
        return url_for("records.details_view", id=row.record_id)
    case = read_session(P.CASE_READ).get(Case, row.case_id)
    return url_for("cases.show", number=case.number if case is not None else "", tab="files")
