"""What the answers of a form change in what a case knows, field by field, for the trail."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.case import Case
from models.vault import learn_keys
from workflows.audit import Change
from workflows.engine.case_facts import TABLE
from workflows.engine.definition import SAID_WITH_IT, Form
from workflows.engine.record import is_sealed, open_value

PREFIX = "case."


def answer_changes(
    session: Session, case: Case, form: Form, before: Mapping[str, Any], after: Mapping[str, Any]
) -> tuple[Change, ...]:
    """Return one change for each answer that is new or another; `before` are the facts as kept, `after` as accepted.

    What is bound to the child's file and the reason are told beside it.
    """
    asked = [f for f in form.fields if not f.bind and f.key not in SAID_WITH_IT]
    if asked:
        learn_keys(session, [case.key_owner])
    found = []
    for f in asked:
        old, new = written(_opened(session, case, f.key, before.get(f.key))), written(after.get(f.key))
        if old != new:
            found.append(Change(f"{PREFIX}{f.key}", f.protection.value, old, new))
    return tuple(found)


def _opened(session: Session, case: Case, key: str, value: Any) -> Any:
    return open_value(session, value, case.key_owner, f"{TABLE}:{case.id}:{key}") if is_sealed(value) else value


def written(value: Any) -> str | None:
    """Return an answer as the trail writes it: text as it is, anything else as JSON, None for no answer."""
    if value is None or value == "" or value == []:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
