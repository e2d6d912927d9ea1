"""What definitions may refer to: roles, forms, columns of a record, facts of a subject, code lists, effects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from workflows.engine.definition import Form
from workflows.engine.expression import Offer, Offers
from workflows.engine.expression.tree import DATE, DATETIME, NUMBER, TEXT, YES_NO, Type
from workflows.engine.form import CodeLists
from workflows.engine.vocabulary import Label, Protection
from workflows.values.words import standard_words


@dataclass(frozen=True)
class Catalogue:
    """The names a definition may use; `subjects` gives each subject's facts, `columns` what a field may be bound to."""

    roles: frozenset[str]
    forms: Mapping[str, Form]
    columns: Offers
    subjects: Mapping[str, Offers]
    code_lists: CodeLists = field(default_factory=dict)
    effects: frozenset[str] = frozenset()
    knows_calendar: bool = True

    def with_forms(self, forms: Mapping[str, Form]) -> Catalogue:
        """Give the same catalogue with more forms; one of the same key replaces the former."""
        return replace(self, forms={**self.forms, **forms})


ROLES = frozenset(
    {
        "office",
        "class_teacher",
        "subject_teacher",
        "helper",
        "proxy_parent",
        "counsellor",
        "records_keeper",
        "principal",
        "inspector",
        "system_officer",
        "security_officer",
        "audit_officer",
        "leader",
        "inspection_member",
    }
)
EFFECTS = frozenset({"focus child", "unfocus child", "archive child", "reopen child", "release child", "move child"})

_RISKS = {
    "high": Label(zh="高", en="High"),
    "medium": Label(zh="中", en="Medium"),
    "low": Label(zh="低", en="Low"),
}


def standard_catalogue(forms: Mapping[str, Form] | None = None, *, knows_calendar: bool = True) -> Catalogue:
    """Give the catalogue of the product as shipped, with the forms at hand."""
    columns = {**_child_columns(), **_relative_columns()}
    subjects = dict.fromkeys(("staff", "pairing", "register_entry", "case"), CASE_FACTS)
    subjects["place"] = {**PLACE_FACTS, **CASE_FACTS}
    return Catalogue(
        roles=ROLES,
        forms=dict(forms or {}),
        columns=columns,
        subjects={"child": {**columns, **CHILD_FACTS, **CASE_FACTS, **EVIDENCE}, **subjects},
        code_lists=standard_code_lists(),
        effects=EFFECTS,
        knows_calendar=knows_calendar,
    )


def standard_code_lists() -> dict[str, dict[str, Label]]:
    """Give the closed lists of the standard pack; the word shown is the first seen for each code."""
    words = standard_words()
    lists = ("care_situation", "relation", "sex", "education")
    return {name: {code: Label(zh=seen[0]) for code, seen in words[name].items()} for name in lists}


def _offer(type_: Type, zh: str, en: str, protection: Protection, options: Mapping[str, Label] | None = None) -> Offer:
    return Offer(type_, Label(zh=zh, en=en), protection, options or {})


CASE_FACTS: dict[str, Offer] = {
    "case.state": _offer(TEXT, "当前环节", "State", Protection.P0),
    "case.state_since": _offer(DATETIME, "进入环节的时刻", "In this state since", Protection.P0),
    "case.opened_at": _offer(DATETIME, "立案时刻", "Opened at", Protection.P0),
    "case.due_at": _offer(DATETIME, "期限", "Due", Protection.P0),
    "case.overdue": _offer(YES_NO, "已逾期", "Overdue", Protection.P0),
}


