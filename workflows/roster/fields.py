"""The fields that a register's columns can mean, and which of them belong to a person beside the child."""

from __future__ import annotations

from workflows.text import Text, text

IGNORED = "ignore"
SEQUENCE = "sequence"
NAME = "child.name"

LABELS: dict[str, Text] = {
    SEQUENCE: text("序号"),
    NAME: text("姓名"),
    "child.sex": text("性别"),
    "child.birth_on": text("出生日期"),
    "child.id_number": text("身份证号"),
    "child.ethnicity": text("民族"),
    "child.class": text("班级"),
    "child.grade": text("年级"),
    "child.student_number": text("学号"),
    "child.home_address": text("家庭住址"),
    "child.home_phone": text("家庭电话"),
    "child.is_boarding": text("是否寄宿"),
    "child.is_poor": text("是否贫困"),
    "child.care_situation": text("监护类型"),
    "child.is_focus": text("是否重点关注"),
    "guardian.name": text("监护人姓名"),
    "guardian.relation": text("监护人与儿童关系"),
    "guardian.age": text("监护人年龄"),
    "guardian.education": text("监护人文化程度"),
    "guardian.occupation": text("监护人职业"),
    "guardian.phone": text("监护人电话"),
    "guardian.health": text("监护人身体状况"),
    "guardian.address": text("监护人住址"),
    "father.name": text("父亲姓名"),
    "father.phone": text("父亲电话"),
    "father.workplace": text("父亲务工地点"),
    "mother.name": text("母亲姓名"),
    "mother.phone": text("母亲电话"),
    "mother.workplace": text("母亲务工地点"),
    "child.parents_workplace": text("父母务工地点"),
    "child.absence_since": text("外出时间"),
    "child.village": text("所在村"),
    "child.note": text("备注"),
}
"""Every field and what people call it; the first words of a template's head."""

FIELDS = frozenset(LABELS)

PERSONS = ("father", "mother", "guardian")

# Where a part stands under a group that is not a person of its own.
_OTHER_TARGETS = {
    ("child", "name"): NAME,
    ("child", "sex"): "child.sex",
    ("child", "id_number"): "child.id_number",
    ("child", "birth"): "child.birth_on",
    ("child", "ethnicity"): "child.ethnicity",
    ("child", "address"): "child.home_address",
    ("child", "phone"): "child.home_phone",
    ("home", "address"): "child.home_address",
    ("home", "phone"): "child.home_phone",
    ("parents", "workplace"): "child.parents_workplace",
    ("parents", "absence"): "child.absence_since",
}

# What a part means when nobody is named beside it.
BARE = {
    "name": NAME,
    "sex": "child.sex",
    "id_number": "child.id_number",
    "birth": "child.birth_on",
    "ethnicity": "child.ethnicity",
    "relation": "guardian.relation",
    "education": "guardian.education",
    "phone": "child.home_phone",
    "address": "child.home_address",
    "workplace": "child.parents_workplace",
    "absence": "child.absence_since",
    "number": SEQUENCE,
}


def field_for(group: str, part: str) -> str | None:
    """Give the field for a part of a person, None where we keep none (a father's age, a guardian's id-number)."""
    key = f"{group}.{part}"
    return key if group in PERSONS and key in FIELDS else _OTHER_TARGETS.get((group, part))
