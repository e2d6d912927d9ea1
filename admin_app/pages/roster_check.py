"""What the dry run of an import shows: counts, classes to be made, refused rows with their reasons, and the verb."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _

from admin_app.desk import now, read_session
from admin_app.pages.roster import wizard_steps
from admin_app.pages.roster_file import Register
from admin_app.shell import present_term
from admin_app.wording import say
from models.place import Place
from workflows.class_title import has_grade
from workflows.clock import local_day
from workflows.operations.roster import classes_to_make
from workflows.policy import Permission
from workflows.roster import Finding, Grid, RosterReport, TableSeen
from workflows.roster.fields import NAME
from workflows.roster.shown import shown_message
from workflows.text import text
from workflows.values import as_text

MOST_SHOWN = 200
CODES = {
    "bad_check_digit": text("身份证号有误"),
    "sex_conflicts_with_id": text("性别与身份证号不符"),
    "birth_conflicts_with_id": text("出生日期与身份证号不符"),
    "missing_name": text("缺姓名"),
    "short_phone": text("电话位数不足"),
    "unknown_care_situation": text("监护类型不明"),
    "future_birth": text("出生日期在将来"),
    "id_15_digits": text("旧 15 位身份证号"),
    "duplicate_in_file": text("文件内重复"),
    "already_on_file": text("已有档案"),
    "bad_phone": text("电话有误"),
    "unknown_sex": text("性别不明"),
    "unreadable_date": text("日期无法识别"),
    "fullwidth_id": text("全角身份证号"),
    "lowercase_x": text("末位小写 x"),
    "phone_float": text("电话是数字格式"),
    "text_date": text("日期是文字"),
    "unknown_class": text("班级无法识别"),
    "unknown_yes_no": text("是否无法识别"),
    "unreadable_age": text("年龄无法识别"),
    "uncertain_date": text("日期不完整"),
}
"""Every roster code in words, for tags."""


def check_page(register: Register, report: RosterReport) -> dict[str, Any]:
    """Return the context of `roster/check.html`."""
    batch, accepted = register.batch, len(report.accepted)
    session = read_session(Permission.ROSTER_IMPORT)
    classes = classes_to_make(session, register.school, report.accepted, local_day(now()))
    return {
        "batch_id": batch.id,
        "rev": batch.rev,
        "file": batch.file_name,
        "school": register.school.name,
        "steps": wizard_steps(3),
        "accepted": accepted,
        "label": _("导入 %(n)s 名儿童，建 %(n)s 份待完善档案", n=accepted),
        "figures": [
            ("ok", "circle-check", _("可导入"), accepted),
            ("bad" if report.refused else "", "alert-triangle", _("被拒"), len(report.refused)),
            ("", "pencil", _("已修正"), len(report.warnings)),
        ],
        "rows": report.rows,
        "classes": classes,
        "foreign": _foreign_classes(register.school, report),
        "classless": sum(row.grade is None or row.class_number is None for row in report.accepted),
        "unmapped": _unmapped(report.tables),
        "refused": _findings(register.grids, report, report.refused),
        "warnings": _findings(register.grids, report, report.warnings),
        "blocked": _blocked(accepted),
    }


def _foreign_classes(school: Place, report: RosterReport) -> int:
    """Count the classes of grades that the school does not teach: the sign of a wrongly chosen school."""
    classes = {(row.grade, row.class_number) for row in report.accepted}
    return sum(grade is not None and not has_grade(school.stage, grade) for grade, _number in classes)


def _blocked(accepted: int) -> str | None:
    """Return why there is nothing to press, None when there is."""
    if not accepted:
        return str(_("没有可以导入的行"))
    if present_term() is None:
        return str(_("还没有设置学期，请先在“学年学期”中添加"))
    return None


def _unmapped(tables: Sequence[TableSeen]) -> list[str]:
    left = (header.header for table in tables for header in table.headers if header.field is None)
    return [header.partition("#")[0].replace("/", " › ") for header in dict.fromkeys(left)]


def _findings(grids: Sequence[Grid], report: RosterReport, findings: Sequence[Finding]) -> dict[str, Any]:
    """Return findings as a table with their number by code; the sheet is named where the file has several."""
    by_name = {grid.name: grid for grid in grids}
    counted = Counter(finding.code for finding in findings).most_common()
    return {
        "count": len(findings),
        "kinds": [(say(CODES.get(code, text("其他"))), times) for code, times in counted],
        "has_sheets": len({table.sheet for table in report.tables}) > 1,
        "lines": [_line(by_name[finding.sheet], report, finding) for finding in findings[:MOST_SHOWN]],
        "hidden": max(len(findings) - MOST_SHOWN, 0),
    }


def _line(grid: Grid, report: RosterReport, finding: Finding) -> dict[str, Any]:
    field = report.mapping.get(finding.column or "")
    return {
        "sheet": finding.sheet,
        "row": finding.row,
        "name": _name(grid, report.tables, finding),
        "kind": say(CODES.get(finding.code, text("其他"))),
        "column": (finding.column or "").partition("#")[0].replace("/", " › "),
        "message": say(shown_message(finding, field)),
    }


def _name(grid: Grid, tables: Sequence[TableSeen], finding: Finding) -> str:
    """Return the child's name as the row has it; where two tables stand side by side, both."""
    above = [table for table in tables if table.sheet == finding.sheet and table.head_to < finding.row]
    nearest = max((table.head_to for table in above), default=0)
    columns = [h.column for table in above if table.head_to == nearest for h in table.headers if h.field == NAME]
    names = (as_text(grid.cell(finding.row - grid.first_row, column)) for column in columns)
    return " / ".join(name for name in names if name)
