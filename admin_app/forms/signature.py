"""Takes a drawn signature, or a picture of one, out of a sent form, and gives it back when the form is refused."""

from __future__ import annotations

import base64
import binascii

from flask import Request

from admin_app.forms.sent_files import files_named
from workflows.case_files import SIGNATURE
from workflows.file_kind import Upload
from workflows.operations.signature import check_signature
from workflows.picture import fit_picture
from workflows.refusal import Refusal

DRAWN = "signature_drawn"  # the hidden field into which the page's script writes what was drawn
_HEADS = ("data:image/png;base64,", "data:image/jpeg;base64,")


def signature_of(request: Request) -> list[Upload]:
    """Return the signature that was sent: what was drawn, else the chosen picture; nothing where neither was."""
    drawn = request.form.get(DRAWN, "")
    head = next((head for head in _HEADS if drawn.startswith(head)), None)
    if head is None:
        return files_named(SIGNATURE)[:1]
    try:
        content = base64.b64decode(drawn.removeprefix(head), validate=True)
    except binascii.Error:
        content = b"?"  # judged as what it is: no picture
    return [Upload("签名.png", content)]


def given_back(signed: list[Upload]) -> str:
    """Return a signature as the page can hold it for the next try, empty for one that could never be taken."""
    if not signed:
        return ""
    try:
        check_signature(signed[0])
    except Refusal:
        return ""
    return _HEADS[1] + base64.b64encode(fit_picture(signed[0].content).small).decode()
