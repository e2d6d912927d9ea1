"""Draws a form from the facts of a subject; what it accepts is decided where the operation reads it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

from flask_babel import gettext as _
from flask_wtf import FlaskForm
from markupsafe import Markup
from wtforms import HiddenField, RadioField, StringField, TextAreaField
from wtforms.fields import SelectChoice
from wtforms.widgets import TextInput

from admin_app.forms.held_choice import SelectField
from admin_app.wording import say
from workflows.fields import Fact, stored
from workflows.mask import masked
from workflows.reading import LONGEST_NOTE, code_list
from workflows.refusal import Words
from workflows.text import Text

KEEP = "keep_"  # before a field's name: whether one's own value is kept, or what somebody else saved meanwhile
SEGMENTS_AT_MOST, SEGMENT_LETTERS = 4, 12  # more choices, or longer words, are a list


class PlaceInput(TextInput):
    """A text box with suggestions fetched from the screen's look-up; without scripts the code alone is typed."""

    def __call__(self, field: Any, **kwargs: Any) -> Markup:
        """Render the box and its list of suggestions."""
        listed = f"{field.id}-options"
        kwargs |= {
            "list": listed,
            "autocomplete": "off",
            "hx-trigger": "input changed delay:250ms, focus once",
            "hx-target": f"#{listed}",
            "hx-swap": "innerHTML",
            "hx-vals": '{"name":"place"}',
            "hx-params": "name,place",
        }
        drawn: Markup = super().__call__(field, **kwargs)
        return drawn + Markup('<datalist id="{}"></datalist>').format(listed)


class PlaceField(StringField):
    """A place by code, or by the code and name that a suggestion gives."""

    widget = PlaceInput()

    @property
    def code(self) -> str:
        """The code that was typed or chosen."""
        return str(self.data or "").strip().split(" ")[0].upper()


class Shape:
    """The fields of one form in their sections, made from facts."""

    def __init__(self, sections: Sequence[tuple[Text | None, Sequence[Fact]]], required: Sequence[str] = ()) -> None:
        self.sections = sections
        self.required = frozenset(required)

    def form(
        self, row: Any = None, extra: Mapping[str, Any] | None = None, start: Mapping[str, Any] | None = None
    ) -> Any:
        """Return the form, filled with a row's values: protected ones masked.

        `base` carries what the boxes held when the form was opened, so that only what the person touched is saved and
        two people who change different fields of one row do not undo each other.
        """
        kept = self.held(row)
        fields = {fact.key: _field(fact, fact.key in self.required) for fact in self.facts}
        base = HiddenField(default=json.dumps(kept, ensure_ascii=False)) if row is not None else None
        made = type("FactForm", (FlaskForm,), {**fields, **(extra or {}), "base": base})
        form = made(data={**kept, **(start or {})})
        for fact in self.facts:
            if fact.protection == "P2" and kept.get(fact.key):
                form[fact.key].description = _("带 * 的照原样留着就不变")
        return form

    @property
    def facts(self) -> list[Fact]:
        """Return the facts of all sections."""
        return [fact for _title, facts in self.sections for fact in facts]

    def held(self, row: Any) -> dict[str, str]:
        """Return what the boxes hold for a row."""
        return {} if row is None else {fact.key: shown(fact, getattr(row, fact.key)) for fact in self.facts}

    def drawn(self, form: Any) -> list[dict[str, Any]]:
        """Return the sections for `office/form.html`."""
        return [
            {
                "title": say(title),
                "fields": [form[fact.key] for fact in facts],
                "is_confidential": any(fact.protection == "P3" for fact in facts),
                "who": _("只有班主任和心理辅导教师可见") if any(fact.protection == "P3" for fact in facts) else "",
            }
            for title, facts in self.sections
            if facts
        ]

    def typed(self, form: Any) -> dict[str, str]:
        """Return what the person typed, by field; on a form of a row only what they touched."""
        found = {fact.key: form[fact.key].data or "" for fact in self.facts if fact.key in form}
        base = _base(form)
        return {key: value for key, value in found.items() if key not in base or _plain(value) != base[key]}

    def take_theirs(self, form: Any, posted: Mapping[str, str]) -> None:
        """Give the fields for which the person chose what the other one saved their present value again."""
        base = _base(form)
        for fact in self.facts:
            if posted.get(f"{KEEP}{fact.key}") == "theirs" and fact.key in form and fact.key in base:
                form[fact.key].data = str(base[fact.key])

    def compare(self, form: Any, fresh: Any) -> list[dict[str, str]]:
        """Return the fields where the row now differs from what was typed, and take over those nobody touched here."""
        typed, held = self.typed(form), self.held(fresh)
        rows = []
        for fact in self.facts:
            field = form[fact.key]
            if fact.key not in typed:
                field.data = held[fact.key]
            elif _plain(field.data or "") != held[fact.key]:
                theirs, mine = self._word(fact, held[fact.key]), self._word(fact, field.data or "")
                rows.append({"key": fact.key, "field": say(fact.label), "theirs": theirs, "mine": mine})
        form["base"].data = json.dumps(held, ensure_ascii=False)
        return rows

    def _word(self, fact: Fact, written: str) -> str:
        if fact.kind == "choice":
            return say(code_list(fact.code_list or "").get(written, written))
        if fact.kind == "yes_no":
            return str({"true": _("是"), "false": _("否")}.get(written, written))
        return written


