"""Which answers of a case stand in columns beside its JSON, so that conditions can be asked of the database."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from workflows.engine.answers import LINE_LENGTH
from workflows.engine.definition import Form, FormField
from workflows.engine.vocabulary import Protection

KEPT_TYPES = frozenset(
    {"text", "choice", "multi_choice", "number", "integer", "date", "datetime", "yes_no", "person", "place"}
)


def is_kept(f: FormField) -> bool:
    """Tell whether a field's answer stands in a column: never a protected one, nor a long text."""
    is_short = (f.max_length or LINE_LENGTH) <= LINE_LENGTH
    return f.type in KEPT_TYPES and f.protection <= Protection.P1 and is_short


def kept_fields(forms: Iterable[Form], fields: Mapping[str, FormField]) -> dict[str, FormField]:
    """Return those of a workflow's fields, by key, that every form which asks for them lets stand in a column."""
    asked = [f for form in forms for f in form.fields]
    elsewhere = {f.key for f in asked if not is_kept(f) or f.type != fields[f.key].type}
    return {key: f for key, f in fields.items() if key not in elsewhere}
