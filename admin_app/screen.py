"""OfficeView, the only subclass of Flask-Admin's ModelView: scoped reads, saves by operations, denied by default."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from flask import Flask
from flask_admin import Admin, expose
from flask_admin.contrib.sqla import ModelView

from admin_app.desk import permit
from admin_app.extensions import holder
from admin_app.parts.forms import FormPart
from admin_app.parts.lookups import LookupPart
from admin_app.parts.sheet import SheetPart
from admin_app.parts.verbs import VerbPart
from workflows.refusal import Denied
from workflows.text import text

ACTIONS: Mapping[str, str] = {
    "index_view": "list",
    "details_view": "read",
    "create_view": "create",
    "edit_view": "edit",
    "delete_view": "delete",
    "action_view": "list",  # each verb requires its own permission beside
    "confirm_view": "list",
    "export": "export",
    "ajax_lookup": "list",
}
"""What each route does; a route that is not named here is refused."""


class OfficeView(SheetPart, FormPart, VerbPart, LookupPart, ModelView):
    """A screen over one table: its class body declares what it shows and which operations it may call."""

    can_create = can_edit = can_delete = can_view_details = can_export = False
    column_display_actions = False

    def __init__(self) -> None:
        super().__init__(self.row_class, holder, name=self.key, endpoint=self.key, url=self.path)

    def _refresh_cache(self) -> None:
        """Build nothing from the table: columns, filters and forms are declared."""

    def scaffold_auto_joins(self) -> list[Any]:
        """Join nothing by itself."""
        return []

    def _closed(self, *args: Any, **kwargs: Any) -> Any:
        """Stand where Flask-Admin would read unscoped rows or commit by itself."""
        raise NotImplementedError("rows are read through read_session and written by operations")

    get_list = get_one = get_query = get_count_query = create_model = update_model = delete_model = _closed
    create_form = edit_form = delete_form = action_form = list_form = handle_action = _closed

    def _handle_view(self, name: str, **kwargs: Any) -> None:
        """Require the permission that the screen declares for the route; what is not declared is refused."""
        action = {**ACTIONS, **self.routes}.get(name)
        permission = self.permissions.get(action or "")
        if permission is None:
            raise Denied("not_permitted", text("你的岗位不能办理这一项"))
        permit(permission)

    def _run_view(self, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """Call the view; Flask-Admin would call it again in another way after a TypeError of ours."""
        return view(self, *args, **kwargs)

    @expose("/delete/", methods=("POST",))
    def delete_view(self) -> Any:
        """Refused: rows are closed, ended or removed by verbs that name their operation."""
        raise Denied("not_permitted", text("这里不能删除"))

    @expose("/ajax/update/", methods=("POST",))
    def ajax_update(self) -> Any:
        """Refused: an inline change is an operation of its own, where a screen has one."""
        raise Denied("not_permitted", text("这里不能直接改"))


def mount(app: Flask, screens: Sequence[type[OfficeView]]) -> None:
    """Put screens into the site; Flask-Admin's own index page, menu and files stay out."""
    admin = Admin(url="/")
    admin.app = app
    for screen in screens:
        admin.add_view(screen())
