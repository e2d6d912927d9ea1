"""Registers in layouts of every kind: tables are found by what their heads say, never by position."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from tests.register_files import PUPILS, checked, codes, old_workbook, separated, workbook
from workflows.roster import RosterReport

FIRST, SECOND, THIRD, FOURTH, FIFTH = PUPILS


def _names(report: RosterReport) -> list[str]:
    return [row.name for row in report.accepted]


def _classes(report: RosterReport) -> list[tuple[int | None, int | None]]:
    return [(row.grade, row.class_number) for row in report.accepted]


def test_other_words_in_another_order_with_columns_we_do_not_keep() -> None:
    heads = [
        "监护人电话",
        "公民身份号码",
        "血型",
        "与儿童关系",
        "学生姓名（必填）",
        "*性别",
        "现监护人",
        "鞋码",
        "监护方式\n(四类)",
    ]
    rows = [["13800138000", p.id_number, "O", "外公", p.name, p.sex, "钱某", 33, "隔代监护"] for p in PUPILS]
    report = checked(workbook({"花名册": [heads, *rows]}))
    assert (_names(report), codes(report)) == ([p.name for p in PUPILS], [])
    first = report.accepted[0]
    assert first.guardian is not None
    assert (first.guardian.name, first.guardian.phone, first.guardian.relation) == (
        "钱某",
        "13800138000",
        "maternal_grandfather",
    )
    assert (first.care_situation, first.birth_on) == ("grandparents", FIRST.born_on)
    assert "血型" not in report.mapping
    assert [h.field for h in report.tables[0].headers if h.header in ("血型", "鞋码")] == [None, None]


def test_a_head_in_row_seven_below_notes_and_above_a_signature() -> None:
    notes: list[list[Any]] = [
        ["某县留守儿童统计表"],
        [],
        ["说明：请如实填写"],
        ["填报单位：某校"],
        ["联系人：某某", "电话 13800138000"],
        [],
    ]
    rows = [[i + 1, p.name, p.id_number] for i, p in enumerate(PUPILS)]
    tail: list[list[Any]] = [
        [],
        ["合计", len(PUPILS), "男3女2"],
        ["注：本表一式两份"],
        ["校长签字：", "", "2026年9月10日"],
    ]
    report = checked(workbook({"表": [*notes, ["序号", "姓名", "身份证号"], *rows, *tail]}))
    assert (report.rows, _names(report)) == (5, [p.name for p in PUPILS])
    assert [row.row for row in report.accepted] == [8, 9, 10, 11, 12]
    assert (report.tables[0].head_from, report.tables[0].head_to) == (7, 7)


def test_several_tables_below_each_other_with_the_class_in_the_line_above() -> None:
    head = ["姓名", "性别", "身份证号"]
    rows: list[list[Any]] = [
        ["某校留守儿童名单"],
        ["三年级（1）班"],
        head,
        [FIRST.name, FIRST.sex, FIRST.id_number],
        ["合计：1人"],
        [],
    ]
    rows += [["班级：三年级（2）班  班主任：某某"], head, [SECOND.name, SECOND.sex, SECOND.id_number]]
    rows += [["四年级一班"], ["姓名", "民族", "性别"], [THIRD.name, "苗", THIRD.sex]]
    report = checked(workbook({"全校": rows}))
    assert (_names(report), _classes(report)) == ([FIRST.name, SECOND.name, THIRD.name], [(3, 1), (3, 2), (4, 1)])
    assert (len(report.tables), report.accepted[2].ethnicity) == (3, "苗族")


def test_class_lines_between_the_rows_under_one_head() -> None:
    rows: list[list[Any]] = [
        ["姓名", "性别"],
        ["一年级1班"],
        [FIRST.name, FIRST.sex],
        ["一年级2班"],
        [SECOND.name, SECOND.sex],
    ]
    report = checked(workbook({"表": rows}))
    assert (_names(report), _classes(report)) == ([FIRST.name, SECOND.name], [(1, 1), (1, 2)])


def test_two_tables_side_by_side() -> None:
    head = ["序号", "姓名", "身份证号"]
    rows = [
        head + head,
        [1, FIRST.name, FIRST.id_number, 2, SECOND.name, SECOND.id_number],
        [3, THIRD.name, THIRD.id_number],
    ]
    report = checked(workbook({"表": rows}))
    assert sorted(_names(report)) == sorted([FIRST.name, SECOND.name, THIRD.name])


def test_a_head_of_three_rows() -> None:
    rows: list[list[Any]] = [
        ["某校登记表"],
        ["", "", "", "", "", "", "", ""],
        ["序号", "", "", "", "", "", "", "监护类型"],
        ["", "姓名", "身份证号", "姓名", "电话", "姓名", "电话", ""],
        [1, FIRST.name, FIRST.id_number, "安父", "13800138000", "安母", "13900139000", "祖辈监护"],
    ]
    merges = [
        (1, 1, 1, 2, "儿童基本信息"), (1, 3, 1, 6, "家庭成员情况"), (2, 3, 2, 4, "父亲"), (2, 5, 2, 6, "母亲"),
        (1, 0, 3, 0, "序号"), (1, 7, 3, 7, "监护类型"), (2, 1, 3, 1, "姓名"), (2, 2, 3, 2, "身份证号"),
    ]  # fmt: skip
    rows[2] = rows[3] = []
    sheet = workbook({"表": [rows[0], [], [], ["", "", "", "姓名", "电话", "姓名", "电话"], rows[4]]}, merges=merges)
    report = checked(sheet)
    assert (report.rows, codes(report)) == (1, [])
    child = report.accepted[0]
    assert child.father is not None
    assert child.mother is not None
    assert (child.name, child.father.name, child.father.phone) == (FIRST.name, "安父", "13800138000")
    assert (child.mother.name, child.mother.phone, child.care_situation) == ("安母", "13900139000", "grandparents")
    assert report.mapping["家庭成员情况/父亲/姓名"] == "father.name"
    assert (report.tables[0].head_from, report.tables[0].head_to) == (2, 4)


def test_a_group_head_below_instead_of_above() -> None:
    merges = [(0, 2, 0, 4, "姓名"), (0, 5, 0, 6, "联系电话"), (0, 0, 1, 0, "学生姓名"), (0, 1, 1, 1, "身份证号")]
    rows = [[], ["", "", "父亲", "母亲", "监护人", "父亲", "监护人"],
            [FIRST.name, FIRST.id_number, "安父", "安母", "安婆", "13800138000", "13900139000"]]  # fmt: skip
    child = checked(workbook({"表": rows}, merges=merges)).accepted[0]
    assert child.father is not None
    assert child.mother is not None
    assert child.guardian is not None
    assert (child.father.name, child.mother.name, child.guardian.name) == ("安父", "安母", "安婆")
    assert (child.father.phone, child.guardian.phone) == ("13800138000", "13900139000")


def test_a_two_row_head_in_plain_text_without_merged_cells() -> None:
    rows: list[list[Any]] = [
        ["序号", "姓名", "身份证号", "父亲情况", "", "监护人情况", ""],
        ["", "", "", "姓名", "联系电话", "姓名", "联系电话"],
        [1, FIRST.name, FIRST.id_number, "安父", "13800138000", "安婆", "13900139000"],
    ]
    report = checked(separated(rows, encoding="gb18030"), "register.csv")
    child = report.accepted[0]
    assert child.father is not None
    assert child.guardian is not None
    assert (child.row, child.father.phone, child.guardian.name) == (3, "13800138000", "安婆")


def test_repeated_bare_headings_belong_to_the_person_before_them() -> None:
    heads = ["姓名", "身份证号", "父亲", "联系电话", "母亲", "联系电话", "监护人", "年龄", "联系电话", "家庭住址"]
    row = [
        FIRST.name,
        FIRST.id_number,
        "安父",
        "13800138000",
        "安母",
        "13900139000",
        "安婆",
        "66岁",
        "13700137000",
        "某村1组",
    ]
    report = checked(workbook({"表": [heads, row]}))
    child = report.accepted[0]
    assert child.father is not None
    assert child.mother is not None
    assert child.guardian is not None
    assert (child.father.phone, child.mother.phone, child.guardian.phone) == (
        "13800138000",
        "13900139000",
        "13700137000",
    )
    assert (child.guardian.age, child.home_address) == (66, "某村1组")
    assert report.mapping["联系电话#3"] == "guardian.phone"


@pytest.mark.parametrize("sheet_name", ["三（2）班", "3年级2班", "三年级二班留守"])
def test_a_class_that_stands_in_the_sheets_name_only(sheet_name: str) -> None:
    report = checked(workbook({sheet_name: [["姓名", "性别"], [FIRST.name, FIRST.sex]]}))
    assert _classes(report) == [(3, 2)]


def test_no_class_anywhere_is_no_fault() -> None:
    report = checked(workbook({"Sheet1": [["姓名", "性别"], [FIRST.name, FIRST.sex]]}))
    assert (_classes(report), codes(report)) == ([(None, None)], [])


def test_a_rows_own_class_goes_before_the_line_above() -> None:
    rows = [["三年级（1）班"], ["姓名", "班级"], [FIRST.name, "四（3）班"], [SECOND.name, "2班"], [THIRD.name, ""]]
    report = checked(workbook({"表": rows}))
    assert _classes(report) == [(4, 3), (3, 2), (3, 1)]


def test_grade_and_class_in_two_columns() -> None:
    rows = [
        ["姓名", "年级", "班级"],
        [FIRST.name, "三年级", "2班"],
        [SECOND.name, "初一", 3],
        [THIRD.name, 5, "（1）班"],
    ]
    assert _classes(checked(workbook({"表": rows}))) == [(3, 2), (7, 3), (5, 1)]


def test_a_class_column_merged_down() -> None:
    rows = [["班级", "姓名", "身份证号"], *[["", p.name, p.id_number] for p in PUPILS]]
    report = checked(workbook({"表": rows}, merges=[(1, 0, 3, 0, "二（1）班"), (4, 0, 5, 0, "二（2）班")]))
    assert _classes(report) == [(2, 1)] * 3 + [(2, 2)] * 2


def test_identity_numbers_kept_as_numbers_are_refused_with_the_reason() -> None:
    rows = [["姓名", "身份证号"], [FIRST.name, float(SECOND.id_number[:17] + "0")], [THIRD.name, "9.90101E+17"]]
    report = checked(workbook({"表": rows}))
    assert codes(report) == [(2, "bad_check_digit"), (3, "bad_check_digit")]
    assert all("已丢失" in str(finding.message) for finding in report.refused)


def test_dates_as_serial_numbers_in_cells_without_a_date_format() -> None:
    serial = (FIRST.born_on - date(1899, 12, 30)).days
    report = checked(workbook({"表": [["姓名", "出生日期", "身份证号"], [FIRST.name, serial, FIRST.id_number]]}))
    assert codes(report) == [(2, "text_date")]
    assert report.accepted[0].birth_on == FIRST.born_on


def test_year_and_month_alone_agree_with_the_identity_number() -> None:
    month = f"{FIRST.born_on.year}.{FIRST.born_on.month:02d}"
    rows = [
        ["姓名", "出生年月", "身份证号"],
        [FIRST.name, month, FIRST.id_number],
        [SECOND.name, month, SECOND.id_number],
        [THIRD.name, "2016年3月", ""],
    ]
    report = checked(workbook({"表": rows}))
    assert codes(report) == [(2, "text_date"), (3, "birth_conflicts_with_id"), (4, "text_date")]
    assert [row.birth_on for row in report.accepted] == [FIRST.born_on, date(2016, 3, 1)]


def test_blank_rows_in_the_middle_and_a_repeated_head_do_not_end_the_table() -> None:
    head = ["序号", "姓名", "身份证号"]
    rows: list[list[Any]] = [head, [1, FIRST.name, FIRST.id_number], [], [], [2, SECOND.name, SECOND.id_number], head]
    rows += [[3, THIRD.name, THIRD.id_number], [4, "", ""], [5, None, None]]
    report = checked(workbook({"表": rows}))
    assert [(row.row, row.name) for row in report.accepted] == [(2, FIRST.name), (5, SECOND.name), (7, THIRD.name)]
    assert (report.rows, report.refused) == (3, [])


def test_hidden_columns_at_the_end_are_read_as_the_others() -> None:
    rows = [["姓名", "性别", "监护人", "监护人电话"], [FIRST.name, FIRST.sex, "安婆", "138001380"]]
    report = checked(workbook({"表": rows}, hidden_columns="C:D"))
    assert codes(report) == [(2, "short_phone")]


def test_a_number_line_and_an_example_under_the_head_are_no_children() -> None:
    rows = [["序号", "姓名", "性别"], [1, 2, 3], ["例", "张某某", "男"], [1, FIRST.name, FIRST.sex]]
    report = checked(workbook({"表": rows}))
    assert (report.rows, _names(report)) == (1, [FIRST.name])


def test_a_statistics_sheet_beside_the_register_is_left_out_and_named() -> None:
    summary = [["班级", "人数", "男", "女"], ["1年级1班", 5, 3, 2], ["合计", 5, 3, 2]]
    report = checked(workbook({"汇总": summary, "名单": [["姓名", "性别"], [FIRST.name, FIRST.sex]]}))
    assert (report.rows, report.sheets_without_table) == (1, ["汇总"])


def test_a_statistics_table_below_the_register_adds_no_rows() -> None:
    rows = [
        ["姓名", "性别", "班级"],
        [FIRST.name, FIRST.sex, "一1班"],
        [],
        ["年级", "班级", "备注"],
        ["一年级", "1班", "5人"],
    ]
    report = checked(workbook({"表": rows}))
    assert (report.rows, codes(report)) == (1, [])


def test_the_old_format_and_text_with_tabs_read_the_same() -> None:
    rows = [["学生姓名", "身份证号", "家长电话"], *[[p.name, p.id_number, "13800138000"] for p in PUPILS]]
    old, tabs = (
        checked(old_workbook(rows), "a.xls"),
        checked(separated(rows, separator="\t", encoding="utf-16"), "a.txt"),
    )
    assert _names(old) == _names(tabs) == [p.name for p in PUPILS]
    assert old.accepted[0].home_phone == "13800138000"


def test_an_office_adds_its_own_words() -> None:
    rows = [["娃娃名", "身份证号"], [FIRST.name, FIRST.id_number]]
    assert _names(checked(workbook({"表": rows}), synonyms={"娃娃名": "child.name"})) == [FIRST.name]


def test_a_vaguer_heading_gives_way_and_the_first_of_two_wins() -> None:
    heads = ["姓名", "户籍所在地", "家庭住址", "是否低保", "是否脱贫户"]
    report = checked(workbook({"表": [heads, [FIRST.name, "甲县", "乙村", "是", "否"]]}))
    assert (report.accepted[0].home_address, report.accepted[0].is_poor) == ("乙村", True)
    assert {"户籍所在地", "是否脱贫户"}.isdisjoint(report.mapping)
    alone = checked(workbook({"表": [["姓名", "户籍所在地"], [FIRST.name, "甲县"]]}))
    assert alone.accepted[0].home_address == "甲县"


def test_the_user_chooses_what_a_column_means_or_leaves_it_out() -> None:
    rows = [["姓名", "曾用名", "代号", "联系电话"], [FIRST.name, FIRST.name + "二", FIRST.id_number, "138"]]
    chosen = {"姓名": "ignore", "曾用名": "child.name", "代号": "child.id_number", "联系电话": "ignore"}
    report = checked(workbook({"表": rows}), chosen=chosen)
    assert (_names(report), report.accepted[0].id_number) == ([FIRST.name + "二"], FIRST.id_number)
    assert report.mapping == {"曾用名": "child.name", "代号": "child.id_number"}


def test_the_mapping_screen_gets_headers_guesses_and_samples() -> None:
    rows = [["姓名", "性别", "血型"], *[[p.name, p.sex, "O"] for p in PUPILS]]
    (table,) = checked(workbook({"表": rows})).tables
    assert [(h.column, h.header, h.field) for h in table.headers] == [
        (0, "姓名", "child.name"),
        (1, "性别", "child.sex"),
        (2, "血型", None),
    ]
    assert table.headers[0].samples == tuple(p.name for p in PUPILS[:3])
    assert table.rows == 5


def test_one_code_per_row_in_the_order_of_the_list() -> None:
    wrong = FIRST.id_number[:17] + ("1" if FIRST.id_number[17] != "1" else "2")
    heads = ["姓名", "性别", "身份证号", "出生日期", "家长电话", "监护类型"]
    other = "女" if FIRST.sex == "男" else "男"
    rows = [
        ["", other, wrong, date(2014, 1, 1), "138", "其它"],
        ["", other, FIRST.id_number, date(2014, 1, 1), "138", "其它"],
        ["", FIRST.sex, FIRST.id_number, date(2014, 1, 1), "138", "其它"],
        ["", FIRST.sex, FIRST.id_number, FIRST.born_on, "138", "其它"],
        [FIRST.name, FIRST.sex, FIRST.id_number, FIRST.born_on, "138", "其它"],
        [FIRST.name, FIRST.sex, FIRST.id_number, FIRST.born_on, "", "其它"],
        [FIRST.name, FIRST.sex, "", date(2030, 1, 1), "", "祖辈监护"],
        [FIRST.name, FIRST.sex, FIRST.id_number, FIRST.born_on, "", "祖辈监护"],
    ]
    report = checked(workbook({"表": [heads, *rows]}))
    assert [code for _, code in codes(report)] == [
        "bad_check_digit", "sex_conflicts_with_id", "birth_conflicts_with_id", "missing_name", "short_phone",
        "unknown_care_situation", "future_birth", "duplicate_in_file",
    ]  # fmt: skip


def test_a_child_without_a_number_is_a_double_by_name_sex_birth_and_class() -> None:
    classes = ["一1班", "一1班", "一2班"]
    rows = [["姓名", "性别", "出生日期", "班级"], *[["甲某", "男", date(2015, 1, 1), name] for name in classes]]
    assert codes(checked(workbook({"表": rows}))) == [(3, "duplicate_in_file")]
