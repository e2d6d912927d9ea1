"""Takes the files out of a sent form, and keeps those sent by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from flask import flash, request
from flask_babel import gettext as _

from admin_app.wording import say
from workflows.engine.definition import Form
from workflows.engine.form import FILES
from workflows.file_kind import Upload
from workflows.refusal import Denied, Missing, Refusal


def files_named(name: str) -> list[Upload]:
    """Return the files that were sent under a name; a field left empty sends none."""
    found = []
    for file in request.files.getlist(name):
        if file.filename:
            found.append(Upload(file.filename, file.read()))
        file.close()
    return found


def keep_each(files: Sequence[Upload], keep: Callable[[Upload], object]) -> None:
    """Keep files that were sent one by one and say how many; those before a refused one stay kept.

    Raises Denied and Missing; what else is refused is said above the next page.
    """
    try:
        for file in files:
            keep(file)
    except (Denied, Missing):
        raise
    except Refusal as refusal:
        flash(say(refusal.message), "bad")
    else:
        flash(_("已添加 %(n)s 个附件", n=len(files)) if files else _("请先选择文件"), "ok" if files else "warn")


def files_of(definition: Form) -> dict[str, list[Upload]]:
    """Return the files sent for the questions of a form that ask for some."""
    found = {f.key: files_named(f.key) for f in definition.fields if f.type in FILES}
    return {key: files for key, files in found.items() if files}
