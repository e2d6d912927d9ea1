"""`shouwang roster`: checks a register, imports it, and takes an import back."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select

from admin_app.cli import Desk, answer
from admin_app.cli.acting import Acting, acting_as
from admin_app.exchange.spreadsheet import read_grids
from models.database import Database
from models.roster import HeadingSynonym
from models.scope import system_scope
from workflows.clock import local_day, system_clock
from workflows.operations.roster import (
    Imported,
    find_school,
    import_roster,
    ordered,
    refuse_those_on_file,
    undo_import,
)
from workflows.policy import Permission
from workflows.refusal import Missing, Refusal
from workflows.roster.check import check_roster
from workflows.roster.fault import RosterFault
from workflows.roster.report import Finding, RosterReport
from workflows.text import Text
from workflows.transaction import Transaction

FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
AS_JSON = click.option("--json", "as_json", is_flag=True, help="输出一份 JSON")
AS_LOGIN = click.option("--as", "login", required=True, metavar="LOGIN", help="以谁的身份办理")


@click.group()
def roster() -> None:
    """检查、导入、撤回名册。"""


@roster.command()
@click.argument("file", type=FILE)
@click.option("--school", metavar="CODE", help="同时核对这所学校和全库是否已有档案（需要数据库）")
@AS_JSON
@click.pass_obj
def check(desk: Desk, file: Path, school: str | None, as_json: bool) -> None:
    """读一份任意版式的名册，逐行给出结论，什么也不存；有被拒的行时退出码为 1。"""
    try:
        if school is None:
            report = _read(file, {})
        else:
            database = desk.database()
            report = _against(database, file, school)
            database.dispose()
    except RosterFault as fault:
        _unreadable(file, fault, as_json)
    _give(report, as_json, {}, [])


@roster.command("import")
@click.argument("file", type=FILE)
@click.option("--school", required=True, metavar="CODE", help="导入到哪所学校")
@AS_LOGIN
@AS_JSON
@click.pass_obj
def import_(desk: Desk, file: Path, school: str, login: str, as_json: bool) -> None:
    """检查名册并存入通过的行：儿童、亲属和建档事项；有被拒的行时退出码为 1。"""
    with acting_as(desk, login) as acting:
        try:
            report = _against(acting.database, file, school)
            done = _store(acting, file, school, report)
        except RosterFault as fault:
            _unreadable(file, fault, as_json)
        except Refusal as refusal:
            _refused(report, refusal, as_json)
    more = {"created": done.created, "updated": done.updated, "batch": done.batch}
    lines = [f"新建 {done.created} 人，更新 {done.updated} 人，批次 {done.batch}"]
    _give(report, as_json, more, lines)


@roster.command()
@click.argument("batch", type=int)
@AS_LOGIN
@AS_JSON
@click.pass_obj
def undo(desk: Desk, batch: int, login: str, as_json: bool) -> None:
    """撤回一次导入：24 小时内，且导入后没有办理过。"""
    with acting_as(desk, login) as acting:
        try:
            removed = acting.perform(undo_import, Permission.ROSTER_UNDO, batch)
        except Refusal as refusal:
            content = {"removed": 0, "refused": {"code": refusal.code, "message": str(refusal.message)}}
            answer(content, as_json=as_json, lines=[str(refusal.message)])
            raise click.exceptions.Exit(1) from refusal
    answer({"removed": removed}, as_json=as_json, lines=[f"已撤回，移除 {removed} 人"])


def _read(file: Path, synonyms: dict[str, str]) -> RosterReport:
    grids = read_grids(file.read_bytes(), file.name)
    return check_roster(grids, file=file.name, today=local_day(system_clock()), synonyms=synonyms)


def _against(database: Database, file: Path, school: str) -> RosterReport:
    """Read a register with the office's own heading words, and refuse whom the installation has on file."""
    with database.session(system_scope("roster")) as session:
        try:
            code = find_school(session, school).code
        except Missing as fault:
            raise click.UsageError(str(fault.message)) from fault
        words = {row.word: row.field for row in session.scalars(select(HeadingSynonym))}
        return refuse_those_on_file(session, _read(file, words), code)


def _store(acting: Acting, file: Path, school: str, report: RosterReport) -> Imported:
    digest = hashlib.sha256(file.read_bytes()).hexdigest()

    def store(tx: Transaction) -> Imported:
        return import_roster(tx, find_school(tx.session, school), report, digest=digest)

    return acting.perform(store, Permission.ROSTER_IMPORT)


def _give(report: RosterReport, as_json: bool, more: dict[str, Any], lines: list[str]) -> None:
    report.refused = ordered(report.refused)
    answer(report.as_json() | more, as_json=as_json, lines=[*_lines(report), *lines])
    if report.refused:
        raise click.exceptions.Exit(1)


def _lines(report: RosterReport) -> list[str]:
    counts = f"共 {report.rows} 行：可导入 {len(report.accepted)}，被拒 {len(report.refused)}"
    return [
        f"{report.file}：{counts}，已修正 {len(report.warnings)}",
        *(_line("被拒", finding) for finding in report.refused),
        *(_line("修正", finding) for finding in ordered(report.warnings)),
    ]


def _line(word: str, finding: Finding) -> str:
    sheet = f"“{finding.sheet}”" if finding.sheet else ""
    return f"  {word} {sheet}第 {finding.row} 行 {finding.column or ''}：{finding.message}（{finding.code}）"


def _refused(report: RosterReport, refusal: Refusal, as_json: bool) -> None:
    stored = {"created": 0, "updated": 0, "batch": None}
    fault = {"fault": {"code": refusal.code, "message": str(refusal.message)}}
    report.refused = ordered(report.refused)
    answer(report.as_json() | stored | fault, as_json=as_json, lines=[*_lines(report), str(refusal.message)])
    raise click.exceptions.Exit(1) from refusal


def _unreadable(file: Path, fault: RosterFault, as_json: bool) -> None:
    message: Text = fault.text
    content = RosterReport(file.name).as_json() | {"fault": {"code": fault.code, "message": str(message)}}
    answer(content, as_json=as_json, lines=[str(message)])
    raise click.exceptions.Exit(1) from fault
