"""A child's relatives: added, changed and taken off the file from the child's page."""

from __future__ import annotations

import uuid
from typing import Any

from flask import request, url_for
from wtforms import HiddenField

from admin_app.desk import current_actor, current_policy, perform, read_session, record_read
from admin_app.forms.fact_form import Shape
from admin_app.listing.ids import rev, row_id
from admin_app.parts.declared import Verb
from admin_app.screen import OfficeView
from models.child import Child, Relative
from models.vault import learn_keys
from workflows.audit import Happening
from workflows.fields import RELATIVE, visible
from workflows.operations.child import add_relative, change_relative, remove_relative
from workflows.policy import Permission as P
from workflows.refusal import Missing
from workflows.text import text

FIELDS = ("slot", "name", "relation", "call_order", "phone", "age", "education", "occupation", "workplace", "address",
          "health", "discipline")  # fmt: skip


class RelativeScreen(OfficeView):
    """Relatives of one child; there is no list of them beside the child's page."""

    row_class, key, path, title = Relative, "relatives", "/relatives", text("家庭成员")
    permissions = {"create": P.CHILD_EDIT, "edit": P.CHILD_EDIT, "verb": P.CHILD_EDIT}
    routes = {"confirm_view": "verb", "action_view": "verb"}
    new_label = text("添加家庭成员")
    verbs = (
        Verb("remove", text("移除"), P.CHILD_EDIT, lambda n, r: perform(remove_relative, P.CHILD_EDIT, n, r), "trash",
             "bad", (text("从档案和联系卡中移除"), text("变更记录保留")), done=text("已移除")),
    )  # fmt: skip

    def new_form(self, shape: Shape) -> Any:
        """Begin with a contact."""
        return shape.form(extra={"request_key": HiddenField(default=uuid.uuid4().hex)}, start={"slot": "other"})

    def change_form(self, shape: Shape, row: Relative) -> Any:
        """Return the form of a relative."""
        learn_keys(self.reading("edit"), [row.child_id])
        return shape.form(row)

    def shape_for(self, row: Relative | None) -> Shape:
        """Leave out the fields above the person's field class on this child."""
        codes = row.level_codes if row is not None else self._child().level_codes
        return _shape(current_policy().sees(current_actor(), codes))

    def make(self, shape: Shape, form: Any) -> str:
        """Add a relative."""
        child = self._child()
        key = (form["request_key"].data or "")[:80] or None
        perform(add_relative, P.CHILD_EDIT, child.id, shape.typed(form), key=key)
        return _care(child.id)

    def change(self, shape: Shape, form: Any, row: Relative) -> str:
        """Change a relative."""
        perform(change_relative, P.CHILD_EDIT, row.id, rev(), shape.typed(form))
        return _care(row.child_id)

    def opened(self, row: Relative) -> None:
        """Put on record that the form was opened."""
        sees = current_policy().sees(current_actor(), row.level_codes)
        classes = ["P0", "P1", *(["P3"] if sees >= "P3" else [])]
        post = current_policy().post_for(current_actor(), P.CHILD_EDIT, row.level_codes)
        record_read(Happening("child.read", "relative", row.id, row.level_codes, row.child_id,
                              facts={"tab": "edit", "classes": classes}, role=post.role if post else None,
                              grant=post.grant if post else None))  # fmt: skip

    def after_row(self, row: Relative | None) -> str:
        """Lead back to the child."""
        return _care(row.child_id if row is not None else self._child().id)

    def back(self) -> str:
        """Lead back to the child that the address names, else to the roll."""
        return _care(row_id("child")) if "child" in request.args else url_for("children.index_view")

    def name_of(self, row: Relative) -> str:
        """Name a relative."""
        return row.name

    def _child(self) -> Child:
        child = read_session(P.CHILD_EDIT).get(Child, row_id("child"))
        if child is None:
            raise Missing("not_found", text("没有这条记录"))
        return child


def _shape(sees: str) -> Shape:
    facts = [RELATIVE[key] for key in FIELDS if visible(RELATIVE[key].protection, sees)]
    plain, secret = [f for f in facts if f.protection < "P3"], [f for f in facts if f.protection >= "P3"]
    sections = [(None, plain), (text("身体与管教"), secret)] if secret else [(None, plain)]
    return Shape(sections, required=("slot", "name"))


def _care(child_id: int) -> str:
    return url_for("children.details_view", id=child_id, tab="care")
