"""What the person chose for a list: its columns in their order, and views saved under a name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from admin_app.desk import current_actor
from admin_app.listing.asked import Asked
from admin_app.listing.column import Column
from admin_app.wording import say
from workflows.operations.list_choice import columns_of, views_of

FEWEST_COLUMNS = 6  # a list of fewer columns is not worth choosing from


def chosen_columns(screen: str, columns: Sequence[Column]) -> list[Column]:
    """Return the columns that the person wants to see; the fixed ones always stand first."""
    wanted = columns_of(current_actor().lists, screen)
    fixed = [column for column in columns if column.is_sticky]
    by_key = {column.key: column for column in columns if not column.is_sticky}
    found = [by_key[key] for key in wanted if key in by_key]
    return [*fixed, *found] if found else list(columns)


def column_choices(screen: str, columns: Sequence[Column], asked: Asked) -> dict[str, Any] | None:
    """Return the column chooser for `parts/tables.html`, None for a list of few columns."""
    if len(columns) < FEWEST_COLUMNS:
        return None
    shown = chosen_columns(screen, columns)
    hidden = [column for column in columns if column not in shown]
    items = [
        {"key": column.key, "label": say(column.label), "is_shown": column in shown, "is_fixed": column.is_sticky}
        for column in [*shown, *hidden]
    ]
    return {"items": items, "save_url": url_for("lists.choose", screen=screen, next=asked.url())}


def with_saved(screen: str, views: Sequence[dict[str, Any]], asked: Asked) -> list[dict[str, Any]]:
    """Return the tabs of a list with the person's own views after the screen's."""
    saved = views_of(current_actor().lists, screen)
    if not saved:
        return list(views)
    here = asked.kept() if not asked.words else None
    own = [{"label": name, "url": asked.url_of(query), "is_current": query == here} for name, query in saved]
    first = {"label": _("全部"), "url": asked.url_of({}), "is_current": here == {}}
    return [*(views or [first]), *own]


def current_view(screen: str, asked: Asked) -> str | None:
    """Return the name of the saved view that the list shows, None where it shows another."""
    here = asked.kept() if not asked.words else None
    return next((name for name, query in views_of(current_actor().lists, screen) if query == here), None)


def save_url(screen: str, asked: Asked) -> str | None:
    """Return where the filters that stand can be saved; None where nothing is filtered, or all of it is saved."""
    query: Mapping[str, Any] = asked.kept()
    if not asked.narrowing() or asked.parent or current_view(screen, asked):
        return None
    return url_for("lists.save", screen=screen, **query)
