"""Values as people write them, and what is made of them."""

from __future__ import annotations

import contextlib
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from workflows.values import Cell, Parsed, ValueRefused
from workflows.values.class_name import ClassName, find_class_name, parse_class_name, parse_grade
from workflows.values.dates import parse_date, parse_month, parse_written_date
from workflows.values.identity_number import birth_date_of, check_digit, eighteen_digits, parse_identity_number, sex_of
from workflows.values.phone import parse_phone
from workflows.values.words import (
    parse_care_situation,
    parse_education,
    parse_ethnicity,
    parse_relation,
    parse_sex,
    parse_yes_no,
    standard_words,
)

# The worked example of the standard's own text; belongs to nobody.
EXAMPLE = "11010519491231002X"
births = st.dates(date(1950, 1, 1), date(2026, 9, 10))
numbers = st.builds(lambda born, order: f"990101{born:%Y%m%d}{order:03d}", births, st.integers(0, 999))


def test_the_check_digit_follows_the_standards_example() -> None:
    assert check_digit(EXAMPLE[:17]) == "X"
    assert parse_identity_number(EXAMPLE) == Parsed(EXAMPLE)
    assert (birth_date_of(EXAMPLE), sex_of(EXAMPLE)) == (date(1949, 12, 31), "female")


@given(numbers)
def test_a_right_number_is_taken_and_tells_birth_and_sex(first_17: str) -> None:
    number = first_17 + check_digit(first_17)
    assert parse_identity_number(number) == Parsed(number)
    assert f"{birth_date_of(number):%Y%m%d}" == number[6:14]
    assert sex_of(number) == ("male" if int(number[16]) % 2 else "female")


@given(numbers, st.integers(0, 16), st.integers(1, 9))
def test_any_single_wrong_digit_is_refused(first_17: str, place: int, step: int) -> None:
    number = first_17 + check_digit(first_17)
    wrong = number[:place] + str((int(number[place]) + step) % 10) + number[place + 1 :]
    with pytest.raises(ValueRefused) as refusal:
        parse_identity_number(wrong)
    assert refusal.value.code == "bad_check_digit"


@given(numbers, st.integers(0, 15))
def test_two_neighbours_exchanged_are_refused(first_17: str, place: int) -> None:
    number = first_17 + check_digit(first_17)
    if number[place] == number[place + 1]:
        return
    wrong = number[:place] + number[place + 1] + number[place] + number[place + 2 :]
    with pytest.raises(ValueRefused):
        parse_identity_number(wrong)


@pytest.mark.parametrize(
    ("written", "mended"),
    [
        ("\t" + EXAMPLE, ()),
        ("'" + EXAMPLE, ()),
        (" 110105 19491231 002X ", ()),
        ("11010519491231002x", ("lowercase_x",)),
        ("１１０１０５１９４９１２３１００２Ｘ", ("fullwidth_id",)),
        ("１１０１０５１９４９１２３１００２ｘ", ("fullwidth_id", "lowercase_x")),
        ("\ufeff" + EXAMPLE + "\u200b", ()),
    ],
)
def test_a_number_written_otherwise_is_mended(written: str, mended: tuple[str, ...]) -> None:
    assert parse_identity_number(written) == Parsed(EXAMPLE, mended)


@pytest.mark.parametrize("raw", [1.1010519491231e17, 110105194912310021, "1.10105E+17", "1.10105194912310E+17"])
def test_a_number_kept_as_a_number_says_that_digits_are_lost(raw: Cell) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_identity_number(raw)
    assert refusal.value.code == "bad_check_digit"
    assert "已丢失" in str(refusal.value.text)


@pytest.mark.parametrize(
    "raw", ["1101051949123100", "110105194913310021", "11010519491231002Y", "护照E1234", "000000000000000000"]
)
def test_what_is_no_identity_number_is_refused(raw: str) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_identity_number(raw)
    assert refusal.value.code == "bad_check_digit"


def test_an_impossible_birth_date_is_refused_though_the_check_digit_fits() -> None:
    first_17 = "99010120150231101"
    with pytest.raises(ValueRefused, match="20150231"):
        parse_identity_number(first_17 + check_digit(first_17))


