"""Puts a place below another parent with everything in it: classes, children with their records, staff and posts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, or_, select, update
from sqlalchemy.orm import Session

from models.case import Case, CaseParticipant
from models.child import Child
from models.field_value import FieldValue
from models.place import Place
from models.scope import LEVELS, NO_PLACE
from models.staff import Appointment, Staff
from models.tables import SCOPED
from models.vault import learn_keys
from workflows.audit import Change, Happening
from workflows.fields import PLACE, put
from workflows.operations.place import check_parent, refuse_same_class
from workflows.operations.rows import check_rev, fetch
from workflows.policy import Permission
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import as_text

SHORTEST_REASON, LONGEST_REASON = 2, 200
UNSYNCED = {"synchronize_session": False}  # nothing of what moves is read again in the transaction


@dataclass(frozen=True)
class Moving:
    """What goes along with a place: places and classes below it, children, open cases, staff and their posts."""

    places: int
    classes: int
    children: int
    cases: int
    staff: int
    posts: int


def what_moves(session: Session, place: Place) -> Moving:
    """Count what goes along with a place; the session sees everything below it."""
    below = Place.id != place.id

    def count(row_class: Any, *conditions: Any) -> int:
        return (
            session.scalar(select(func.count()).select_from(row_class).where(_under(row_class, place), *conditions))
            or 0
        )

    return Moving(
        places=count(Place, below, Place.kind != "class"),
        classes=count(Place, below, Place.kind == "class"),
        children=count(Child),
        cases=count(Case, Case.closed_at.is_(None)),
        staff=count(Staff),
        posts=count(Appointment),
    )


def move_place(tx: Transaction, place_id: int, rev: int, parent_id: int, reason: str) -> Moving:
    """Put a place below another parent; the level codes of everything in it follow, set by set.

    It moves rows that the person may not read, so it runs in a scope over all places; the permission is required over
    the place and over both parents. The school where a record was made stays. Raises Refusal `wrong_parent`,
    `parent_closed`, `same_parent`, `class_exists`, `parts_left_behind`, `reason_missing`, and Stale.
    """
    place, parent = fetch(tx, Place, place_id), fetch(tx, Place, parent_id)
    tx.require(Permission.PLACE_MANAGE, parent.level_codes)
    tx.require(Permission.PLACE_MANAGE, _above(tx.session, place) or place.level_codes)
    check_rev(place, rev, PLACE)
    _check(tx, place, parent)
    why = as_text(reason)
    if len(why) < SHORTEST_REASON:
        raise Refusal("reason_missing", text("请写明划转的理由"), {"reason": text("请写明划转的理由")})
    moving, before = what_moves(tx.session, place), place.level_codes
    above = {level: parent.level_codes[level] for level in LEVELS[: LEVELS.index(place.kind)]}
    children = _codes_of_children(tx.session, place)
    _carry(tx, place, above)
    place.place_at(before | above)
    changes = put(place, PLACE, {"parent_id": parent.id})
    tx.session.flush()
    _tell(tx, place, before, changes, moving, why[:LONGEST_REASON])
    for child_id, codes in children.items():
        tx.tell(_child_told(child_id, codes, above))
    return moving


def _above(session: Session, place: Place) -> dict[str, str] | None:
    parent = session.get(Place, place.parent_id) if place.parent_id else None
    return parent.level_codes if parent is not None else None


def _check(tx: Transaction, place: Place, parent: Place) -> None:
    check_parent(place.kind, parent)
    if parent.id == place.parent_id:
        raise Refusal("same_parent", text("已经在{place}下", place=parent.name))
    if place.kind == "class":
        refuse_same_class(tx, parent, place.cohort, place.number, place.code)
    if left := _parts_left_behind(tx.session, place, parent):
        raise Refusal(
            "parts_left_behind",
            text("有 {count} 件没办结的事项由原上级的岗位参与，请先办结或转办", count=left),
        )


def _parts_left_behind(session: Session, place: Place, parent: Place) -> int:
    """Count the open parts that roles of a former parent hold: they would go on reading what is theirs no more."""
    codes = {code for level, code in place.level_codes.items() if LEVELS.index(level) < LEVELS.index(place.kind)}
    leaving = codes - set(parent.level_codes.values()) - {NO_PLACE}
    former = select(Place.id).where(Place.code.in_(leaving))
    return (
        session.scalar(
            select(func.count(CaseParticipant.case_id.distinct())).where(
                _under(CaseParticipant, place),
                CaseParticipant.until_at.is_(None),
                CaseParticipant.place_id.in_(former),
            )
        )
        or 0
    )


def _carry(tx: Transaction, place: Place, above: Mapping[str, str]) -> None:
    """Write the new codes; the database carries a child's to all its records (`models.child.of_child`)."""
    values: dict[str, Any] = {f"{level}_code": code for level, code in above.items()}
    inside = (_under(Place, place), Place.id != place.id)
    tx.session.execute(update(Place).where(*inside).values(**values, rev=Place.rev + 1).execution_options(**UNSYNCED))
    tx.session.execute(
        update(Child).where(_under(Child, place)).values(**values, rev=Child.rev + 1).execution_options(**UNSYNCED)
    )
    for row_class in SCOPED:
        elsewhere = or_(*(getattr(row_class, f"{level}_code") != code for level, code in above.items()))
        if row_class is not Child and tx.session.scalar(select(exists().where(_under(row_class, place), elsewhere))):
            moved = update(row_class).where(_under(row_class, place), elsewhere).values(**values)
            tx.session.execute(moved.execution_options(**UNSYNCED))
    of_places = select(Case.id).where(_under(Case, place), Case.child_id.is_(None))
    answers = update(FieldValue).where(FieldValue.case_id.in_(of_places)).values(**values)
    tx.session.execute(answers.execution_options(**UNSYNCED))


def _codes_of_children(session: Session, place: Place) -> dict[int, dict[str, str]]:
    columns = [getattr(Child, f"{level}_code") for level in LEVELS]
    rows = session.execute(select(Child.id, *columns).where(_under(Child, place)).order_by(Child.id))
    return {child_id: dict(zip(LEVELS, codes, strict=True)) for child_id, *codes in rows}


def _tell(
    tx: Transaction, place: Place, before: dict[str, str], changes: tuple[Change, ...], moving: Moving, why: str
) -> None:
    owner = tx.actor.staff_id
    learn_keys(tx.session, [owner] if owner else [])
    tx.tell(
        Happening(
            "place.moved", "place", place.id, before, owner=owner, changes=changes, reason=why if owner else None,
            facts=_counts(moving),
        )
    )  # fmt: skip


def _counts(moving: Moving) -> dict[str, int]:
    below = moving.places + moving.classes
    counts = {"places_below": below, "children_below": moving.children}
    return counts | {"open_cases": moving.cases, "posts": moving.posts}


def _child_told(child_id: int, before: dict[str, str], above: Mapping[str, str]) -> Happening:
    changes = tuple(
        Change(f"{level}_code", "P0", before[level], code) for level, code in above.items() if before[level] != code
    )
    return Happening("child.moved", "child", child_id, before, child_id, changes=changes)


def _under(row_class: Any, place: Place) -> Any:
    return getattr(row_class, f"{place.kind}_code") == place.code
