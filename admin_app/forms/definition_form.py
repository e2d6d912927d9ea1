"""Draws a form definition with WTForms; what it accepts is decided by the engine's validator alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import Form, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.widgets import DateInput, NumberInput, TelInput

from admin_app.forms.held_choice import SelectField
from admin_app.wording import say
from workflows.engine.definition import Form as FormDefinition
from workflows.engine.definition import FormField
from workflows.engine.form import FormValidator
from workflows.refusal import Words
from workflows.text import text

SEGMENTS_AT_MOST = 4  # choices up to this many are seen at once, more are a list
SEGMENT_LETTERS = 12  # and stand in one row when their labels together are no longer than this


class DateField(StringField):
    """A day, bound as typed: the engine reads it and says what is wrong with it."""

    widget = DateInput()


class IntegerField(StringField):
    """A number, bound as typed."""

    widget = NumberInput()


class PhoneField(StringField):
    """A phone number, bound as typed."""

    widget = TelInput()


def make_form(validator: FormValidator, answers: Mapping[str, Any], posted: MultiDict[str, str] | None = None) -> Form:
    """Return the WTForms form of a definition, holding what was posted or else the answers known so far."""
    definition = validator.definition
    fields = {field.key: _field(field, validator) for field in definition.fields}
    shape = type(f"{definition.key}_form", (Form,), fields)
    return shape(formdata=posted, data={key: written(value) for key, value in answers.items()})


def read_answers(definition: FormDefinition, posted: MultiDict[str, str]) -> dict[str, object]:
    """Return what a person typed, by field; several ticks as a list."""
    return {
        field.key: posted.getlist(field.key) if field.type == "multi_choice" else posted.get(field.key, "")
        for field in definition.fields
        if field.key in posted or field.type == "multi_choice"
    }


def show_faults(form: Form, faults: Mapping[str, Words]) -> None:
    """Put the engine's sentences beside the fields they are about."""
    for key, fault in faults.items():
        if key in form:
            form[key].errors = [say(fault)]


def sections(definition: FormDefinition, form: Form) -> list[dict[str, Any]]:
    """Return the form's sections with their fields, in the shape of `office/form.html`."""
    titled = [
        {
            "title": say(section.title),
            "note": say(section.help),
            "fields": [form[f.key] for f in definition.fields if f.section == section.key],
            "is_confidential": section.confidential,
            "who": say(text("仅班主任和个案负责人可看")) if section.confidential else "",
        }
        for section in definition.sections
    ]
    loose = [form[f.key] for f in definition.fields if f.section is None]
    return [{"title": "", "fields": loose}, *titled] if loose else titled


def written(value: Any) -> Any:
    """Return an answer as a form's boxes hold and send it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value.isoformat() if isinstance(value, date) else value


def _field(field: FormField, validator: FormValidator) -> Any:
    return _MAKERS.get(field.type, _text)(field, validator)


def _common(field: FormField) -> dict[str, Any]:
    known: dict[str, Any] = {"label": say(field.label), "description": say(field.help)}
    keyed = {"data-wide": "1"} if field.width == "full" else {}
    if field.max_length:
        keyed["maxlength"] = str(field.max_length)
    return known | {"render_kw": keyed, "validators": [_Star()] if field.required else []}


class _Star:
    """Marks a field as required on the page; the engine is what refuses an empty one."""

    field_flags = {"required": True}

    def __call__(self, form: object, field: object) -> None:
        return None


def _text(field: FormField, validator: FormValidator) -> Any:
    return StringField(**_common(field))


def _long_text(field: FormField, validator: FormValidator) -> Any:
    return TextAreaField(**_common(field))


def _date(field: FormField, validator: FormValidator) -> Any:
    return DateField(**_common(field))


def _number(field: FormField, validator: FormValidator) -> Any:
    return IntegerField(**_common(field))


def _phone(field: FormField, validator: FormValidator) -> Any:
    return PhoneField(**_common(field))


def _id_number(field: FormField, validator: FormValidator) -> Any:
    common = _common(field)
    common["render_kw"] |= {"data-id-number": "1"}
    return StringField(**common)


def _choice(field: FormField, validator: FormValidator) -> Any:
    choices = [SelectChoice(value, say(label)) for value, label in validator.options(field.key).items()]
    if len(choices) <= SEGMENTS_AT_MOST:
        common = _common(field)
        if sum(len(choice.label) for choice in choices) > SEGMENT_LETTERS:
            common["render_kw"] |= {"data-as": "radio", "data-wide": "1"}
        return RadioField(choices=choices, validate_choice=False, **common)
    return SelectField(
        choices=[SelectChoice("", say(text("请选择"))), *choices], validate_choice=False, **_common(field)
    )


def _multi_choice(field: FormField, validator: FormValidator) -> Any:
    choices = [SelectChoice(value, say(label)) for value, label in validator.options(field.key).items()]
    return SelectMultipleField(choices=choices, validate_choice=False, **_common(field))


def _yes_no(field: FormField, validator: FormValidator) -> Any:
    choices = [SelectChoice("true", say(text("是"))), SelectChoice("false", say(text("否")))]
    return RadioField(choices=choices, validate_choice=False, **_common(field))


_MAKERS: dict[str, Callable[[FormField, FormValidator], Any]] = {
    "long_text": _long_text,
    "date": _date,
    "number": _number,
    "integer": _number,
    "phone": _phone,
    "id_number": _id_number,
    "choice": _choice,
    "multi_choice": _multi_choice,
    "yes_no": _yes_no,
}
