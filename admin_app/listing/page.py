"""Fetches one page of a list by its sort order: from a cursor on, never by counting or skipping rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Date, Select, tuple_
from sqlalchemy.orm import Session

from admin_app.listing.cursor import Cursor, edge
from workflows.text import Text


@dataclass(frozen=True)
class SortOrder:
    """A declared order: columns that are never NULL, the last one unique, with an index behind them.

    `names` are the row's attributes of the same values, where the columns belong to another table.
    """

    key: str
    label: Text
    columns: tuple[Any, ...]
    names: tuple[str, ...]
    descending: bool = False

    def sorted(self, statement: Select[Any], cursor: Cursor | None) -> Select[Any]:
        """Return the statement in this order, from the cursor on (or back from it, in reverse)."""
        backward = cursor is not None and not cursor.forward
        falling = self.descending != backward
        if cursor is not None:
            here, edge_values = tuple_(*self.columns), tuple_(*map(_stored, self.columns, cursor.values))
            statement = statement.where(here < edge_values if falling else here > edge_values)
        return statement.order_by(*(column.desc() if falling else column.asc() for column in self.columns))


def _stored(column: Any, value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(column.type, Date) else value


@dataclass(frozen=True)
class Page:
    """The rows of a page, and the cursors of its neighbours where there are any."""

    rows: list[Any]
    records: list[Any]  # the rows with whatever else the statement selects beside them
    previous: Cursor | None
    next: Cursor | None


def fetch_page(session: Session, statement: Select[Any], order: SortOrder, cursor: Cursor | None, size: int) -> Page:
    """Return one page; one row more is fetched to know whether the list goes on."""
    records = list(session.execute(order.sorted(statement, cursor).limit(size + 1)))
    has_more = len(records) > size
    records = records[:size]
    backward = cursor is not None and not cursor.forward
    if backward:
        records.reverse()
    if not records:
        return Page([], [], None, None)
    rows = [record[0] for record in records]
    has_previous, has_next = (has_more, True) if backward else (cursor is not None, has_more)
    return Page(
        rows,
        records,
        edge(rows[0], order.names, False) if has_previous else None,
        edge(rows[-1], order.names, True) if has_next else None,
    )


def all_pages(session: Session, statement: Select[Any], order: SortOrder, batch: int) -> Iterator[Page]:
    """Yield every row in batches and forget each batch, so that memory does not grow with the rows."""
    cursor = None
    while True:
        page = fetch_page(session, statement, order, cursor, batch)
        if page.rows:
            yield page
        session.expunge_all()
        if page.next is None:
            return
        cursor = page.next
