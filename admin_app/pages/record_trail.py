"""Says the fields and values of dated records that the trail tells of in the words of their forms."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_app.wording import say
from workflows.engine.published import FormVersion, forms_numbered

FormNumber = tuple[str, int]
_JOINED = "、"  # between the values of one answer, as the operation tells them


def form_number(facts: Mapping[str, Any]) -> FormNumber | None:
    """Return key and number of the form that an event of a record names, None for other events."""
    key, number = facts.get("form"), facts.get("form_version")
    return (key, number) if isinstance(key, str) and isinstance(number, int) else None


def forms_told(session: Session, told: Iterable[Mapping[str, Any]]) -> dict[FormNumber, FormVersion]:
    """Return the forms that the particulars of some events name, with one query."""
    return forms_numbered(session, {number for facts in told if (number := form_number(facts)) is not None})


def field_label(version: FormVersion, key: str) -> str:
    """Return what a form calls a field; a field that it does not have is shown by its key."""
    return next((say(field.label) for field in version.form.fields if field.key == key), key)


def value_words(version: FormVersion, key: str, value: str) -> str:
    """Return a value as the form says it: labels of what was chosen, yes or no, or itself."""
    field = next((field for field in version.form.fields if field.key == key), None)
    if field is None:
        return value
    if field.type == "yes_no":
        return str(_("是") if value == "true" else _("否"))
    if field.type not in ("choice", "multi_choice"):
        return value
    labels = version.validator.options(key)
    return _JOINED.join(say(labels[one]) if one in labels else one for one in value.split(_JOINED))
