"""What a case knows: the latest answer to each question of its forms, protected ones sealed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from models.case import Case
from models.vault import learn_keys
from workflows.engine.definition import Form
from workflows.engine.known import Known, ReadOnce
from workflows.engine.published import WorkflowVersion
from workflows.engine.record import is_sealed, open_value, seal_answers
from workflows.engine.stored import restored
from workflows.fields import visible

TABLE = "workflow_case"


def facts_with(session: Session, case: Case, form: Form, stored: Mapping[str, Any]) -> dict[str, Any]:
    """Return the case's facts with a form's answers over them; a question left open this time loses its answer."""
    asked = {f.key for f in form.fields}
    kept = {key: value for key, value in case.facts.items() if key not in asked}
    return kept | seal_answers(session, form, stored, case.key_owner, case.id, TABLE)


def case_facts(
    session: Session, case: Case, version: WorkflowVersion, level: str = "P3", now: datetime | None = None
) -> Known:
    """Return what conditions and forms may read of a case by dotted name, up to a field class."""
    own = {
        "case.state": case.state,
        "case.state_since": case.state_since,
        "case.opened_at": case.opened_at,
        "case.due_at": case.due_at,
        "case.overdue": case.is_overdue(now) if now is not None else None,
    }
    names = {f"case.{key}": key for key in case.facts}
    return Known(own, ReadOnce(names, lambda name: _fact(session, case, version, level, names[name])))


def known_facts(session: Session, case: Case, version: WorkflowVersion, level: str) -> dict[str, Any]:
    """Return the answers kept on the case with their types, up to a field class."""
    return {key: _fact(session, case, version, level, key) for key in case.facts if _is_seen(version, level, key)}


def _is_seen(version: WorkflowVersion, level: str, key: str) -> bool:
    f = version.fields.get(key)
    return visible(f.protection.value if f else "P3", level)


def _fact(session: Session, case: Case, version: WorkflowVersion, level: str, key: str) -> Any:
    if not _is_seen(version, level, key):
        return None
    value, f = case.facts[key], version.fields.get(key)
    if is_sealed(value):
        learn_keys(session, [case.key_owner])
        value = open_value(session, value, case.key_owner, f"{TABLE}:{case.id}:{key}")
    return restored(f, value) if f else value
