"""Keeps the plain answers of cases in columns: what conditions read of a case's facts, in the same transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import bindparam, delete, exists, select, true
from sqlalchemy.orm import Session

from models.bulk import insert_values
from models.case import Case
from models.child import LEVEL_COLUMNS
from models.exact import millionths
from models.field_value import SINGLE, TYPED, FieldValue
from workflows.engine.answers import LINE_LENGTH
from workflows.engine.definition import FormField
from workflows.engine.expression.closure import as_type
from workflows.engine.expression.tree import TEXT
from workflows.engine.form import FIELD_TYPES
from workflows.engine.published import WorkflowVersion, workflow_version
from workflows.engine.stored import restored
from workflows.operations.case_rows import standing_of
from workflows.transaction import Transaction

COLUMNS = ("case_id", "field", "position", *TYPED, "child_id", "circle", *LEVEL_COLUMNS)
CHUNK = 2_000  # cases in memory at a time
Facts = Mapping[str, Any]
_FORGET = delete(FieldValue).where(
    FieldValue.case_id == bindparam("case"), FieldValue.field.in_(bindparam("fields", expanding=True))
)


def keep_answers(tx: Transaction, case: Case, version: WorkflowVersion, before: Facts) -> None:
    """Write anew what differs in a case's facts from those `before`; the case itself is written already."""
    changed = {key: f for key, f in version.kept.items() if before.get(key) != case.facts.get(key)}
    gone = [key for key in changed if key in before]
    if gone:
        tx.session.execute(_FORGET, {"case": case.id, "fields": gone})
    write_answers(tx.session, field_values(standing_of(case), changed, case.facts))


def write_answers(session: Session, rows: Iterable[tuple[Any, ...]]) -> None:
    """Insert rows whose values come in the order of COLUMNS."""
    if waiting := list(rows):
        insert_values(session, FieldValue, COLUMNS, waiting)


def field_values(case: Mapping[str, Any], kept: Mapping[str, FormField], facts: Facts) -> Iterator[tuple[Any, ...]]:
    """Yield the rows of a case (its row, by column name) for those of its facts that stand in columns."""
    place = (case["child_id"], case["circle"], *(case[column] for column in LEVEL_COLUMNS))
    for key, f in kept.items():
        if key in facts:
            for position, typed in _values(f, facts[key]):
                yield (case["id"], key, position, *typed, *place)


def _values(f: FormField, stored: object) -> Iterator[tuple[int, tuple[Any, ...]]]:
    """Yield what a condition sees of an answer, in the order of TYPED: nothing where it has another type."""
    found = as_type(restored(f, stored), FIELD_TYPES.get(f.type, TEXT), LINE_LENGTH)
    if isinstance(found, list):
        for position, value in enumerate(found or [None], SINGLE + 1):
            yield position, _typed(value)
    elif found is not None:
        yield SINGLE, _typed(found)


def _typed(value: object) -> tuple[Any, ...]:
    """Put a value into its column; a moment is a day too, and comes first."""
    match value:
        case bool():
            return (None, None, None, None, value)
        case str():
            return (value, None, None, None, None)
        case Decimal():
            return (None, millionths(value), None, None, None)
        case datetime():
            return (None, None, None, value, None)
        case date():
            return (None, None, value, None, None)
        case _:
            return (None,) * len(TYPED)


def fill_in(session: Session) -> int:
    """Write the rows of every case in a database from before they were kept; returns how many, 0 where any stand.

    The session sees every place. All is one transaction, so that a kill leaves none.
    """
    if session.scalar(select(exists().where(true()).select_from(FieldValue))):
        return 0
    columns = (Case.id, Case.child_id, Case.circle, *(getattr(Case, column) for column in LEVEL_COLUMNS))
    wanted = select(*columns, Case.definition_id, Case.facts).order_by(Case.id).limit(CHUNK)
    written, last = 0, 0
    while cases := [dict(row) for row in session.execute(wanted.where(Case.id > last)).mappings()]:
        rows = [
            row
            for case in cases
            if case["facts"]
            for row in field_values(case, workflow_version(session, case["definition_id"]).kept, case["facts"])
        ]
        write_answers(session, rows)
        written, last = written + len(rows), cases[-1]["id"]
    return written
