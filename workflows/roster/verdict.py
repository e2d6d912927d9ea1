"""Gives one row its verdict: accepted with its values, or the first rule that refuses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TypeVar

from workflows.roster.fields import LABELS, NAME
from workflows.roster.row import Relative, RosterRow
from workflows.text import Text, text
from workflows.values import Cell, Parsed, ValueRefused, as_text, is_nothing
from workflows.values.class_name import ClassName, parse_class_name, parse_grade
from workflows.values.dates import WrittenDate, parse_month, parse_written_date
from workflows.values.identity_number import (
    birth_date_of,
    eighteen_digits,
    find_fifteen_digits,
    parse_identity_number,
    sex_of,
)
from workflows.values.phone import parse_phone
from workflows.values.words import (
    parse_care_situation,
    parse_education,
    parse_ethnicity,
    parse_relation,
    parse_sex,
    parse_yes_no,
    shown_word,
)

T = TypeVar("T")

REFUSALS = (
    "bad_check_digit", "sex_conflicts_with_id", "birth_conflicts_with_id", "missing_name", "short_phone",
    "unknown_care_situation", "future_birth", "id_15_digits", "duplicate_in_file", "already_on_file",
    "bad_phone", "unknown_sex", "unreadable_date",
)  # fmt: skip
"""Codes that refuse a row, in the order in which one is reported."""

WARNINGS = (
    "fullwidth_id", "lowercase_x", "phone_float", "text_date",
    "unknown_class", "unknown_yes_no", "unreadable_age", "uncertain_date",
)  # fmt: skip
"""Codes that are only counted, in the same way."""

_YES_NO = frozenset({"child.is_boarding", "child.is_poor", "child.is_focus"})
_INNER_SPACE = re.compile(r"(?<=[\u3400-\u9fff·])\s+(?=[\u3400-\u9fff·])")


class Row:
    """One row under examination; `first_problem` and `first_warning` follow the order of the codes."""

    def __init__(self, cells: Mapping[str, Cell], today: date) -> None:
        self.cells = {key: cell for key, cell in cells.items() if _says_something(key, cell)}
        self.today = today
        self._problems: dict[str, tuple[str, Text]] = {}
        self.id_number = self._id_number()
        self.name = _INNER_SPACE.sub("", as_text(self.cells.get(NAME)))
        self.sex = self._sex()
        self.birth_on = self._birth()
        if not self.name:
            self.report("missing_name", NAME, text("缺姓名"))
        if self.birth_on is not None and self.birth_on > today:
            key = "child.birth_on" if "child.birth_on" in self.cells else "child.id_number"
            self.report("future_birth", key, text("出生日期 {date} 在今天之后", date=self.birth_on.isoformat()))

    def report(self, code: str, key: str, message: Text) -> None:
        """Note a problem; the first of each code stays."""
        self._problems.setdefault(code, (key, message))

    def first(self, order: tuple[str, ...]) -> tuple[str, str, Text] | None:
        """Give code, field and sentence of the first problem in the order given."""
        for code in order:
            if code in self._problems:
                return (code, *self._problems[code])
        return None

    def values(self, sheet: str | None, number: int, class_around: ClassName | None) -> RosterRow:
        """Read every other cell, noting problems, and give the typed row."""
        place = self._class(class_around)
        return RosterRow(
            sheet=sheet,
            row=number,
            name=self.name,
            sex=self.sex,
            birth_on=self.birth_on,
            id_number=self.id_number,
            ethnicity=self._take("child.ethnicity", parse_ethnicity),
            grade=place.grade if place else None,
            class_number=place.number if place else None,
            class_text=self._text("child.class") or self._text("child.grade"),
            student_number=self._text("child.student_number"),
            home_address=self._text("child.home_address"),
            home_phone=self._take("child.home_phone", parse_phone),
            is_boarding=self._yes_no("child.is_boarding"),
            is_poor=self._yes_no("child.is_poor"),
            is_focus=self._yes_no("child.is_focus"),
            care_situation=self._take("child.care_situation", parse_care_situation),
            guardian=self._relative("guardian"),
            father=self._relative("father"),
            mother=self._relative("mother"),
            parents_workplace=self._text("child.parents_workplace"),
            absence_since=self._take("child.absence_since", parse_month, otherwise="uncertain_date"),
            village=self._text("child.village"),
            note=self._text("child.note"),
        )

    def _take(self, key: str, parse: Callable[[Cell], Parsed[T]], *, otherwise: str | None = None) -> T | None:
        raw = self.cells.get(key)
        if raw is None:
            return None
        try:
            parsed = parse(raw)
        except ValueRefused as refusal:
            self.report(otherwise or refusal.code, key, refusal.text)
            return None
        for code in parsed.mended:
            self.report(code, key, _MENDED[code](raw, parsed.value))
        return parsed.value

    def _text(self, key: str) -> str | None:
        return as_text(self.cells[key]) if key in self.cells else None

    def _yes_no(self, key: str) -> bool | None:
        return self._take(key, parse_yes_no)

    def _id_number(self) -> str | None:
        def parse(raw: Cell) -> Parsed[str]:
            return parse_identity_number(raw, born_on=self._written_birth_day(), today=self.today)

        self._old_number: str | None = None
        number = self._take("child.id_number", parse)
        if number is None and "id_15_digits" in self._problems:
            old = find_fifteen_digits(self.cells["child.id_number"])
            if old is None:
                self.report("bad_check_digit", "child.id_number", text("身份证号是 15 位，其中的出生日期不存在"))
            else:
                self._old_number = eighteen_digits(old, born_on=self._written_birth_day(), today=self.today)
        return number

    def _written_birth_day(self) -> date | None:
        try:
            written = parse_written_date(self.cells.get("child.birth_on")).value
        except ValueRefused:
            return None
        return written.on()

    def _sex(self) -> str | None:
        written = self._take("child.sex", parse_sex)
        number = self.id_number or self._old_number
        inside = sex_of(number) if number else None
        if written and inside and written != inside:
            message = text(
                "性别写“{written}”，身份证号表示“{inside}”", written=_shown_sex(written), inside=_shown_sex(inside)
            )
            self.report("sex_conflicts_with_id", "child.sex", message)
        return written or inside

    def _birth(self) -> date | None:
        number = self.id_number or self._old_number
        inside = birth_date_of(number) if number else None
        raw = self.cells.get("child.birth_on")
        otherwise = "uncertain_date" if self.id_number else None
        written: WrittenDate | None = self._take("child.birth_on", parse_written_date, otherwise=otherwise)
        if written is None:
            return inside
        if inside is None:
            if written.day is None:
                message = text("出生日期只写到月，暂记为 {date}", date=written.on().isoformat())
                self.report("uncertain_date", "child.birth_on", message)
            return written.on()
        if not written.agrees_with(inside):
            message = text(
                "出生日期写 {written}，身份证号中是 {inside}", written=as_text(raw), inside=inside.isoformat()
            )
            self.report("birth_conflicts_with_id", "child.birth_on", message)
        return inside

    def _class(self, around: ClassName | None) -> ClassName | None:
        grade = self._take("child.grade", parse_grade) if "child.class" in self.cells else None
        if "child.class" not in self.cells:
            alone = self._take("child.grade", _grade_or_class)
            return alone or around

        def parse(raw: Cell) -> Parsed[ClassName]:
            return parse_class_name(raw, grade=grade or (around.grade if around else None))

        return self._take("child.class", parse) or None

    def _relative(self, person: str) -> Relative | None:
        if not any(key.startswith(person) for key in self.cells):
            return None
        relation_text = self._text(f"{person}.relation")
        found = Relative(
            name=self._text(f"{person}.name"),
            relation=_relation(relation_text),
            relation_text=relation_text,
            age=self._take(f"{person}.age", _age),
            education=_education(self._text(f"{person}.education")),
            occupation=self._text(f"{person}.occupation"),
            phone=self._take(f"{person}.phone", parse_phone),
            health=self._text(f"{person}.health"),
            address=self._text(f"{person}.address"),
            workplace=self._text(f"{person}.workplace"),
        )
        return found if found != _NOBODY else None


_NOBODY = Relative()


def _says_something(key: str, cell: Cell) -> bool:
    """In a yes-or-no column 无 is an answer, everywhere else it stands for an empty cell."""
    return not is_nothing(cell) or (key in _YES_NO and cell == "无")


def column_of(key: str, header: str | None) -> str:
    """Give the header over a field, or what the field is called."""
    return header if header is not None else str(LABELS[key])


def _shown_sex(code: str) -> str:
    return shown_word("sex", code)


def _relation(written: str | None) -> str | None:
    try:
        return parse_relation(written).value if written else None
    except ValueRefused:
        return None


def _education(written: str | None) -> str | None:
    """Give the code of an education level; a word that stands for none stays, to be chosen by hand later."""
    try:
        return parse_education(written).value if written else None
    except ValueRefused:
        return written


def _grade_or_class(raw: Cell) -> Parsed[ClassName]:
    try:
        return parse_class_name(raw)
    except ValueRefused:
        return Parsed(ClassName(parse_grade(raw).value))


def _age(raw: Cell) -> Parsed[int]:
    match = re.fullmatch(r"([0-9]{1,3})(?:\.0+)?\s*(?:周?岁)?", as_text(raw))
    if match is None or int(match[1]) > 120:
        raise ValueRefused("unreadable_age", text("年龄“{written}”无法识别", written=as_text(raw)[:30]))
    return Parsed(int(match[1]))


_MENDED: dict[str, Callable[[Cell, object], Text]] = {
    "fullwidth_id": lambda raw, value: text("身份证号是全角字符，已改为半角"),
    "lowercase_x": lambda raw, value: text("身份证号末位 x 已改为大写 X"),
    "phone_float": lambda raw, value: text("电话是数字格式，已改为 {value}", value=value),
    "text_date": lambda raw, value: text("日期“{raw}”不是日期格式，已识别", raw=as_text(raw)[:30]),
}