def _base(form: Any) -> dict[str, str]:
    if "base" not in form:
        return {}
    try:
        base = json.loads(form["base"].data or "{}")
    except (ValueError, RecursionError):  # brackets within brackets within brackets
        return {}
    return base if isinstance(base, dict) else {}


def _plain(written: str) -> str:
    return written.replace("\r\n", "\n").strip()


def choices(options: Sequence[tuple[str, str]]) -> list[SelectChoice]:
    """Return values and labels as WTForms takes them."""
    return [SelectChoice(value, label) for value, label in options]


def shown(fact: Fact, value: Any) -> str:
    """Return a value as a form's box holds it."""
    return masked(fact, value) if fact.protection == "P2" else stored(value) or ""


def show_faults(form: Any, faults: Mapping[str, Words]) -> None:
    """Put the refusal's sentences beside the fields they are about."""
    for key, fault in faults.items():
        if key in form:
            form[key].errors = [*form[key].errors, say(fault)]


def _field(fact: Fact, is_required: bool) -> Any:
    field = _MAKERS.get(fact.kind, _text)(fact)
    if is_required:
        field.kwargs["validators"] = [Starred()]
    return field


class Starred:
    """Marks a field as required on the page."""

    field_flags = {"required": True}

    def __call__(self, form: Any, field: Any) -> None:
        """Only draw the star; what is missing is said by the operation."""


def _text(fact: Fact) -> Any:
    note = {"autocomplete": "off"}
    if fact.protection == "P2":
        return StringField(say(fact.label), render_kw=note)
    return StringField(say(fact.label), render_kw=note)


def _long(fact: Fact) -> Any:
    return TextAreaField(say(fact.label), render_kw={"rows": 3, "maxlength": LONGEST_NOTE})


def _date(fact: Fact) -> Any:
    if fact.protection == "P2":
        return _text(fact)
    return StringField(say(fact.label), render_kw={"type": "date", "max": date(2199, 12, 31).isoformat()})


def _number(fact: Fact) -> Any:
    return StringField(say(fact.label), render_kw={"inputmode": "numeric", "maxlength": 6})


def _phone(fact: Fact) -> Any:
    if fact.protection == "P2":
        return _text(fact)
    return StringField(say(fact.label), render_kw={"inputmode": "tel"})


def _choice(fact: Fact) -> Any:
    return _one_of(fact, [(code, say(label)) for code, label in code_list(fact.code_list or "").items()])


def _yes_no(fact: Fact) -> Any:
    return _one_of(fact, [("true", _("是")), ("false", _("否"))])


def _one_of(fact: Fact, options: list[tuple[str, str]]) -> Any:
    if len(options) <= SEGMENTS_AT_MOST and sum(len(label) for _code, label in options) <= SEGMENT_LETTERS:
        # What was sent is judged by the operation; WTForms would refuse an unknown value in words of its own.
        side_by_side = {"data-as": "segments"}
        return RadioField(say(fact.label), choices=choices(options), validate_choice=False, render_kw=side_by_side)
    return SelectField(say(fact.label), choices=choices([("", "—"), *options]), validate_choice=False)


def _id_number(fact: Fact) -> Any:
    return StringField(
        say(fact.label),
        render_kw={
            "autocomplete": "off",
            "maxlength": 24,
            "data-id-number": "",
            "data-sex-field": "sex",
            "data-birth-field": "birth_on",
            "data-ok-text": _("校验位正确"),
            "data-bad-text": _("校验位不对"),
        },
    )


_MAKERS: Mapping[str, Callable[[Fact], Any]] = {
    "long_text": _long,
    "date": _date,
    "integer": _number,
    "phone": _phone,
    "choice": _choice,
    "id_number": _id_number,
    "yes_no": _yes_no,
}
