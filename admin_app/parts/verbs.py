"""What is done to rows beside saving a form: each verb one operation, for one row or a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import flash, redirect, render_template, request
from flask_admin import expose
from flask_babel import gettext as _

from admin_app.desk import may, permit, read_session
from admin_app.listing.ids import rev, row_id, row_ids
from admin_app.parts.declared import Declared, Verb
from admin_app.security import local_path
from admin_app.wording import say
from models.database import OfficeSession
from workflows.refusal import Denied, Missing, Refusal
from workflows.text import text

MOST_AT_ONCE = 200


class VerbPart(Declared):
    """Shows one row with what may be done to it, asks, and does it."""

    @expose("/details/")
    def details_view(self) -> Any:
        """Show one row."""
        session = self.reading("read")
        row = self.find(session, row_id())
        return render_template("office/detail.html", screen=self.detail(session, row))

    def detail(self, session: OfficeSession, row: Any) -> dict[str, Any]:
        """Return the page of a row for `office/detail.html`."""
        raise NotImplementedError(self.key)

    def row_actions(self, row: Any) -> list[dict[str, Any]]:
        """Return the buttons of a row: edit, and the verbs that fit it."""
        found: list[dict[str, Any]] = []
        for verb in self.verbs:
            if may(verb.permission) and verb.fits(row):
                found.append(self.verb_action(verb, row))
        if self.allows("edit") and self.shape is not None:
            found.append({"label": _("修改"), "url": self.address("edit_view", id=row.id), "icon": "pencil"})
        return found

    def verb_action(self, verb: Verb, row: Any) -> dict[str, Any]:
        """Return the button of a verb: to its question where it asks one, else done at once."""
        values = {"id": row.id, "verb": verb.key, "rev": row.rev}
        asks = bool(verb.consequences)
        return {
            "label": say(verb.label),
            "icon": verb.icon,
            "kind": verb.kind,
            "method": "get" if asks else "post",
            "url": self.address("confirm_view" if asks else "action_view", **values),
        }

    @expose("/confirm/")
    def confirm_view(self) -> Any:
        """Ask before a verb is done."""
        verb = self._verb(request.args.get("verb"))
        row = self.find(read_session(verb.permission), row_id())
        return render_template(
            "office/delete.html",
            screen={
                "title": say(verb.label),
                "subject": self.name_of(row),
                "consequences": [say(line) for line in verb.consequences],
                "action": self.address("action_view", id=row.id, verb=verb.key, rev=rev()),
                "cancel_url": self.after_row(row),
                "verb": say(verb.label),
            },
        )

    @expose("/action/", methods=("POST",))
    def action_view(self) -> Any:
        """Do a verb to one row, or to each row of a batch in a transaction of its own."""
        verb = self._verb(request.form.get("verb") or request.args.get("verb"))
        if "id" in request.args:
            return self._done_once(verb, row_id())
        session = read_session(verb.permission)
        rows = [(row.id, row.rev) for number in row_ids(MOST_AT_ONCE) if (row := self.find(session, number))]
        answers, refused = [], 0
        for number, version in rows:
            try:
                answers.append(verb.run(number, version))
            except Denied:
                raise
            except Refusal as refusal:
                refused += 1
                flash(say(refusal.message), "bad")
        if answers:
            flash(_("%(done)s %(count)s 条", done=say(verb.done), count=len(answers)), "ok")
        return self.after(verb, answers) or redirect(self.back())

    def _done_once(self, verb: Verb, number: int) -> Any:
        target = self.address("details_view", id=number) if self.allows("read") else self.back()
        try:
            answer = verb.run(number, rev())
        except (Denied, Missing):
            raise
        except Refusal as refusal:
            flash(say(refusal.message), "bad")
            return redirect(local_path(request.args.get("back")) or target)
        flash(say(verb.done), "ok")
        return self.after(verb, [answer]) or redirect(local_path(request.args.get("back")) or target)

    def after(self, verb: Verb, answers: Sequence[Any]) -> Any:
        """Return the answer that a verb gives where it is not the row again."""
        return None

    def _verb(self, key: str | None) -> Verb:
        found = next((verb for verb in self.verbs if verb.key == key), None)
        if found is None:
            raise Denied("not_permitted", text("你的岗位不能办理这一项"))
        permit(found.permission)
        return found
