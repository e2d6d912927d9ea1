"""Keeps the signature that somebody drew with their voice: a picture of the case, checked like every other."""

from __future__ import annotations

from collections.abc import Sequence

from models.case import Case
from workflows.case_files import SIGNATURE
from workflows.file_kind import Upload
from workflows.operations.attachment import attach
from workflows.operations.sent_files import Sent, kind_for
from workflows.picture import has_ink
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction

CLASS = "P1"


def keep_signature(tx: Transaction, case: Case, sent: Sequence[Sent]) -> int | None:
    """Keep the signature sent with a step, and return its number; None where none was sent.

    It is taken from the request alone, so that nobody signs with another's. Raises Refusal with the fault beside the
    field for what is no picture, is too large or shows nothing.
    """
    one = next((one for one in sent if one.field == SIGNATURE), None)
    if one is None:
        return None
    try:
        check_signature(one.file)
        row = attach(tx, one.file, case, field=SIGNATURE, protection=CLASS, number=one.number)
    except Refusal as refusal:
        raise Refusal(refusal.code, refusal.message, {SIGNATURE: refusal.message}) from refusal
    return row.id


def check_signature(file: Upload) -> None:
    """Refuse what cannot stand for a signature; raises the Refusals of `kind_for`, and `empty_signature`."""
    kind_for(file, is_photo=True)
    if not has_ink(file.content):
        raise Refusal("empty_signature", text("签名是空白的，请签名"))
