"""Importing a register and taking it back: children, relatives and identification cases in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from models.attachment import Attachment
from models.bulk import insert_rows, insert_values
from models.case import Case, CaseMove, CaseRecord
from models.child import Child, NameGram, Relative
from models.clock import CaseClock
from models.notice import Notice
from models.on_file import OnFile, on_file_by_index, on_file_by_name
from models.place import Place
from models.roster import RosterBatch
from models.school_calendar import first_year_on
from models.school_year import Term
from models.task import CaseCopy, CaseTask, CaseWatch
from models.types import new_id
from models.vault import DataKey, vault_of
from workflows.audit import Happening
from workflows.class_title import class_title
from workflows.engine.published import WorkflowVersion, workflow_in_force
from workflows.operations.case_opening import draw_numbers
from workflows.operations.case_rows import About, case_row, move_values, opened
from workflows.operations.clocks import begin_clocks, forget_clocks
from workflows.operations.place import make_class
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal
from workflows.roster.intake import GRAM_COLUMNS, Intake
from workflows.roster.report import Finding, RosterReport
from workflows.roster.row import RosterRow
from workflows.text import Text, text
from workflows.transaction import Transaction

WORKFLOW = "identification"
CHUNK = 2_000  # rows of a register whose children, cases and events are in memory at a time
UNDO_WITHIN = timedelta(hours=24)
_Classes = dict[tuple[int | None, int | None], dict[str, str]]
COLUMN = {True: "child.id_number", False: "child.name"}


@dataclass(frozen=True)
class Imported:
    """What an import stored: new children, changed ones, new classes, and the batch's number."""

    batch: int
    created: int
    updated: int
    classes: tuple[str, ...]


def refuse_those_on_file(session: Session, report: RosterReport, school_code: str) -> RosterReport:
    """Return the report with the accepted rows that are on file already moved to the refused ones.

    The session needs a system scope: a child of another school is refused without a word about it.
    """
    keystore = vault_of(session).keystore
    indexes = {r.id_number: keystore.blind_index("id_number", r.id_number) for r in report.accepted if r.id_number}
    by_index = on_file_by_index(session, indexes.values())
    by_name = on_file_by_name(session, school_code)
    accepted: list[RosterRow] = []
    refused = list(report.refused)
    headers = {field: header for header, field in report.mapping.items()}
    for row in report.accepted:
        found = by_index.get(indexes[row.id_number]) if row.id_number else by_name.get(_by_name(row))
        if found is None:
            accepted.append(row)
        else:
            column = headers.get(COLUMN[row.id_number is not None])
            refused.append(Finding(row.sheet, row.row, "already_on_file", column, _reason(found, school_code)))
    return replace(report, accepted=accepted, refused=refused)


def _by_name(row: RosterRow) -> tuple[str, str]:
    return row.name, row.birth_on.isoformat() if row.birth_on else ""


def _reason(found: OnFile, school_code: str) -> Text:
    if found.school_code == school_code:
        return text("本校已有这名儿童的档案：{name}", name=found.name)
    return text("这个身份证号已在其他学校建档，请办理转学")


def find_school(session: Session, code: str) -> Place:
    """Return the school with a code; raises Missing when there is none."""
    school = session.scalars(select(Place).where(Place.code == code, Place.kind == "school")).one_or_none()
    if school is None:
        raise Missing("no_school", text("没有代码为 {code} 的学校", code=code))
    return school


def import_roster(
    tx: Transaction, school: Place, report: RosterReport, *, digest: str = "", batch_id: int | None = None
) -> Imported:
    """Store the accepted rows of a checked register: children, relatives, and an open identification case each.

    `batch_id` names a kept upload; without one the batch is made here. Raises Refusal when nothing was accepted, when
    the upload was imported already, or when no term is running.
    """
    tx.require(Permission.ROSTER_IMPORT, school.level_codes)
    if not report.accepted:
        raise Refusal("nothing_accepted", text("没有可以导入的行"))
    batch = _batch_to_fill(tx, school, report, digest, batch_id)
    term = _running_term(tx)
    places, made = _classes(tx, school, report.accepted)
    counts = {
        "rows": report.rows,
        "accepted": len(report.accepted),
        "refused": len(report.refused),
        "warnings": len(report.warnings),
        "created": len(report.accepted),
        "updated": 0,
    }
    batch.state, batch.imported_at, batch.counts = "imported", tx.now, counts
    batch.mapping = dict(report.mapping)
    forget_content(tx.session, batch)
    tx.tell(told(batch, "roster.imported"))
    tx.write_trail()
    version = workflow_in_force(tx.session, WORKFLOW)
    for start in range(0, len(report.accepted), CHUNK):
        _take_in(tx, batch, version, term.id, places, report.accepted[start : start + CHUNK])
    tx.send("roster.imported", "inbox", f"place:{school.code}", {"batch": str(batch.id), **counts})
    return Imported(batch.id, len(report.accepted), 0, tuple(made))


