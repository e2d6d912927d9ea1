"""Takes the files out of a sent form."""

from __future__ import annotations

from flask import request

from workflows.engine.definition import Form
from workflows.engine.form import FILES
from workflows.file_kind import Upload


def files_named(name: str) -> list[Upload]:
    """Return the files that were sent under a name; a field left empty sends none."""
    found = []
    for file in request.files.getlist(name):
        if file.filename:
            found.append(Upload(file.filename, file.read()))
        file.close()
    return found


def files_of(definition: Form) -> dict[str, list[Upload]]:
    """Return the files sent for the questions of a form that ask for some."""
    found = {f.key: files_named(f.key) for f in definition.fields if f.type in FILES}
    return {key: files for key, files in found.items() if files}
