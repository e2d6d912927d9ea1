"""Keeping what a person typed and has not sent, sealed under that person's key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from models.draft import Draft
from models.types import new_id
from models.vault import learn_keys, vault_of
from workflows.operations.unfinished_file import drop_unfinished
from workflows.refusal import Refusal
from workflows.text import text
from workflows.transaction import Transaction

LONGEST = 200_000
SECRETS = frozenset({"csrf_token", "password", "current", "new", "repeat", "request_key", "rev", "kept", "kept_before",
                     "signature_drawn"})  # fmt: skip
Typed = Mapping[str, Sequence[str]]


def save_draft(tx: Transaction, place: str, typed: Typed) -> None:
    """Keep what was typed on the form at a path; passwords, tokens and signatures are left out.

    Raises Refusal when too long.
    """
    kept = {key: list(values) for key, values in typed.items() if key not in SECRETS}
    content = json.dumps(kept, ensure_ascii=False)
    if len(content) > LONGEST or len(place) > 200 or not place.startswith("/"):
        raise Refusal("draft_too_long", text("内容太长，草稿存不下"))
    owner = tx.actor.staff_id
    if owner is None:
        raise Refusal("no_account", text("没有这个账号"))
    learn_keys(tx.session, [owner])
    row = tx.session.scalars(select(Draft).where(Draft.staff_id == owner, Draft.place == place)).one_or_none()
    if row is None:
        row = Draft(id=new_id(), staff_id=owner, place=place)
    row.content_sealed = vault_of(tx.session).seal(owner, f"draft:{row.id}:content", content)
    row.saved_at = tx.now
    tx.session.add(row)


def load_draft(session: Session, staff_id: int, place: str) -> tuple[Draft, dict[str, list[str]]] | None:
    """Return a person's draft for a path with what was typed, None when there is none."""
    row = session.scalars(select(Draft).where(Draft.staff_id == staff_id, Draft.place == place)).one_or_none()
    if row is None:
        return None
    learn_keys(session, [staff_id])
    content = vault_of(session).open(staff_id, f"draft:{row.id}:content", row.content_sealed)
    return row, json.loads(content)


def drop_draft(tx: Transaction, place: str) -> None:
    """Forget the person's draft for a path with the files that wait for it; it was sent or given up."""
    tx.session.execute(delete(Draft).where(Draft.staff_id == tx.actor.staff_id, Draft.place == place))
    drop_unfinished(tx, place)
