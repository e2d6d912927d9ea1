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
from workflows.fields import CHILD, RELATIVE, Fact, put, put_child, stored, visible
from workflows.operations.repeated import answer_before, remember_answer
from workflows.operations.rows import check_rev, fetch, flush_unique
from workflows.policy import Permission
from workflows.reading import read
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import Cell, as_text
from workflows.values.identity_number import birth_date_of, sex_of

# Class, status and the reason for a choice are set by their own operations, with all that hangs on them.
OF_OTHERS = ("class_code", "status", "left_kind", "left_on", "left_to", "focus_reason")
CHANGEABLE = {key: fact for key, fact in CHILD.items() if key not in OF_OTHERS}
SHORTEST_REASON, LONGEST_REASON = 2, 200
ADDED = "relative.added"
SLOT_ORDER = ("guardian", "father", "mother", "other")


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
    changes = put_child(child, chosen)
    child.name_key = name_key(child.name)
    if any(change.field == "id_number" for change in changes):
        _index(tx, child)
    _flush_number(tx)
    if child.name != old_name:
        replace_grams(tx.session, child)
    if changes:
        tx.tell(
            Happening("child.changed", "child", child.id, child.level_codes, child.id, owner=child.id, changes=changes)
        )
    return child


def add_relative(tx: Transaction, child_id: int, values: Mapping[str, Cell], *, key: str | None = None) -> Relative:
    """Add a relative of a child, called last unless a place in the order is given.

    A form sent twice (same `key`) adds one. Raises Refusal `bad_values`, `slot_taken` (one guardian, father, mother),
    `key_reused`.
    """
    child = _child(tx, child_id)
    mark = f"{ADDED}:{child.id}"
    if (added := answer_before(tx, key, mark)) is not None:
        return fetch(tx, Relative, added["relative"])
    _refuse_unseen(tx, child, RELATIVE, values)
    given = {key: value for key, value in values.items() if key != "call_order" or value not in (None, "")}
    chosen = read(Relative, RELATIVE, given, today=tx.today)
    others = _relatives(tx, child.id)
    wanted = chosen.pop("call_order", len(others) + 1)
    relative = Relative(id=new_id(), child_id=child.id)
    relative.place_at(child.level_codes)
    with tx.session.no_autoflush:
        tx.session.add(relative)
        changes = put(relative, RELATIVE, chosen) + _put_in_order(tx, relative, wanted, others)
    _require_name(relative)
    _flush_slot(tx)
    remember_answer(tx, key, mark, {"relative": relative.id})
    _tell(tx, ADDED, relative, changes)
    return relative


def change_relative(tx: Transaction, relative_id: int, rev: int, values: Mapping[str, Cell]) -> Relative:
    """Change a relative; a new place in the calling order moves the others along. Raises as `add_relative` does."""
    relative = fetch(tx, Relative, relative_id)
    child = _child(tx, relative.child_id)
    check_rev(relative, rev, RELATIVE)
    _refuse_unseen(tx, child, RELATIVE, values)
    chosen = read(Relative, RELATIVE, values, today=tx.today)
    others = [other for other in _relatives(tx, child.id) if other.id != relative.id]
    wanted = chosen.pop("call_order", relative.call_order)
    changes = put(relative, RELATIVE, chosen)
    if wanted != relative.call_order:
        changes += _put_in_order(tx, relative, wanted, others)
    _require_name(relative)
    _flush_slot(tx)
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
    _tell(tx, "relative.removed", relative, changes)
    tx.session.delete(relative)
    _number(tx, others)
    tx.session.flush()


def reveal_value(tx: Transaction, child_id: int, field: str, reason: str, relative_id: int | None = None) -> str:
    """Return one protected value (P2) of a child or of a relative in clear, and put who asked and why on record.

    Raises Refusal `reason_missing`, Missing where nothing is stored, Denied for fields that are not revealed.
    """
    child = fetch(tx, Child, child_id)
    tx.require(Permission.CHILD_REVEAL, child.level_codes)
    relative = fetch(tx, Relative, relative_id) if relative_id is not None else None
    if relative is not None and relative.child_id != child.id:
        raise Missing("not_found", text("没有这条记录"))
    fact = (CHILD if relative is None else RELATIVE).get(field)
    if fact is None or fact.protection != "P2" or not visible("P2", tx.policy.sees(tx.actor, child.level_codes)):
        raise Denied("not_permitted", text("这一项不能查看"))
    why = as_text(reason)
    if len(why) < SHORTEST_REASON:
        message = text("请写明查看的理由")
        raise Refusal("reason_missing", message, {"reason": message})
    value = stored(getattr(relative or child, field))
    if value is None:
        raise Missing("not_found", text("这一项没有填写"))
    subject = "child" if relative is None else "relative"
    facts = {"field": field, "class": fact.protection}
    tx.tell(
        Happening(
            "child.revealed",
            subject,
            (relative or child).id,
            child.level_codes,
            child.id,
            owner=child.id,
            reason=why[:LONGEST_REASON],
            facts=facts,
        )
    )
    return value


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
    chosen["sex"] = chosen.get("sex", child.sex) or sex_of(number)
    if chosen["sex"] != sex_of(number):
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


def _put_in_order(tx: Transaction, relative: Relative, wanted: int, others: list[Relative]) -> tuple[Change, ...]:
    in_order = list(others)
    in_order.insert(min(wanted, len(others) + 1) - 1, relative)
    before = relative.call_order
    _number(tx, in_order, told=relative)
    return () if before == relative.call_order else (_reordered(before, relative.call_order),)


def _number(tx: Transaction, in_order: list[Relative], told: Relative | None = None) -> None:
    for place, row in enumerate(in_order, 1):
        if row.call_order == place:
            continue
        before, row.call_order = row.call_order, place
        if row is not told:
            _tell(tx, "relative.changed", row, (_reordered(before, place),))


def _reordered(before: int | None, after: int) -> Change:
    return Change("call_order", "P0", stored(before), stored(after))


def _flush_slot(tx: Transaction) -> None:
    message = text("监护人、父亲、母亲各只能有一位")
    flush_unique(tx, "slot_taken", message, "slot", "relative.slot", "uq_relative_slot")


def _tell(tx: Transaction, action: str, relative: Relative, changes: tuple[Change, ...]) -> None:
    tx.tell(
        Happening(
            action,
            "relative",
            relative.id,
            relative.level_codes,
            relative.child_id,
            owner=relative.child_id,
            changes=changes,
        )
    )
