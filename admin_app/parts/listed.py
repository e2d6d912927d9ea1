"""The list of a screen: filters, one page by its cursor, cells, and the way on."""

from __future__ import annotations

from typing import Any

from flask import g, render_template, url_for
from flask_admin import expose
from flask_babel import gettext as _
from sqlalchemy import Select

from admin_app.desk import current_actor, may
from admin_app.listing.asked import Asked, read_asked
from admin_app.listing.chosen import chosen_columns, column_choices, current_view, save_url, with_saved
from admin_app.listing.column import Beside, Column
from admin_app.listing.page import Page, SortOrder, fetch_page
from admin_app.parts.declared import Declared, Verb
from admin_app.wording import say
from models.database import OfficeSession


class ListPart(Declared):
    """Shows rows page by page."""

    def matching(
        self, session: OfficeSession, statement: Select[Any], words: str
    ) -> tuple[Select[Any], SortOrder | None]:
        """Return the statement narrowed to rows that match the words typed, and their order where it is another."""
        raise NotImplementedError(self.key)

    def prepare(self, session: OfficeSession, page: Page, asked: Asked | None) -> Beside:
        """Fetch what the columns show beside the rows, in a fixed number of queries."""
        return {}

    def asked(self, session: OfficeSession) -> Asked:
        """Read what the address asks of the list."""
        scope = session.info["scope"] if self.by_place else None
        return read_asked(
            self.key, self.address("index_view"), self.sizes, self.sort_orders, self.filters, scope, self.parent(),
            self.by_place or "class",
        )  # fmt: skip

    def parent(self) -> dict[str, str]:
        """Return the parameters that say whose rows the list shows, where it belongs to something."""
        return {}

    def narrowed(self, session: OfficeSession, asked: Asked) -> Select[Any]:
        """Return the list's rows as asked."""
        statement = self.statement(session)
        for choice in self.filters:
            if asked.filters[choice.key]:
                statement = statement.where(choice.condition(asked.filters[choice.key]))
        if asked.places:
            statement = statement.where(*asked.places.conditions(self.row_class))
        order: SortOrder | None = None
        if asked.words and self.search is not None:
            statement, order = self.matching(session, statement, asked.words)
        asked.settle(order or asked.order)
        return statement

    @expose("/")
    def index_view(self) -> Any:
        """Show one page of the list."""
        session = self.reading()
        asked = self.asked(session)
        statement = self.narrowed(session, asked)
        page = fetch_page(session, statement, asked.order, asked.cursor, asked.size)
        beside = self.prepare(session, page, asked)
        rows = [self._line(row, beside) for row in page.rows]
        return render_template("office/list.html", screen=self._list(asked, page, rows))

    def _line(self, row: Any, beside: Beside) -> dict[str, Any]:
        cells = [column.shown(row, beside) for column in self.shown_columns()]
        return {"id": row.id, "url": self.row_url(row), "cells": cells, "label": cells[0].get("value")}

    def shown_columns(self) -> list[Column]:
        """Return the columns that the person chose, the same for all rows of a page."""
        chosen: dict[str, list[Column]] = g.setdefault("shown_columns", {})
        if self.key not in chosen:
            chosen[self.key] = chosen_columns(self.key, self.columns)
        return chosen[self.key]

    def _own_view(self, asked: Asked) -> list[dict[str, Any]]:
        """Offer to forget the saved view that the list shows."""
        name = current_view(self.key, asked)
        if name is None:
            return []
        url = url_for("lists.drop", screen=self.key, name=name)
        return [{"label": _("删除视图"), "url": url, "icon": "trash", "kind": "bad", "method": "post"}]

    def row_url(self, row: Any) -> str | None:
        """Return where the row's first cell leads."""
        paths: dict[str, str | None] = g.setdefault("row_paths", {})  # the same for all rows of a page
        if self.key not in paths:
            paths[self.key] = self.address("details_view") if self.allows("read") else None
        path = paths[self.key]
        return path and f"{path}?id={row.id}"

    def _list(self, asked: Asked, page: Page, rows: list[dict[str, Any]]) -> dict[str, Any]:
        batch = [verb for verb in self.verbs if verb.in_batch and may(verb.permission)]
        return {
            "title": say(self.title),
            "subtitle": self.subtitle(asked),
            "actions": [*self._own_view(asked), *self.list_actions(asked)],
            "views": with_saved(self.key, self.views(asked), asked),
            "save_view_url": save_url(self.key, asked),
            "search": self._search(asked),
            "filters": self._controls(asked),
            "chips": self._chips(asked),
            "clear_url": self.address("index_view", **asked.parent),
            "hidden": [*asked.parent.items(), *self._kept(asked)],
            "columns": [column.head() for column in self.shown_columns()],
            "column_choices": column_choices(self.key, self.columns, asked),
            "rows": rows,
            "can_select": bool(batch),
            "batch": {"url": self.address("action_view"), "verbs": [self._batch_verb(verb) for verb in batch]},
            "pager": self._pager(asked, page) if rows else None,
            "empty": self._empty(asked),
            "note": self.note(asked),
        }

    def subtitle(self, asked: Asked) -> str:
        """Return the line beside the title: the places of the person's first posts."""
        places = [post.place_name for post in current_actor().posts if post.place_name]
        return str(_("、")).join(dict.fromkeys(places[:3]))

    def note(self, asked: Asked) -> str:
        """Return a line above the rows."""
        return ""

    def views(self, asked: Asked) -> list[dict[str, Any]]:
        """Return the tabs above the filters."""
        return []

    def list_actions(self, asked: Asked) -> list[dict[str, Any]]:
        """Return the buttons of the list."""
        found: list[dict[str, Any]] = []
        if self.allows("export"):
            url = asked.url().replace(asked.path, self.address("export", export_type="xlsx"), 1)
            found.append({"label": _("导出"), "url": url, "icon": "table-export"})
        if self.allows("create"):
            url = self.address("create_view", **asked.parent)
            found.append({"label": say(self.new_label), "url": url, "icon": "plus", "is_primary": True})
        return found

    def _search(self, asked: Asked) -> dict[str, Any] | None:
        return {"name": "q", "value": asked.words, "placeholder": say(self.search)} if self.search else None

    def _controls(self, asked: Asked) -> list[dict[str, Any]]:
        levels = asked.places.controls() if asked.places else []
        return levels + [choice.control(asked.filters[choice.key]) for choice in self.filters]

    def _chips(self, asked: Asked) -> list[dict[str, Any]]:
        chips = asked.places.chips() if asked.places else []
        chips += [(choice.key, choice.chip(value)) for choice in self.filters if (value := asked.filters[choice.key])]
        return [{"label": label, "remove_url": asked.url_without(name)} for name, label in chips]

    def _kept(self, asked: Asked) -> list[tuple[str, Any]]:
        kept = {"size": asked.size if asked.size != self.sizes[0] else "", "order": asked.chosen_order}
        return [(name, value) for name, value in kept.items() if value]

    def _batch_verb(self, verb: Verb) -> dict[str, Any]:
        return {"label": say(verb.label), "icon": verb.icon, "name": "verb", "value": verb.key}

    def _pager(self, asked: Asked, page: Page) -> dict[str, Any]:
        sizes = sorted(self.sizes)
        return {
            "first": asked.url() if asked.cursor else None,
            "previous": asked.url(page.previous) if page.previous else None,
            "next": asked.url(page.next) if page.next else None,
            "size": asked.size,
            "sizes": [{"label": str(n), "url": asked.url(size=n), "is_current": n == asked.size} for n in sizes],
            "summary": _("本页 %(count)s 条", count=len(page.rows)),
            "note": say(asked.order.label),
        }

    def _empty(self, asked: Asked) -> dict[str, Any]:
        if asked.is_narrowed or asked.cursor:
            clear = {"label": _("清除条件"), "url": self.address("index_view", **asked.parent), "icon": "x"}
            return {"icon": "search", "title": _("没有符合条件的记录"), "action": clear}
        return {"icon": "inbox", "title": _("还没有记录"), "text": ""}