def test_fifteen_digits_are_refused_with_the_form_to_confirm() -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_identity_number("990101150609681", born_on=date(2015, 6, 9))
    assert refusal.value.code == "id_15_digits"
    assert eighteen_digits("990101150609681", born_on=date(2015, 6, 9)) in str(refusal.value.text)


def test_the_century_of_an_old_number_comes_from_the_birth_date_then_from_today() -> None:
    assert eighteen_digits("990101150609681")[6:10] == "1915"
    assert eighteen_digits("990101150609681", today=date(2026, 9, 10))[6:10] == "2015"
    assert eighteen_digits("990101500609681", today=date(2026, 9, 10))[6:10] == "1950"


@pytest.mark.parametrize(
    ("raw", "value", "mended"),
    [
        ("13800138000", "13800138000", ()),
        ("138 0013-8000", "13800138000", ()),
        ("+86 13800138000", "13800138000", ()),
        ("8613800138000", "13800138000", ()),
        ("１３８００１３８０００", "13800138000", ()),
        ("13800138000.0", "13800138000", ("phone_float",)),
        ("1.3800138E10", "13800138000", ("phone_float",)),
        (13800138000.0, "13800138000", ("phone_float",)),
        ("0851-82234567", "0851-82234567", ()),
        ("(0851)8223456", "0851-8223456", ()),
        ("01062234567", "010-62234567", ()),
        ("0851-82234567转801", "0851-82234567-801", ()),
        ("13800138000/13900139000", "13800138000、13900139000", ()),
        ("13800138000 13900139000", "13800138000、13900139000", ()),
    ],
)
def test_a_phone_is_taken_in_any_spelling(raw: Cell, value: str, mended: tuple[str, ...]) -> None:
    assert parse_phone(raw) == Parsed(value, mended)


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("138001380", "short_phone"),
        ("8223456", "short_phone"),
        (82234567.0, "short_phone"),
        ("138001380001", "bad_phone"),
        ("12800138000", "bad_phone"),
        ("同上", "bad_phone"),
        ("13800138000、138", "short_phone"),
        ("1e999", "bad_phone"),
        ("/", "bad_phone"),
    ],
)
def test_a_phone_that_nobody_can_call_is_refused(raw: Cell, code: str) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_phone(raw)
    assert refusal.value.code == code


@pytest.mark.parametrize("raw", [date(2019, 4, 5), "2019-04-05", "2019-04-05 00:00:00"])
def test_a_date_cell_and_iso_text_are_no_warning(raw: Cell) -> None:
    assert parse_date(raw) == Parsed(date(2019, 4, 5))


@pytest.mark.parametrize(
    "raw",
    ["2019.4.5", "2019/4/5", "2019-4-5", "20190405", 20190405, 20190405.0, "2019年4月5日", "２０１９年０４月０５日",
     43560, 43560.0, "43560", "二〇一九年四月五日", " 2019. 04. 05 ", "2019年4月5号"],
)  # fmt: skip
def test_other_spellings_of_a_date_are_read_with_a_warning(raw: Cell) -> None:
    assert parse_date(raw) == Parsed(date(2019, 4, 5), ("text_date",))


def test_chinese_tens_are_read() -> None:
    assert parse_date("二〇一九年十月二十一日").value == date(2019, 10, 21)
    assert parse_date("二零一九年十二月三十日").value == date(2019, 12, 30)


@pytest.mark.parametrize(
    "raw", ["2019.2.30", "不详", "", "20191340", 0, -1, 1e300, float("nan"), float("inf"), True, "2019"]
)
def test_what_is_no_date_is_refused(raw: Cell) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_written_date(raw)
    assert refusal.value.code == "unreadable_date"


def test_a_month_alone_is_a_month_and_no_date() -> None:
    for raw in ("2019年4月", "2019.4", "2019-04", 2019.04, "201904"):
        assert parse_month(raw).value == date(2019, 4, 1)
        with pytest.raises(ValueRefused, match="缺少日"):
            parse_date(raw)


def test_a_number_cell_2019_1_may_be_october() -> None:
    written = parse_written_date(2019.1).value
    assert written.agrees_with(date(2019, 1, 8))
    assert written.agrees_with(date(2019, 10, 8))
    assert not written.agrees_with(date(2019, 2, 8))
    assert not parse_written_date("2019.1").value.agrees_with(date(2019, 10, 8))


