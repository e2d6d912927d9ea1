"""Checks what a form says of several answers together: computed values, rules, columns, what it reads of the case."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from workflows.engine.catalogue import CASE_FACTS
from workflows.engine.checks import Findings
from workflows.engine.definition import Form, FormField
from workflows.engine.document import Path
from workflows.engine.expression import Expression, Offers
from workflows.engine.expression.tree import TEXT, Call, Constant, Name, Node, names_in
from workflows.engine.question import CHOSEN_AT_HAND, FIELD_TYPES, FILES, form_offers, offered, options_of
from workflows.engine.rules import Rule
from workflows.engine.vocabulary import Protection
from workflows.text import text

COMPUTED = frozenset({"text", "number", "integer", "date", "datetime", "yes_no", "choice"})
NOT_IN_ROWS = FILES | CHOSEN_AT_HAND | {"rows"}
COUNTED_LATER = ("evidence.", "case.")  # what the page of a record does not count


def offers_in(form: Form, facts: Offers, findings: Findings) -> dict[str, Offers]:
    """Return what a form's own expressions may read, and under the key of each rows field what its columns may."""
    if form.record is not None:
        facts = {name: offer for name, offer in facts.items() if not name.startswith(COUNTED_LATER)}
    codes = findings.catalogue.code_lists
    own: Offers = {**facts, **form_offers(form, codes)}
    return {"": own} | {f.key: {**own, **offered(f.columns, codes)} for f in form.fields if f.columns}


def check_rules(form: Form, offers: dict[str, Offers], findings: Findings) -> None:
    """Note values, rules, columns and names of the case that do not hold up."""
    _check_knows(form, findings)
    for index, f in enumerate(form.fields):
        path: Path = ("fields", index)
        _check_value(path, f, f.protection, offers[""], findings)
        if (f.type == "rows") is not bool(f.columns) or (f.rules and not f.columns):
            findings.add((*path, "type"), "misplaced", text("rows 类型要写 columns，其他类型不写 columns 和 rules"))
        for at, column in enumerate(f.columns):
            _check_column((*path, "columns", at), column, findings)
            _check_value(
                (*path, "columns", at), column, max(f.protection, column.protection), offers.get(f.key, {}), findings
            )
        for at, rule in enumerate(f.rules):
            _check_rule((*path, "rules", at), rule, f.columns, form, offers.get(f.key, {}), findings)
    for index, rule in enumerate(form.rules):
        _check_rule(("rules", index), rule, form.fields, form, offers[""], findings)


def _check_knows(form: Form, findings: Findings) -> None:
    if form.knows and form.record is not None:
        findings.add(("knows",), "misplaced", text("记录的表单不写 knows"), at_key=True)
    seen: set[str] = set()
    for index, one in enumerate(form.knows):
        if one.key in seen or f"case.{one.key}" in CASE_FACTS:
            findings.add(("knows", index, "key"), "duplicate_field", text("键 {key} 已经用过", key=one.key))
        seen.add(one.key)


def _check_column(path: Path, column: FormField, findings: Findings) -> None:
    if column.type in NOT_IN_ROWS:
        findings.add((*path, "type"), "misplaced", text("照片、附件、人员、单位和行不能放在重复的行里"))
    for name in ("bind", "prefill", "section", "rules"):
        if getattr(column, name):
            findings.add((*path, name), "misplaced", text("{name} 不能放在重复的行里", name=name), at_key=True)


def _check_value(path: Path, f: FormField, kept_as: Protection, offers: Offers, findings: Findings) -> None:
    """Note a value of another type or class than its field, or a field that asks for an answer all the same."""
    if f.value is None:
        return
    at: Path = (*path, "value")
    if f.type not in COMPUTED:
        findings.add(at, "misplaced", text("这种类型的字段不能计算"))
        return
    for name in ("required", "required_when", "prefill", "min", "max", "preset", "all_required"):
        if getattr(f, name):
            findings.add((*path, name), "misplaced", text("计算出来的字段不写 {name}", name=name), at_key=True)
    value = findings.value(at, f.value, offers)
    if value is None:
        return
    if value.tree.type != FIELD_TYPES.get(f.type, TEXT):
        findings.add(at, "value_type", text("算出的类型与字段类型不合"))
    elif f.type == "choice":
        options = options_of(f, findings.catalogue.code_lists, default={})
        for answer in _answers(value.tree):
            if answer not in options:
                findings.unknown(at, "unknown_option", text("选项"), answer, options)
    if kept_as < value.protection:
        read = max(names_in(value.tree), key=lambda name: name.offer.protection)
        needed = value.protection.value
        message = text("{name} 是 {needed} 级，字段的 class 不能低于它", name=read.name, needed=needed)
        findings.add((*path, "value"), "class_too_low", message)


def _answers(node: Node) -> Iterator[str]:
    """Yield the texts that an expression may give as they stand there."""
    if isinstance(node, Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, Call) and node.function in ("choose", "coalesce"):
        for argument in node.arguments[1 if node.function == "choose" else 0 :]:
            yield from _answers(argument)


def _check_rule(
    path: Path, rule: Rule, fields: Collection[FormField], form: Form, offers: Offers, findings: Findings
) -> None:
    known = {f.key: f for f in fields}
    for index, key in enumerate(rule.at):
        if key not in known:
            findings.unknown((*path, "at", index), "unknown_field", text("字段"), key, known)
    must = findings.condition((*path, "must"), rule.must, offers)
    if must is None:
        return
    own = {f.key for f in (*form.fields, *fields)}
    read = {name.name.split(".")[0] for name in names_in(must.tree)}
    if not read & own:
        findings.add((*path, "must"), "rule_reads_no_answer", text("规则至少要读到这张表的一个字段"))
    outside = [name for name in names_in(must.tree) if name.name.split(".")[0] not in own]
    _check_told(path, outside, findings)
    if form.record is not None:
        _check_record_rule(path, must, findings)


def _check_told(path: Path, outside: Collection[Name], findings: Findings) -> None:
    """Note facts whose class is above that of whoever may be refused: the refusal itself would tell of them."""
    for name in outside:
        if name.offer.protection > Protection.P1:
            message = text("{name} 是保护字段；被这条规则拦住的人会由此得知它，规则里不能用", name=name.name)
            findings.add((*path, "must"), "protected_fact", message)


def _check_record_rule(path: Path, must: Expression, findings: Findings) -> None:
    """Note rules over answers of different classes: who corrects a record may not see all that stand in it."""
    classes = {name.offer.protection for name in names_in(must.tree)}
    if len(classes) > 1 and max(classes) > Protection.P1:
        message = text("记录的规则不能把保护等级不同的字段放在一起：更正的人未必都看得到")
        findings.add((*path, "must"), "protected_fact", message)