def undo_import(tx: Transaction, batch_id: int) -> int:
    """Take an import back within 24 hours and while nothing was built on it; returns the number of children removed.

    Raises Refusal with what stands in the way. The children's keys are destroyed with their rows; the audit trail
    keeps the events.
    """
    batch = find_batch(tx.session, batch_id)
    tx.require(Permission.ROSTER_UNDO, batch.level_codes)
    refuse_unless(batch, "imported")
    if (refusal := refusal_to_undo(tx.session, batch, tx.now)) is not None:
        raise refusal
    children = select(Child.id).where(Child.batch_id == batch_id)
    ids = list(tx.session.scalars(children))
    forget_clocks(tx, children)
    codes = {row.id: row.level_codes for row in tx.session.scalars(select(Child).where(Child.batch_id == batch_id))}
    _forget_notices(tx, ids)
    for model, column in (
        (CaseMove, CaseMove.child_id),
        (Case, Case.child_id),
        (NameGram, NameGram.child_id),
        (Relative, Relative.child_id),
        (Child, Child.id),
        (DataKey, DataKey.id),
    ):
        for start in range(0, len(ids), 500):
            tx.session.execute(
                delete(model).where(column.in_(ids[start : start + 500])).execution_options(synchronize_session=False)
            )
    tx.session.expunge_all()
    batch = find_batch(tx.session, batch_id)
    batch.state, batch.undone_at = "undone", tx.now
    tx.tell(told(batch, "roster.undone", removed=len(ids)))
    tx.happenings += [Happening("child.removed", "child", i, codes=codes[i], facts={"batch": batch_id}) for i in ids]
    return len(ids)


def refusal_to_undo(session: Session, batch: RosterBatch, now: datetime) -> Refusal | None:
    """Return what stands in the way of taking an import back, None when nothing does."""
    if batch.imported_at is not None and now - batch.imported_at > UNDO_WITHIN:
        return Refusal("too_late", text("导入已超过 24 小时，不能撤回"))
    built_on = _most_built_on(session, batch.id)
    if built_on:
        return Refusal("built_on", text("已有 {count} 份档案在导入后办理过，不能撤回", count=built_on))
    return None


def _most_built_on(session: Session, batch_id: int) -> int:
    moved = session.scalar(select(func.count()).select_from(Case).where(Case.batch_id == batch_id, Case.rev > 1))
    changed = session.scalar(select(func.count()).select_from(Child).where(Child.batch_id == batch_id, Child.rev > 1))
    children = select(Child.id).where(Child.batch_id == batch_id)
    other = session.scalar(
        select(func.count())
        .select_from(Case)
        .where(Case.child_id.in_(children), Case.batch_id.is_distinct_from(batch_id))
    )
    counted = [
        session.scalar(select(func.count(model.child_id.distinct())).where(model.child_id.in_(children))) or 0
        for model in (CaseRecord, CaseTask, CaseWatch, Attachment)
    ]
    cases = select(Case.id).where(Case.batch_id == batch_id)
    copied = session.scalar(select(func.count(CaseCopy.case_id.distinct())).where(CaseCopy.case_id.in_(cases)))
    return max(moved or 0, changed or 0, other or 0, copied or 0, *counted)


def new_batch(tx: Transaction, school: Place, file_name: str, digest: str, state: str) -> RosterBatch:
    """Make an import's row; the caller adds it."""
    batch = RosterBatch(
        id=new_id(),
        file_name=file_name[:200],
        digest=digest,
        school_id=school.id,
        state=state,
        mapping={},
        counts={},
        made_at=tx.now,
        made_by=tx.actor.staff_id,
    )
    batch.place_at(school.level_codes)
    return batch


def _batch_to_fill(
    tx: Transaction, school: Place, report: RosterReport, digest: str, batch_id: int | None
) -> RosterBatch:
    if batch_id is None:
        batch = new_batch(tx, school, report.file, digest, "imported")
        tx.session.add(batch)
        return batch
    batch = find_batch(tx.session, batch_id)
    refuse_unless(batch, "checked")
    return batch


def find_batch(session: Session, batch_id: int) -> RosterBatch:
    """Return an import of the session's scope; raises Missing."""
    batch = session.get(RosterBatch, batch_id)
    if batch is None:
        raise Missing("no_batch", text("没有这次导入，或不在你的范围内"))
    return batch


