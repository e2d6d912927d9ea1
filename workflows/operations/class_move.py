"""Moves children from one class of their school to another; their records follow in the same statement."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select, update

from models.child import Child
from models.place import Place
from workflows.audit import Change, Happening
from workflows.fields import CHILD, put
from workflows.operations.rows import check_rev, fetch
from workflows.policy import Permission
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import as_text

CHUNK = 500
LONGEST_REASON, SHORTEST_REASON = 200, 2


def move_child(tx: Transaction, child_id: int, rev: int, class_id: int, reason: str) -> Child:
    """Move one child to another class of the same school.

    Raises Refusal `other_school`, `class_closed`, `same_class`, `not_on_file`, `reason_missing`, and Stale.
    """
    child, place = fetch(tx, Child, child_id), fetch(tx, Place, class_id)
    tx.require(Permission.CHILD_MOVE, child.level_codes)
    check_rev(child, rev, CHILD)
    _check(child, place)
    why = as_text(reason)
    if len(why) < SHORTEST_REASON:
        message = text("请写明转班的原因")
        raise Refusal("reason_missing", message, {"reason": message})
    before = child.level_codes
    changes = put(child, CHILD, {"class_code": place.code})
    tx.session.flush()
    tx.tell(_told(child.id, before, changes, why[:LONGEST_REASON]))
    return child


def move_class(tx: Transaction, source: Place, target: Place) -> int:
    """Move every child on file of a class to another class of the school, and return how many.

    The caller has checked both classes and the permission. The database carries the new code to relatives, cases and
    records (`models.child.of_child`).
    """
    rows = tx.session.scalars(
        select(Child).where(Child.class_code == source.code, Child.status == "on_file").with_for_update(of=Child)
    ).all()
    codes = {row.id: row.level_codes for row in rows}
    _carry(tx, list(codes), target)
    for row in rows:
        tx.session.expunge(row)  # it still names the class that it came from
    changes = (Change("class_code", CHILD["class_code"].protection, source.code, target.code),)
    for child_id, before in codes.items():
        tx.tell(_told(child_id, before, changes, None))
    return len(codes)


def _carry(tx: Transaction, ids: Sequence[int], target: Place) -> None:
    for start in range(0, len(ids), CHUNK):
        tx.session.execute(
            update(Child)
            .where(Child.id.in_(ids[start : start + CHUNK]))
            .values(class_code=target.code, rev=Child.rev + 1)
            .execution_options(synchronize_session=False)
        )


def _check(child: Child, place: Place) -> None:
    if place.kind != "class" or place.school_code != child.school_code:
        message = text("只能转到本校的班级；转到外校请办理转学")
        raise Refusal("other_school", message, {"class": message})
    if place.is_closed:
        raise Refusal("class_closed", text("{place}已撤并", place=place.name), {"class": text("已撤并")})
    if place.code == child.class_code:
        raise Refusal("same_class", text("儿童已在这个班"), {"class": text("儿童已在这个班")})
    if child.status != "on_file":
        raise Refusal("not_on_file", text("儿童不在册，不能转班"))


def _told(child_id: int, before: dict[str, str], changes: tuple[Change, ...], reason: str | None) -> Happening:
    return Happening(
        "child.moved", "child", child_id, before, child_id, owner=child_id if reason else None, changes=changes,
        reason=reason,
    )  # fmt: skip
