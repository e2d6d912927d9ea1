"""The answers of a form as they are kept: protected fields sealed one by one, the others readable."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy.orm import Session

from models.vault import vault_of
from workflows.audit import PROTECTED
from workflows.engine.definition import Form
from workflows.fields import visible


def seal_answers(
    session: Session, form: Form, stored: Mapping[str, Any], owner: int, record_id: int, table: str = "case_record"
) -> dict[str, Any]:
    """Return the answers with every field of class P2 or P3 sealed under the owner's key, for a row of a table."""
    vault = vault_of(session)
    protection = {field.key: field.protection for field in form.fields}
    kept: dict[str, Any] = {}
    for key, value in stored.items():
        if value is not None and protection[key].value in PROTECTED:
            sealed = vault.seal(owner, f"{table}:{record_id}:{key}", json.dumps(value, ensure_ascii=False))
            kept[key] = {"sealed": base64.b64encode(sealed).decode()}
        else:
            kept[key] = value
    return kept


def open_answers(
    session: Session,
    form: Form,
    data: Mapping[str, Any],
    owner: int,
    record_id: int,
    level: str,
    table: str = "case_record",
) -> dict[str, Any]:
    """Return the answers that may be seen at a level (`P0`…`P3`); the others are left out."""
    found: dict[str, Any] = {}
    known = {field.key: field.protection.value for field in form.fields}
    for key, value in data.items():
        if not visible(known.get(key, "P3"), level):
            continue
        is_shut = is_sealed(value)
        found[key] = open_value(session, value, owner, f"{table}:{record_id}:{key}") if is_shut else value
    return found


def is_sealed(value: object) -> bool:
    """Tell whether a kept answer is sealed."""
    return isinstance(value, dict) and set(value) == {"sealed"}


def open_value(session: Session, value: Mapping[str, str], owner: int, place: str) -> Any:
    """Open one sealed answer; `place` is `table:id:key`."""
    return json.loads(vault_of(session).open(owner, place, base64.b64decode(value["sealed"])))
