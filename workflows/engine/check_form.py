"""Checks a form as publishing does: fields, sections, answers, conditions and what the fields are bound to."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from workflows.engine.catalogue import CLOCK, Catalogue
from workflows.engine.check_rules import check_rules, offers_in
from workflows.engine.checks import Findings
from workflows.engine.definition import RECORD_KINDS, Form, FormField, RecordHead
from workflows.engine.document import Document, Path
from workflows.engine.expression import ExpressionFault, Offers
from workflows.engine.expression.tree import TEXT
from workflows.engine.form import FIELD_TYPES, FILES, ConditionLoop, compile_form, person_offers
from workflows.engine.problem import Problem
from workflows.text import text

WITH_OPTIONS = frozenset({"choice", "multi_choice"})
WITH_LENGTH = frozenset({"text", "long_text"})
WITH_NUMBERS = frozenset({"number", "integer"})
WITH_DAYS = frozenset({"date", "datetime"})


def check_form(form: Form, document: Document, catalogue: Catalogue) -> list[Problem]:
    """List what would keep a form from being published."""
    findings = Findings(document, catalogue)
    facts = catalogue.subjects.get(form.subject or "", {})
    scopes = offers_in(form, facts, findings)
    offers = scopes[""]
    _check_doubled(("sections",), [section.key for section in form.sections], findings)
    _check_doubled(("fields",), [f.key for f in form.fields], findings)
    sections = {section.key for section in form.sections}
    bound: set[str] = set()
    for index, f in enumerate(form.fields):
        path: Path = ("fields", index)
        _check_field(path, f, sections, findings)
        _check_bind(index, f, bound, findings)
        _check_prefill(index, f, facts, findings)
        _check_conditions(path, f, offers, findings)
        _check_doubled((*path, "columns"), [column.key for column in f.columns], findings)
        for at, column in enumerate(f.columns):
            _check_field((*path, "columns", at), column, sections, findings)
            _check_conditions((*path, "columns", at), column, scopes.get(f.key, {}), findings)
    check_rules(form, scopes, findings)
    _check_advice(form, offers, findings)
    if form.record is not None:
        _check_record(form, form.record, findings)
        _check_files(form, findings)
    for index, role in enumerate(form.card.numbers if form.card is not None else ()):
        if role not in findings.catalogue.roles:
            findings.unknown(("card", "numbers", index), "unknown_role", text("角色"), role, findings.catalogue.roles)
    if not findings.problems:
        _check_loop(form, facts, findings)
    return findings.problems


def _check_advice(form: Form, offers: Offers, findings: Findings) -> None:
    if form.advise and form.record is not None:
        findings.add(("advise",), "misplaced", text("记录的表单不写 advise"), at_key=True)
    known = {**offers, **person_offers(form, findings.catalogue.code_lists)}
    for index, advice in enumerate(form.advise):
        findings.condition(("advise", index, "when"), advice.when, known)


def _check_record(form: Form, head: RecordHead, findings: Findings) -> None:
    fields = {f.key: f for f in form.fields}
    for index, key in enumerate(head.summary):
        if key not in fields:
            findings.unknown(("record", "summary", index), "unknown_field", text("字段"), key, fields)
    for index, role in enumerate(head.by):
        if role not in findings.catalogue.roles:
            findings.unknown(("record", "by", index), "unknown_role", text("角色"), role, findings.catalogue.roles)
    day = fields.get(head.happened_on)
    if day is None:
        findings.unknown(("record", "happened_on"), "unknown_field", text("字段"), head.happened_on, fields)
    elif day.type != "date" or not day.required or day.protection > "P1" or day.visible_when:
        message = text("记录的日期要是必填的日期字段，保护等级不高于 P1，不设显示条件")
        findings.add(("record", "happened_on"), "bad_record_day", message)
    if head.counts_as is not None and not _gives_evidence(head.counts_as, fields.get(head.counts_as)):
        kinds = "、".join(sorted(RECORD_KINDS))
        message = text("counts_as 应是 {kinds} 之一，或一个必填单选字段，其选项都是其中之一", kinds=kinds)
        findings.add(("record", "counts_as"), "bad_evidence", message)


def _check_files(form: Form, findings: Findings) -> None:
    """A record keeps its photos beside its answers; only the forms of cases ask for files by a question."""
    for index, f in enumerate(form.fields):
        if f.type in FILES:
            findings.add(("fields", index, "type"), "misplaced", text("记录自带照片与附件，不另设这样的字段"))


def _gives_evidence(counts_as: str, field: FormField | None) -> bool:
    if counts_as in RECORD_KINDS:
        return True
    if field is None or field.type != "choice" or not field.required or field.options is None:
        return False
    return {option.value for option in field.options.items} <= RECORD_KINDS


def _check_doubled(path: Path, keys: list[str], findings: Findings) -> None:
    for index, key in enumerate(keys):
        if key in keys[:index]:
            code = "duplicate_section" if path == ("sections",) else "duplicate_field"
            findings.add((*path, index, "key"), code, text("键 {key} 已经用过", key=key))


def _check_field(path: Path, f: FormField, sections: set[str], findings: Findings) -> None:
    if f.section is not None and f.section not in sections:
        findings.unknown((*path, "section"), "unknown_section", text("分组"), f.section, sections)
    _check_options((*path, "options"), f, findings)
    if f.all_required and f.type != "multi_choice":
        findings.add((*path, "all_required"), "misplaced", text("all_required 只用于多选"))
    if f.max_length is not None and f.type not in WITH_LENGTH:
        findings.add((*path, "max_length"), "misplaced", text("max_length 只用于文字"))
    if f.elsewhere and f.type != "place":
        findings.add((*path, "elsewhere"), "misplaced", text("elsewhere 只用于单位"))
    _check_bounds(path, f, findings)


def _check_options(path: Path, f: FormField, findings: Findings) -> None:
    if (f.type in WITH_OPTIONS) is not (f.options is not None):
        findings.add(path, "bad_options", text("单选和多选要写 options，其他类型不写"))
        return
    if f.options is None:
        return
    if f.options.code_list is not None and f.options.code_list not in findings.catalogue.code_lists:
        known = findings.catalogue.code_lists
        findings.unknown(path, "unknown_code_list", text("代码表"), f.options.code_list, known)
    if f.options.code_list is None and not f.options.items:
        findings.add(path, "bad_options", text("至少要有一个选项"))
    values = [option.value for option in f.options.items]
    for at, value in enumerate(values):
        if value in values[:at]:
            findings.add((*path, at, "value"), "duplicate_option", text("选项 {value} 写了两次", value=value))


def _check_bounds(path: Path, f: FormField, findings: Findings) -> None:
    for name, bound in (("min", f.min), ("max", f.max)):
        fits = isinstance(bound, Decimal) if f.type in WITH_NUMBERS else f.type in WITH_DAYS and _is_day(bound)
        if bound is not None and not fits:
            findings.add((*path, name), "bad_bound", text("{name} 与类型不合", name=name))
            return
    low, high = f.min, f.max
    crossed = (isinstance(low, Decimal) and isinstance(high, Decimal) and low > high) or (
        isinstance(low, date) and isinstance(high, date) and low > high
    )
    if crossed:
        findings.add((*path, "max"), "bad_bound", text("max 比 min 小"))


def _is_day(bound: object) -> bool:
    return bound == "today" or isinstance(bound, date)


def _check_prefill(index: int, f: FormField, facts: Offers, findings: Findings) -> None:
    """Note a fact that nothing offers; what a case knows depends on the workflow that asks for the form."""
    if f.prefill is None or f.prefill.startswith("case."):
        return
    path, offers = ("fields", index, "prefill"), {**facts, **CLOCK}
    offer = offers.get(f.prefill)
    if offer is None:
        findings.unknown(path, "unknown_field", text("数据项"), f.prefill, offers)
    elif FIELD_TYPES.get(f.type, TEXT) != offer.type:
        findings.add(path, "prefill_type", text("{name} 的类型与字段类型不合", name=f.prefill))


def _check_bind(index: int, f: FormField, bound: set[str], findings: Findings) -> None:
    if f.bind is None:
        return
    path = ("fields", index, "bind")
    column = findings.catalogue.columns.get(f.bind)
    if column is None:
        findings.unknown(path, "unknown_column", text("档案栏目"), f.bind, findings.catalogue.columns)
        return
    if f.bind in bound:
        findings.add(path, "duplicate_bind", text("{bind} 已由另一个字段填写", bind=f.bind))
    bound.add(f.bind)
    if FIELD_TYPES.get(f.type, TEXT) != column.type:
        findings.add(path, "bind_type", text("{bind} 的类型与字段类型不合", bind=f.bind))
    if f.protection < column.protection:
        message = text("{bind} 是 {needed} 级，字段的 class 不能低于它", bind=f.bind, needed=column.protection.value)
        findings.add(path, "class_too_low", message)


def _check_conditions(path: Path, f: FormField, offers: Offers, findings: Findings) -> None:
    for name, written in (("visible_when", f.visible_when), ("required_when", f.required_when)):
        if written is not None:
            findings.condition((*path, name), written, offers)


def _check_loop(form: Form, facts: Offers, findings: Findings) -> None:
    try:
        compile_form(form, facts=facts, code_lists=findings.catalogue.code_lists)
    except ConditionLoop as loop:
        index = next(
            i for i, f in enumerate(form.fields) if {f.key, *(column.key for column in f.columns)} & {*loop.fields}
        )
        message = text("条件或计算互相等待：{fields}", fields=" → ".join(loop.fields))
        findings.add(("fields", index, "key"), "condition_loop", message)
    except ExpressionFault as fault:
        findings.add(("fields",), fault.code, fault.message)
