"""What a transition does to the subject besides moving the case, by the words that definitions use."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sqlalchemy import select

from models.case import Case
from models.child import Child
from models.place import Place
from workflows.audit import Change
from workflows.engine.case_facts import known_facts
from workflows.engine.published import WorkflowVersion
from workflows.fields import put_child
from workflows.refusal import Refusal
from workflows.subjects import ChildSubject, Subject
from workflows.text import text
from workflows.transaction import Transaction

TO_CLASS = "to_class"  # the answer that names the class a child moves to


def carry_out(
    tx: Transaction, effects: Iterable[str], case: Case, version: WorkflowVersion, subject: Subject
) -> tuple[Change, ...]:
    """Carry out a transition's effects in their order and return what changed; raises Refusal where one cannot be."""
    changes: tuple[Change, ...] = ()
    for effect in effects:
        if not isinstance(subject, ChildSubject):
            raise Refusal("no_child", text("这件事项与儿童无关，不能这样办理"))
        if effect == "move child":
            changes += _move(tx, case, version, subject.child)
        else:
            dated = {"left_on": tx.today} if effect == "release child" else {}
            changes += put_child(subject.child, {**_SETS[effect], **dated})
    return changes


def _move(tx: Transaction, case: Case, version: WorkflowVersion, child: Child) -> tuple[Change, ...]:
    """Move a child and all its rows to the class that the case names; the codes of what is written so far stay put."""
    number = known_facts(tx.session, case, version, "P3").get(TO_CLASS)
    wanted = select(Place).where(Place.id == int(number or 0), Place.kind == "class", ~Place.is_closed)
    place = tx.session.scalars(wanted).one_or_none()
    if place is None:
        raise Refusal("no_class", text("请先选定要转入的班级"))
    tx.session.flush()  # the database carries the new codes to every row of the child that is already there
    old = child.class_code
    child.place_at(place.level_codes)
    return (Change("class_code", "P0", old, place.code),)


_SETS: Mapping[str, Mapping[str, object]] = {
    "focus child": {"is_focus": True},
    "unfocus child": {"is_focus": False},
    "archive child": {"status": "archived"},
    "reopen child": {"status": "on_file", "left_kind": None, "left_on": None, "left_to": None},
    "release child": {"status": "left", "left_kind": "transferred"},
}
EFFECTS: frozenset[str] = frozenset({*_SETS, "move child"})