def _forget_notices(tx: Transaction, children: Sequence[int]) -> None:
    """Take the lines about these children's cases from behind the bells."""
    for start in range(0, len(children), 500):
        cases = select(Case.id).where(Case.child_id.in_(children[start : start + 500]))
        forgotten = delete(Notice).where(Notice.case_id.in_(cases))
        tx.session.execute(forgotten.execution_options(synchronize_session=False))


def refuse_unless(batch: RosterBatch, state: str) -> None:
    """Refuse with `already_<state>` when an import is not where the caller needs it."""
    if batch.state != state:
        words = {
            "imported": text("这次导入已经完成"),
            "undone": text("这次导入已经撤回"),
            "dropped": text("这个文件已放弃"),
        }
        raise Refusal(f"already_{batch.state}", words.get(batch.state, text("这个文件还没有导入")))


def forget_content(session: Session, batch: RosterBatch) -> None:
    """Destroy an upload's content with its key; nothing happens when it is gone already."""
    if batch.content_sealed is not None:
        batch.content_sealed = None
        session.execute(delete(DataKey).where(DataKey.id == batch.id))


def _running_term(tx: Transaction) -> Term:
    term = tx.session.scalars(select(Term).where(Term.first_on <= tx.today).order_by(Term.first_on.desc())).first()
    if term is None:
        raise Refusal("no_term", text("还没有设置学期，请先在“学年学期”中添加"))
    return term


def _classes(tx: Transaction, school: Place, rows: Sequence[RosterRow]) -> tuple[_Classes, list[str]]:
    """Return the level codes for each grade and number, making the classes that the school lacks."""
    first_year = first_year_on(tx.session, tx.today)
    known = _known_classes(tx.session, school, first_year)
    found: _Classes = {}
    made: list[str] = []
    for key in dict.fromkeys((row.grade, row.class_number) for row in rows):
        grade, number = key
        if grade is None or number is None:
            found[key] = school.level_codes
        elif (grade, number) in known:
            found[key] = known[(grade, number)]
        else:
            place = make_class(tx, school, grade, number, first_year)
            made.append(place.name)
            found[key] = place.level_codes
    return found, made


def classes_to_make(session: Session, school: Place, rows: Sequence[RosterRow], today: date) -> list[str]:
    """Return the names of the classes that an import would make, in order."""
    first_year = first_year_on(session, today)
    known = _known_classes(session, school, first_year)
    wanted = {(r.grade, r.class_number) for r in rows if r.grade is not None and r.class_number is not None}
    missing = sorted(wanted - known.keys())
    return [class_title(first_year - grade + 1, number, first_year, school.stage) for grade, number in missing]


def _known_classes(session: Session, school: Place, first_year: int) -> _Classes:
    present = session.scalars(select(Place).where(Place.parent_id == school.id, Place.kind == "class"))
    return {(place.grade(first_year), place.number): place.level_codes for place in present}


def _take_in(
    tx: Transaction,
    batch: RosterBatch,
    version: WorkflowVersion,
    term_id: int,
    places: _Classes,
    rows: Sequence[RosterRow],
) -> None:
    """Store some rows with their cases and their trail, and forget their keys: memory does not grow with the file."""
    vault = vault_of(tx.session)
    intake = Intake(vault, batch.school_code, batch.id, tx.now)
    cases, moves = [], []
    for row, number in zip(rows, draw_numbers(tx, version.workflow.prefix, len(rows)), strict=True):
        codes = places[(row.grade, row.class_number)]
        child_id = intake.add(row, codes)
        case = case_row(tx, version, About("child", child_id, child_id, codes), term_id, number, batch.id)
        cases.append(case)
        moves.append(move_values(tx, case, "open", None, case["state"]))
    clocks = begin_clocks(tx, version, cases, moves)
    for model, made in intake.tables():
        insert_rows(tx.session, model, made)
    insert_rows(tx.session, Case, cases)
    insert_rows(tx.session, CaseMove, moves)
    insert_rows(tx.session, CaseClock, clocks)
    # In the order of their key, grams that lie beside each other on disk come together.
    insert_values(tx.session, NameGram, GRAM_COLUMNS, sorted(intake.grams))
    tx.happenings += [*intake.happenings, *(opened(case) for case in cases)]
    tx.write_trail()
    vault.forget(key["id"] for key in intake.keys)


def told(batch: RosterBatch, action: str, **more: Any) -> Happening:
    """Return the event of an import, with the file's digest and the counts so far."""
    facts: dict[str, Any] = {"file": batch.digest, **batch.counts, **more}
    return Happening(action, "roster_batch", batch.id, codes=batch.level_codes, facts=facts)


def ordered(findings: Iterable[Finding]) -> list[Finding]:
    """Return findings by sheet and row, as a person reads them."""
    return sorted(findings, key=lambda finding: (finding.sheet or "", finding.row))
