"""Opens the wave of identification of a term: a fresh case for every child on file, former open ones ended."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from models.bulk import insert_rows
from models.case import Case, CaseMove
from models.child import Child
from models.clock import CaseClock
from models.place import Place
from models.school_year import Term
from models.scope import LEVELS
from models.terms import latest_term
from workflows.audit import Happening
from workflows.engine.published import WorkflowVersion, workflow_in_force
from workflows.operations.case_opening import draw_numbers
from workflows.operations.case_rows import About, case_row, move_values, opened
from workflows.operations.case_sets import locked
from workflows.operations.clocks import begin_clocks
from workflows.operations.lapse import divide, lapse_cases
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal, Stale
from workflows.text import text
from workflows.transaction import Transaction

WORKFLOW = "identification"
CHUNK = 2_000  # cases in memory at a time


@dataclass(frozen=True)
class WaveCounts:
    """What a wave finds at a place: children on file, those that have this term's case, former cases still open."""

    children: int
    present: int
    former: int

    @property
    def to_open(self) -> int:
        """Cases to open."""
        return self.children - self.present


@dataclass(frozen=True)
class Wave:
    """What a wave did: cases opened, former ones ended as not completed, and the numbers of those that could not be."""

    opened: int
    lapsed: int
    stuck: tuple[str, ...]


def count_wave(session: Session, place: Place, term: Term) -> WaveCounts:
    """Count what a wave would find, inside the session's scope."""
    rows = select(func.count()).select_from(Child).where(_below(Child, place), Child.status == "on_file")
    children = session.scalar(rows) or 0
    present = session.scalar(rows.where(_has_case(term.id))) or 0
    former = session.scalar(select(func.count()).select_from(Case).where(*_former(place, term.id))) or 0
    return WaveCounts(children, present, former)


def open_wave(tx: Transaction, place_id: int, term_id: int) -> Wave:
    """Open this term's case for every child on file at a place, after ending what is still open from former terms.

    A child that has this term's case already, in whatever state, is passed over, so a wave can be repeated. Raises
    Refusal `not_this_term` when another term has begun since the page was read, `term_over`, `no_term`, `no_children`.
    """
    place = tx.session.get(Place, place_id)
    if place is None or place.kind == "class":
        raise Missing("no_place", text("没有这个单位，或不在你的范围内"))
    tx.require(Permission.WAVE_OPEN, place.level_codes)
    term = _term(tx, term_id)
    ending, stuck = divide(tx, locked(tx.session, select(Case).where(*_former(place, term.id))))
    children = _children(tx.session, place, term)
    if not children and not ending and not _count(tx.session, place):
        raise Refusal("no_children", text("{place}还没有在册儿童", place=place.name))
    lapse_cases(tx, ending, "wave")
    held = {case.child_id for case in stuck}
    made = _open(tx, [child for child in children if child.id not in held], term)
    wave = Wave(made, len(ending), tuple(case.number for case in stuck))
    if made or ending:
        facts = {"term": f"{term.school_year.name}-{term.number}", "opened": made, "lapsed": len(ending),
                 "stuck": len(stuck)}  # fmt: skip
        tx.tell(Happening("wave.opened", "place", place.id, codes=place.level_codes, facts=facts))
        tx.send("wave.opened", "inbox", f"place:{place.code}", {"opened": made, "lapsed": len(ending)})
    return wave


def _term(tx: Transaction, term_id: int) -> Term:
    term = latest_term(tx.session, tx.today)
    if term is None:
        raise Refusal("no_term", text("还没有设置学期，请先在“学年学期”中添加"))
    if term.id != term_id:
        raise Stale("not_this_term", text("学期已经变了，请重新打开这一页"))
    if term.last_on < tx.today:
        raise Refusal("term_over", text("这个学期已经结束，新学期开学后再开展"))
    # Two waves at once take turns; the weaker lock lets others open cases of this term meanwhile.
    tx.session.scalars(select(Term.id).where(Term.id == term.id).with_for_update(key_share=True)).one()
    return term


def _below(row_class: type[Any], place: Place) -> Any:
    return getattr(row_class, f"{place.kind}_code") == place.code


def _has_case(term_id: int) -> Any:
    return exists().where(Case.child_id == Child.id, Case.workflow == WORKFLOW, Case.term_id == term_id)


def _former(place: Place, term_id: int) -> tuple[Any, ...]:
    return (
        _below(Case, place),
        Case.workflow == WORKFLOW,
        Case.closed_at.is_(None),
        Case.term_id.is_distinct_from(term_id),
    )


def _children(session: Session, place: Place, term: Term) -> Sequence[Any]:
    codes = [getattr(Child, f"{level}_code") for level in LEVELS]
    wanted = select(Child.id, *codes).where(_below(Child, place), Child.status == "on_file", ~_has_case(term.id))
    return session.execute(wanted.order_by(Child.school_code, Child.class_code, Child.name_key, Child.id)).all()


def _count(session: Session, place: Place) -> bool:
    return bool(session.scalar(select(exists().where(_below(Child, place), Child.status == "on_file"))))


def _open(tx: Transaction, children: Sequence[Any], term: Term) -> int:
    if not children:
        return 0
    version = workflow_in_force(tx.session, WORKFLOW)
    numbers = draw_numbers(tx, version.workflow.prefix, len(children))
    try:
        for start in range(0, len(children), CHUNK):
            part = slice(start, start + CHUNK)
            _open_some(tx, version, children[part], numbers[part], term.id)
    except IntegrityError as fault:
        # Somebody opened one of these children's cases in this moment; nothing is kept, the next try passes it over.
        raise Stale("someone_was_faster", text("刚刚有人发起了其中的档案，请再试一次")) from fault
    return len(children)


def _open_some(
    tx: Transaction, version: WorkflowVersion, children: Sequence[Any], numbers: Sequence[str], term_id: int
) -> None:
    cases = []
    for child, number in zip(children, numbers, strict=True):
        codes = {level: child._mapping[f"{level}_code"] for level in LEVELS}
        cases.append(case_row(tx, version, About("child", child.id, child.id, codes), term_id, number))
    moves = [move_values(tx, case, "open", None, case["state"]) for case in cases]
    clocks = begin_clocks(tx, version, cases, moves)
    insert_rows(tx.session, Case, cases)
    insert_rows(tx.session, CaseMove, moves)
    insert_rows(tx.session, CaseClock, clocks)
    tx.happenings += [opened(case) for case in cases]
    tx.write_trail()
