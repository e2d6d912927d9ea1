"""Makes, changes and closes places of the organisation tree; the server sets the level codes of a whole subtree."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import exists, select

from models.place import Place
from models.school_calendar import first_year_on
from models.scope import LEVELS, NO_PLACE
from models.tables import SCOPED
from models.types import new_id
from workflows.audit import Happening
from workflows.class_title import class_title
from workflows.fields import PLACE, put
from workflows.operations.rows import check_rev, fetch, flush_unique
from workflows.policy import Permission
from workflows.reading import read
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import Cell

PARENTS: Mapping[str, frozenset[str]] = {
    "city": frozenset(),
    "county": frozenset({"city"}),
    "township": frozenset({"county", "city"}),
    "school": frozenset({"township", "county", "city"}),
    "class": frozenset({"school"}),
}
MAKEABLE = {key: PLACE[key] for key in ("code", "kind", "name", "stage", "cohort", "number", "phone")}
CHANGEABLE = {key: PLACE[key] for key in ("name", "stage", "cohort", "number", "phone")}
# A comma separates the codes that a session announces to PostgreSQL; a lone dash means no such level.
_CODE = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,39}")


def make_place(tx: Transaction, parent_id: int | None, values: Mapping[str, Cell]) -> Place:
    """Add a place below a parent; only the system itself makes one at the top.

    A class needs cohort and number, is named by them and gets a code where none is given. Raises Refusal
    `bad_values`, `code_taken`, `class_exists`, `wrong_parent`, `parent_closed`.
    """
    parent = fetch(tx, Place, parent_id) if parent_id is not None else None
    chosen = _complete(tx, read(Place, MAKEABLE, values, today=tx.today), parent)
    check_parent(chosen["kind"], parent)
    codes = _codes_below(chosen["kind"], chosen["code"], parent)
    tx.require(Permission.PLACE_MANAGE, parent.level_codes if parent else codes)
    place = Place(id=new_id(), is_closed=False)
    place.place_at(codes)
    changes = put(place, PLACE, chosen | {"parent_id": parent_id})
    tx.session.add(place)
    _flush_code(tx)
    tx.tell(Happening("place.made", "place", place.id, codes, changes=changes))
    return place


def change_place(tx: Transaction, place_id: int, rev: int, values: Mapping[str, Cell]) -> Place:
    """Change a place's name, stage, class numbers or phone; `place_move` puts it below another parent."""
    place = fetch(tx, Place, place_id)
    tx.require(Permission.PLACE_MANAGE, place.level_codes)
    check_rev(place, rev, PLACE)
    chosen = read(Place, CHANGEABLE, values, today=tx.today)
    before = place.level_codes
    parent = tx.session.get(Place, place.parent_id) if place.parent_id else None
    if place.kind == "class":
        chosen = _complete(tx, {"kind": "class", "code": place.code, **_class_numbers(place), **chosen}, parent)
    changes = put(place, PLACE, chosen)
    tx.session.flush()
    if changes:
        tx.tell(Happening("place.changed", "place", place.id, before, changes=changes))
    return place


def close_place(tx: Transaction, place_id: int, rev: int) -> Place:
    """Mark a place as closed; raises Refusal `has_open_places` or `has_rows` while something still belongs to it."""
    place = fetch(tx, Place, place_id)
    tx.require(Permission.PLACE_MANAGE, place.level_codes)
    check_rev(place, rev, PLACE)
    if tx.session.scalar(select(exists().where(Place.parent_id == place.id, Place.is_closed.is_(False)))):
        raise Refusal("has_open_places", text("{place}下还有未撤并的单位", place=place.name))
    _refuse_rows(tx, place)
    changes = put(place, PLACE, {"is_closed": True})
    tx.session.flush()
    tx.tell(Happening("place.closed", "place", place.id, place.level_codes, changes=changes))
    return place


def reopen_place(tx: Transaction, place_id: int, rev: int) -> Place:
    """Take back that a place was closed; raises Refusal `parent_closed` below a closed one."""
    place = fetch(tx, Place, place_id)
    tx.require(Permission.PLACE_MANAGE, place.level_codes)
    check_rev(place, rev, PLACE)
    check_parent(place.kind, tx.session.get(Place, place.parent_id) if place.parent_id else None)
    changes = put(place, PLACE, {"is_closed": False})
    tx.session.flush()
    tx.tell(Happening("place.reopened", "place", place.id, place.level_codes, changes=changes))
    return place


