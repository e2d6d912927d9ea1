"""The persons and places that a form's fields may be answered with, for one subject on one day."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.reports.parts import holders, places_of
from models.staff import Staff
from workflows.engine.definition import FormField
from workflows.engine.form import Choices
from workflows.engine.vocabulary import Label
from workflows.policy import Policy


def choices(
    directory: Session,
    fields: Iterable[FormField],
    codes: Mapping[str, str],
    day: date,
    policy: Policy,
    facts: Mapping[str, Any],
) -> Choices:
    """Return the answers at hand by field and number; `directory` is a session under a system scope.

    `facts` are the case's by dotted name, where a field asks for places within one that the case names.
    """
    found: dict[str, dict[str, Label]] = {}
    for field in fields:
        if field.type == "person":
            found[field.key] = {
                str(staff.id): _with_role(staff.name, policy.roles[post.role].label)
                for staff, post in holders(directory, field.among, codes, day)
            }
        elif field.type == "place":
            around = facts.get(f"case.{field.within}") if field.within else None
            places = places_of(directory, field.among, codes, int(around) if around else None)
            own = codes.values() if field.elsewhere else ()
            found[field.key] = {
                str(place.id): Label(zh=place.name, en=place.name) for place in places if place.code not in own
            }
    return found


def person_facts(directory: Session, fields: Iterable[FormField], answers: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is on file of the persons that answers name, by dotted name; `directory` as above."""
    named = {f.key: str(answers.get(f.key) or "") for f in fields if f.type == "person"}
    numbers = [int(number) for number in named.values() if number.isdecimal()]
    if not numbers:
        return {}
    sexes = {str(key): sex for key, sex in directory.execute(select(Staff.id, Staff.sex).where(Staff.id.in_(numbers)))}
    return {f"{key}.sex": sexes[number] for key, number in named.items() if sexes.get(number)}


def _with_role(name: str, role: Mapping[str, str]) -> Label:
    return Label(zh=f"{name}（{role['zh']}）", en=f"{name} ({role['en']})")
