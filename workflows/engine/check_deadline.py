"""Checks what a workflow says of time: facts to count from exist and are moments, ladders rise, limits can be met."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from workflows.engine.check_standing import case_offers
from workflows.engine.checks import Findings
from workflows.engine.deadline import Deadline, Limit
from workflows.engine.definition import Workflow
from workflows.engine.document import Path
from workflows.engine.expression import Offer
from workflows.engine.expression.tree import DATE, DATETIME
from workflows.engine.vocabulary import Unit
from workflows.text import text

LONGEST_YEARS = 10
MINUTES = {
    Unit.MINUTES: 1, Unit.HOURS: 60, Unit.SCHOOL_HOURS: 300, Unit.WORKDAYS: 2_200, Unit.SCHOOL_DAYS: 2_600,
    Unit.DAYS: 1_440, Unit.WEEKS: 10_080, Unit.MONTHS: 43_800,
}  # fmt: skip
CASE = "case."


def check_deadlines(workflow: Workflow, findings: Findings) -> None:
    """Note deadlines and limits that could not be counted, would never be met, or whose ladder goes down."""
    offers = case_offers(workflow, findings.catalogue)
    for key, state in workflow.states.items():
        if state.deadline is None:
            continue
        path = ("states", key, "deadline")
        if state.kind == "end":
            findings.add(path, "misplaced", text("结束环节没有时限"), at_key=True)
        _check_deadline(path, state.deadline, workflow, offers, findings)
    for key, limit in workflow.limits.items():
        _check_deadline(("limits", key), limit, workflow, offers, findings)
        _check_limit(("limits", key), limit, workflow, offers, findings)


def _check_deadline(
    path: Path, deadline: Deadline, workflow: Workflow, offers: Mapping[str, Offer], findings: Findings
) -> None:
    span = deadline.after
    if span.unit.needs_calendar and not findings.catalogue.knows_calendar:
        findings.add((*path, "after"), "deadline_without_calendar", text("按工作日或上学日计时，但还没有校历"))
    if span.amount * MINUTES[span.unit] > LONGEST_YEARS * 366 * MINUTES[Unit.DAYS]:
        findings.add((*path, "after"), "span_too_long", text("时限最长 {years} 年", years=LONGEST_YEARS))
    if deadline.since is not None:
        _check_moment((*path, "since"), deadline.since, offers, findings)
    for index, rung in enumerate(deadline.at):
        if rung.to is not None:
            findings.roles((*path, "at", index, f"{rung.percent}%"), [rung.to], workflow.participants)
    for index, (lower, upper) in enumerate(pairwise(deadline.at), 1):
        if upper.percent <= lower.percent:
            message = text("催办阶梯要从低到高，{upper}% 排在 {lower}% 之后", upper=upper.percent, lower=lower.percent)
            findings.add((*path, "at", index), "ladder_not_rising", message)


def _check_moment(path: Path, name: str, offers: Mapping[str, Offer], findings: Findings) -> None:
    offer = offers.get(name)
    if offer is None:
        findings.unknown(path, "unknown_field", text("数据项"), name, offers)
    elif offer.type not in (DATE, DATETIME):
        findings.add(path, "not_a_moment", text("{name} 不是日期或时刻，不能从它起算", name=name))


def _check_limit(path: Path, limit: Limit, workflow: Workflow, offers: Mapping[str, Offer], findings: Findings) -> None:
    if limit.when is not None:
        findings.condition((*path, "when"), limit.when, offers)
    for index, key in enumerate(limit.met):
        if key not in workflow.transitions:
            findings.unknown((*path, "met", index), "unknown_transition", text("操作"), key, workflow.transitions)
        elif limit.met_at is not None:
            _check_told((*path, "met_at"), limit.met_at, key, workflow, findings)
    if limit.met_at is not None:
        _check_moment((*path, "met_at"), limit.met_at, offers, findings)


def _check_told(path: Path, name: str, transition: str, workflow: Workflow, findings: Findings) -> None:
    """Whoever meets a limit has to be asked when it happened."""
    form = findings.catalogue.forms.get(workflow.transitions[transition].form or "")
    asked = {f"{CASE}{field.key}" for field in form.fields} if form is not None else set()
    if name not in asked:
        message = text("{transition} 的表单没有问 {name}", transition=transition, name=name)
        findings.add(path, "not_asked", message)
