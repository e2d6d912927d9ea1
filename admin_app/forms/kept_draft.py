"""What a person typed on a form and has not sent: where the page keeps it, and what it shows when it comes back."""

from __future__ import annotations

from urllib.parse import urlencode

from flask import url_for
from flask_babel import gettext as _

from admin_app.desk import current_actor, system_session
from admin_app.wording import say_moment
from workflows.operations.draft import load_draft

Draft = tuple[str, dict[str, list[str]]]  # when it was kept, and what stands in it


def draft_of(path: str) -> Draft | None:
    """Return when the person's draft for a path was kept, and what stands in it."""
    staff_id = current_actor().staff_id
    found = load_draft(system_session("own account"), staff_id, path) if staff_id is not None else None
    return None if found is None else (say_moment(found[0].saved_at), found[1])


def draft_url(path: str) -> str:
    """Return where the page of a form sends what is typed for keeping."""
    return f"{url_for('account.draft')}?{urlencode({'for': path})}"


def draft_line(draft: Draft | None) -> str:
    """Return the line over a form that came back, empty where nothing was kept."""
    return _("已恢复 %(when)s 的草稿", when=draft[0]) if draft else ""
