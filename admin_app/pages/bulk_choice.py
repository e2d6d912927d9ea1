"""What is chosen to be handled together, ticked cases or all that an address of the list selects, and by which step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qsl, urlencode

from flask import request, url_for
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from admin_app.desk import current_actor, read_session
from admin_app.listing.ids import number, row_ids
from admin_app.pages.case import state_tag
from admin_app.pages.case_list import selected_by
from admin_app.wording import say
from models.database import OfficeSession
from models.reports.case_list import CasesWanted, count_by_state
from workflows.engine.definition import Workflow
from workflows.engine.expression import ExpressionFault
from workflows.engine.published import WorkflowVersion, workflow_in_force
from workflows.many_steps import form_for, may_move_many, takes
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal
from workflows.text import text

MOST_TICKED = 200
TICKED, LISTED = "ids:", "list:"
# No key of a form's field has a hyphen, so that what pages carry along stands beside any form.
CASES, STEP, MARK, BACK, NAMED = "bulk-cases", "bulk-step", "bulk-mark", "bulk-back", "bulk-named"
ORDER = ("primary", "plain", "danger")


@dataclass(frozen=True)
class Chosen:
    """Cases of one workflow: as forms carry them along, as they are asked for, and how many stand in each state.

    States are in the workflow's order.
    """

    carried: str
    version: WorkflowVersion
    wanted: CasesWanted
    states: Mapping[str, int]
    list_url: str
    named: Sequence[str]  # what the list was narrowed by, none for ticked cases
    aside: int = 0  # how many of the list stand where the step does not leave

    @property
    def total(self) -> int:
        """How many cases they are."""
        return sum(self.states.values())

    @property
    def is_ticked(self) -> bool:
        """Tell whether the cases were ticked one by one."""
        return self.carried.startswith(TICKED)

    def leaving_by(self, transition: str) -> Chosen:
        """Return those that stand where a step leaves; ticked cases stay chosen, to be told why they cannot take it."""
        sources = self.version.workflow.sources(transition)
        left = {state: count for state, count in self.states.items() if state in sources}
        if self.is_ticked or len(left) in (0, len(self.states)):
            return self
        return replace(
            self, wanted=replace(self.wanted, states=tuple(left)), states=left, aside=self.total - sum(left.values())
        )


def chosen_cases() -> Chosen:
    """Read what a request chooses; raises Missing for nothing that the person sees, Refusal for what cannot be."""
    session, carried = read_session(Permission.CASE_LIST), request.form.get(CASES, "")
    if carried.startswith(TICKED):
        return _ticked(session, [number(one) for one in carried.removeprefix(TICKED).split(",")][: MOST_TICKED + 1])
    if carried.startswith(LISTED):
        return _listed(session, MultiDict(parse_qsl(carried.removeprefix(LISTED))))
    if request.method == "POST" and "select_all" not in request.form:
        return _ticked(session, [*row_ids(MOST_TICKED)])
    return _listed(session, request.args)


def _ticked(session: OfficeSession, ids: Sequence[int | None]) -> Chosen:
    known = frozenset(one for one in ids if one is not None)
    wanted = CasesWanted(among=known)
    counted = count_by_state(session, wanted)
    workflows = {workflow for workflow, _state in counted}
    if not counted or len(known) > MOST_TICKED:
        raise Missing("not_found", text("没有这条记录"))
    if len(workflows) > 1:
        raise Refusal("several_workflows", text("选中的事项不是同一类，请分开办理"))
    version = workflow_in_force(session, *workflows)
    carried = TICKED + ",".join(map(str, sorted(known)))
    states = _in_order(version, counted)
    return Chosen(carried, version, wanted, states, url_for("cases.index", workflow=version.workflow.key), ())


def _listed(session: OfficeSession, address: MultiDict[str, str]) -> Chosen:
    try:
        found = selected_by(session, address)
    except ExpressionFault:
        raise Refusal("condition_fault", text("筛选的条件看不懂，请回到列表重新筛选")) from None
    if found.wanted.workflow is None:
        raise Refusal("several_workflows", text("选中的事项不是同一类，请分开办理"))
    states = _in_order(found.version, count_by_state(session, found.wanted))
    url = url_for("cases.index", **found.kept)
    return Chosen(LISTED + urlencode(found.kept), found.version, found.wanted, states, url, found.named)


def _in_order(version: WorkflowVersion, counted: Mapping[tuple[str, str], int]) -> dict[str, int]:
    """Return the counts by state; a state that only older versions know comes last."""
    found = {state: count for (_workflow, state), count in counted.items()}
    order = [*version.workflow.states]
    return {state: found[state] for state in sorted(found, key=lambda s: order.index(s) if s in order else len(order))}


def bulk_steps(current: str) -> list[dict[str, Any]]:
    """Return the pages that lead to a job as a step bar; `current` is the one shown."""
    pages = {"choose": _("选哪一步"), "fill": _("填写"), "check": _("核对"), "run": _("办理")}
    order = list(pages)
    place = order.index(current)
    return [
        {"label": label, "state": "done" if n < place else "current" if n == place else "todo"}
        for n, label in enumerate(pages.values())
    ]


def choose_page(chosen: Chosen, fault: str = "") -> dict[str, Any]:
    """Return the context of `bulk/choose.html`: the steps that leave the states of the chosen cases."""
    workflow = chosen.version.workflow
    single: list[dict[str, Any]] = []
    steps: list[dict[str, Any]] = []
    session = read_session(Permission.CASE_LIST)
    for key, step in workflow.transitions.items():
        left = [state for state in chosen.states if state in workflow.sources(key)]
        if not left or not takes(current_actor(), chosen.version, key, left):
            continue
        refusal = may_move_many(chosen.version, key, form_for(session, chosen.version, key))
        line = {"key": key, "label": say(step.label), "style": step.style}
        if refusal is not None:
            single.append(line | {"why": say(refusal)})
            continue
        standing = [_tag(workflow, state) | {"n": chosen.states[state]} for state in left]
        steps.append(line | {"n": sum(chosen.states[state] for state in left), "states": standing})
    return about(chosen, "choose") | {
        "fault": fault,
        "steps": sorted(steps, key=lambda one: ORDER.index(one["style"])),
        "single": single,
    }


def about(chosen: Chosen, page: str) -> dict[str, Any]:
    """Return what every page says of the chosen cases."""
    workflow = chosen.version.workflow
    return {
        "carried": chosen.carried,
        "workflow": say(workflow.title),
        "total": chosen.total,
        "aside": chosen.aside,
        "is_ticked": chosen.is_ticked,
        "named": chosen.named,
        "states": [_tag(workflow, key) | {"n": n} for key, n in chosen.states.items()],
        "list_url": chosen.list_url,
        "bar": bulk_steps(page),
    }


def _tag(workflow: Workflow, state: str) -> dict[str, Any]:
    return {**state_tag(workflow, state)} if state in workflow.states else {"kind": "neutral", "word": state}
