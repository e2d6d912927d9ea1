"""Photos and files that a form of a case sends along: numbered before it is judged, kept when it was accepted."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from models.case import Case
from models.types import new_id
from workflows.engine.definition import Form
from workflows.engine.form import FILES, FormVerdict
from workflows.file_kind import PICTURE, Upload, kind_of
from workflows.operations.attachment import attach
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction

Uploads = Mapping[str, Sequence[Upload]]


class Sent(NamedTuple):
    """One file, the question that it answers, and the number under which it will be kept."""

    number: int
    field: str
    file: Upload


def numbered(files: Uploads) -> tuple[Sent, ...]:
    """Draw a number for each file, by which the form's answer names it."""
    return tuple(Sent(new_id(), field, file) for field, several in files.items() for file in several)


def digests(files: Uploads, kept: Sequence[int] = ()) -> list[list[str]]:
    """Return what tells the same files from others, for the mark of a request; `kept` are numbers of waiting ones."""
    sent = [[field, *(hashlib.sha256(one.content).hexdigest() for one in files[field])] for field in sorted(files)]
    return [*sent, ["kept", *map(str, sorted(kept))]] if kept else sent


def answers_with(form: Form, answers: Mapping[str, object], sent: Sequence[Sent]) -> dict[str, object]:
    """Return the answers with the files' numbers; what was typed for a file counts for nothing."""
    asked = {f.key for f in form.fields if f.type in FILES}
    typed = {key: value for key, value in answers.items() if key not in asked}
    return typed | {key: [str(one.number) for one in sent if one.field == key] for key in asked}


def keep_sent(tx: Transaction, case: Case, form: Form, verdict: FormVerdict, sent: Sequence[Sent]) -> None:
    """Keep the files that the accepted answers name with the case; raises Refusal with the fault beside the field."""
    for f in form.fields:
        taken = set(verdict.values.get(f.key, ())) if f.type in FILES else set()
        for one in sent:
            if one.field == f.key and str(one.number) in taken:
                _keep(tx, case, one, is_photo=f.type == "photo", protection=f.protection.value)


def kind_for(file: Upload, *, is_photo: bool) -> str:
    """Return what a file is; raises the Refusals of `kind_of`, and `not_a_picture` where a photo was asked for."""
    kind = kind_of(file)
    if is_photo and kind != PICTURE:
        raise Refusal("not_a_picture", text("“{name}”不是照片", name=file.name[:60]))
    return kind


def _keep(tx: Transaction, case: Case, one: Sent, *, is_photo: bool, protection: str) -> None:
    try:
        kind_for(one.file, is_photo=is_photo)
        attach(tx, one.file, case, field=one.field, protection=protection, number=one.number)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, {one.field: refusal.message}) from refusal
