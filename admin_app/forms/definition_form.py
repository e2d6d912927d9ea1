"""Draws a form definition with WTForms; what it accepts is decided by the engine's validator alone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Any

from werkzeug.datastructures import MultiDict
from wtforms import FieldList, Form, MultipleFileField, RadioField, SelectMultipleField, StringField, TextAreaField
from wtforms import FormField as FormField_
from wtforms.fields.choices import SelectChoice
from wtforms.utils import unset_value
from wtforms.widgets import DateInput, DateTimeLocalInput, NumberInput, TelInput

from admin_app.forms.held_choice import SelectField
from admin_app.pages.case_words import say_answer
from admin_app.wording import say
from workflows.engine.definition import Form as FormDefinition
from workflows.engine.definition import FormField
from workflows.engine.form import Choices, FormValidator, row_name
from workflows.engine.vocabulary import Label
from workflows.fields import visible
from workflows.refusal import Words
from workflows.text import text
from workflows.values.moments import write_moment

PHOTOS, PAPERS = "image/*", "image/*,.pdf,.docx,.xlsx"
SEGMENTS_AT_MOST = 4  # choices up to this many are seen at once, more are a list
Options = Mapping[str, Label]
SEGMENT_LETTERS = 12  # and stand in one row when their labels together are no longer than this


class RowsField(FieldList):
    """Rows of the same few questions, as many as a person fills in."""

    def __init__(self, row: FormField_, most: int, **more: Any) -> None:
        super().__init__(row, **more)
        self.most = most

    def process(self, formdata: Any, data: Any = unset_value, extra_filters: Any = None) -> None:
        """Take over what is held or posted, and add a blank row where there is room."""
        super().process(formdata, data, extra_filters)
        if len(self.entries) < self.most and (not self.entries or any(self.entries[-1].data.values())):
            self.append_entry()

    def blank_entry(self) -> Any:
        """Return an empty row whose number stands open (`__n__`), for a page to add more like it."""
        named = {"name": f"{self.name}-__n__", "id": f"{self.id}-__n__", "_meta": self.meta}
        field = self.meta.bind_field(None, self.unbound_field, named | {"translations": self._translations})
        field.process(None)
        return field


class DateField(StringField):
    """A day, bound as typed: the engine reads it and says what is wrong with it."""

    widget = DateInput()


class MomentField(StringField):
    """A day and time of day, bound as typed."""

    widget = DateTimeLocalInput()


class IntegerField(StringField):
    """A number, bound as typed."""

    widget = NumberInput()


class ComputedField(StringField):
    """An answer that is computed: shown, never sent; what a browser sends for it all the same is not looked at."""

    shown = ""

    def process_formdata(self, valuelist: list[str]) -> None:
        """Take nothing over."""


class PhoneField(StringField):
    """A phone number, bound as typed."""

    widget = TelInput()


def make_form(
    validator: FormValidator,
    answers: Mapping[str, Any],
    posted: MultiDict[str, str] | None = None,
    at_hand: Choices | None = None,
) -> Form:
    """Return the WTForms form of a definition, holding what was posted or else the answers known so far.

    `at_hand` are the persons and places to choose from, by field; `show_computed` fills in what is computed.
    """
    definition = validator.definition
    fields = {
        field.key: _rows(field, validator)
        if field.columns
        else _field(field, _options(field, validator, at_hand or {}))
        for field in definition.fields
    }
    shape = type(f"{definition.key}_form", (Form,), fields)
    return shape(formdata=posted, data={key: written(value) for key, value in answers.items()})


def show_computed(
    form: Form,
    validator: FormValidator,
    raw: Mapping[str, object],
    facts: Mapping[str, Any],
    *,
    now: datetime,
    sees: str,
    at_hand: Choices | None = None,
) -> None:
    """Put what is computed from the answers on a form into words; leave out what is above the person's field class.

    `raw` are the answers as they stand on it, `facts`, `now` and `at_hand` what the engine will judge them by.
    """
    computed = validator.check(raw, facts, now=now, choices=at_hand).computed if validator.computes else {}
    for field in validator.definition.fields:
        if field.value is not None and not visible(field.protection.value, sees):
            del form[field.key]
        elif field.value is not None:
            form[field.key].shown = say_answer(field, computed.get(field.key), {})
        for number, entry in enumerate(form[field.key].entries if field.columns else ()):
            for column in (one for one in field.columns if one.value is not None):
                said = say_answer(column, computed.get(row_name(field.key, number, column.key)), {})
                entry.form[column.key].shown = said


def read_answers(definition: FormDefinition, posted: MultiDict[str, str]) -> dict[str, object]:
    """Return what a person typed, by field; several ticks as a list."""
    plain = {
        field.key: posted.getlist(field.key) if field.type == "multi_choice" else posted.get(field.key, "")
        for field in definition.fields
        if not field.columns and (field.key in posted or field.type == "multi_choice")
    }
    return plain | {field.key: _read_rows(field, posted) for field in definition.fields if field.columns}


def _read_rows(field: FormField, posted: MultiDict[str, str]) -> list[dict[str, object]]:
    pattern = re.compile(rf"{field.key}-(\d{{1,4}})-([a-z0-9_]+)")
    many = {column.key for column in field.columns if column.type == "multi_choice"}
    rows: dict[int, dict[str, object]] = {}
    for name in posted:
        if found := pattern.fullmatch(name):
            sent = posted.getlist(name) if found[2] in many else posted.get(name)
            rows.setdefault(int(found[1]), {})[found[2]] = sent
    return [rows[number] for number in sorted(rows)]


def show_faults(form: Form, faults: Mapping[str, Words]) -> None:
    """Put the engine's sentences beside the fields they are about."""
    for key, fault in faults.items():
        if key in form:
            form[key].errors = [say(fault)]
        elif len(cell := key.split("-")) == 3 and cell[0] in form and int(cell[1]) < len(form[cell[0]].entries):
            rows, number, column = form[cell[0]], int(cell[1]), cell[2]
            asked = rows.entries[number].form[column]
            asked.errors = [say(fault)]
            line = text("第 {row} 行 {field}：{fault}", row=number + 1, field=asked.label.text, fault=say(fault))
            rows.errors = [*rows.errors, say(line)]


