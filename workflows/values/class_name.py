"""Reads class names as schools write them: 1年级1班, 四（2）班, 6一班, 9.2, 初一（3）班, 高二1班."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workflows.text import text
from workflows.values.parsed import Cell, Parsed, ValueRefused, as_text, half_width

_NUMERAL = r"(?:1[0-9]|2[0-9]|[0-9]{1,2}|二?十[一二三四五六七八九]?|[一二三四五六七八九])"
# Grades before each stage, and the last grade of it.
_STAGES = {"小": (0, 6), "初": (6, 9), "高": (9, 12)}
_STAGE = r"(小学|小|初中|初|高中|高)?"
_PATTERNS = (
    re.compile(rf"{_STAGE}({_NUMERAL})年?级?第?\(({_NUMERAL})\)班?"),
    re.compile(rf"{_STAGE}({_NUMERAL})年级?第?({_NUMERAL})班?"),
    re.compile(rf"{_STAGE}\(({_NUMERAL})\)({_NUMERAL})班?"),
    re.compile(rf"{_STAGE}([0-9]{{1,2}})[./\-—、]([0-9]{{1,2}})班?"),
    re.compile(rf"{_STAGE}([1-9一二三四五六七八九])({_NUMERAL})班"),
    re.compile(r"()([1-9])([0-9]{2})"),
    re.compile(r"()([一二三四五六七八九])[/.\-、]?([一二三四五六七八九]|[0-9]{1,2})"),
    re.compile(rf"(小学|小|初中|初|高中|高)([1-9一二三四五六])({_NUMERAL})班?"),
)
_GRADE_ALONE = re.compile(rf"{_STAGE}({_NUMERAL})(?:年级?|级|班)?")
_STAGE_GRADE = re.compile(r"(小|初|高)([一二三四五六1-6])班?")
_IN_A_LINE = re.compile(
    rf"(?:小学|小|初中|初|高中|高)?{_NUMERAL}(?:年级?)?第?\(?{_NUMERAL}\)?班"
    rf"|(?:小学|小|初中|初|高中|高)?{_NUMERAL}年级\(?{_NUMERAL}\)?(?![0-9人名])"
)
_LABELLED = re.compile(r"(?:所在班级|年级班级|班级|班别|班名)[::]\s*(\S{1,12})")


@dataclass(frozen=True, order=True)
class ClassName:
    """Grade 1 to 12 (7 begins lower secondary) and the number of the class, None where a grade has one."""

    grade: int
    number: int | None = None

    def __str__(self) -> str:
        return f"{self.grade}年级{self.number}班" if self.number else f"{self.grade}年级"


def parse_class_name(raw: Cell, *, grade: int | None = None) -> Parsed[ClassName]:
    """Give grade and number; a bare `2班` or `2` needs `grade`. Raises ValueRefused `unknown_class`."""
    written = half_width(as_text(raw)).replace(" ", "")
    found = _whole(written)
    if found is None and grade is not None:
        found = _number_alone(written, grade)
    if found is None:
        raise ValueRefused("unknown_class", text("班级“{written}”无法识别，请写成“3年级2班”", written=written[:30]))
    return Parsed(found)


def parse_grade(raw: Cell) -> Parsed[int]:
    """Give the grade 1 to 12 of `三年级`, `初一`, `7`. Raises ValueRefused `unknown_class`."""
    written = half_width(as_text(raw)).replace(" ", "")
    match = _GRADE_ALONE.fullmatch(written)
    grade = _grade(match[1], match[2]) if match else None
    if grade is None:
        raise ValueRefused("unknown_class", text("年级“{written}”无法识别，请写成“3年级”", written=written[:30]))
    return Parsed(grade)


def find_class_name(line: str) -> ClassName | None:
    """Find a class in a longer line (`班级：1年级（1）班　班主任：…`, a title, a sheet's name)."""
    narrow = half_width(line)
    for label in _LABELLED.finditer(narrow):
        if found := _whole(label[1]):
            return found
    if found := _whole(narrow.replace(" ", "")):
        return found
    for match in _IN_A_LINE.finditer(narrow.replace(" ", "")):
        if found := _whole(match[0]):
            return found
    return None


def _whole(written: str) -> ClassName | None:
    for pattern in _PATTERNS:
        match = pattern.fullmatch(written)
        if match is None:
            continue
        grade, number = _grade(match[1], match[2]), _numeral(match[3])
        if grade is not None and 1 <= number <= 60:
            return ClassName(grade, number)
    if match := _STAGE_GRADE.fullmatch(written):
        grade = _grade(match[1], match[2])
        return ClassName(grade) if grade is not None else None
    if match := re.fullmatch(rf"{_STAGE}({_NUMERAL})年级", written):
        grade = _grade(match[1], match[2])
        return ClassName(grade) if grade is not None else None
    return None


def _number_alone(written: str, grade: int) -> ClassName | None:
    match = re.fullmatch(rf"第?\(?({_NUMERAL})\)?班?", written)
    number = _numeral(match[1]) if match else 0
    return ClassName(grade, number) if 1 <= number <= 60 else None


def _grade(stage: str | None, numeral: str) -> int | None:
    years = _numeral(numeral)
    before, last = _STAGES[stage[0]] if stage else (0, 12)
    # 初七 and 高十 are written too: the grade counts from the first year of school then.
    grade = years if years > before else years + before
    return grade if before < grade <= last else None


def _numeral(written: str) -> int:
    if written.isdecimal():
        return int(written)
    digits = "零一二三四五六七八九"
    if "十" not in written:
        return digits.index(written)
    tens, _, ones = written.partition("十")
    return (digits.index(tens) if tens else 1) * 10 + (digits.index(ones) if ones else 0)