def make_class(tx: Transaction, school: Place, grade: int, number: int, first_year: int) -> Place:
    """Add a class of a grade to a school, named as in a school year; the caller has checked permission and need.

    Raises Refusal `code_taken`.
    """
    cohort = first_year - grade + 1
    code = f"{school.code}-{cohort % 100:02d}{number:02d}"
    name = class_title(cohort, number, first_year, school.stage)
    place = Place(id=new_id(), code=code, kind="class", name=name, parent_id=school.id, cohort=cohort, number=number)
    place.place_at(school.level_codes | {"class": code})
    tx.session.add(place)
    tx.tell(Happening("place.made", "place", place.id, codes=place.level_codes, facts={"code": code, "name": name}))
    _flush_code(tx)
    return place


def _complete(tx: Transaction, chosen: dict[str, Any], parent: Place | None) -> dict[str, Any]:
    kind = chosen.get("kind")
    if kind == "class":
        chosen = _complete_class(tx, chosen, parent)
    else:
        chosen |= {"cohort": None, "number": None}
    chosen["code"] = str(chosen.get("code") or "").upper()
    if kind != "school":
        chosen["stage"] = None
    faults = {key: text("不能为空") for key in ("kind", "name") if not chosen.get(key)}
    if kind == "school" and not chosen.get("stage"):
        faults["stage"] = text("不能为空")
    if not _CODE.fullmatch(chosen["code"]):
        faults["code"] = text("代码只能用字母、数字、点和横线，最多 40 位")
    if faults:
        raise Refusal("bad_values", text("有 {count} 处填写不对", count=len(faults)), faults)
    return chosen


def _complete_class(tx: Transaction, chosen: dict[str, Any], parent: Place | None) -> dict[str, Any]:
    cohort, number = chosen.get("cohort"), chosen.get("number")
    if cohort is None or number is None or parent is None:
        faults = {key: text("不能为空") for key in ("cohort", "number") if chosen.get(key) is None}
        raise Refusal("bad_values", text("班级要有一年级入学年份和班序"), faults)
    code = chosen.get("code") or f"{parent.code}-{cohort % 100:02d}{number:02d}"
    refuse_same_class(tx, parent, cohort, number, code.upper())
    name = class_title(cohort, number, first_year_on(tx.session, tx.today), parent.stage)
    return chosen | {"code": code, "name": name}


def refuse_same_class(tx: Transaction, school: Place, cohort: int | None, number: int | None, code: str) -> None:
    """Refuse with `class_exists` where another class of the school has the same grade and number."""
    same = exists().where(
        Place.parent_id == school.id, Place.cohort == cohort, Place.number == number, Place.code != code
    )
    if tx.session.scalar(select(same)):
        raise Refusal("class_exists", text("这所学校已有这个班"), {"number": text("这所学校已有这个班")})


def _class_numbers(place: Place) -> dict[str, Any]:
    return {"cohort": place.cohort, "number": place.number}


def check_parent(kind: str, parent: Place | None) -> None:
    """Refuse with `wrong_parent` or `parent_closed` what cannot stand below a parent."""
    if parent is not None and parent.kind not in PARENTS[kind]:
        raise Refusal("wrong_parent", text("这一层级不能放在{place}下", place=parent.name))
    if parent is None and kind == "class":
        raise Refusal("wrong_parent", text("班级要放在学校下"))
    if parent is not None and parent.is_closed:
        raise Refusal("parent_closed", text("{place}已撤并", place=parent.name))


def _codes_below(kind: str, code: str, parent: Place | None) -> dict[str, str]:
    return (parent.level_codes if parent else dict.fromkeys(LEVELS, NO_PLACE)) | {kind: code}


def _refuse_rows(tx: Transaction, place: Place) -> None:
    for row_class in SCOPED:
        if tx.session.scalar(select(exists().where(_under(row_class, place)))):
            raise Refusal("has_rows", text("{place}下已有人员或儿童记录，不能这样改", place=place.name))


def _under(row_class: Any, place: Place) -> Any:
    return getattr(row_class, f"{place.kind}_code") == place.code


def _flush_code(tx: Transaction) -> None:
    flush_unique(tx, "code_taken", text("这个代码已有单位在用"), "code", "place.code", "uq_place_code")
