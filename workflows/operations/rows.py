"""Fetches the row that an operation changes, and refuses when somebody was faster or a unique value is taken."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from sqlalchemy.exc import IntegrityError

from models.base import Base
from models.vault import learn_keys
from workflows.fields import Fact
from workflows.mask import masked
from workflows.refusal import Missing, Refusal, Stale
from workflows.text import Text, text
from workflows.transaction import Transaction

Row = TypeVar("Row", bound=Base)


def fetch(tx: Transaction, row_class: type[Row], row_id: int) -> Row:
    """Return a row of the transaction's scope, locked until the end; raises Missing."""
    # Only the row itself: PostgreSQL locks no row that an outer join fetches beside it.
    row = tx.session.get(row_class, row_id, with_for_update={"of": row_class})
    if row is None:
        raise Missing("not_found", text("没有这条记录"))
    if (owner := getattr(row, "key_owner", None)) is not None:
        learn_keys(tx.session, [owner])  # the trail seals what changes under the same key
    return row


def check_rev(row: Any, rev: int, facts: Mapping[str, Fact]) -> None:
    """Refuse with Stale when the row is not the one that was read; its faults tell what stands there now.

    Protected values are masked in the faults; those of class P3 are left out.
    """
    if row.rev == rev:
        return
    now = {
        key: text("{value}", value=masked(fact, getattr(row, key)))
        for key, fact in facts.items()
        if fact.protection < "P3"
    }
    raise Stale("changed_meanwhile", text("别人刚刚改过这条记录，请核对后再保存"), now)


def flush_unique(tx: Transaction, code: str, message: Text, field: str, *marks: str) -> None:
    """Write what is pending; a value that another row holds is refused at `field`.

    Only the database knows rows outside the scope and rows of transactions that run at the same time; `marks` are
    the names by which its message tells the constraint (`table.column` on SQLite, the constraint's name otherwise).
    """
    try:
        tx.session.flush()
    except IntegrityError as fault:
        if not any(mark in str(fault.orig) for mark in marks):
            raise
        raise Refusal(code, message, {field: message}) from fault
