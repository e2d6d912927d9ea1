"""The forms of a screen: what was typed goes to an operation, and comes back whole when it is refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request
from flask_admin import expose
from flask_babel import gettext as _

from admin_app.desk import now, trail_session
from admin_app.forms.fact_form import Shape, show_faults
from admin_app.listing.ids import rev, row_id
from admin_app.login import KEEPS_TYPED
from admin_app.parts.declared import Declared
from admin_app.wording import say, say_moment
from models.reports.audit_trail import last_change
from workflows.refusal import Denied, Missing, Refusal, Stale
from workflows.text import text


class FormPart(Declared):
    """Makes and changes rows through forms."""

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> Any:
        """Show the form for a new row, or make it."""
        shape = self._shape(self.shape_for(None))
        form = self.new_form(shape)
        if request.method == "POST":
            if (answer := self._tried(form, lambda: self.make(shape, form))) is not None:
                return answer
            return self._form_page(shape, form, None), 422
        return self._form_page(shape, form, None)

    def shape_for(self, row: Any) -> Shape | None:
        """Return the fields of the form for a row, or for a new one where there is none."""
        return self.new_shape if row is None else self.shape

    def new_form(self, shape: Shape) -> Any:
        """Return the form for a new row."""
        return shape.form()

    def make(self, shape: Shape, form: Any) -> Any:
        """Make a row from the form by an operation; return where to go, or the answer itself."""
        raise NotImplementedError(self.key)

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> Any:
        """Show the form of a row, or change it; a row changed meanwhile shows both values and keeps what was typed."""
        row = self.find(self.reading("edit"), row_id())
        shape = self._shape(self.shape_for(row))
        form = self.change_form(shape, row)
        if request.method == "GET":
            self.opened(row)
            return self._form_page(shape, form, row)
        shape.take_theirs(form, request.form)
        try:
            if (answer := self._tried(form, lambda: self.change(shape, form, row))) is not None:
                return answer
        except Stale:
            fresh = self.find(self.reading("edit"), row_id())
            return self._form_page(shape, form, fresh, stale=self._stale(shape, form, fresh)), 409
        return self._form_page(shape, form, self.find(self.reading("edit"), row_id()), version=rev()), 422

    def change_form(self, shape: Shape, row: Any) -> Any:
        """Return the form of a row."""
        return shape.form(row)

    def change(self, shape: Shape, form: Any, row: Any) -> Any:
        """Change a row by an operation; return where to go."""
        raise NotImplementedError(self.key)

    def opened(self, row: Any) -> None:
        """Put on record that a form with protected values was opened, where the screen has any."""

    def _shape(self, shape: Shape | None) -> Shape:
        if shape is None:
            raise Denied("not_permitted", text("这一页不能这样改"))
        return shape

    def _tried(self, form: Any, save: Callable[[], Any]) -> Any:
        try:
            went = save()
        except (Stale, Denied, Missing):
            raise
        except Refusal as refusal:
            show_faults(form, refusal.faults)
            if not any(key in form for key in refusal.faults):
                flash(say(refusal.message), "bad")
            self.refused(form, refusal)
            return None
        return redirect(went) if isinstance(went, str) else went

    def refused(self, form: Any, refusal: Refusal) -> None:
        """Let a screen react to a refusal, for instance by asking whether one is sure."""

    def _stale(self, shape: Shape, form: Any, fresh: Any) -> dict[str, Any]:
        # A form stays good for so long; what nobody changed since is no reason to be refused.
        last = last_change(trail_session(), self.row_class.__tablename__, fresh.id, now() - KEEPS_TYPED)
        return {
            "person": last.actor_name if last is not None else _("另一位同事"),
            "when": say_moment(last.at if last is not None else now()),
            "rows": shape.compare(form, fresh),
            "reload_url": self.address("edit_view", id=fresh.id),
        }

    def _form_page(
        self, shape: Shape, form: Any, row: Any, *, stale: dict[str, Any] | None = None, version: int | None = None
    ) -> str:
        screen: dict[str, Any] = {
            "title": self.form_title(row),
            "sections": self.sections(shape, form, row),
            "cancel_url": self.after_row(row),
            "back_url": self.after_row(row),
            "stale": stale,
            "note": self.form_note(form),
            "links": self.form_links(),
        }
        if row is not None:
            screen["version"] = version if version is not None else row.rev
        return render_template("office/form.html", screen=screen, form=form)

    def sections(self, shape: Shape, form: Any, row: Any) -> list[dict[str, Any]]:
        """Return the sections of a form."""
        return shape.drawn(form)

    def form_title(self, row: Any) -> str:
        """Return the title of a form."""
        return say(self.new_label) if row is None else _("修改 %(name)s", name=self.name_of(row))

    def form_links(self) -> list[dict[str, Any]]:
        """Return what helps to fill the form in, as actions beside its title."""
        return []

    def form_note(self, form: Any) -> str:
        """Return what saving will do."""
        return ""
