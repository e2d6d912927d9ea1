"""Changes what is on file about a child and the child's relatives."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from models.child import Child, Relative
from models.search import name_key, replace_grams
from models.types import new_id
from models.vault import vault_of
from workflows.audit import Change, Happening
from workflows.fields import CHILD, RELATIVE, Fact, put, stored, visible
from workflows.operations.rows import check_rev, fetch, flush_unique
from workflows.policy import Permission
from workflows.reading import read
from workflows.refusal import Denied, Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import Cell
from workflows.values.identity_number import birth_date_of, sex_of

# Class and status move by their own workflows, with all that hangs on them.
CHANGEABLE = {key: fact for key, fact in CHILD.items() if key not in ("class_code", "status")}
RELATIVE_CHANGEABLE = dict(RELATIVE)
SLOT_ORDER = ("guardian", "father", "mother", "other")
_OUT_OF_THE_WAY = 1000


def change_child(tx: Transaction, child_id: int, rev: int, values: Mapping[str, Cell]) -> Child:
    """Change fields of a child on file.

    Raises Refusal `bad_values`, `sex_conflicts_with_id`, `birth_conflicts_with_id`, `already_on_file`, and Denied for
    fields above the person's field class.
    """
    child = _child(tx, child_id)
    check_rev(child, rev, CHILD)
    _refuse_unseen(tx, child, CHANGEABLE, values)
    chosen = read(Child, CHANGEABLE, values, today=tx.today)
    old_name = child.name
    _agree(child, chosen)
    changes = put(child, CHILD, chosen)
    child.name_key = name_key(child.name)
    if any(change.field == "id_number" for change in changes):
        _index(tx, child)
    _flush_number(tx)
    if child.name != old_name:
        replace_grams(tx.session, child)
    if changes:
        tx.tell(Happening("child.changed", "child", child.id, child.level_codes, child.id, owner=child.id,
                          changes=changes))
    return child


def add_relative(tx: Transaction, child_id: int, values: Mapping[str, Cell]) -> Relative:
    """Add a relative of a child, called last unless a place in the order is given."""
    child = _child(tx, child_id)
    _refuse_unseen(tx, child, RELATIVE_CHANGEABLE, values)
    given = {key: value for key, value in values.items() if key != "call_order" or value not in (None, "")}
    chosen = read(Relative, RELATIVE_CHANGEABLE, given, today=tx.today)
    others = _relatives(tx, child.id)
    wanted = chosen.pop("call_order", None) or len(others) + 1
    relative = Relative(id=new_id(), child_id=child.id)
    relative.place_at(child.level_codes)
    relative.call_order = _OUT_OF_THE_WAY + len(others) + 1
    with tx.session.no_autoflush:
        tx.session.add(relative)
        changes = put(relative, RELATIVE, chosen)
    _require_name(relative)
    tx.session.flush()
    _tell(tx, "relative.added", relative, changes + _put_in_order(tx, relative, wanted, None, others))
    return relative


def change_relative(tx: Transaction, relative_id: int, rev: int, values: Mapping[str, Cell]) -> Relative:
    """Change a relative; a new place in the calling order moves the others along."""
    relative = fetch(tx, Relative, relative_id)
    child = _child(tx, relative.child_id)
    check_rev(relative, rev, RELATIVE)
    _refuse_unseen(tx, child, RELATIVE_CHANGEABLE, values)
    chosen = read(Relative, RELATIVE_CHANGEABLE, values, today=tx.today)
    others = [other for other in _relatives(tx, child.id) if other.id != relative.id]
    before = relative.call_order
    wanted = chosen.pop("call_order", before)
    if chosen.get("slot", relative.slot) != relative.slot:
        relative.call_order += _OUT_OF_THE_WAY  # its place may be taken among those of the other slot
    changes = put(relative, RELATIVE, chosen)
    _require_name(relative)
    tx.session.flush()
    if wanted != relative.call_order:
        changes += _put_in_order(tx, relative, wanted, before, others)
    if changes:
        _tell(tx, "relative.changed", relative, changes)
    return relative


def remove_relative(tx: Transaction, relative_id: int, rev: int) -> None:
    """Take a relative off the file; the trail keeps the sealed values, the others move up in the calling order."""
    relative = fetch(tx, Relative, relative_id)
    child = _child(tx, relative.child_id)
    check_rev(relative, rev, RELATIVE)
    changes = tuple(
        Change(key, fact.protection, str(value), None)
        for key, fact in RELATIVE.items()
        if (value := getattr(relative, key)) not in (None, "")
    )
    others = [other for other in _relatives(tx, child.id) if other.id != relative.id]
    tx.session.delete(relative)
    tx.session.flush()
    _tell(tx, "relative.removed", relative, changes)
    _number(tx, others)


def _child(tx: Transaction, child_id: int) -> Child:
    child = fetch(tx, Child, child_id)  # locked: two people who reorder the same child's contacts take turns
    tx.require(Permission.CHILD_EDIT, child.level_codes)
    return child


def _refuse_unseen(tx: Transaction, child: Child, facts: Mapping[str, Fact], values: Mapping[str, Cell]) -> None:
    level = tx.policy.sees(tx.actor, child.level_codes)
    if any(not visible(facts[key].protection, level) for key in values):
        raise Denied("not_permitted", text("你的岗位不能改这一项"))


def _agree(child: Child, chosen: dict[str, Any]) -> None:
    number = chosen.get("id_number", child.id_number)
    if not number or not {"id_number", "sex", "birth_on"} & set(chosen):
        return
    if chosen.get("sex", child.sex) != sex_of(number):
        message = text("性别与身份证号不一致")
        raise Refusal("sex_conflicts_with_id", message, {"sex": message})
    born_on = chosen.get("birth_on", child.birth_on)
    if born_on is not None and born_on != birth_date_of(number):
        message = text("出生日期与身份证号不一致")
        raise Refusal("birth_conflicts_with_id", message, {"birth_on": message})
    chosen["birth_on"] = birth_date_of(number)


def _index(tx: Transaction, child: Child) -> None:
    number = child.id_number
    keystore = vault_of(tx.session).keystore
    child.id_number_index = keystore.blind_index("id_number", number) if number else None


def _flush_number(tx: Transaction) -> None:
    message = text("这个身份证号已在册，请核对；若确是同一人，请联系上级办公室合并")
    flush_unique(tx, "already_on_file", message, "id_number", "child.id_number_index", "uq_child_id_number_index")


def _require_name(relative: Relative) -> None:
    faults = {key: text("不能为空") for key in ("name", "slot") if not getattr(relative, key)}
    if faults:
        raise Refusal("bad_values", text("有 {count} 处填写不对", count=len(faults)), faults)


def _relatives(tx: Transaction, child_id: int) -> list[Relative]:
    rows = tx.session.scalars(select(Relative).where(Relative.child_id == child_id))
    return sorted(rows, key=lambda row: (row.call_order, SLOT_ORDER.index(row.slot), row.id))


def _put_in_order(
    tx: Transaction, relative: Relative, wanted: int, before: int | None, others: list[Relative]
) -> tuple[Change, ...]:
    in_order = list(others)
    in_order.insert(min(wanted, len(others) + 1) - 1, relative)
    _number(tx, in_order, told=relative)
    if relative.call_order == before:
        return ()
    return (Change("call_order", "P0", stored(before), stored(relative.call_order)),)


def _number(tx: Transaction, in_order: list[Relative], told: Relative | None = None) -> None:
    moved = [(row, place, row.call_order) for place, row in enumerate(in_order, 1) if row.call_order != place]
    # The order is unique within a slot at every statement, so all step aside before they take their places.
    for row, place, _ in moved:
        row.call_order = _OUT_OF_THE_WAY * 2 + place
    tx.session.flush()
    for row, place, before in moved:
        row.call_order = place
        if row is not told:
            _tell(tx, "relative.changed", row, (Change("call_order", "P0", str(before), str(place)),))
    tx.session.flush()


def _tell(tx: Transaction, action: str, relative: Relative, changes: tuple[Change, ...]) -> None:
    tx.tell(Happening(action, "relative", relative.id, relative.level_codes, relative.child_id,
                      owner=relative.child_id, changes=changes))
