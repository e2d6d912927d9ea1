"""What a person chooses for the lists of the site: which columns, in which order, and views saved under a name.

It stands in the person's account, so that it follows them to any computer and costs no query of its own. A view keeps
declared filters only, never words that were searched for: those may be a child's name, which erasure must reach.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from models.staff import Staff
from workflows.audit import Change, Happening
from workflows.refusal import Missing, Refusal
from workflows.text import text
from workflows.transaction import Transaction
from workflows.values import as_text

MOST_VIEWS = 12
LONGEST_NAME = 20
Query = Mapping[str, str]


def columns_of(chosen: Mapping[str, Any], screen: str) -> list[str]:
    """Return the columns that a person chose for a screen, in their order; none where they chose nothing."""
    return list(chosen.get(screen, {}).get("columns", ()))


def views_of(chosen: Mapping[str, Any], screen: str) -> list[tuple[str, dict[str, str]]]:
    """Return the views that a person saved for a screen, as name and filters."""
    return [(view["name"], dict(view["query"])) for view in chosen.get(screen, {}).get("views", ())]


def choose_columns(tx: Transaction, screen: str, columns: Sequence[str]) -> None:
    """Remember the columns of a screen for the person; none gives back the screen's own."""
    staff = _own(tx)
    before = columns_of(staff.list_choices, screen)
    if list(columns) == before:
        return
    _keep(staff, screen, columns=list(columns))
    _tell(tx, staff, Change(f"{screen}.columns", "P0", " ".join(before) or None, " ".join(columns) or None))


def save_view(tx: Transaction, screen: str, name: str, query: Query) -> str:
    """Save the filters of a list under a name, in place of a view of that name; return the name as it is kept.

    Raises Refusal `bad_values` for a name that is blank or too long, and `too_many_views`.
    """
    staff, called = _own(tx), as_text(name)
    if not 0 < len(called) <= LONGEST_NAME:
        message = text("名称要有 1 至 {most} 个字", most=LONGEST_NAME)
        raise Refusal("bad_values", message, {"name": message})
    others = [view for view in views_of(staff.list_choices, screen) if view[0] != called]
    if len(others) >= MOST_VIEWS:
        message = text("最多存 {most} 个视图，请先删去不用的", most=MOST_VIEWS)
        raise Refusal("too_many_views", message, {"name": message})
    _keep(staff, screen, views=[*others, (called, dict(query))])
    _tell(tx, staff, Change(f"{screen}.view", "P0", None, called))
    return called


def drop_view(tx: Transaction, screen: str, name: str) -> None:
    """Forget a saved view; raises Missing where there is none."""
    staff = _own(tx)
    views = views_of(staff.list_choices, screen)
    kept = [view for view in views if view[0] != name]
    if len(kept) == len(views):
        raise Missing("not_found", text("没有这个视图"))
    _keep(staff, screen, views=kept)
    _tell(tx, staff, Change(f"{screen}.view", "P0", name, None))


def _keep(
    staff: Staff,
    screen: str,
    columns: list[str] | None = None,
    views: Sequence[tuple[str, Query]] | None = None,
) -> None:
    own = dict(staff.list_choices.get(screen, {}))
    if columns is not None:
        own["columns"] = columns
    if views is not None:
        own["views"] = [{"name": name, "query": dict(query)} for name, query in views]
    staff.list_choices = staff.list_choices | {screen: own}  # a new value, so that the change is seen


def _own(tx: Transaction) -> Staff:
    staff = tx.session.get(Staff, tx.actor.staff_id) if tx.actor.staff_id is not None else None
    if staff is None:
        raise Missing("no_account", text("没有这个账号"))
    return staff


def _tell(tx: Transaction, staff: Staff, change: Change) -> None:
    tx.tell(Happening("account.preferences_changed", "staff", staff.id, codes=staff.level_codes, changes=(change,)))
