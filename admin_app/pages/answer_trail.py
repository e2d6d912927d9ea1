"""Says the answers of a case's forms that the trail tells of in the words of their questions."""

from __future__ import annotations

import json
from typing import Any

from flask_babel import gettext as _

from admin_app.desk import system_session
from admin_app.pages.case_words import say_answer
from admin_app.wording import say
from models.place import Place
from models.staff import Staff
from workflows.engine.definition import FormField
from workflows.engine.published import WorkflowVersion
from workflows.mask import mask_id_number, mask_phone
from workflows.operations.answer_changes import PREFIX

AS_JSON = frozenset({"multi_choice", "rows", "photo", "file", "yes_no", "integer"})
NAMED = frozenset({"person", "place"})
MASKS = {"phone": mask_phone, "id_number": mask_id_number}


def field_answered(version: WorkflowVersion, field: str) -> FormField | None:
    """Return the question whose answer an entry of the trail names (`case.term_goal`), None for any other field."""
    return version.fields.get(field.removeprefix(PREFIX)) if field.startswith(PREFIX) else None


def answer_label(field: FormField) -> str:
    """Return what the form calls the question."""
    return say(field.label)


def answer_words(field: FormField, value: str) -> str:
    """Return an answer as the trail keeps it in words; numbers of phones and papers stand in part."""
    if field.type in MASKS:
        return MASKS[field.type](value)
    if field.type in NAMED:
        return _name(field, value)
    found = _read(value) if field.type in AS_JSON else value
    if field.columns and isinstance(found, list):
        return str(_("；")).join(_row(field, row) for row in found)
    return say_answer(field, found, {})


def _name(field: FormField, value: str) -> str:
    number = int(value) if value.isdecimal() else 0
    session = system_session("people of the trail")
    row = session.get(Staff, number) if field.type == "person" else session.get(Place, number)
    return row.name if row is not None else value


def _read(value: str) -> Any:
    try:
        return json.loads(value)
    except ValueError:
        return value


def _row(field: FormField, row: Any) -> str:
    cells = (say_answer(column, row.get(column.key), {}) for column in field.columns if isinstance(row, dict))
    return " ".join(cell for cell in cells if cell)
