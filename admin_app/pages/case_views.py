"""The views of the list of cases that a person saved: workflow, step, class, place and condition under a name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin_app.desk import current_actor, now
from workflows.case_query import CaseQuestion
from workflows.engine.expression import ExpressionFault
from workflows.engine.published import WorkflowVersion
from workflows.opening_view import workflows_in_force
from workflows.operations.list_choice import views_of

SCREEN = "cases"
SAVED = ("workflow", "state", "class", "place", "where")
LONGEST = 60
Query = Mapping[str, Any]


def saved_views(kept: Query) -> list[dict[str, Any]]:
    """Return the tabs of the person's own views; `kept` is what narrows the list, its workflow too."""
    here = _current(kept)
    return [{"label": name, "url": _url(query), "is_current": name == here} for name, query in _views()]


def drop_view_action(kept: Query) -> list[dict[str, Any]]:
    """Offer to forget the saved view that the list shows."""
    name = _current(kept)
    if name is None:
        return []
    url = url_for("lists.drop", screen=SCREEN, name=name)
    return [{"label": _("删除视图"), "url": url, "icon": "trash", "kind": "bad", "method": "post"}]


def save_view_url(version: WorkflowVersion, kept: Query) -> str | None:
    """Return where what narrows the list can be saved; None where nothing does, or not all of it may be saved."""
    query: dict[str, Any] = saved_query(version, kept)
    if query != _own(kept) or not query.keys() - {"workflow"} or _current(kept) is not None:
        return None
    return url_for("lists.save", screen=SCREEN, **query)


def query_to_save(session: Session, asked: Mapping[str, str]) -> dict[str, Any]:
    """Return what of an address a saved view keeps; what the list does not declare is dropped."""
    versions = {version.workflow.key: version for version in workflows_in_force(session)}
    version = versions.get(asked.get("workflow", ""))
    return {} if version is None else saved_query(version, asked)


def saved_query(version: WorkflowVersion, kept: Query) -> dict[str, Any]:
    """Return what a view keeps: never a condition that holds words which may be a name, nor one that fails."""
    query = {key: value for key, value in _own(kept).items() if key == "where" or len(value) <= LONGEST}
    if "where" in query and not _may_stay(version, query["where"]):
        del query["where"]
    return query


def _may_stay(version: WorkflowVersion, written: str) -> bool:
    question = CaseQuestion.of(version)
    try:
        return not question.keeps_names(question.where(written, now()).expression)
    except ExpressionFault:
        return False


def _own(kept: Query) -> dict[str, str]:
    return {key: str(kept[key]) for key in SAVED if kept.get(key)}


def _views() -> list[tuple[str, dict[str, str]]]:
    return views_of(current_actor().lists, SCREEN)


def _current(kept: Query) -> str | None:
    return None if kept.get("q") else next((name for name, query in _views() if query == _own(kept)), None)


def _url(query: dict[str, Any]) -> str:
    return url_for("cases.index", **query)
