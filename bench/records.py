"""Work on many records: importing a register of ten thousand rows, and the filing rate over all cases."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from random import Random

import xlsxwriter

from admin_app.demo.families import SITUATIONS, Register
from admin_app.demo.names import shares
from admin_app.exchange.spreadsheet import read_grids
from bench.data import AS_OF, EVERYWHERE, World
from bench.figure import Figure, p50, p95, times_ms
from models.reports.filing import filing_by_place
from models.scope import Branch, Scope
from models.terms import latest_term
from workflows.clock import local_day
from workflows.fields import CODE_LISTS
from workflows.operations.roster import find_school, import_roster, refuse_those_on_file, undo_import
from workflows.policy import Permission, standard_policy
from workflows.roster.check import check_roster
from workflows.transaction import Origin, Transaction, transaction

ROWS = 10_000
SCHOOL, OFFICE = "ZX", "qin"
HEADS = ("姓名", "性别", "身份证号", "民族", "年级班级", "家庭住址", "是否寄宿", "监护类型", "监护人姓名", "监护人电话",
         "与监护人关系", "父亲姓名", "父亲电话", "母亲姓名", "母亲电话", "父母务工地", "外出时间")  # fmt: skip
RELATIONS = {"grandfather": "爷爷", "grandmother": "奶奶", "father": "父亲", "mother": "母亲", "uncle": "叔叔",
             "aunt": "姑姑", "maternal_grandfather": "外公", "maternal_grandmother": "外婆"}  # fmt: skip


def import_rows(world: World) -> Iterator[Figure]:
    """Measure reading, checking and committing a register of 10,000 rows; the import is taken back afterwards."""
    file = world.folder / "register.xlsx"
    _write_register(file)
    began, busy = time.perf_counter(), time.process_time()
    report = check_roster(read_grids(file.read_bytes(), file.name), file=file.name, today=local_day(world.now))
    with world.database.session(EVERYWHERE) as session:
        report = refuse_those_on_file(session, report, SCHOOL)
    checked = time.perf_counter() - began
    with _acting(world) as tx:
        done = import_roster(tx, find_school(tx.session, SCHOOL), report)
    whole, busy = time.perf_counter() - began, time.process_time() - busy
    with _acting(world) as tx:
        undo_import(tx, done.batch)
    details = {"cpu": round(busy, 2), "rows": report.rows, "created": done.created, "refused": len(report.refused)}
    yield Figure("import 10,000 rows: read and checked", checked, "s", details=details)
    yield Figure("import 10,000 rows .xlsx, committed", whole, "s", 4, details=details)


def _acting(world: World) -> AbstractContextManager[Transaction]:
    policy, actor = standard_policy(), world.actor(OFFICE)
    scope = policy.scope(actor, Permission.ROSTER_IMPORT)
    return transaction(world.database, actor, policy, scope, origin=Origin("bench"), clock=lambda: world.now)


def _write_register(file: Path) -> None:
    register = Register(Random(3), "998801", "柳溪镇", ("大坝村", "新村"), "B")
    situations = shares(ROWS, SITUATIONS)
    Random(4).shuffle(situations)
    words = {code: str(word) for code, word in CODE_LISTS["care_situation"].items()}
    with xlsxwriter.Workbook(str(file), {"constant_memory": True}) as book:
        sheet = book.add_worksheet("名册")
        sheet.write_row(0, 0, HEADS)
        for line, situation in enumerate(situations, 1):
            grade, number = 1 + line % 6, 1 + line % 3
            row = register.row(grade, number, AS_OF.year, situation)
            guardian, father, mother = row.guardian, row.father, row.mother
            cells = [
                row.name, "男" if row.sex == "male" else "女", row.id_number, row.ethnicity, f"{grade}年级{number}班",
                row.home_address, "是" if row.is_boarding else "否", words[situation],
                guardian.name if guardian else None, guardian.phone if guardian else None,
                RELATIONS.get(guardian.relation or "") if guardian else None,
                father.name if father else None, father.phone if father else None,
                mother.name if mother else None, mother.phone if mother else None,
                row.parents_workplace, row.absence_since.isoformat() if row.absence_since else None,
            ]  # fmt: skip
            sheet.write_row(line, 0, ["" if cell is None else cell for cell in cells])


def filing_rate(world: World) -> Iterator[Figure]:
    """Measure the filing rate of every township over all cases of the term, and of every school of one township."""
    yield _rate(world, "filing rate, whole city by township", Scope.of([Branch("city", "QZ")]), "township")
    yield _rate(world, "filing rate, one township by school", Scope.of([Branch("township", "LX")]), "school")


def _rate(world: World, name: str, scope: Scope, level: str) -> Figure:
    with world.database.session(scope) as session:
        term = latest_term(session, AS_OF)
        assert term is not None
        cases = sum(sum(filing.states.values()) for filing in filing_by_place(session, term.id, level))
        taken, busy = times_ms(lambda: filing_by_place(session, term.id, level), 30)
    return Figure(
        f"{name} p50", p50(taken), "ms", 5, details={"p95": round(p95(taken), 2), "cpu": round(busy, 2), "cases": cases}
    )