# What a form may begin with whatever it is about: the moment at which it is opened, and its day.
CLOCK: dict[str, Offer] = {
    "clock.now": _offer(DATETIME, "现在", "Now", Protection.P0),
    "clock.today": _offer(DATE, "今天", "Today", Protection.P0),
}
CHILD_FACTS: dict[str, Offer] = {"child.status": _offer(TEXT, "在册状态", "On the file", Protection.P0)}
EVIDENCE: dict[str, Offer] = {
    "evidence.talks": _offer(NUMBER, "谈心次数", "Talks", Protection.P0),
    "evidence.home_visits": _offer(NUMBER, "家访次数", "Home visits", Protection.P0),
    "evidence.calls": _offer(NUMBER, "通话次数", "Calls", Protection.P0),
    "evidence.letters": _offer(NUMBER, "书信次数", "Letters", Protection.P0),
    "evidence.diaries": _offer(NUMBER, "成长日记篇数", "Diary entries", Protection.P0),
    "evidence.open_cases": _offer(NUMBER, "其他未办结的事项", "Other open cases", Protection.P0),
    "evidence.pairings": _offer(NUMBER, "未结束的结对", "Pairings not ended", Protection.P0),
    "evidence.proxy_parents": _offer(NUMBER, "代理家长", "Proxy parents", Protection.P0),
    "evidence.is_filed": _offer(YES_NO, "本学期已建档", "Filed this term", Protection.P0),
}
PLACE_FACTS: dict[str, Offer] = {
    "place.kind": _offer(TEXT, "单位类别", "Kind of place", Protection.P0),
    "place.name": _offer(TEXT, "单位名称", "Name of the place", Protection.P0),
    "place.children": _offer(NUMBER, "在册儿童", "Children on file", Protection.P0),
    "place.filed": _offer(NUMBER, "已建档", "Filed", Protection.P0),
    "place.filing_rate": _offer(NUMBER, "建档率（%）", "Filing rate (%)", Protection.P0),
}


def _child_columns() -> dict[str, Offer]:
    codes = standard_code_lists()
    p0, p1, p2, p3 = Protection
    return {
        "child.name": _offer(TEXT, "姓名", "Name", p1),
        "child.sex": _offer(TEXT, "性别", "Sex", p1, codes["sex"]),
        "child.birth_on": _offer(DATE, "出生日期", "Birth date", p1),
        "child.id_number": _offer(TEXT, "身份证号", "Id number", p2),
        "child.ethnicity": _offer(TEXT, "民族", "Ethnicity", p1),
        "child.student_number": _offer(TEXT, "学籍号", "Student number", p1),
        "child.home_address": _offer(TEXT, "家庭住址", "Home address", p2),
        "child.home_phone": _offer(TEXT, "家庭电话", "Home phone", p2),
        "child.parents_workplace": _offer(TEXT, "父母务工地", "Parents' workplace", p2),
        "child.is_boarding": _offer(YES_NO, "寄宿", "Boarding", p0),
        "child.is_poor": _offer(YES_NO, "家庭经济困难", "Poor", p1),
        "child.is_focus": _offer(YES_NO, "重点帮扶对象", "Focus child", p1),
        "child.care_situation": _offer(TEXT, "监护类型", "Care situation", p1, codes["care_situation"]),
        "child.absence_since": _offer(DATE, "父母外出起始日期", "Parents away since", p1),
        "child.village": _offer(TEXT, "村（居）", "Village", p1),
        "child.character": _offer(TEXT, "性格", "Character", p3),
        "child.interests": _offer(TEXT, "兴趣爱好", "Interests", p1),
        "child.health": _offer(TEXT, "健康状况", "Health", p3),
        "child.note": _offer(TEXT, "备注", "Note", p3),
        "child.call_first": _offer(TEXT, "紧急时先联系", "Call first", p0),
        "child.call_next": _offer(TEXT, "再联系", "Call next", p0),
        "child.risk": _offer(TEXT, "风险等级", "Risk", p1, _RISKS),
    }


def _relative_columns() -> dict[str, Offer]:
    who = {"guardian": Label(zh="监护人", en="Guardian"), "father": Label(zh="父亲", en="Father")}
    who["mother"] = Label(zh="母亲", en="Mother")
    return {
        f"{slot}.{name}": _offer(type_, f"{label.zh}{zh}", f"{label.en}: {en}", protection, options)
        for slot, label in who.items()
        for name, type_, zh, en, protection, options in _relative_parts()
    }


def _relative_parts() -> list[tuple[str, Type, str, str, Protection, Mapping[str, Label]]]:
    codes = standard_code_lists()
    return [
        ("name", TEXT, "姓名", "name", Protection.P1, {}),
        ("relation", TEXT, "与儿童关系", "relation", Protection.P1, codes["relation"]),
        ("phone", TEXT, "电话", "phone", Protection.P2, {}),
        ("age", NUMBER, "年龄", "age", Protection.P1, {}),
        ("education", TEXT, "文化程度", "education", Protection.P1, codes["education"]),
        ("occupation", TEXT, "职业", "occupation", Protection.P1, {}),
        ("workplace", TEXT, "工作单位", "workplace", Protection.P2, {}),
        ("health", TEXT, "健康状况", "health", Protection.P3, {}),
        ("address", TEXT, "住址", "address", Protection.P2, {}),
        ("discipline", TEXT, "管教方式", "discipline", Protection.P3, {}),
    ]