@pytest.mark.parametrize(
    ("written", "grade", "number"),
    [
        ("1年级1班", 1, 1), ("四（2）班", 4, 2), ("6一班", 6, 1), ("九年级三班", 9, 3), ("9.2", 9, 2), (9.2, 9, 2),
        ("初一（3）班", 7, 3), ("高二1班", 11, 1), ("1（1）班", 1, 1), ("小一班", 1, None), ("七（十二）班", 7, 12),
        ("三年级 (2) 班", 3, 2), ("七年级", 7, None), ("初三", 9, None), ("701", 7, 1), ("302班", 3, 2), ("5-3", 5, 3),
        ("二年级第4班", 2, 4), ("高一十班", 10, 10), ("六一", 6, 1), ("三/2", 3, 2),
    ],
)  # fmt: skip
def test_a_class_name_gives_grade_and_number(written: Cell, grade: int, number: int | None) -> None:
    assert parse_class_name(written).value == ClassName(grade, number)


@pytest.mark.parametrize("written", ["学前班", "2019级3班", "13年级1班", "初五班", "甲班", "", "1班"])
def test_a_class_name_that_says_no_grade_is_refused(written: str) -> None:
    with pytest.raises(ValueRefused) as refusal:
        parse_class_name(written)
    assert refusal.value.code == "unknown_class"


def test_a_bare_class_number_needs_the_grade_beside_it() -> None:
    assert parse_class_name("2班", grade=parse_grade("三年级").value).value == ClassName(3, 2)
    assert parse_class_name(2.0, grade=8).value == ClassName(8, 2)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("班级：1年级（1）班　　班主任：　　　　填表时间：2026年9月10日", ClassName(1, 1)),
        ("中心小学2026年秋季六（3）班留守儿童登记表", ClassName(6, 3)),
        ("四2班", ClassName(4, 2)),
        ("中心小学农村留守儿童登记表（2026—2027学年第一学期）", None),
        ("填表时间：2026年9月10日", None),
        ("Sheet1", None),
    ],
)
def test_a_class_is_found_inside_a_line(line: str, found: ClassName | None) -> None:
    assert find_class_name(line) == found


def test_the_four_care_situations_are_recognised_and_others_refused() -> None:
    seen = {
        word: parse_care_situation(word).value
        for word in ("祖辈监护", "父母 单方监护", "亲朋监护", "单亲或孤儿", "隔代监护")
    }
    assert list(seen.values()) == ["grandparents", "one_parent", "relatives", "single_or_orphan", "grandparents"]
    for word in ("其它", "其他", "不知道"):
        with pytest.raises(ValueRefused) as refusal:
            parse_care_situation(word)
        assert refusal.value.code == "unknown_care_situation"


def test_relations_sex_yes_and_education_are_recognised() -> None:
    relations = {
        "爷爷": "grandfather",
        "外祖父": "maternal_grandfather",
        "伯父": "uncle",
        "姑姑": "aunt",
        "母亲": "mother",
    }
    assert {word: parse_relation(word).value for word in relations} == relations
    assert (parse_sex("女生").value, parse_sex("M").value) == ("female", "male")
    assert [parse_yes_no(word).value for word in ("是", "√", "否", "×", True, "0", 1.0)] == [
        True,
        True,
        False,
        False,
        True,
        False,
        True,
    ]
    assert parse_education("小学 毕业").value == "primary"
    assert (parse_ethnicity("汉").value, parse_ethnicity("苗族").value) == ("汉族", "苗族")


def test_no_word_stands_for_two_codes() -> None:
    for table, words in standard_words().items():
        seen = [word for group in words.values() for word in group]
        assert len(seen) == len(set(seen)), table


@example(80_000)  # five digits that are no day number of a spreadsheet
@given(st.one_of(st.text(), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes(), st.none()))
def test_a_parser_gives_a_value_or_refuses_and_never_breaks(raw: Cell) -> None:
    numbers_and_dates = (parse_identity_number, parse_phone, parse_written_date, parse_class_name, parse_grade)
    listed = (parse_care_situation, parse_relation, parse_sex, parse_yes_no, parse_education, parse_ethnicity)
    for parse in (*numbers_and_dates, *listed):
        with contextlib.suppress(ValueRefused):
            assert isinstance(parse(raw), Parsed)
