"""What each stored field is called, what kind of value it holds and how far it is protected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from workflows.audit import Change
from workflows.text import Text, text


@dataclass(frozen=True)
class Fact:
    """A field's label, protection class (`access.md`: P0–P3) and kind of value; `code_list` names a choice's words."""

    key: str
    label: Text
    protection: str
    kind: str = "text"
    code_list: str | None = None


def _facts(*facts: Fact) -> Mapping[str, Fact]:
    return {fact.key: fact for fact in facts}


CHILD = _facts(
    Fact("name", text("姓名"), "P1"),
    Fact("sex", text("性别"), "P1", "choice", "sex"),
    Fact("birth_on", text("出生日期"), "P1", "date"),
    Fact("id_number", text("身份证号"), "P2", "id_number"),
    Fact("ethnicity", text("民族"), "P1"),
    Fact("student_number", text("学籍号"), "P1"),
    Fact("class_code", text("班级"), "P0"),
    Fact("home_address", text("家庭住址"), "P2"),
    Fact("home_phone", text("家庭电话"), "P2", "phone"),
    Fact("village", text("村（居）"), "P1"),
    Fact("is_boarding", text("是否寄宿"), "P1", "yes_no"),
    Fact("is_poor", text("是否困难"), "P1", "yes_no"),
    Fact("is_focus", text("重点帮扶"), "P1", "yes_no"),
    Fact("focus_reason", text("选为重点的理由"), "P1"),
    Fact("care_situation", text("监护类型"), "P1", "choice", "care_situation"),
    Fact("absence_since", text("父母外出日期"), "P1", "date"),
    Fact("parents_workplace", text("父母务工地"), "P2"),
    Fact("risk", text("风险等级"), "P1", "choice", "risk"),
    Fact("character", text("性格"), "P3", "long_text"),
    Fact("interests", text("兴趣爱好"), "P1"),
    Fact("health", text("健康状况"), "P3", "long_text"),
    Fact("note", text("备注"), "P3", "long_text"),
    Fact("status", text("在册状态"), "P0", "choice", "child_status"),
    Fact("left_kind", text("离校原因"), "P0", "choice", "left_kind"),
    Fact("left_on", text("离校日期"), "P0", "date"),
    Fact("left_to", text("去向"), "P1"),
)

RELATIVE = _facts(
    Fact("slot", text("身份"), "P0", "choice", "relative_slot"),
    Fact("name", text("姓名"), "P1"),
    Fact("relation", text("与儿童关系"), "P1", "choice", "relation"),
    Fact("call_order", text("联系顺序"), "P0", "integer"),
    Fact("age", text("年龄"), "P1", "integer"),
    Fact("education", text("文化程度"), "P1", "choice", "education"),
    Fact("occupation", text("职业"), "P1"),
    Fact("phone", text("电话"), "P2", "phone"),
    Fact("workplace", text("工作单位或务工地"), "P2"),
    Fact("address", text("住址"), "P2"),
    Fact("health", text("身体状况"), "P3"),
    Fact("discipline", text("管教方式"), "P3", "long_text"),
)

STAFF = _facts(
    Fact("login", text("账号"), "P0"),
    Fact("name", text("姓名"), "P1"),
    Fact("sex", text("性别"), "P1", "choice", "sex"),
    Fact("phone", text("电话"), "P2", "phone"),
    Fact("email", text("电子邮箱"), "P2", "email"),
    Fact("told", text("邮件提醒"), "P0", "choice", "told"),
    Fact("place_id", text("单位"), "P0", "place"),
    Fact("is_active", text("启用"), "P0", "yes_no"),
)

APPOINTMENT = _facts(
    Fact("role", text("岗位"), "P0", "role"),
    Fact("place_id", text("单位"), "P0", "place"),
    Fact("from_on", text("起"), "P0", "date"),
    Fact("until_on", text("止"), "P0", "date"),
    Fact("purpose", text("事由"), "P0"),
)

PLACE = _facts(
    Fact("code", text("代码"), "P0"),
    Fact("kind", text("层级"), "P0", "choice", "place_kind"),
    Fact("name", text("名称"), "P0"),
    Fact("parent_id", text("上级"), "P0", "place"),
    Fact("stage", text("学段"), "P0", "choice", "stage"),
    Fact("cohort", text("一年级入学年份"), "P0", "integer"),
    Fact("number", text("班序"), "P0", "integer"),
    Fact("is_closed", text("已撤并"), "P0", "yes_no"),
    Fact("phone", text("公布电话"), "P0"),
)

CHANNEL = _facts(
    Fact("kind", text("渠道"), "P0", "choice", "channel_kind"),
    Fact("name", text("名称"), "P0"),
    Fact("is_on", text("启用"), "P0", "yes_no"),
    Fact("topics", text("发送内容"), "P0"),
    Fact("host", text("邮件服务器"), "P0"),
    Fact("port", text("端口"), "P0", "integer"),
    Fact("security", text("加密方式"), "P0", "choice", "channel_security"),
    Fact("sender", text("发件地址"), "P0"),
    Fact("login", text("登录名"), "P0"),
)

SCHOOL_YEAR = _facts(Fact("first_year", text("起始年份"), "P0", "integer"))

TERM = _facts(
    Fact("number", text("学期"), "P0", "choice", "term_number"),
    Fact("first_on", text("开学"), "P0", "date"),
    Fact("last_on", text("结束"), "P0", "date"),
    Fact("note", text("说明"), "P0"),
)

CODE_LISTS: Mapping[str, Mapping[str, Text]] = {
    "sex": {"male": text("男"), "female": text("女")},
    "care_situation": {
        "grandparents": text("祖辈监护"),
        "one_parent": text("父母单方监护"),
        "relatives": text("亲朋监护"),
        "single_or_orphan": text("单亲或孤儿"),
    },
    "risk": {"high": text("高"), "medium": text("中"), "low": text("低")},
    "child_status": {"on_file": text("在册"), "left": text("已离校"), "archived": text("已归档")},
    "left_kind": {
        "graduated": text("毕业"),
        "transferred": text("转学"),
        "moved_away": text("随家人迁居"),
        "dropped_out": text("辍学"),
        "other": text("其他原因"),
    },
    "relative_slot": {
        "guardian": text("监护人"),
        "father": text("父亲"),
        "mother": text("母亲"),
        "other": text("其他联系人"),
    },
    "place_kind": {
        "city": text("市"),
        "county": text("县（区）"),
        "township": text("乡镇（街道）"),
        "school": text("学校"),
        "class": text("班级"),
    },
    "stage": {
        "kindergarten": text("幼儿园"),
        "primary": text("小学"),
        "lower_secondary": text("初级中学"),
        "nine_year": text("九年一贯制"),
        "upper_secondary": text("高级中学"),
        "teaching_point": text("教学点"),
    },
    "channel_kind": {
        "mail": text("电子邮件"),
        "webhook": text("签名推送"),
        "wecom": text("企业微信群机器人"),
        "dingtalk": text("钉钉群机器人"),
    },
    "channel_security": {"tls": text("TLS（常用 465 端口）"), "starttls": text("STARTTLS（常用 587 端口）")},
    "told": {"at_once": text("随时"), "daily": text("每个工作日 7:30 汇总"), "never": text("不发")},
    "term_number": {"1": text("第一学期"), "2": text("第二学期")},
}

BY_SUBJECT: Mapping[str, Mapping[str, Fact]] = {
    "child": CHILD,
    "relative": RELATIVE,
    "staff": STAFF,
    "appointment": APPOINTMENT,
    "place": PLACE,
    "channel": CHANNEL,
    "school_year": SCHOOL_YEAR,
    "term": TERM,
}


def stored(value: Any) -> str | None:
    """Return a value as the audit trail and the forms' records write it: codes, ISO dates, true and false."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


def put(row: Any, facts: Mapping[str, Fact], values: Mapping[str, Any], prefix: str = "") -> tuple[Change, ...]:
    """Set a row's fields and return what changed; fields outside `facts` are refused with a KeyError."""
    changes = []
    for key, new in values.items():
        fact = facts[key]
        old = getattr(row, key)
        if stored(old) == stored(new):
            continue
        setattr(row, key, None if new == "" else new)
        changes.append(Change(prefix + key, fact.protection, stored(old), stored(new)))
    return tuple(changes)


def put_child(child: Any, values: Mapping[str, Any]) -> tuple[Change, ...]:
    """Set a child's fields and return what changed; who is no focus child keeps no reason for being one."""
    dropped = {"focus_reason": None} if values.get("is_focus", child.is_focus) is False else {}
    return put(child, CHILD, {**values, **dropped})


def visible(protection: str, level: str) -> bool:
    """Tell whether a field of a class may be seen at a level: both `P0` to `P3`."""
    return protection <= level


def classes_of(changes: Iterable[Change]) -> list[str]:
    """Return the protection classes among changes, sorted."""
    return sorted({change.field_class for change in changes})
