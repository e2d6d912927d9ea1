"""`shouwang case`: lists cases, shows one, takes a transition in one or in many, checked as on screen."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import click
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin_app.cli import Desk, answer
from admin_app.cli.acting import Acting, acting_as
from models.case import Case, CaseMove
from models.child import Child
from models.definition import Definition
from models.vault import learn_keys
from workflows.case_query import CaseCondition, CaseQuestion, cases_where
from workflows.case_view import CaseView, opened_event, view_case
from workflows.clock import system_clock
from workflows.engine.expression import ExpressionFault
from workflows.engine.published import WorkflowVersion, workflow_in_force, workflow_version
from workflows.opening_view import workflows_in_force
from workflows.operations.case import Request, act_on_case
from workflows.operations.jobs import progress_of, run_chunk, start_job
from workflows.policy import Permission
from workflows.refusal import Refusal, Words
from workflows.seat_rounds import rounds, watches
from workflows.text import Text
from workflows.verbs_open import offers

AS_JSON = click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
AS_LOGIN = click.option("--as", "login", required=True, metavar="LOGIN", help="以谁的身份办理")
CHUNK = 1_000


@click.group()
def case() -> None:
    """查看和办理事项。"""


@case.command("list")
@AS_LOGIN
@click.option("--workflow", metavar="K", help="只列这一类")
@click.option("--state", metavar="S", help="只列这一环节")
@click.option("--where", metavar="EXPR", help='只列条件成立的，如 "case.overdue and child.is_boarding"')
@AS_JSON
@click.pass_obj
def list_(desk: Desk, login: str, workflow: str | None, state: str | None, where: str | None, as_json: bool) -> None:
    """列出这个人可见的事项，新的在前。"""
    now = system_clock()
    with acting_as(desk, login) as acting:
        try:
            with acting.reading(Permission.CASE_LIST) as session:
                _know(session, workflow)
                _know_state(session, workflow, state)
                condition = _condition(session, workflow, where, now)
                rows = [_brief(row, name, now) for row, name in _cases(session, workflow, state, condition)]
        except Refusal as refusal:
            _refuse(refusal, as_json)
    answer(rows, as_json=as_json, lines=[*map(_line, rows), f"共 {len(rows)} 件"])


@case.command()
@click.argument("number", metavar="CASE")
@AS_LOGIN
@AS_JSON
@click.pass_obj
def show(desk: Desk, number: str, login: str, as_json: bool) -> None:
    """显示一件事项，以及这个人现在能办什么、不能办什么和原因。"""
    now = system_clock()
    with acting_as(desk, login) as acting:
        try:
            with acting.reading(Permission.CASE_READ) as session, acting.directory() as everything:
                view = view_case(session, everything, acting.actor, acting.policy, number, now)
                content = _full(session, view, now, acting)
        except Refusal as refusal:
            _refuse(refusal, as_json)
        acting.record(opened_event(view, ["P0", "P1"]))
    answer(content, as_json=as_json, lines=_lines(content))


@case.command()
@click.argument("number", metavar="CASE")
@click.argument("transition", metavar="TRANSITION")
@AS_LOGIN
@click.option(
    "--form",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="表单内容：JSON 或 YAML，一份“字段：值”",
)
@click.option("--to", "target", metavar="STATE", help="退回到哪一环节（可选环节时）")
@click.option("--key", metavar="K", help="请求编号：同一编号重复提交只生效一次")
@AS_JSON
@click.pass_obj
def act(
    desk: Desk,
    number: str,
    transition: str,
    login: str,
    file: Path | None,
    target: str | None,
    key: str | None,
    as_json: bool,
) -> None:
    """办理一步；与页面上同样的检查，不通过时说明原因，退出码为 1。"""
    request = Request(transition, answers=_answers(file), target=target, key=key)
    with acting_as(desk, login) as acting:
        try:
            moved = acting.perform(act_on_case, Permission.CASE_ACT, number, request)
        except Refusal as refusal:
            _refuse(refusal, as_json)
    content = {"case": moved.case, "from": moved.from_state, "to": moved.to_state, "rev": moved.rev}
    answer(content, as_json=as_json, lines=[f"{moved.case}：{moved.from_state} → {moved.to_state}"])


@case.command()
@click.argument("transition", metavar="TRANSITION")
@click.option(
    "--select", "written", required=True, metavar="EXPR", help="办理条件成立的，如 \"case.state == 'confirmed'\""
)
@AS_LOGIN
@click.option("--workflow", metavar="K", help="哪一类事项；不写时按这一步的名称找")
@click.option("--reason", default="", help="原因或意见")
@click.option("--key", metavar="K", help="请求编号：同一编号重复提交只生效一次")
@AS_JSON
@click.pass_obj
def bulk(
    desk: Desk, transition: str, written: str, login: str, workflow: str | None, reason: str, key: str | None,
    as_json: bool,
) -> None:  # fmt: skip
    """对条件成立的事项逐件办理同一步；不能办的列出原因，其余照办。有不能办的，退出码为 1。"""
    said = {"reason": reason, "opinion": reason}
    with acting_as(desk, login) as acting:
        try:
            with acting.reading(Permission.CASE_LIST) as session:
                version = _version_with(session, transition, workflow)
                _condition(session, version.workflow.key, written, system_clock())
                ids = list(session.scalars(cases_where(session, version, written, system_clock())))
            if not ids:
                answer({"moved": 0, "refused": []}, as_json=as_json, lines=["没有符合条件的事项"])
                return
            asked = (version.workflow.key, transition, ids, said, key or uuid.uuid4().hex)
            job = acting.perform(start_job, Permission.CASE_ACT, *asked)
            while run_chunk(acting.database, job_id=job):
                pass
            with acting.directory() as everything:
                done = progress_of(everything, acting.actor.staff_id or 0, job)
        except Refusal as refusal:
            _refuse(refusal, as_json)
    refused = [{"case": one.number, "code": one.code, "message": str(one.message)} for one in done.refused]
    lines = [
        *(f"{one['case']}：{one['message']}" for one in refused),
        f"已办理 {done.moved} 件，未办理 {len(refused)} 件",
    ]
    answer({"moved": done.moved, "refused": refused}, as_json=as_json, lines=lines)
    if refused:
        click.get_current_context().exit(1)


def _version_with(session: Session, transition: str, workflow: str | None) -> WorkflowVersion:
    """Return the workflow in force that has a transition; raises UsageError for none or several."""
    _know(session, workflow)
    found = [
        version
        for version in workflows_in_force(session)
        if transition in version.workflow.transitions and workflow in (None, version.workflow.key)
    ]
    if not found:
        raise click.UsageError(f"没有“{transition}”这一步")
    if len(found) > 1:
        keys = "、".join(version.workflow.key for version in found)
        raise click.UsageError(f"几类事项都有“{transition}”，请用 --workflow 指明：{keys}")
    return found[0]


def _answers(file: Path | None) -> Mapping[str, object] | None:
    if file is None:
        return None
    try:
        content = YAML(typ="safe").load(file.read_text(encoding="utf-8"))
    except (YAMLError, UnicodeDecodeError) as fault:
        raise click.UsageError(f"表单文件读不懂：{fault}") from fault
    if not isinstance(content, dict):
        raise click.UsageError("表单文件应为一份“字段：值”")
    return {str(name): value for name, value in content.items()}


def _know(session: Session, workflow: str | None) -> None:
    """Raise UsageError for a workflow that was never published; without it a typing mistake reads as "no cases"."""
    wanted = select(Definition.key).where(Definition.kind == "workflow", Definition.state != "draft").distinct()
    known = session.scalars(wanted.order_by(Definition.key)).all()
    if workflow is not None and workflow not in known:
        raise click.UsageError(f"没有“{workflow}”这类事项；可以是：{'、'.join(known)}")


def _know_state(session: Session, workflow: str | None, state: str | None) -> None:
    """Raise UsageError for a state that no published version has, of the workflow named or of any."""
    if state is None:
        return
    wanted = select(Definition.id).where(Definition.kind == "workflow", Definition.state != "draft")
    wanted = wanted.where(Definition.key == workflow) if workflow is not None else wanted
    versions = [workflow_version(session, row) for row in session.scalars(wanted.order_by(Definition.key))]
    known = dict.fromkeys(key for version in versions for key in version.workflow.states)
    if state in known:
        return
    if workflow is not None:
        raise click.UsageError(f"{workflow} 没有“{state}”这一环节；可以是：{'、'.join(known)}")
    close = get_close_matches(state, known, n=1)
    raise click.UsageError(f"哪类事项都没有“{state}”这一环节" + (f"，是否要写 {close[0]}？" if close else ""))


def _condition(session: Session, workflow: str | None, where: str | None, now: datetime) -> CaseCondition | None:
    """Read a condition; raise UsageError with the place and the reason for one that cannot filter a list."""
    if where is None:
        return None
    version = workflow_in_force(session, workflow) if workflow is not None else None
    try:
        return CaseQuestion.of(version).where(where, now)
    except ExpressionFault as fault:
        raise click.UsageError(f"条件第 {fault.line} 行第 {fault.column} 个字处：{fault.message}") from fault


def _cases(
    session: Session, workflow: str | None, state: str | None, condition: CaseCondition | None
) -> Iterator[tuple[Case, str | None]]:
    wanted = select(Case, Child.name).outerjoin(Child, Case.child_id == Child.id).order_by(Case.id.desc())
    if workflow is not None:
        wanted = wanted.where(Case.workflow == workflow)
    if state is not None:
        wanted = wanted.where(Case.state == state)
    if condition is not None:
        wanted = condition.joined(wanted, has_child=True)
    yield from session.execute(wanted.execution_options(yield_per=CHUNK))


def _brief(row: Case, name: str | None, now: datetime) -> dict[str, Any]:
    return {
        "case": row.number,
        "workflow": row.workflow,
        "version": row.version,
        "subject": name or f"{row.subject_type} {row.subject_id}",
        "state": row.state,
        "rev": row.rev,
        "due_at": row.due_at.isoformat() if row.due_at else None,
        "overdue": row.is_overdue(now),
    }


def _full(session: Session, view: CaseView, now: datetime, acting: Acting) -> dict[str, Any]:
    learn_keys(session, [move.key_owner for move in view.moves])
    allowed, refused = [], []
    for option in view.options:
        if option.is_allowed:
            allowed.append({"transition": option.transition, "label": _say(option.definition.label)})
        else:
            message = _say(option.reason)
            refused.append({"transition": option.transition, "code": option.code, "message": message})
    name = view.child.name if view.child is not None else None
    history = [_move(move) for move in view.moves]
    told = {"allowed": allowed, "refused": refused, "history": history}
    return (
        _brief(view.case, name, now) | told | {"seats": _seats(session, view), "verbs": _verbs(session, view, acting)}
    )


def _seats(session: Session, view: CaseView) -> list[dict[str, Any]]:
    """Return the seats given since the case entered its state, in their order."""
    present = view.moves[-1].id if view.moves else 0
    found = [one for one in rounds(session, view.case, view.version.workflow) if one.entry_id == present]
    return [
        {
            "seat": seat.id,
            "name": seat.name,
            "asked": seat.asked,
            "origin": seat.origin,
            "status": seat.status,
            "answer": seat.answer,
            "opinion": seat.opinion,
            "by": seat.acted_name,
            "at": seat.done_at.isoformat() if seat.done_at else None,
            "signed": seat.signature_id is not None,
        }
        for one in found
        for seat in one.seats
    ]


def _verbs(session: Session, view: CaseView, acting: Acting) -> list[str]:
    """Return the verbs that the person may use now, each once."""
    watching = any(row.ended_at is None and row.made_by == acting.actor.staff_id for row in watches(session, view.case))
    found = offers(view, acting.actor, acting.policy, is_watching=watching)
    return list(dict.fromkeys(str(offer.verb) for offer in found if offer.is_open))


def _move(move: CaseMove) -> dict[str, Any]:
    return {
        "transition": move.transition,
        "from": move.from_state,
        "to": move.to_state,
        "actor": move.actor_name,
        "role": move.actor_role,
        "at": move.at.isoformat(),
        "reason": move.reason,
    }


def _say(words: Words | None) -> str:
    if words is None:
        return ""
    return str(words) if isinstance(words, Text) else words.say("zh")


def _refuse(refusal: Refusal, as_json: bool) -> None:
    faults = {field: str(fault) for field, fault in refusal.faults.items()}
    content = {"refused": {"code": refusal.code, "message": _say(refusal.message), "faults": faults}}
    answer(content, as_json=as_json, lines=[_say(refusal.message), *(f"  {f}：{m}" for f, m in faults.items())])
    raise click.exceptions.Exit(1) from refusal


def _line(row: Mapping[str, Any]) -> str:
    return f"{row['case']}  {row['state']:<16} {row['subject']}{'  逾期' if row['overdue'] else ''}"


def _lines(content: Mapping[str, Any]) -> list[str]:
    return [
        _line(content),
        *(f"  {move['at'][:16]} {move['actor']} {move['transition']} → {move['to']}" for move in content["history"]),
        *(f"  可办：{option['label']}（{option['transition']}）" for option in content["allowed"]),
        *(f"  不可办：{option['transition']}：{option['message']}" for option in content["refused"]),
    ]
