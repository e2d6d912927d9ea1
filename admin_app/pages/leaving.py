"""What the page shows by which somebody who leaves hands over what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from admin_app.desk import current_policy, now, permit, read_session, system_session
from admin_app.listing.ids import number
from admin_app.shell import role_word
from admin_app.wording import say, say_day
from models.place import Place
from models.staff import Staff
from workflows.clock import local_day
from workflows.closed_parts import closed_parts, told
from workflows.held_parts import HeldPart, parts_of
from workflows.operations.leaving import MOST_DAYS_AHEAD, count_drafts
from workflows.policy import Permission as P
from workflows.refusal import Missing, Refusal
from workflows.text import text

MOST_CANDIDATES = 300
NOBODY = "none"


@dataclass(frozen=True)
class Typed:
    """What the form held when it was sent: `all` follows in every part for which the row names nobody else."""

    from_on: str = ""
    reason: str = ""
    all: str = ""
    rows: Mapping[str, str] = field(default_factory=dict)
    is_sure: bool = False

    def successors(self, parts: Iterable[str]) -> dict[str, int]:
        """Return who follows in each of the parts; one without a successor is left out."""
        chosen = {key: number(self.rows.get(key) or self.all) for key in parts}
        return {key: staff_id for key, staff_id in chosen.items() if staff_id}


def read_typed(form: Mapping[str, str]) -> Typed:
    """Read the form as it was sent."""
    rows = {key.removeprefix("to-"): value for key, value in form.items() if key.startswith("to-")}
    plain = {key: form.get(key, "") for key in ("from_on", "reason", "all")}
    return Typed(**plain, rows=rows, is_sure=bool(form.get("is_sure")))


def person_leaving(staff_id: int) -> Staff:
    """Return the person; raises Missing outside the scope, Denied for those who may not appoint and lock."""
    permit(P.STAFF_ACTIVATE)
    person = read_session(P.STAFF_APPOINT).get(Staff, staff_id)
    if person is None:
        raise Missing("not_found", text("没有这条记录"))
    return person


def leaving_page(person: Staff, typed: Typed | None = None, refusal: Refusal | None = None) -> dict[str, Any]:
    """Return the context of `staff/leave.html`: figures only, for officers read no business rows."""
    session, day = read_session(P.STAFF_APPOINT), local_day(now())
    parts = parts_of(session, person, day)
    kept = typed or Typed(from_on=day.isoformat())
    faults = {key: say(fault) for key, fault in refusal.faults.items()} if refusal else {}
    return {
        "person": person,
        "parts": [_part(part, kept, faults) for part in parts],
        "seen": [part.key for part in parts],
        "people": _people(session, person, parts),
        "typed": kept,
        "faults": faults,
        "fault": say(refusal.message) if refusal else None,
        "asks": refusal is not None and refusal.code == "children_left",
        "closed": _closed(person, parts, day),
        "drafts": count_drafts(session, person.id),
        "today": day.isoformat(),
        "most_days": MOST_DAYS_AHEAD,
        "nobody": NOBODY,
        "cancel_url": url_for("staff.details_view", id=person.id),
    }


def _closed(person: Staff, parts: Sequence[HeldPart], day: date) -> list[str]:
    """Say how many confidential cases fall to which leaders, and nothing else of them."""
    found = closed_parts(system_session("confidential parts"), current_policy(), person, day, {p.key for p in parts})
    lines = []
    for names, count in told(found).items():
        if names:
            lines.append(_("%(n)s 件保密事项，由 %(names)s 处理", n=count, names=str(_("、")).join(names)))
        else:
            lines.append(_("%(n)s 件保密事项，还没有能处理的领导，请先任命", n=count))
    return lines


def _part(part: HeldPart, typed: Typed, faults: Mapping[str, str]) -> dict[str, Any]:
    until = say_day(part.until) if part.until else _("未定")
    return {
        "key": part.key,
        "role": role_word(part.role),
        "place": say(part.title) if part.title is not None else part.place,
        "period": f"{say_day(part.since)} – {until}",
        "children": part.children,
        "waiting": part.waiting,
        "chosen": typed.rows.get(part.key, ""),
        "fault": faults.get(part.key),
    }


def _people(session: Session, person: Staff, parts: Sequence[HeldPart]) -> list[tuple[int, str]]:
    """List who could follow: the active staff of the person's school or office, and of the parts' own."""
    homes = [session.get(Place, person.place_id)]
    homes += [session.get(Place, part.place_id) for part in parts]
    near = [_works_near(home) for home in homes if home is not None]
    wanted = select(Staff.id, Staff.name, Place.name).join(Place, Place.id == Staff.place_id)
    wanted = wanted.where(or_(*near), Staff.is_active, Staff.id != person.id)
    rows = session.execute(wanted.order_by(Staff.name_key, Staff.id).limit(MOST_CANDIDATES))
    return [(key, f"{name} · {place}") for key, name, place in rows]


def _works_near(home: Place) -> Any:
    if home.kind in ("school", "class"):
        return Staff.school_code == home.school_code
    return Staff.place_id == home.id
