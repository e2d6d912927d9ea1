"""Keeps the files of a form that was not accepted and shows them on its page, to be sent along or taken away."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flask import flash, request
from flask_babel import gettext as _

from admin_app.desk import current_actor, now, perform, system_session
from admin_app.listing.ids import number
from admin_app.pages.file_entry import KINDS, size_line
from admin_app.wording import say
from workflows.engine.definition import Form
from workflows.file_kind import Upload
from workflows.operations.unfinished_file import Kept, Unfinished, Waiting, keep_unfinished, waiting_files
from workflows.policy import Permission
from workflows.refusal import Refusal


def form_place() -> str:
    """Return where a form's draft and files wait: its path, with the case that it is written for, if any."""
    case = request.values.get("case")
    return f"{request.path}?case={case}" if case else request.path


def files_kept() -> Kept:
    """Return which of the files that wait for this form the person sends along, and which they took away."""
    shown, ticked = _numbers("kept_before"), _numbers("kept")
    return Kept(form_place(), tuple(sorted(ticked)), tuple(sorted(shown - ticked)))


def _numbers(name: str) -> set[int]:
    return {found for one in request.form.getlist(name) if (found := number(one)) is not None}


def keep_sent_files(
    permission: Permission, files: Mapping[str, Sequence[Upload]], definition: Form | None = None
) -> Unfinished:
    """Keep what was sent with a form that is shown once more; those that the person took away are dropped."""
    kept = files_kept()
    if not (files or kept.numbers or kept.dropped):
        return Unfinished()
    photos = {f.key for f in definition.fields if f.type == "photo"} if definition is not None else set()
    return perform(keep_unfinished, permission, kept, files, photos)


def waiting_here() -> Unfinished:
    """Return the files that wait for the person's form at this path."""
    staff_id = current_actor().staff_id
    if staff_id is None:
        return Unfinished()
    return Unfinished(waiting_files(system_session("own account"), staff_id, form_place(), now()))


def with_files(page: dict[str, Any], unfinished: Unfinished) -> dict[str, Any]:
    """Return a form's page with the waiting files beside their questions, and why others do not wait."""
    for section in page["screen"]["sections"]:
        for field in section["fields"]:
            field.kept = shown_files(file for file in unfinished.files if file.field == field.name)
            if field.name in unfinished.faults and not field.errors:
                field.errors = [say(unfinished.faults[field.name])]
    return page


def with_photos(page: dict[str, Any], unfinished: Unfinished, told: Refusal | None = None) -> dict[str, Any]:
    """Return the page of a record with its waiting photos; says why others do not wait, unless that was `told`."""
    page["screen"]["kept"] = shown_files(unfinished.files)
    for fault in unfinished.faults.values():
        if told is None or say(fault) != say(told.message):
            flash(say(fault), "bad")
    return page


def shown_files(files: Iterable[Waiting]) -> list[dict[str, Any]]:
    """Return waiting files as `kept_files` of `parts/fields.html` shows them."""
    return [
        {"number": file.number, "name": file.name, "sub": f"{_kind(file.kind)} · {size_line(file.size)}"}
        for file in files
    ]


def _kind(kind: str) -> str:
    return KINDS.get(kind) or str(_("照片"))
