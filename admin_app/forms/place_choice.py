"""Finds the place that a form's text box names, inside the scope in which the form may act."""

from __future__ import annotations

from sqlalchemy import Select, select

from admin_app.desk import read_session, system_session
from admin_app.forms.fact_form import PlaceField, Starred
from models.place import Place
from workflows.policy import Permission
from workflows.refusal import Refusal
from workflows.text import text


def place_field(label: str, lookup_url: str, place: Place | None = None) -> PlaceField:
    """Return the text box, holding a place as code and name."""
    held = f"{place.code} {place.name}" if place is not None else ""
    return PlaceField(label, default=held, render_kw={"hx-get": lookup_url}, validators=[Starred()])


def chosen_place(field: PlaceField, permission: Permission) -> Place:
    """Return the place chosen, or typed by its code or by a name of its own.

    Raises Refusal `bad_values` at the field for none in the scope.
    """
    scope = read_session(permission).info["scope"]
    found = select(Place).where(scope.row_condition(Place))
    place = system_session().scalars(found.where(Place.code == field.code)).first()
    if place is None:
        place = _only(found.where(Place.name == str(field.data or "").strip(), Place.is_closed.is_(False)))
    if place is None:
        message = text("没有这个单位，或不在你的范围内")
        raise Refusal("bad_values", message, {field.name: message})
    return place


def _only(found: Select[Place]) -> Place | None:
    """Return the one place that is found; two schools of a county may have the same name."""
    places = system_session().scalars(found.limit(2)).all()
    return places[0] if len(places) == 1 else None
