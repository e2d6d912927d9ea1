"""Checks a workflow as publishing does: every name exists, every state is reached and can be left."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from workflows.engine.catalogue import CASE_FACTS, Catalogue
from workflows.engine.check_deadline import check_deadlines
from workflows.engine.check_paper import check_papers
from workflows.engine.check_standing import all_fields, case_offers, check_standing
from workflows.engine.checks import Findings
from workflows.engine.definition import ANY, ANY_VISITED, SAID_WITH_IT, Form, State, Transition, Workflow
from workflows.engine.document import Document
from workflows.engine.expression import Offer
from workflows.engine.expression.tree import TEXT
from workflows.engine.form import FIELD_TYPES, field_offers
from workflows.engine.kept import kept_fields
from workflows.engine.problem import Problem
from workflows.engine.vocabulary import Protection
from workflows.text import text


def check_workflow(workflow: Workflow, document: Document, catalogue: Catalogue) -> list[Problem]:
    """List what would keep a workflow from being published."""
    findings = Findings(document, catalogue)
    _check_opening(workflow, findings)
    check_standing(workflow, findings)
    check_papers(workflow, findings)
    _check_views(workflow, findings)
    _check_known(workflow, findings)
    for key, state in workflow.states.items():
        _check_state(key, state, workflow.participants, findings)
    for key, transition in workflow.transitions.items():
        _check_transition(workflow, key, transition, findings)
    check_deadlines(workflow, findings)
    _check_kinds(workflow, findings)
    if not findings.problems:  # the ways are only worth walking once every state they name exists
        _check_ways(workflow, findings)
    return findings.problems


def transition_offers(workflow: Workflow, transition: Transition, catalogue: Catalogue) -> dict[str, Offer]:
    """List the names a transition's condition may read: the subject's facts, `form.` and `case.` fields."""
    offers = case_offers(workflow, catalogue)
    if transition.form is not None and transition.form in catalogue.forms:
        offers |= field_offers(catalogue.forms[transition.form], catalogue.code_lists, prefix="form.")
    return offers


def _check_views(workflow: Workflow, findings: Findings) -> None:
    """Note ledgers whose condition does not hold water, or reads what stands in no column of the database."""
    offers = case_offers(workflow, findings.catalogue)
    forms = [findings.catalogue.forms[key] for key in workflow.form_keys() if key in findings.catalogue.forms]
    kept = kept_fields(forms, {f.key: f for form in reversed(forms) for f in form.fields})
    for key, view in workflow.views.items():
        path = ("views", key, "where")
        condition = findings.condition(path, view.where, offers)
        for name in sorted(condition.names) if condition is not None else ():
            owner, _, field = name.partition(".")
            is_plain = offers[name].protection <= Protection.P1 and owner in ("case", "child", "place")
            if not is_plain or (owner == "case" and name not in CASE_FACTS and field not in kept):
                findings.add(path, "not_in_a_column", text("“{label}”不能用来筛选", label=offers[name].label.zh))
        if condition is not None and (function := condition.of_rows) is not None:
            message = text("{function} 要把各行放在一起看，只用于表单，不能用来筛选", function=f"{function}(…)")
            findings.add(path, "not_in_a_column", message)


def _check_known(workflow: Workflow, findings: Findings) -> None:
    """Note what a form reads of the case that no form of the workflow asks, or asks as another type or class."""
    asked = all_fields(workflow, findings)
    opening = [(("open", "form"), workflow.open.form)]
    for path, key in [*opening, *((("transitions", k, "form"), one.form) for k, one in workflow.transitions.items())]:
        form = findings.catalogue.forms.get(key or "")
        for known in form.knows if form is not None else ():
            f = asked.get(known.key)
            if f is None:
                message = text("表单 {form} 要读 case.{key}，这个流程没有表单问它", form=str(key), key=known.key)
                findings.add(path, "unknown_field", message)
            elif FIELD_TYPES.get(f.type, TEXT) != FIELD_TYPES.get(known.type, TEXT) or known.protection < f.protection:
                message = text("表单 {form} 的 knows 与 {key} 的类型或保护等级不合", form=str(key), key=known.key)
                findings.add(path, "known_otherwise", message)


def _check_opening(workflow: Workflow, findings: Findings) -> None:
    opening = workflow.open
    findings.form(("open", "form"), opening.form)
    findings.roles(("open", "by"), opening.by)
    if not opening.by:
        findings.add(("open", "by"), "nobody_may", text("没有人可以立案"))
    if opening.when is not None:
        findings.condition(("open", "when"), opening.when, findings.catalogue.subjects[workflow.subject])
    _check_required(("open", "require"), opening.require, opening.form, frozenset(), findings)


def _check_state(key: str, state: State, relations: Collection[str], findings: Findings) -> None:
    path = ("states", key)
    if key in (ANY, ANY_VISITED):
        findings.add(path, "reserved_key", text("{key} 另有含义，不能用作环节的键", key=key), at_key=True)
    if state.tasks is not None:
        findings.roles((*path, "tasks", "who"), state.tasks.who, relations)
        if (state.tasks.mode == "ratio") is not (state.tasks.ratio is not None):
            findings.add((*path, "tasks", "mode"), "bad_ratio", text("票签要写 ratio，其他方式不写"))
    for index, rule in enumerate(state.cadence):
        findings.form((*path, "cadence", index, "form"), rule.form)
        findings.roles((*path, "cadence", index, "by"), [rule.by], relations)


def _check_transition(workflow: Workflow, key: str, transition: Transition, findings: Findings) -> None:
    path = ("transitions", key)
    _check_ends(workflow, key, transition, findings)
    findings.form((*path, "form"), transition.form)
    findings.roles((*path, "by"), transition.by, workflow.participants)
    _check_required((*path, "require"), transition.require, transition.form, SAID_WITH_IT, findings)
    for index, effect in enumerate(transition.effects):
        if effect not in findings.catalogue.effects:
            at = (*path, "effects", index)
            findings.unknown(at, "unknown_effect", text("后续动作"), effect, findings.catalogue.effects)
    earlier = transition.not_same_person_as
    if earlier is not None and earlier not in workflow.transitions:
        at_earlier = (*path, "not_same_person_as")
        findings.unknown(at_earlier, "unknown_transition", text("操作"), earlier, workflow.transitions)
    if transition.when is not None:
        offers = transition_offers(workflow, transition, findings.catalogue)
        findings.condition((*path, "when"), transition.when, offers)
    _check_who(workflow, key, transition, findings)


def _check_ends(workflow: Workflow, key: str, transition: Transition, findings: Findings) -> None:
    path = ("transitions", key)
    for index, source in enumerate(transition.source):
        if source == ANY:
            continue
        at = (*path, "from", index)
        if source not in workflow.states:
            findings.unknown(at, "unknown_state", text("环节"), source, workflow.states)
        elif workflow.states[source].kind == "end":
            findings.add(at, "end_has_outgoing", text("{state} 是结束环节，不能再走出去", state=source))
    target = transition.target
    if target != ANY_VISITED and target not in workflow.states:
        findings.unknown((*path, "to"), "unknown_state", text("环节"), target, workflow.states)


def _check_who(workflow: Workflow, key: str, transition: Transition, findings: Findings) -> None:
    path = ("transitions", key)
    without_tasks = [s for s in workflow.sources(key) if s in workflow.states and workflow.states[s].tasks is None]
    if transition.decided is None and not transition.by and without_tasks:
        message = text("从 {state} 没有人可以办理 {key}", state=without_tasks[0], key=key)
        findings.add(path, "nobody_may", message, at_key=True)
    if transition.decided is not None and without_tasks:
        message = text("{state} 没有会签任务，无从决定", state=without_tasks[0])
        findings.add((*path, "decided"), "decided_without_tasks", message)


def _check_required(
    path: tuple[str, ...], required: Iterable[str], form: str | None, also: frozenset[str], findings: Findings
) -> None:
    definition: Form | None = findings.catalogue.forms.get(form or "")
    if form is not None and definition is None:
        return
    known = also | {f.key for f in definition.fields} if definition else also
    for index, name in enumerate(required):
        if name not in known:
            findings.unknown((*path, index), "unknown_field", text("字段"), name, known)


def _check_kinds(workflow: Workflow, findings: Findings) -> None:
    starts = [key for key, state in workflow.states.items() if state.kind == "start"]
    if not starts:
        findings.add(("states",), "no_start", text("没有开始环节"), at_key=True)
    for extra in starts[1:]:
        findings.add(
            ("states", extra, "kind"), "several_starts", text("只能有一个开始环节，已有 {first}", first=starts[0])
        )
    if not any(state.kind == "end" for state in workflow.states.values()):
        findings.add(("states",), "no_end", text("没有结束环节"), at_key=True)


def _check_ways(workflow: Workflow, findings: Findings) -> None:
    ways: dict[str, set[str]] = {key: set() for key in workflow.states}
    for key, transition in workflow.transitions.items():
        for source in workflow.sources(key):
            if transition.target != ANY_VISITED:
                ways[source].add(transition.target)
    reached = _reach({workflow.start}, ways)
    back: dict[str, set[str]] = {key: {s for s in ways if key in ways[s]} for key in ways}
    finishing = _reach({key for key, state in workflow.states.items() if state.kind == "end"}, back)
    for key, state in workflow.states.items():
        at = ("states", key)
        if key not in reached:
            findings.add(at, "unreachable_state", text("没有办法走到 {state}", state=key), at_key=True)
        elif state.kind != "end" and not workflow.leaving(key):
            findings.add(at, "dead_end", text("{state} 不是结束环节，却无路可走", state=key), at_key=True)
        elif key not in finishing:
            findings.add(at, "no_way_to_end", text("从 {state} 走不到任何结束环节", state=key), at_key=True)


def _reach(start: set[str], ways: dict[str, set[str]]) -> set[str]:
    reached, edge = set(start), set(start)
    while edge:
        edge = {target for state in edge for target in ways[state]} - reached
        reached |= edge
    return reached