def sections(definition: FormDefinition, form: Form, *, in_circle: bool = False) -> list[dict[str, Any]]:
    """Return the form's sections with their fields, in the shape of `office/form.html`; who reads confidential ones.

    What the person may not see is no field of the form; a section that holds nothing else is left out.
    """
    asked = [f for f in definition.fields if f.key in form]
    readers = text("仅办理人和指定领导可看") if in_circle else text("仅班主任和个案负责人可看")
    titled = [
        {
            "title": say(section.title),
            "note": say(section.help),
            "fields": [form[f.key] for f in asked if f.section == section.key],
            "is_confidential": section.confidential,
            "who": say(readers) if section.confidential else "",
        }
        for section in definition.sections
        if any(f.section == section.key for f in asked)
    ]
    loose = [form[f.key] for f in asked if f.section is None]
    return [{"title": "", "fields": loose}, *titled] if loose else titled


def written(value: Any) -> Any:
    """Return an answer as a form's boxes hold and send it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return [written(one) for one in value]
    if isinstance(value, dict):
        return {key: written(one) for key, one in value.items()}
    if isinstance(value, datetime):
        return write_moment(value).replace(" ", "T")
    return value.isoformat() if isinstance(value, date) else value


def _options(field: FormField, validator: FormValidator, at_hand: Choices | None) -> Options:
    return (at_hand or {}).get(field.key) or validator.options(field.key)


def _field(field: FormField, options: Options) -> Any:
    if field.value is not None:
        return ComputedField(**_common(field))
    return _MAKERS.get(field.type, _text)(field, options)


def _rows(field: FormField, validator: FormValidator) -> Any:
    """Draw repeated rows; a page always holds one blank row more, so that it works without a script."""
    columns = {
        column.key: _field(column, validator.options(row_name(field.key, None, column.key))) for column in field.columns
    }
    row = type(f"{field.key}_row", (Form,), columns)
    common = _common(field)
    rows = RowsField(FormField_(row), most=field.most, label=common["label"], description=common["description"])
    rows.kwargs["validators"] = common["validators"]
    return rows


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


def _text(field: FormField, options: Options) -> Any:
    return StringField(**_common(field))


def _long_text(field: FormField, options: Options) -> Any:
    return TextAreaField(**_common(field))


def _date(field: FormField, options: Options) -> Any:
    return DateField(**_common(field))


def _moment(field: FormField, options: Options) -> Any:
    return MomentField(**_common(field))


def _number(field: FormField, options: Options) -> Any:
    return IntegerField(**_common(field))


def _phone(field: FormField, options: Options) -> Any:
    return PhoneField(**_common(field))


def _id_number(field: FormField, options: Options) -> Any:
    common = _common(field)
    common["render_kw"] |= {"data-id-number": "1"}
    return StringField(**common)


def _choice(field: FormField, options: Options) -> Any:
    choices = [SelectChoice(value, say(label)) for value, label in options.items()]
    if len(choices) <= SEGMENTS_AT_MOST:
        common = _common(field)
        if sum(len(choice.label) for choice in choices) > SEGMENT_LETTERS:
            common["render_kw"] |= {"data-as": "radio", "data-wide": "1"}
        return RadioField(choices=choices, validate_choice=False, **common)
    return SelectField(
        choices=[SelectChoice("", say(text("请选择"))), *choices], validate_choice=False, **_common(field)
    )


def _at_hand(field: FormField, options: Options) -> Any:
    choices = [SelectChoice(value, say(label)) for value, label in options.items()]
    first = say(text("请选择")) if choices else say(text("没有可选的人员或单位"))
    return SelectField(choices=[SelectChoice("", first), *choices], validate_choice=False, **_common(field))


def _multi_choice(field: FormField, options: Options) -> Any:
    choices = [SelectChoice(value, say(label)) for value, label in options.items()]
    return SelectMultipleField(choices=choices, validate_choice=False, **_common(field))


def _files(field: FormField, options: Options) -> Any:
    """Ask for photos or files; what was chosen does not come back when the form is refused."""
    common = _common(field)
    common["render_kw"] |= {"accept": PHOTOS if field.type == "photo" else PAPERS, "data-wide": "1"}
    return MultipleFileField(**common)


def _yes_no(field: FormField, options: Options) -> Any:
    choices = [SelectChoice("true", say(text("是"))), SelectChoice("false", say(text("否")))]
    return RadioField(choices=choices, validate_choice=False, **_common(field))


_MAKERS: dict[str, Callable[[FormField, Options], Any]] = {
    "long_text": _long_text,
    "date": _date,
    "datetime": _moment,
    "number": _number,
    "integer": _number,
    "phone": _phone,
    "id_number": _id_number,
    "choice": _choice,
    "multi_choice": _multi_choice,
    "yes_no": _yes_no,
    "person": _at_hand,
    "place": _at_hand,
    "photo": _files,
    "file": _files,
}
