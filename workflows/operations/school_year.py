"""Keeps school years and their terms."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import exists, select

from models.case import Case
from models.school_year import SchoolYear, Term
from models.types import new_id
from workflows.audit import Happening
from workflows.calendar import change_mark
from workflows.fields import SCHOOL_YEAR, TERM, put
from workflows.operations.rows import check_rev, fetch, flush_unique
from workflows.policy import Permission
from workflows.reading import read
from workflows.refusal import Refusal
from workflows.text import Text, text
from workflows.transaction import Transaction
from workflows.values import Cell

USUAL_DAYS = range(100, 190)  # a term of fewer or more days is asked about


def make_school_year(tx: Transaction, first_year: Cell) -> SchoolYear:
    """Add a school year; raises Refusal `year_exists`."""
    tx.require(Permission.TERM_MANAGE)
    chosen = read(SchoolYear, SCHOOL_YEAR, {"first_year": first_year}, today=tx.today)
    year = SchoolYear(id=new_id())
    changes = put(year, SCHOOL_YEAR, chosen)
    tx.session.add(year)
    marks = ("school_year.first_year", "uq_school_year_first_year")
    flush_unique(tx, "year_exists", text("这个学年已经有了"), "first_year", *marks)
    tx.tell(Happening("school_year.made", "school_year", year.id, changes=changes))
    return year


def make_term(tx: Transaction, school_year_id: int, values: Mapping[str, Cell], *, is_sure: bool = False) -> Term:
    """Add a term to a school year.

    Raises Refusal `bad_values`, `terms_overlap`, `outside_year`, `term_exists`, and `check_dates` while something
    about the dates is unusual and `is_sure` was not said.
    """
    tx.require(Permission.TERM_MANAGE)
    year = _lock_years(tx, school_year_id)
    chosen = _read(tx, values)
    term = Term(id=new_id(), school_year_id=year.id, note="")
    changes = put(term, TERM, chosen)
    _check_dates(tx, year, term)
    _ask(_doubts(term), is_sure)
    tx.session.add(term)
    marks = ("term.school_year_id", "uq_term_school_year_id")
    flush_unique(tx, "term_exists", text("这个学期已经有了"), "number", *marks)
    change_mark(tx.session)
    tx.tell(Happening("term.made", "term", term.id, changes=changes, facts={"school_year": year.first_year}))
    return term


def change_term(tx: Transaction, term_id: int, rev: int, values: Mapping[str, Cell], *, is_sure: bool = False) -> Term:
    """Change the dates or the note of a term.

    Raises as `make_term` does; dates of a term that has begun or has cases are asked about as well.
    """
    tx.require(Permission.TERM_MANAGE)
    term = fetch(tx, Term, term_id)
    check_rev(term, rev, TERM)
    year = _lock_years(tx, term.school_year_id)
    had_begun = term.first_on <= tx.today
    changes = put(term, TERM, _read(tx, {k: v for k, v in values.items() if k != "number"}))
    with tx.session.no_autoflush:
        _check_dates(tx, year, term)
        if any(change.field != "note" for change in changes):
            _ask(_doubts(term) + _consequences(tx, term, had_begun), is_sure)
    tx.session.flush()
    if changes:
        change_mark(tx.session)
        tx.tell(Happening("term.changed", "term", term.id, changes=changes, facts={"school_year": year.first_year}))
    return term


def _lock_years(tx: Transaction, school_year_id: int) -> SchoolYear:
    # Two people at once could enter terms that overlap; whoever enters one holds all years until the commit.
    tx.session.scalars(select(SchoolYear.id).order_by(SchoolYear.id).with_for_update()).all()
    return fetch(tx, SchoolYear, school_year_id)


def _read(tx: Transaction, values: Mapping[str, Cell]) -> dict[str, Any]:
    chosen = read(Term, TERM, values, today=tx.today)
    if "number" in chosen:
        chosen["number"] = int(chosen["number"] or 0)
    if missing := {key: text("不能为空") for key in chosen if key != "note" and not chosen[key]}:
        raise Refusal("bad_values", text("有 {count} 处填写不对", count=len(missing)), missing)
    return chosen


def _check_dates(tx: Transaction, year: SchoolYear, term: Term) -> None:
    if term.last_on <= term.first_on:
        raise Refusal("bad_values", text("结束要晚于开学"), {"last_on": text("要晚于开学日期")})
    if not (date(year.first_year, 7, 1) <= term.first_on and term.last_on <= date(year.first_year + 1, 8, 31)):
        raise Refusal(
            "outside_year", text("学期不在 {year} 学年内", year=year.name), {"first_on": text("不在这个学年内")}
        )
    others = select(Term).where(Term.id != term.id, Term.first_on <= term.last_on, Term.last_on >= term.first_on)
    if other := tx.session.scalars(others.limit(1)).first():
        raise Refusal(
            "terms_overlap",
            text("与 {first} 至 {last} 的学期重叠", first=other.first_on.isoformat(), last=other.last_on.isoformat()),
            {"first_on": text("与另一学期重叠")},
        )
    turned = Term.first_on > term.first_on if term.number == 2 else Term.first_on < term.first_on
    if tx.session.scalar(select(exists().where(Term.school_year_id == year.id, Term.number != term.number, turned))):
        raise Refusal("terms_overlap", text("第一学期要在第二学期之前"), {"first_on": text("两个学期的先后不对")})


def _doubts(term: Term) -> list[Text]:
    days = (term.last_on - term.first_on).days + 1
    return [] if days in USUAL_DAYS else [text("这个学期有 {days} 天", days=days)]


def _consequences(tx: Transaction, term: Term, had_begun: bool) -> list[Text]:
    found = [text("这个学期已经开始，周次和应办日期会变")] if had_begun else []
    if tx.session.scalar(select(exists().where(Case.term_id == term.id))):
        found.append(text("这个学期已有事项，统计会按新日期重算"))
    return found


def _ask(doubts: list[Text], is_sure: bool) -> None:
    if doubts and not is_sure:
        raise Refusal("check_dates", doubts[0], {f"doubt_{n}": doubt for n, doubt in enumerate(doubts)})
