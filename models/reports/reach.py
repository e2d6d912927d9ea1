"""What a person reaches on a day: posts at places, parts in open cases, and for whom they act, by one statement."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Row,
    Select,
    String,
    and_,
    bindparam,
    cast,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from models.case import CaseParticipant
from models.delegation import Delegation
from models.place import Place
from models.staff import Appointment

ABSENT = "absent"
NUMBER, WORD, DAY = cast(null(), BigInteger), cast(null(), String), cast(null(), Date)
WHO, ON = bindparam("who", type_=BigInteger), bindparam("day", type_=Date)


def reach_of(session: Session, staff_id: int, day: date) -> list[Row[Any]]:
    """Return posts first, the longest held first, then parts; the session needs a system scope.

    Each row tells `number`, `role` (of a part: whose permissions it has), `place_id`, `level`, `code` and `place` of a
    post; `relation`, `case_id` and `child_id` of a part. Where `level` is `ABSENT`, `number` is a delegation by which
    the person acts for somebody else.
    """
    rows = session.execute(_REACH, {"who": staff_id, "day": day}).all()
    return sorted(rows, key=lambda row: (row.relation is not None, row.since or day, row.number))


def _holds(post: Any) -> ColumnElement[bool]:
    still = or_(post.until_on.is_(None), post.until_on >= ON)
    return and_(post.staff_id == WHO, post.from_on <= ON, still)


def _posts() -> Select[*tuple[Any, ...]]:
    return (
        select(
            Appointment.id.label("number"),
            Appointment.role.label("role"),
            Place.id.label("place_id"),
            Place.kind.label("level"),
            Place.code.label("code"),
            Place.name.label("place"),
            WORD.label("relation"),
            NUMBER.label("case_id"),
            NUMBER.label("child_id"),
            Appointment.from_on.label("since"),
        )
        .join(Place, Place.id == Appointment.place_id)
        .where(_holds(Appointment))
    )


def _parts(whose: ColumnElement[bool]) -> Select[*tuple[Any, ...]]:
    part = CaseParticipant
    columns = (part.id, part.works_as, NUMBER, WORD, WORD, WORD, part.relation, part.case_id, part.child_id, DAY)
    return select(*columns).where(part.until_at.is_(None), whose)


def _held() -> Select[*tuple[Any, ...]]:
    """Parts of whoever holds a role at a place."""
    post = aliased(Appointment)
    same = and_(post.place_id == CaseParticipant.place_id, post.role == CaseParticipant.role)
    return _parts(_holds(post)).join(post, same)


def _delegations() -> Select[*tuple[Any, ...]]:
    """For whom the person acts on the day."""
    on = and_(Delegation.first_on <= ON, Delegation.last_on >= ON, Delegation.ended_at.is_(None))
    columns = (Delegation.id, WORD, NUMBER, literal(ABSENT, String), WORD, WORD, WORD, NUMBER, NUMBER, DAY)
    return select(*columns).where(Delegation.deputy_id == WHO, on)


# Every page asks; putting the three together each time would cost more than running them.
_LEGS = (_posts(), _parts(CaseParticipant.staff_id == WHO), _held(), _delegations())
_REACH = union_all(*_LEGS).execution_options(prepared=True)
